// Brute-force definitions that dominance, crowding and hypervolume are held against, and small
// fronts of all shapes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "search/pareto.h"

namespace joulefront {

inline constexpr double kInf = std::numeric_limits<double>::infinity();

/// Every sequence of n points of m objectives with coordinates in `grid`: |grid|^(n m) of them.
/// Calls visit(Points).
template <typename Visit>
void ForAllPoints(std::size_t n, std::size_t m, const std::vector<double>& grid, Visit visit) {
  std::vector<std::size_t> digits(n * m, 0);
  std::vector<double> values(n * m, grid[0]);
  while (true) {
    visit(Points{values, m});
    std::size_t k = 0;
    while (k < digits.size() && ++digits[k] == grid.size()) digits[k++] = 0;
    if (k == digits.size()) return;
    for (std::size_t i = 0; i <= k; ++i) values[i] = grid[digits[i]];
  }
}

/// By the definition: peel off the points that no other left dominates.
inline std::vector<std::uint32_t> RanksByPeeling(Points points) {
  constexpr std::uint32_t kLeft = ~0U;
  std::vector<std::uint32_t> ranks(points.size(), kLeft);
  for (std::uint32_t rank = 0; std::count(ranks.begin(), ranks.end(), kLeft) > 0; ++rank) {
    std::vector<std::size_t> front;
    for (std::size_t i = 0; i < points.size(); ++i) {
      bool dominated = ranks[i] != kLeft;
      for (std::size_t j = 0; j < points.size(); ++j) {
        if (ranks[j] != kLeft) continue;
        bool no_worse = true, better = false;
        for (std::size_t k = 0; k < points.dimension; ++k) {
          no_worse = no_worse && points[j][k] <= points[i][k];
          better = better || points[j][k] < points[i][k];
        }
        dominated = dominated || (no_worse && better);
      }
      if (!dominated) front.push_back(i);
    }
    for (const std::size_t i : front) ranks[i] = rank;
  }
  return ranks;
}

/// Counts the unit cells of {0, ..., side}^m that a point covers; for whole coordinates.
inline double HypervolumeByCells(Points points, std::size_t side) {
  std::vector<std::size_t> cell(points.dimension, 0);
  double volume = 0.0;
  while (true) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      bool covers = true;
      for (std::size_t k = 0; k < points.dimension; ++k) {
        covers = covers && points[i][k] <= static_cast<double>(cell[k]);
      }
      if (!covers) continue;
      volume += 1.0;
      break;
    }
    std::size_t k = 0;
    while (k < cell.size() && ++cell[k] == side) cell[k++] = 0;
    if (k == cell.size()) return volume;
  }
}

}  // namespace joulefront
