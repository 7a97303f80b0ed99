#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "study_store/scalar_readers.h"

namespace joulefront {
namespace {

using nlohmann::json;

constexpr std::string_view kEnds = " \t\r\n,:]}/";

/// Behind the text in quotes that begins at `at`.
std::size_t EndOfText(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

/// Behind the comment that begins at `at`.
std::size_t EndOfComment(std::string_view text, std::size_t at) {
  const bool to_line_end = text.substr(at).starts_with("//");
  const std::size_t end = to_line_end ? text.find('\n', at) : text.find("*/", at + 2);
  return end == std::string_view::npos ? text.size() : end + (to_line_end ? 0 : 2);
}

/// Of a text that nlohmann-json has accepted: commas and colons are no more than blanks then.
Result<std::vector<TextScalar>> Scan(std::string_view text) {
  std::vector<TextScalar> scalars;
  PathWalk walk;
  std::size_t i = text.starts_with("\xef\xbb\xbf") ? 3 : 0;
  while (i < text.size()) {
    const char c = text[i];
    if (c == '/') {
      i = EndOfComment(text, i);
    } else if (c == '{' || c == '[') {
      walk.Begin(c == '{');
      ++i;
    } else if (c == '}' || c == ']') {
      walk.End();
      ++i;
    } else if (kEnds.find(c) != std::string_view::npos) {
      ++i;
    } else {
      const std::size_t end =
          c == '"' ? EndOfText(text, i) : std::min(text.find_first_of(kEnds, i), text.size());
      const json value = json::parse(text.substr(i, end - i), nullptr, /*allow_exceptions=*/false);
      std::string says =
          value.is_string() ? value.get<std::string>() : std::string(text.substr(i, end - i));
      if (walk.AtKey()) {
        walk.Key(std::move(says));
      } else {
        scalars.push_back({.path = walk.path(),
                           .begin = i,
                           .end = end,
                           .text = std::move(says),
                           .quote = c == '"' ? '"' : '\0'});
        walk.Pass();
      }
      i = end;
    }
    if (walk.depth() > kDeepestText) {
      return Fail(ErrorCode::kInvalidArgument, "it is nested too deeply");
    }
  }
  return scalars;
}

}  // namespace

Result<std::vector<TextScalar>> JsonScalars(std::string_view text) {
  try {
    [[maybe_unused]] const json read =
        json::parse(text, nullptr, /*allow_exceptions=*/true, /*ignore_comments=*/true);
  } catch (const json::exception& error) {
    std::string reason =
        error.what();  // "[json.exception.parse_error.101] parse error at line ..."
    if (const auto at = reason.find("] "); at != std::string::npos) reason = reason.substr(at + 2);
    return Fail(ErrorCode::kInvalidArgument, std::move(reason));
  }
  return Scan(text);
}

}  // namespace joulefront
