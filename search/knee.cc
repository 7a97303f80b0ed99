#include "search/knee.h"

#include "search/scale.h"

namespace joulefront {

std::optional<std::size_t> Knee(Points front) {
  std::optional<std::size_t> knee;
  if (front.dimension != 2) return knee;
  Scale first, second;
  for (std::size_t i = 0; i < front.size(); ++i) {
    first.Cover(front[i][0]);
    second.Cover(front[i][1]);
  }
  if (first.is_flat() || second.is_flat()) return knee;
  double farthest = 1e-9;  // what rounding leaves of 0
  for (std::size_t i = 0; i < front.size(); ++i) {
    // On the line between the ends the shares sum to 1.
    const double below = 1.0 - first(front[i][0]) - second(front[i][1]);
    if (below > farthest) {
      farthest = below;
      knee = i;
    }
  }
  return knee;
}

}  // namespace joulefront
