// Dominance, non-dominated sorting and crowding. Free functions over n points of m objectives, all
// minimised, stored row by row: point i is values[i m, i m + m). Infinities are allowed (ordered as
// numbers); NaN is not. Duplicated points never dominate each other and share a front.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace joulefront {

/// n x m, row by row, a view that owns nothing.
struct Points {
  std::span<const double> values;
  std::size_t dimension;  // m

  std::size_t size() const { return dimension == 0 ? 0 : values.size() / dimension; }
  std::span<const double> operator[](std::size_t i) const {
    return values.subspan(i * dimension, dimension);
  }
};

/// a is no worse than b everywhere and better somewhere [Deb2002, Sec. III].
bool Dominates(std::span<const double> a, std::span<const double> b);

/// Rank of every point: 0 for the non-dominated ones, 1 for those non-dominated once rank 0 is
/// taken away, and so on [Deb2002, Sec. III-A]. m <= 2: O(n log n) [Jensen2003]; m = 3: O(n log^2
/// n); m >= 4: O(m n^2) at worst, by insertion into sorted fronts [Zhang2015]. Example: {(1,2,3),
/// (-2,3,7), (-1,-2,-3), (0,0,0)} -> {2, 0, 0, 1}.
std::vector<std::uint32_t> NonDominatedRanks(Points points);

/// Indices, in increasing order, of the points that no other dominates; duplicates are all kept.
/// m <= 3: O(n log n); m >= 4: O(m n k) for k of them.
/// Example: as above -> {1, 2}.
std::vector<std::size_t> ParetoFront(Points points);

/// Crowding distance of each member of one front, in the order of `members` [Deb2002, Sec. III-B]:
/// over the objectives, the sum of the gap between a member's neighbours divided by the range.
/// An objective in which all members agree adds nothing. In every other the first member at the low
/// end and the last at the high end, in the order of `members`, get infinity, as does a front's
/// only distinct point. Members are put in order by their exact coordinates, however near. Of equal
/// points the first in `members` keeps its share, the others get 0. Never NaN: an infinite
/// coordinate counts as one range beyond the finite ones (a range of 0 as 1). Example: the front
/// {(0,4), (1,2), (4,0)} -> {inf, 4/4 + 4/4 = 2, inf}.
std::vector<double> CrowdingDistances(Points points, std::span<const std::size_t> members);

}  // namespace joulefront
