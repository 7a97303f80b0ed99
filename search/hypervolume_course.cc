#include "search/hypervolume_course.h"

#include <algorithm>

#include "search/hypervolume.h"

namespace joulefront {
namespace {

bool NoWorse(std::span<const double> a, std::span<const double> b) {
  return std::equal(a.begin(), a.end(), b.begin(), [](double x, double y) { return x <= y; });
}

bool Inside(std::span<const double> point, std::span<const double> reference) {
  return std::equal(point.begin(), point.end(), reference.begin(),
                    [](double x, double r) { return x < r; });
}

/// Indices of the points that added to the volume when they came.
std::vector<std::size_t> Additions(Points points, std::span<const double> reference) {
  std::vector<std::size_t> added, front;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!Inside(points[i], reference)) continue;
    const bool beaten = std::any_of(front.begin(), front.end(), [&](std::size_t on_front) {
      return NoWorse(points[on_front], points[i]);
    });
    if (beaten) continue;
    std::erase_if(front, [&](std::size_t old) { return NoWorse(points[i], points[old]); });
    front.push_back(i);
    added.push_back(i);
  }
  return added;
}

}  // namespace

std::vector<CoursePoint> HypervolumeCourse(Points points, std::span<const double> reference,
                                           std::size_t most) {
  const std::vector<std::size_t> added = Additions(points, reference);
  const std::size_t count = std::min(most, added.size());
  std::vector<double> values;
  std::vector<CoursePoint> course;
  std::size_t taken = 0;
  for (std::size_t k = 1; k <= count; ++k) {
    // What was added and beaten later adds nothing to the volume of those that beat it.
    for (const std::size_t end = k * added.size() / count; taken < end; ++taken) {
      const auto point = points[added[taken]];
      values.insert(values.end(), point.begin(), point.end());
    }
    course.push_back({added[taken - 1] + 1, Hypervolume({values, points.dimension}, reference)});
  }
  return course;
}

}  // namespace joulefront
