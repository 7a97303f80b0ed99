#include "study_store/placeholders.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <optional>

namespace joulefront {
namespace {

/// Length of the name at the beginning of the text.
std::size_t NameLength(std::string_view text) {
  const auto* end = std::find_if(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '.' && c != '-';
  });
  return static_cast<std::size_t>(end - text.begin());
}

enum class Switches { kNo, kYes };

/// The placeholder at the beginning of `text`, behind its brace, and its length with the closing
/// one.
std::optional<std::pair<WordPiece, std::size_t>> PlaceholderAt(std::string_view text,
                                                               Switches switches) {
  const std::size_t length = NameLength(text);
  if (length == 0 || length == text.size()) return std::nullopt;
  WordPiece piece{.kind = WordPiece::kValue, .text = std::string(text.substr(0, length))};
  if (text[length] == '}') return std::pair(std::move(piece), length + 1);
  const std::size_t end = text.find('}', length);
  if (switches == Switches::kNo || text[length] != '?' || end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view texts = text.substr(length + 1, end - length - 1);
  const std::size_t colon = std::min(texts.find(':'), texts.size());
  piece.kind = WordPiece::kSwitch;
  piece.on = texts.substr(0, colon);
  if (colon < texts.size()) piece.off = texts.substr(colon + 1);
  return std::pair(std::move(piece), end + 1);
}

std::vector<WordPiece> Pieces(std::string_view text, Switches switches) {
  std::vector<WordPiece> pieces;
  const auto add = [&](char c) {
    if (pieces.empty() || pieces.back().kind != WordPiece::kLiteral) pieces.emplace_back();
    pieces.back().text += c;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '{') {
      add(text[i]);
    } else if (text.substr(i).starts_with("{{")) {
      add('{');
      ++i;
    } else if (auto placeholder = PlaceholderAt(text.substr(i + 1), switches)) {
      pieces.push_back(std::move(placeholder->first));
      i += placeholder->second;
    } else {
      add('{');
    }
  }
  return pieces;
}

}  // namespace

bool IsReservedPlaceholder(std::string_view name) {
  return std::find(std::begin(kReservedPlaceholders), std::end(kReservedPlaceholders), name) !=
         std::end(kReservedPlaceholders);
}

std::string ReplacePlaceholders(std::string_view text,
                                const std::function<std::string(const std::string&)>& lookup) {
  std::string result;
  for (const WordPiece& piece : Pieces(text, Switches::kNo)) {
    result += piece.kind == WordPiece::kLiteral ? piece.text : lookup(piece.text);
  }
  return result;
}

std::vector<std::string> PlaceholderNames(std::string_view text) {
  std::vector<std::string> names;
  for (WordPiece& piece : Pieces(text, Switches::kNo)) {
    if (piece.kind != WordPiece::kLiteral) names.push_back(std::move(piece.text));
  }
  return names;
}

std::vector<WordPiece> PiecesOf(std::string_view word) { return Pieces(word, Switches::kYes); }

}  // namespace joulefront
