// Levels of a parameter that is not continuous: its choices, whole numbers or steps, numbered from
// 0 in increasing order. Private to search/; SearchSpace shows the same to others.
#pragma once

#include <cstdint>
#include <optional>

#include "search/space.h"

namespace joulefront {

/// A value as a number; empty for bools and text.
std::optional<double> NumberOf(const Value& value);

/// Number of levels; empty if continuous. The parameter's bounds and step must be valid.
std::optional<std::uint64_t> LevelCount(const Parameter& parameter);

/// Coordinate of level k < LevelCount().
double LevelCoordinate(const Parameter& parameter, std::uint64_t k);

/// The level nearest to any finite number; only where there are levels.
std::uint64_t NearestLevel(const Parameter& parameter, double coordinate);

/// How far a user's number may lie from a level and still mean it: 0 except for steps of floats,
/// which decimal fractions miss by rounding.
double LevelTolerance(const Parameter& parameter);

}  // namespace joulefront
