// How the hypervolume of a growing set of points came about.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "search/pareto.h"

namespace joulefront {

struct CoursePoint {
  std::size_t count;  // of the first so many points
  double volume;
};

struct Course {
  std::vector<CoursePoint> points;
  bool estimated = false;  // all but the last volume are estimates
};

/// Hypervolume (hypervolume.h) of the first k points, for the k at which the front changed; of
/// more than `most` such k, `most` evenly chosen ones, the last among them. In between it has not
/// fallen. The points that never were on the front cost a look at the front, no volume: 10,000
/// points take milliseconds in two objectives. Where exact volumes would take more than some
/// seconds (many points of five objectives and more), the course is estimated: by the share of
/// 20,000 points, drawn evenly between the best of each objective and the reference, that the first
/// k dominate, scaled so that the last volume is the exact one.
/// Example: {(2, 2), (3, 3), (1, 1)} with reference (3, 3) -> {1, 1}, {3, 4}.
Course HypervolumeCourse(Points points, std::span<const double> reference, std::size_t most);

}  // namespace joulefront
