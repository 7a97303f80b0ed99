// Reads the tables of a TOML file and remembers the first error, with its place. Private to the .cc
// files of study_store.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#define TOML_EXCEPTIONS 0
// toml++ asserts what it then tells as an error all the same; a study file must not end the
// program.
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <toml++/toml.h>

#include "base/result.h"
#include "search/space.h"

namespace joulefront {

/// Where a key of too many parts (a.b.c...) ends, if there is one: every part is a table in a
/// table, and toml++ recurses into them without a limit.
std::optional<toml::source_position> EndlessKey(std::string_view text);

/// Walks the tables of one file and keeps the first error: later questions then answer nothing, so
/// that the code that reads a section needs no error handling of its own. Every question about a
/// key answers empty if the table lacks it, and refuses a value of the wrong type.
class TomlReader {
 public:
  explicit TomlReader(std::string path) : path_(std::move(path)) {}

  bool failed() const { return error_.has_value(); }
  const Error& error() const { return *error_; }

  /// Keeps "PATH:LINE:COLUMN: message", unless something was refused before.
  void Refuse(const toml::source_region& place, const std::string& message);

  /// Entries in the order of the file, which toml++ does not keep.
  static std::vector<std::pair<std::string, const toml::node*>> InFileOrder(
      const toml::table& table);

  /// Refuses keys that are not known, and names the one that was probably meant.
  void RefuseUnknownKeys(const toml::table& table, const std::string& where,
                         std::initializer_list<std::string_view> known);

  /// The table under `key`, an empty one if there is none.
  const toml::table& Table(const toml::table& parent, std::string_view key);
  /// The node as a table; `example` shows what it should look like.
  const toml::table& Table(const toml::node& node, const std::string& name,
                           std::string_view example);

  std::optional<std::string> Text(const toml::table& table, std::string_view key);
  std::optional<double> Number(const toml::table& table, std::string_view key);
  std::optional<std::int64_t> Whole(const toml::table& table, std::string_view key,
                                    std::int64_t least, std::int64_t most);
  std::optional<bool> Flag(const toml::table& table, std::string_view key);
  std::vector<std::string> Texts(const toml::table& table, std::string_view key);
  /// The same of a node: of a list its texts, of anything else itself.
  std::vector<std::string> TextsOf(const toml::node& node, std::string_view key);

  /// A value, or all values of an array.
  std::vector<Value> Scalars(const toml::node& node);

  /// A quantity as text with a unit; `parse` is ParseJoules or ParseSeconds.
  template <typename Parse>
  auto Quantity(const toml::table& table, std::string_view key, Parse parse, bool positive = true)
      -> std::optional<std::decay_t<decltype(*parse(""))>> {
    const toml::node* node = table.get(key);
    if (node == nullptr) return std::nullopt;
    const auto text = node->value_exact<std::string>();
    auto quantity = parse(text ? *text : fmt::format("{}", NumberOf(*node).value_or(0.0)));
    if (!text) {
      Refuse(node->source(), fmt::format("'{}' must be a text with a unit: {}", key,
                                         node->is_number() ? quantity.error().message
                                                           : "a number and a unit in quotes"));
    } else if (!quantity) {
      Refuse(node->source(), fmt::format("'{}': {}", key, quantity.error().message));
    } else if (positive && quantity->value() == 0.0) {
      Refuse(node->source(), fmt::format("'{}' must be above zero", key));
    } else {
      return *quantity;
    }
    return std::nullopt;
  }

 private:
  static std::optional<double> NumberOf(const toml::node& node);
  std::optional<Value> Scalar(const toml::node& node);

  std::string path_;
  std::optional<Error> error_;
};

}  // namespace joulefront
