// The search space: parameters, the conditions under which they are active, and configurations.
//
// A configuration holds one coordinate a parameter, in the order of SearchSpace::parameters():
//   float, int            the number itself
//   categorical, ordinal  the index of the choice
//   inactive              empty (its `when` fails), so equal configurations compare equal
// A SearchSpace is valid from birth: ranges are possible, conditions name earlier parameters. (One
// that is default-constructed has no parameters and stands for "not there yet".)
// Samplers work on keys in [0, 1], one a parameter; Decode() turns keys into a configuration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

namespace joulefront {

enum class ParameterType { kFloat, kInt, kCategorical, kOrdinal };

/// A value as users write it. Choices may be any of these; int parameters hold int64, float double.
using Value = std::variant<bool, std::int64_t, double, std::string>;

/// Whether users mean the same by both: numbers compare as numbers (1 and 1.0), all else by type.
bool SameValue(const Value& a, const Value& b);

/// One clause of a `when`: the parent must be active and hold one of `values`, or, where `values`
/// is empty, lie in [min, max], either end of which may be open. Ordinals compare by their value,
/// so a range needs choices that are all numbers.
struct WhenClause {
  std::string parent;
  std::vector<Value> values;
  std::optional<double> min, max;
};

/// A parameter as the study file states it. Names match [A-Za-z0-9_][A-Za-z0-9_.-]*, up to 100
/// characters, so that they pass through SQL, shells and file names unharmed.
struct Parameter {
  std::string name;
  ParameterType type = ParameterType::kFloat;
  double low = 0.0, high = 1.0;  // float and int; int bounds are whole, at most 2^53 in size
  std::optional<double> step;    // float and int: values are low + k step; high is one of them
  bool log = false;              // float and int: spread evenly over log(value); then low > 0
  std::vector<Value> choices;    // categorical and ordinal
  std::vector<WhenClause> when;  // all must hold
  /// The amount of training: epochs, a share of the rows. Float or int, low above 0, no `when`; at
  /// most one in a space.
  bool fidelity = false;
};

using Configuration = std::vector<std::optional<double>>;

/// Why a space is impossible: which parameter, which of its keys ("low", "when", "" = as a whole).
/// An empty parameter name speaks of the whole space. The message says what is wrong and what to
/// do.
struct SpaceFault {
  std::string parameter;
  std::string key;
  std::string message;
};

inline constexpr std::size_t kMaxParameters = 1000;

class SearchSpace {
 public:
  /// Checks the parameters and puts each behind the parents that its `when` names, otherwise
  /// keeping their order.
  static tl::expected<SearchSpace, SpaceFault> Create(std::vector<Parameter> parameters);

  const std::vector<Parameter>& parameters() const { return parameters_; }
  std::size_t size() const { return parameters_.size(); }
  std::optional<std::size_t> IndexOf(std::string_view name) const;

  /// Whether parameter i is active, given the coordinates of the parameters before it.
  bool IsActive(std::size_t i, const Configuration& configuration) const;

  /// Whether the `when` of another parameter names parameter i.
  bool IsParent(std::size_t i) const { return is_parent_[i]; }

  /// The parameter that is marked as fidelity, if there is one.
  std::optional<std::size_t> fidelity() const;

  /// Number of levels of parameter i: of choices, of whole numbers, of steps, 1 where low == high;
  /// empty if continuous.
  std::optional<std::uint64_t> Levels(std::size_t i) const;

  /// Coordinate of level k of parameter i, k < Levels(i), in increasing order.
  double LevelAt(std::size_t i, std::uint64_t k) const;

  /// Number of configurations, counting those of inactive branches once; empty if the space is
  /// continuous or has more than `limit`. Example: a in {0, 1}, b in {0, 1, 2} when a = 1: 4.
  std::optional<std::uint64_t> CountConfigurations(std::uint64_t limit) const;

  /// All configurations in lexicographic order; only where CountConfigurations(limit) is not empty.
  std::vector<Configuration> AllConfigurations(std::uint64_t limit) const;

  /// Coordinate of parameter i at `key` in [0, 1]. Levels share the interval evenly; those of log
  /// ints by log(v) between log(low - 1/2) and log(high + 1/2).
  double CoordinateAt(std::size_t i, double key) const;

  /// Key of a coordinate: CoordinateAt(i, KeyOf(i, c)) == c, exactly for up to 2^45 levels, within
  /// rounding where continuous. Levels give the centre of their interval, those of log ints log(v).
  double KeyOf(std::size_t i, double coordinate) const;

  /// Configuration of n keys in [0, 1], n = size(); keys of inactive parameters are ignored.
  Configuration Decode(std::span<const double> keys) const;

  /// Whether every active parameter has a coordinate in its domain and every inactive one has none.
  bool Contains(const Configuration& configuration) const;

  /// What the user sees of coordinate c of parameter i: 0.01, 3, "adam", true.
  Value ValueOf(std::size_t i, double coordinate) const;

  /// The coordinate of a user's value, or empty if it is not one of parameter i's. Steps of floats
  /// are found within 1e-9 of a step (0.3 names the level 0.1 + 2 * 0.1).
  std::optional<double> CoordinateOf(std::size_t i, const Value& value) const;

 private:
  struct Condition {
    std::size_t parent;
    std::vector<double> coordinates;  // allowed ones; empty: the range below
    double min, max;
  };
  friend class SpaceBuilder;
  friend class SpaceCount;

  std::vector<Parameter> parameters_;
  std::vector<std::vector<Condition>> conditions_;  // by parameter
  std::vector<bool> is_parent_;                     // by parameter
};

/// Hash of a configuration: equal configurations have equal hashes.
std::uint64_t Hash(const Configuration& configuration);

}  // namespace joulefront
