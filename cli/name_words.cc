#include "cli/name_words.h"

#include <algorithm>
#include <cctype>

namespace joulefront {
namespace {

bool IsAlnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool IsUpper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }
bool IsLower(char c) { return std::islower(static_cast<unsigned char>(c)) != 0; }
char Lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

}  // namespace

std::vector<std::string> NameWords(std::string_view name) {
  std::vector<std::string> words;
  bool within = false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (i > 0 && IsUpper(name[i]) && IsLower(name[i - 1])) within = false;
    if (IsAlnum(name[i])) {
      if (!within) words.emplace_back();
      words.back() += Lower(name[i]);
    }
    within = IsAlnum(name[i]);
  }
  return words;
}

bool HasWord(const std::vector<std::string>& words, std::initializer_list<std::string_view> known) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    const auto letters = std::string_view(word).substr(0, word.find_last_not_of("0123456789") + 1);
    return std::any_of(known.begin(), known.end(),
                       [&](std::string_view one) { return one == word || one == letters; });
  });
}

std::string PlainName(std::string_view name) {
  std::string plain;
  for (const char c : name) plain += IsAlnum(c) || c == '.' ? c : '_';
  const auto first = plain.find_first_not_of("_.");
  return first == std::string::npos ? "value" : plain.substr(first);
}

}  // namespace joulefront
