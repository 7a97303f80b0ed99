// An order in which any first few members of a front represent all of it.
#pragma once

#include <cstddef>
#include <vector>

#include "search/pareto.h"

namespace joulefront {

/// Indices of all points, each the one that is farthest from those before it, by its distance to
/// the nearest of them in objectives scaled to [0, 1] [Schmucker2021]. The first, which is
/// random there, is the one with the least sum of scaled objectives, so that the best compromise
/// leads. Ties by index; so copies come last. An objective in which all agree counts for nothing;
/// an infinite coordinate lies one range beyond the finite ones. O(m n^2).
/// Example: {(0, 10), (1, 8), (5, 5), (10, 0)} -> {1, 3, 2, 0}: (1, 8) is best in sum, (10, 0)
/// farthest from it, (5, 5) next, and (0, 10) nearest to what is there.
std::vector<std::size_t> EpsilonNetOrder(Points points);

}  // namespace joulefront
