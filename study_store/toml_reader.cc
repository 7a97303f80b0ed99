#include "study_store/toml_reader.h"

#include <algorithm>
#include <cmath>

namespace joulefront {
namespace {

/// Levenshtein distance, for "did you mean".
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, substituted}));
    }
  }
  return row.back();
}

// The text would end there in a command, an environment and SQL.
bool HasNul(const std::string& text) { return text.find('\0') != std::string::npos; }

/// For a message: control characters as \xNN, since a terminal would obey them, and the middle of
/// an endless text left out.
std::string Printable(std::string_view text) {
  constexpr std::size_t kHead = 400, kTail = 200;
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    shown += byte < 0x20 || byte == 0x7f ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  if (shown.size() <= kHead + kTail) return shown;
  return shown.substr(0, kHead) + "..." + shown.substr(shown.size() - kTail);
}

}  // namespace

void TomlReader::Refuse(const toml::source_region& place, const std::string& message) {
  if (error_) return;
  error_ = Error{ErrorCode::kInvalidArgument,
                 place.begin.line == 0 ? fmt::format("{}: {}", path_, Printable(message))
                                       : fmt::format("{}:{}:{}: {}", path_, place.begin.line,
                                                     place.begin.column, Printable(message))};
}

std::vector<std::pair<std::string, const toml::node*>> TomlReader::InFileOrder(
    const toml::table& table) {
  std::vector<std::pair<std::string, const toml::node*>> entries;
  for (const auto& [key, node] : table) entries.emplace_back(key.str(), &node);
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    const auto place = [](const toml::node* node) {
      return std::pair(node->source().begin.line, node->source().begin.column);
    };
    return place(a.second) < place(b.second);
  });
  return entries;
}

void TomlReader::RefuseUnknownKeys(const toml::table& table, const std::string& where,
                                   std::initializer_list<std::string_view> known) {
  const toml::key* unknown = nullptr;  // the first in the file
  for (const auto& [key, node] : table) {
    if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
    const auto place = [](const toml::key& k) {
      return std::pair(k.source().begin.line, k.source().begin.column);
    };
    if (unknown == nullptr || place(key) < place(*unknown)) unknown = &key;
  }
  if (unknown == nullptr) return;
  const std::string_view name = unknown->str();
  const auto* near = std::min_element(known.begin(), known.end(), [&](auto a, auto b) {
    return EditDistance(a, name) < EditDistance(b, name);
  });
  std::string message = fmt::format("unknown key '{}' in {}", name, where);
  message += EditDistance(*near, name) <= 2 ? fmt::format("; did you mean '{}'?", *near)
                                            : fmt::format("; known are {}", fmt::join(known, ", "));
  Refuse(unknown->source(), message);
}

const toml::table& TomlReader::Table(const toml::table& parent, std::string_view key) {
  static const toml::table kEmpty;
  const toml::node* node = parent.get(key);
  if (node == nullptr) return kEmpty;
  if (const toml::table* table = node->as_table()) return *table;
  Refuse(node->source(), fmt::format("'{}' must be a table", key));
  return kEmpty;
}

const toml::table& TomlReader::Table(const toml::node& node, const std::string& name,
                                     std::string_view example) {
  static const toml::table kEmpty;
  if (const toml::table* table = node.as_table()) return *table;
  Refuse(node.source(), fmt::format("'{}' must be a table, such as {}", name, example));
  return kEmpty;
}

std::optional<std::string> TomlReader::Text(const toml::table& table, std::string_view key) {
  const toml::node* node = table.get(key);
  if (node == nullptr) return std::nullopt;
  const auto text = node->value_exact<std::string>();
  if (!text) {
    Refuse(node->source(), fmt::format("'{}' must be a text in quotes", key));
  } else if (HasNul(*text)) {
    Refuse(node->source(), fmt::format("'{}' holds a text with a zero byte", key));
  }
  return text;
}

std::optional<double> TomlReader::NumberOf(const toml::node& node) {
  // value<double>() would give nothing for whole numbers that no double holds exactly.
  if (const auto whole = node.value_exact<std::int64_t>()) return static_cast<double>(*whole);
  return node.value_exact<double>();
}

std::optional<double> TomlReader::Number(const toml::table& table, std::string_view key) {
  const toml::node* node = table.get(key);
  if (node == nullptr) return std::nullopt;
  if (const auto number = NumberOf(*node)) {
    if (std::isfinite(*number)) return number;
    Refuse(node->source(), fmt::format("'{}' must be finite", key));
    return std::nullopt;
  }
  Refuse(node->source(), fmt::format("'{}' must be a number", key));
  return std::nullopt;
}

std::optional<std::int64_t> TomlReader::Whole(const toml::table& table, std::string_view key,
                                              std::int64_t least, std::int64_t most) {
  const toml::node* node = table.get(key);
  if (node == nullptr) return std::nullopt;
  const auto number = node->value_exact<std::int64_t>();
  if (number && *number >= least && *number <= most) return number;
  Refuse(node->source(),
         fmt::format("'{}' must be a whole number from {} to {}", key, least, most));
  return std::nullopt;
}

std::optional<bool> TomlReader::Flag(const toml::table& table, std::string_view key) {
  const toml::node* node = table.get(key);
  if (node == nullptr) return std::nullopt;
  if (const auto flag = node->value_exact<bool>()) return flag;
  Refuse(node->source(), fmt::format("'{}' must be true or false", key));
  return std::nullopt;
}

std::vector<std::string> TomlReader::Texts(const toml::table& table, std::string_view key) {
  std::vector<std::string> texts;
  const toml::node* node = table.get(key);
  if (node == nullptr) return texts;
  if (!node->is_array()) {
    Refuse(node->source(),
           fmt::format("'{}' must be a list of texts, such as [\"a\", \"b\"]", key));
    return texts;
  }
  return TextsOf(*node, key);
}

std::vector<std::string> TomlReader::TextsOf(const toml::node& node, std::string_view key) {
  std::vector<std::string> texts;
  const auto add = [&](const toml::node& element) {
    if (const auto text = element.value_exact<std::string>()) {
      if (HasNul(*text)) {
        Refuse(element.source(), fmt::format("'{}' holds a text with a zero byte", key));
      }
      texts.push_back(*text);
    } else {
      Refuse(element.source(), fmt::format("'{}' must hold texts only; put it in quotes", key));
    }
  };
  if (const toml::array* array = node.as_array()) {
    for (const toml::node& element : *array) add(element);
  } else {
    add(node);
  }
  return texts;
}

std::optional<Value> TomlReader::Scalar(const toml::node& node) {
  if (const auto flag = node.value_exact<bool>()) return Value(*flag);
  if (const auto whole = node.value_exact<std::int64_t>()) return Value(*whole);
  if (const auto number = node.value_exact<double>()) return Value(*number);
  if (const auto text = node.value_exact<std::string>()) {
    if (HasNul(*text)) Refuse(node.source(), "a value cannot be a text with a zero byte");
    return Value(*text);
  }
  Refuse(node.source(), "a value must be a text, a number, true or false");
  return std::nullopt;
}

std::vector<Value> TomlReader::Scalars(const toml::node& node) {
  std::vector<Value> values;
  if (const toml::array* array = node.as_array()) {
    for (const toml::node& element : *array) {
      if (const auto value = Scalar(element)) values.push_back(*value);
    }
  } else if (const auto value = Scalar(node)) {
    values.push_back(*value);
  }
  return values;
}

std::optional<toml::source_position> EndlessKey(std::string_view text) {
  constexpr int kMostParts = 32;
  toml::source_position place{1, 0};
  int dots = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    ++place.column;
    if (c == '#' || c == '"' || c == '\'') {  // a comment or a quoted text, up to its end
      while (i + 1 < text.size() && text[i + 1] != '\n') {
        ++place.column;
        if (text[++i] == c && c != '#') break;
        if (text[i] == '\\' && c == '"' && i + 1 < text.size() && text[i + 1] != '\n') ++i;
      }
    } else if (c == '.') {
      if (++dots > kMostParts) return place;
    } else if (c == '\n') {
      ++place.line, place.column = 0, dots = 0;
    } else if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '-' &&
               c != ' ' && c != '\t') {
      dots = 0;
    }
  }
  return std::nullopt;
}

}  // namespace joulefront
