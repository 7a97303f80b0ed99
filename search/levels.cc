#include "search/levels.h"

#include <algorithm>
#include <cmath>

namespace joulefront {

namespace {

std::int64_t Whole(double number) { return static_cast<std::int64_t>(number); }

}  // namespace

std::optional<double> NumberOf(const Value& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return static_cast<double>(*number);
  return std::nullopt;
}

std::optional<std::uint64_t> LevelCount(const Parameter& p) {
  switch (p.type) {
    case ParameterType::kCategorical:
    case ParameterType::kOrdinal:
      return p.choices.size();
    case ParameterType::kInt:
      // In whole numbers: the difference of two bounds near 2^53 does not fit a double.
      return static_cast<std::uint64_t>((Whole(p.high) - Whole(p.low)) /
                                        Whole(p.step.value_or(1.0))) +
             1;
    case ParameterType::kFloat:
      if (p.low == p.high) return 1;
      if (!p.step) return std::nullopt;
      return static_cast<std::uint64_t>(std::llround((p.high - p.low) / *p.step)) + 1;
  }
  return std::nullopt;
}

double LevelCoordinate(const Parameter& p, std::uint64_t k) {
  switch (p.type) {
    case ParameterType::kCategorical:
    case ParameterType::kOrdinal:
      break;
    case ParameterType::kInt:
      return static_cast<double>(Whole(p.low) +
                                 static_cast<std::int64_t>(k) * Whole(p.step.value_or(1.0)));
    case ParameterType::kFloat:
      if (k == 0) return p.low;
      if (k + 1 >= *LevelCount(p)) return p.high;
      return std::min(p.low + static_cast<double>(k) * *p.step, p.high);
  }
  return static_cast<double>(k);
}

std::uint64_t NearestLevel(const Parameter& p, double coordinate) {
  const std::uint64_t last = *LevelCount(p) - 1;
  double position = coordinate;
  if (p.type == ParameterType::kInt || p.type == ParameterType::kFloat) {
    if (last == 0 || coordinate <= p.low) return 0;
    if (coordinate >= p.high) return last;
    position = (coordinate - p.low) / p.step.value_or(1.0);
  }
  if (position <= 0.0) return 0;
  if (position >= static_cast<double>(last)) return last;
  return static_cast<std::uint64_t>(std::llround(position));
}

double LevelTolerance(const Parameter& p) {
  return p.type == ParameterType::kFloat && p.step ? 1e-9 * *p.step : 0.0;
}

}  // namespace joulefront
