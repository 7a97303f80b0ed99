#include "study_store/placeholders.h"

#include <cctype>

namespace joulefront {
namespace {

/// Length of the name that begins at `text`, 0 if none does or no '}' follows it.
std::size_t NameLength(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() &&
         (std::isalnum(static_cast<unsigned char>(text[length])) != 0 || text[length] == '_' ||
          text[length] == '.' || text[length] == '-')) {
    ++length;
  }
  return length < text.size() && text[length] == '}' ? length : 0;
}

}  // namespace

std::string ReplacePlaceholders(std::string_view text,
                                const std::function<std::string(const std::string&)>& lookup) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '{') {
      result += text[i];
    } else if (text.substr(i).starts_with("{{")) {
      result += '{';
      ++i;
    } else if (const std::size_t length = NameLength(text.substr(i + 1)); length > 0) {
      result += lookup(std::string(text.substr(i + 1, length)));
      i += length + 1;
    } else {
      result += '{';
    }
  }
  return result;
}

std::vector<std::string> PlaceholderNames(std::string_view text) {
  std::vector<std::string> names;
  ReplacePlaceholders(text, [&](const std::string& name) {
    names.push_back(name);
    return std::string();
  });
  return names;
}

}  // namespace joulefront
