// The knee of a front: where a further gain begins to cost more than it does on average.
#pragma once

#include <cstddef>
#include <optional>

#include "search/pareto.h"

namespace joulefront {

/// The member of a front of two objectives that lies farthest below the line between its ends, each
/// objective scaled to its range on the front [Das1999]; the first of equals. Empty where
/// none lies below: on a straight or a bulging front, with fewer than three members, and with other
/// than two objectives. All coordinates are finite.
/// Example: {(1, 0), (0.2, 0.1), (0.1, 0.5), (0, 1)} -> 1.
std::optional<std::size_t> Knee(Points front);

}  // namespace joulefront
