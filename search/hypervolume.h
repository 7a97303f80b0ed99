// Exact hypervolume: the volume dominated by a set of points and bounded by a reference point, all
// objectives minimised [Zitzler1999].
#pragma once

#include <span>

#include "search/pareto.h"

namespace joulefront {

/// Points that are not strictly better than the reference in every objective add nothing; the empty
/// set has volume 0; of the others, a coordinate of -infinity (or a reference of infinity) makes it
/// infinite. m <= 2: O(n log n); m = 3: O(n log n) but for moves within a flat staircase, by a
/// sweep; m >= 4: exact, by limiting points to one another and slicing objectives down to three
/// [While2012, Sec. III]: O(n^2 log n) for four, exponential in m at worst.
/// Example: {(1, 2), (2, 1)} with reference (3, 3): 3.
double Hypervolume(Points points, std::span<const double> reference);

}  // namespace joulefront
