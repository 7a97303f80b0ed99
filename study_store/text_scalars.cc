#include "study_store/text_scalars.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "study_store/scalar_readers.h"
#include "study_store/value_json.h"

namespace joulefront {
namespace {

bool IsBareKey(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  });
}

tl::unexpected<Error> BadPath(std::string_view text) {
  return Fail(
      ErrorCode::kInvalidArgument,
      fmt::format("\"{}\" is no path of keys, such as optimizer.lr or layers.0.width; put a "
                  "key with other characters in quotes: model.\"a.b\"",
                  text));
}

/// A text that YAML takes for a text without quotes.
bool IsPlainYaml(const std::string& text) {
  constexpr std::array kWords = {"true", "false", "yes", "no",   "on",
                                 "off",  "y",     "n",   "null", "nan"};
  if (text.empty() || (std::isalpha(static_cast<unsigned char>(text[0])) == 0 && text[0] != '/')) {
    return false;
  }
  std::string lower;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 &&
        std::string_view("_./+-").find(c) == std::string_view::npos) {
      return false;
    }
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return std::find(kWords.begin(), kWords.end(), lower) == kWords.end();
}

/// In double quotes, with escapes that all three formats have.
std::string Quoted(const std::string& text) {
  std::string quoted = nlohmann::json(text).dump(-1, ' ', /*ensure_ascii=*/false,
                                                 nlohmann::json::error_handler_t::replace);
  for (std::size_t at = 0; (at = quoted.find('\x7f', at)) != std::string::npos;) {
    quoted.replace(at, 1, "\\u007f");
  }
  return quoted;
}

std::string TextOf(const std::string& text, char quote, TextFormat format) {
  const bool simple = std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '\'' || c == '\x7f';
  });
  if (format != TextFormat::kJson && quote == '\'' && simple) return "'" + text + "'";
  if (format == TextFormat::kYaml && quote == '\0' && IsPlainYaml(text)) return text;
  return Quoted(text);
}

/// "1e-05" -> "1.0e-05": YAML 1.1 wants the point.
std::string WithPoint(std::string number) {
  const auto exponent = number.find('e');
  if (exponent != std::string::npos && number.find('.') == std::string::npos) {
    number.insert(exponent, ".0");
  }
  return number;
}

/// What a reader of the text finds for the value.
std::string Says(const Value& value, TextFormat format) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  const std::string plain = ValueToJson(value).dump();
  const bool is_float = std::holds_alternative<double>(value);
  return is_float && format == TextFormat::kYaml ? WithPoint(plain) : plain;
}

Result<const TextScalar*> Find(const std::vector<TextScalar>& scalars, const KeyPath& path) {
  const auto fail = [&](std::string_view why) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("{} {}", KeyPathText(path), why));
  };
  const TextScalar* found = nullptr;
  bool is_within = false;
  for (const TextScalar& scalar : scalars) {
    if (scalar.path == path) {
      if (found != nullptr) return fail("is there more than once");
      found = &scalar;
    }
    is_within = is_within || (scalar.path.size() > path.size() &&
                              std::equal(path.begin(), path.end(), scalar.path.begin()));
  }
  if (found == nullptr) {
    return fail(is_within ? "is a list or a table; name a value in it" : "is not in it");
  }
  if (!found->obstacle.empty()) return fail(found->obstacle);
  return found;
}

}  // namespace

std::optional<TextFormat> FormatOfFile(std::string_view name) {
  if (name.ends_with(".yaml") || name.ends_with(".yml")) return TextFormat::kYaml;
  if (name.ends_with(".json")) return TextFormat::kJson;
  if (name.ends_with(".toml")) return TextFormat::kToml;
  return std::nullopt;
}

Result<KeyPath> ParseKeyPath(std::string_view text) {
  KeyPath path;
  for (std::size_t i = 0; true; ++i) {
    std::string key;
    const char quote = i < text.size() && (text[i] == '"' || text[i] == '\'') ? text[i] : '\0';
    if (quote != '\0') {
      const std::size_t end = text.find(quote, i + 1);
      if (end == std::string_view::npos) return BadPath(text);
      key = text.substr(i + 1, end - i - 1);
      i = end + 1;
    } else {
      while (i < text.size() && text[i] != '.') key += text[i++];
      if (!IsBareKey(key)) return BadPath(text);
    }
    path.push_back(std::move(key));
    if (i >= text.size()) return path;
    if (text[i] != '.') return BadPath(text);
  }
}

std::string KeyPathText(const KeyPath& path) {
  std::string text;
  for (const std::string& key : path) {
    const char quote = key.find('"') == std::string::npos ? '"' : '\'';
    if (!text.empty()) text += '.';
    text += IsBareKey(key) ? key : quote + key + quote;
  }
  return text;
}

Result<std::vector<TextScalar>> ScalarsOf(std::string_view text, TextFormat format) {
  if (format == TextFormat::kYaml) return YamlScalars(text);
  return format == TextFormat::kJson ? JsonScalars(text) : TomlScalars(text);
}

std::string ScalarText(const Value& value, const TextScalar& place, TextFormat format) {
  const auto* text = std::get_if<std::string>(&value);
  const std::string written =
      text != nullptr ? TextOf(*text, place.quote, format) : Says(value, format);
  // "lr:" of YAML holds nothing yet.
  return (place.begin == place.end ? " " : "") + written;
}

Result<std::string> ReplaceScalars(std::string_view text, TextFormat format,
                                   const std::vector<ScalarChange>& changes) {
  auto scalars = ScalarsOf(text, format);
  if (!scalars) return Pass(scalars);
  std::vector<const Value*> values(scalars->size());
  for (const ScalarChange& change : changes) {
    auto found = Find(*scalars, change.path);
    if (!found) return Pass(found);
    values[static_cast<std::size_t>(*found - scalars->data())] = &change.value;
  }
  std::string result;
  std::size_t at = 0;
  for (std::size_t i = 0; i < scalars->size(); ++i) {
    if (values[i] == nullptr) continue;
    const TextScalar& place = (*scalars)[i];
    result += text.substr(at, place.begin - at);
    result += ScalarText(*values[i], place, format);
    at = place.end;
  }
  result += text.substr(at);
  auto again = ScalarsOf(result, format);
  bool good = again && again->size() == scalars->size();
  for (std::size_t i = 0; good && i < scalars->size(); ++i) {
    const TextScalar &before = (*scalars)[i], &after = (*again)[i];
    const std::string expected = values[i] != nullptr ? Says(*values[i], format) : before.text;
    good = after.path == before.path && after.text == expected;
  }
  if (good) return result;
  return Fail(ErrorCode::kInvalidArgument,
              "it cannot be changed in this place; use a template (docs/study_file.md)");
}

}  // namespace joulefront
