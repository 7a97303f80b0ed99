// The scalars of a YAML, JSON or TOML text with their places, so that some of them can be replaced
// and every other byte stays: comments, order and all.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "search/space.h"

namespace joulefront {

enum class TextFormat { kYaml, kJson, kToml };

/// By the ending of the file's name: .yaml, .yml, .json, .toml.
std::optional<TextFormat> FormatOfFile(std::string_view name);

/// Keys, and places in lists from 0: {"layers", "0", "width"}.
using KeyPath = std::vector<std::string>;

/// "layers.0.width"; a key that holds other characters than letters, digits, '_' and '-' stands in
/// quotes, as in TOML: model."a.b". Errors: kInvalidArgument.
Result<KeyPath> ParseKeyPath(std::string_view text);
std::string KeyPathText(const KeyPath& path);

struct TextScalar {
  KeyPath path;
  std::size_t begin = 0, end = 0;  // its bytes in the text, quotes among them
  std::string text;                // what it says, without quotes
  char quote = '\0';               // that it stands in
  std::string obstacle;            // why it cannot be replaced: "is a text of several lines"
};

/// All of them, in order. Errors: kInvalidArgument, with the line, for a text that is not of this
/// format.
Result<std::vector<TextScalar>> ScalarsOf(std::string_view text, TextFormat format);

/// The value as the format writes it, in the place of `place`.
std::string ScalarText(const Value& value, const TextScalar& place, TextFormat format);

struct ScalarChange {
  KeyPath path;
  Value value;
};

/// The text with these scalars replaced. Errors: kInvalidArgument for a path that is not there, is
/// there twice, or names no scalar; the text that came out is read again, and must say what it
/// should.
Result<std::string> ReplaceScalars(std::string_view text, TextFormat format,
                                   const std::vector<ScalarChange>& changes);

}  // namespace joulefront
