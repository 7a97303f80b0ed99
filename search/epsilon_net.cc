#include "search/epsilon_net.h"

#include <algorithm>
#include <limits>

#include "search/scale.h"

namespace joulefront {

namespace {

std::vector<double> Scaled(Points points) {
  const std::size_t m = points.dimension;
  std::vector<double> scaled(points.values.begin(), points.values.end());
  for (std::size_t k = 0; k < m; ++k) {
    Scale scale;
    for (std::size_t i = 0; i < points.size(); ++i) scale.Cover(points[i][k]);
    for (std::size_t i = 0; i < points.size(); ++i) scaled[i * m + k] = scale(points[i][k]);
  }
  return scaled;
}

std::size_t LeastSum(Points points) {
  std::size_t first = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < points.size(); ++i) {
    double sum = 0.0;
    for (const double value : points[i]) sum += value;
    if (sum < least) {
      least = sum;
      first = i;
    }
  }
  return first;
}

double SquaredDistance(std::span<const double> a, std::span<const double> b) {
  double sum = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
  return sum;
}

}  // namespace

std::vector<std::size_t> EpsilonNetOrder(Points points) {
  std::vector<std::size_t> order;
  if (points.size() == 0) return order;
  const auto values = Scaled(points);
  const Points scaled{values, points.dimension};
  // Squared distance to the nearest that was chosen; below 0 for those themselves.
  std::vector<double> nearest(points.size(), std::numeric_limits<double>::infinity());
  for (std::size_t chosen = LeastSum(scaled); order.size() < points.size();) {
    order.push_back(chosen);
    for (std::size_t i = 0; i < points.size(); ++i) {
      nearest[i] = std::min(nearest[i], SquaredDistance(scaled[i], scaled[chosen]));
    }
    nearest[chosen] = -1.0;
    chosen = static_cast<std::size_t>(std::max_element(nearest.begin(), nearest.end()) -
                                      nearest.begin());
  }
  return order;
}

}  // namespace joulefront
