// What each point alone adds to the hypervolume, all objectives minimised.
#pragma once

#include <span>
#include <vector>

#include "search/pareto.h"

namespace joulefront {

/// Of every point, in the order given, the exclusive volume: the volume that it dominates, up to
/// the reference, and no other point does; the hypervolume less that without the point
/// [Emmerich2011]. 0 for points that another dominates or equals, and for those not
/// strictly better than the reference in every objective; dominated points take from their
/// dominator what they reach too. The reference is finite, and so are all points strictly better
/// than it. m <= 2: O(n log n); m = 3: one sweep, O(n log n) but for moves within flat arrays; m >=
/// 4: n hypervolumes of the others, limited to the point [While2012, Sec. III]. Example: {(1, 3),
/// (2, 2), (3, 1)} with reference (4, 4) -> {1, 1, 1}.
std::vector<double> HypervolumeContributions(Points points, std::span<const double> reference);

}  // namespace joulefront
