#include "search/space.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/random.h"
#include "search/enumeration.h"
#include "search/levels.h"

namespace joulefront {

namespace {

// The interval of log(value) over which the keys of a log parameter are spread. Whole numbers get
// half a level beyond both ends, so that the end levels are no smaller than their neighbours.
struct LogRange {
  double low, high;
};

LogRange LogRangeOf(const Parameter& p) {
  const double margin = p.type == ParameterType::kInt ? 0.5 : 0.0;
  return {std::log(p.low - margin), std::log(p.high + margin)};
}

bool IsChoice(const Parameter& p) {
  return p.type == ParameterType::kCategorical || p.type == ParameterType::kOrdinal;
}

// Position of c between low and high; halved where the range itself overflows.
double Fraction(double c, double low, double high) {
  const double range = high - low;
  if (std::isfinite(range)) return (c - low) / range;
  return (c / 2 - low / 2) / (high / 2 - low / 2);
}

}  // namespace

bool SameValue(const Value& a, const Value& b) {
  const auto* a_int = std::get_if<std::int64_t>(&a);
  const auto* b_int = std::get_if<std::int64_t>(&b);
  if (a_int && b_int) return *a_int == *b_int;
  const auto a_number = NumberOf(a), b_number = NumberOf(b);
  if (a_number && b_number) return *a_number == *b_number;
  return a == b;
}

std::optional<std::size_t> SearchSpace::IndexOf(std::string_view name) const {
  for (std::size_t i = 0; i < size(); ++i) {
    if (parameters_[i].name == name) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> SearchSpace::fidelity() const {
  for (std::size_t i = 0; i < size(); ++i) {
    if (parameters_[i].fidelity) return i;
  }
  return std::nullopt;
}

bool SearchSpace::IsActive(std::size_t i, const Configuration& configuration) const {
  return std::all_of(conditions_[i].begin(), conditions_[i].end(), [&](const Condition& condition) {
    const auto& held = configuration[condition.parent];
    if (!held) return false;
    if (condition.coordinates.empty()) return condition.min <= *held && *held <= condition.max;
    return std::binary_search(condition.coordinates.begin(), condition.coordinates.end(), *held);
  });
}

std::optional<std::uint64_t> SearchSpace::Levels(std::size_t i) const {
  return LevelCount(parameters_[i]);
}

double SearchSpace::LevelAt(std::size_t i, std::uint64_t k) const {
  return LevelCoordinate(parameters_[i], k);
}

std::vector<Configuration> SearchSpace::AllConfigurations(std::uint64_t limit) const {
  JF_CHECK(CountConfigurations(limit).has_value());
  std::vector<Configuration> all;
  Enumeration walk(*this);
  do {
    all.push_back(walk.configuration());
  } while (walk.Next());
  return all;
}

double SearchSpace::CoordinateAt(std::size_t i, double key) const {
  JF_CHECK(key >= 0.0 && key <= 1.0);
  const Parameter& p = parameters_[i];
  const auto levels = LevelCount(p);
  if (p.log && levels != 1) {
    const LogRange range = LogRangeOf(p);
    const double value = std::exp(std::lerp(range.low, range.high, key));
    return std::clamp(levels ? std::round(value) : value, p.low, p.high);
  }
  if (!levels) return std::clamp(std::lerp(p.low, p.high, key), p.low, p.high);
  const double level = std::floor(key * static_cast<double>(*levels));
  return LevelCoordinate(p, std::min(static_cast<std::uint64_t>(level), *levels - 1));
}

double SearchSpace::KeyOf(std::size_t i, double coordinate) const {
  const Parameter& p = parameters_[i];
  const auto levels = LevelCount(p);
  if (levels == 1) return 0.5;
  if (p.log) {
    const LogRange range = LogRangeOf(p);
    return std::clamp(Fraction(std::log(coordinate), range.low, range.high), 0.0, 1.0);
  }
  if (!levels) return std::clamp(Fraction(coordinate, p.low, p.high), 0.0, 1.0);
  const auto level = static_cast<double>(NearestLevel(p, coordinate));
  return (level + 0.5) / static_cast<double>(*levels);
}

Configuration SearchSpace::Decode(std::span<const double> keys) const {
  JF_CHECK(keys.size() == size());
  Configuration configuration(size());
  for (std::size_t i = 0; i < size(); ++i) {
    if (IsActive(i, configuration)) configuration[i] = CoordinateAt(i, keys[i]);
  }
  return configuration;
}

bool SearchSpace::Contains(const Configuration& configuration) const {
  if (configuration.size() != size()) return false;
  for (std::size_t i = 0; i < size(); ++i) {
    const auto& held = configuration[i];
    if (held.has_value() != IsActive(i, configuration)) return false;
    if (!held) continue;
    const Parameter& p = parameters_[i];
    if (!std::isfinite(*held)) return false;
    if (LevelCount(p)) {
      if (LevelCoordinate(p, NearestLevel(p, *held)) != *held) return false;
    } else if (*held < p.low || *held > p.high) {
      return false;
    }
  }
  return true;
}

Value SearchSpace::ValueOf(std::size_t i, double coordinate) const {
  const Parameter& p = parameters_[i];
  if (IsChoice(p)) return p.choices[NearestLevel(p, coordinate)];
  if (p.type == ParameterType::kInt) return static_cast<std::int64_t>(coordinate);
  return coordinate;
}

std::optional<double> SearchSpace::CoordinateOf(std::size_t i, const Value& value) const {
  const Parameter& p = parameters_[i];
  if (IsChoice(p)) {
    const auto found = std::find_if(p.choices.begin(), p.choices.end(),
                                    [&](const Value& choice) { return SameValue(choice, value); });
    if (found == p.choices.end()) return std::nullopt;
    return static_cast<double>(found - p.choices.begin());
  }
  const auto number = NumberOf(value);
  if (!number || !std::isfinite(*number)) return std::nullopt;
  if (!LevelCount(p)) {
    if (*number < p.low || *number > p.high) return std::nullopt;
    return *number;
  }
  const double level = LevelCoordinate(p, NearestLevel(p, *number));
  if (std::abs(level - *number) > LevelTolerance(p)) return std::nullopt;
  return level;
}

std::uint64_t Hash(const Configuration& configuration) {
  std::uint64_t hash = configuration.size();
  for (const auto& coordinate : configuration) {
    // 0.0 and -0.0 are equal, so they must not differ in their bits; the sum makes both 0.0.
    const std::uint64_t bits = coordinate ? std::bit_cast<std::uint64_t>(*coordinate + 0.0)
                                          : std::numeric_limits<std::uint64_t>::max();
    hash = Mix64(hash ^ bits);
  }
  return hash;
}

}  // namespace joulefront
