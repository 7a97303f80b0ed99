// The parameters that a family of trainers declares, and a configuration read against them. Once
// read, a configuration holds a value of the right kind and range for each declared parameter,
// given or default, and nothing else. It knows nothing of what the parameters mean.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace joulefront::objectives {

/// Ranges are closed: low <= value <= high.
struct IntRange {
  std::int64_t default_value, low, high;
};
struct FloatRange {
  double default_value, low, high;
};
/// The first choice is the default.
struct Choices {
  std::vector<std::string> choices;
};

/// The parameter has an effect only while the Choices parameter `parameter` holds `choice`; to give
/// it otherwise is an error, since the search would take it for a difference between trials.
struct OnlyWhen {
  std::string parameter, choice;
};

struct Parameter {
  std::string name;
  std::variant<IntRange, FloatRange, Choices> domain;
  std::string meaning;
  std::optional<OnlyWhen> only_when = std::nullopt;
  /// What is worth searching, as in a study file: "low = 1, high = 4"; of choices "" for all of
  /// them. Without it the parameter is better left alone.
  std::optional<std::string> search = std::nullopt;
};

/// A parameter's name and its value as typed on a command line.
using Assignment = std::pair<std::string, std::string>;

class Configuration {
 public:
  /// Reads `json_text`, one JSON object of names and values (empty text counts as {}), then the
  /// `assignments`, which win. Throws BadInput, naming the parameter, for a name that is not
  /// declared, a wrong type, and a value out of range.
  static Configuration Read(std::span<const Parameter> parameters, const std::string& json_text,
                            std::span<const Assignment> assignments);

  /// Whether the family declares such a parameter.
  bool Has(const std::string& name) const { return values_.contains(name); }

  /// The value of a parameter declared with an IntRange (FloatRange, Choices).
  std::int64_t Int(const std::string& name) const;
  double Float(const std::string& name) const;
  const std::string& Choice(const std::string& name) const;

  /// All values as a JSON object, which Read() reads.
  std::string Text() const;

 private:
  std::map<std::string, std::variant<std::int64_t, double, std::string>> values_;
};

/// A [space] section for a study file, of the parameters that are worth searching.
std::string DescribeSpace(std::span<const Parameter> parameters);

/// A table of the parameters with their defaults and ranges, one a line, for --help.
std::string DescribeParameters(std::span<const Parameter> parameters);

}  // namespace joulefront::objectives
