#include "search/hypervolume_course.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
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

constexpr std::uint64_t kStream = 0x636f75727365;  // "course"
constexpr std::size_t kDraws = 20'000;
constexpr double kLongest = 3.0;  // seconds, of exact volumes

/// About how many seconds GainsOf() takes of points that are all on the front.
double SecondsFor(std::size_t points, std::size_t objectives) {
  const double thousands = static_cast<double>(points) / 1000.0;
  return 4.0 * thousands * thousands * std::pow(6.0, static_cast<double>(objectives) - 6.0);
}

std::vector<double> ValuesOf(Points points, std::span<const std::size_t> chosen) {
  std::vector<double> values;
  for (const std::size_t i : chosen) {
    values.insert(values.end(), points[i].begin(), points[i].end());
  }
  return values;
}

/// What each of the points adds to the volume of those before it: its own box without what they
/// have of it, which are those points limited to it.
std::vector<double> GainsOf(Points points, std::span<const std::size_t> added,
                            std::span<const double> reference) {
  std::vector<double> gains, limited;
  for (std::size_t k = 0; k < added.size(); ++k) {
    const auto point = points[added[k]];
    limited.clear();
    for (const std::size_t before : added.first(k)) {
      std::transform(point.begin(), point.end(), points[before].begin(),
                     std::back_inserter(limited),
                     [](double own, double other) { return std::max(own, other); });
    }
    gains.push_back(Hypervolume({point, point.size()}, reference) -
                    Hypervolume({limited, point.size()}, reference));
  }
  return gains;
}

/// The same, estimated: in proportion to the draws that each is the first to dominate.
std::vector<double> EstimatedGains(Points points, std::span<const std::size_t> added,
                                   std::span<const double> reference) {
  const std::size_t m = points.dimension;
  std::vector<double> best(reference.begin(), reference.end()), draw(m);
  for (const std::size_t i : added) {
    for (std::size_t k = 0; k < m; ++k) best[k] = std::min(best[k], points[i][k]);
  }
  Random random(kStream, 0);
  std::vector<double> gains(added.size(), 0.0);
  double dominated = 0.0;
  for (std::size_t d = 0; d < kDraws; ++d) {
    for (std::size_t k = 0; k < m; ++k) {
      draw[k] = best[k] + random.Uniform() * (reference[k] - best[k]);
    }
    const auto first = std::find_if(added.begin(), added.end(),
                                    [&](std::size_t i) { return NoWorse(points[i], draw); });
    if (first == added.end()) continue;
    gains[static_cast<std::size_t>(first - added.begin())] += 1.0;
    dominated += 1.0;
  }
  const double volume = Hypervolume({ValuesOf(points, added), m}, reference);
  for (double& gain : gains) gain *= dominated > 0.0 ? volume / dominated : 0.0;
  if (dominated == 0.0) gains.back() = volume;
  return gains;
}

}  // namespace

Course HypervolumeCourse(Points points, std::span<const double> reference, std::size_t most) {
  const std::vector<std::size_t> added = Additions(points, reference);
  const std::size_t count = std::min(most, added.size()), m = points.dimension;
  Course course{.points = {}, .estimated = m > 3 && SecondsFor(added.size(), m) > kLongest};
  std::vector<double> gains;  // of few objectives, whole volumes are quicker
  if (m > 3) {
    gains = course.estimated ? EstimatedGains(points, added, reference)
                             : GainsOf(points, added, reference);
  }
  double volume = 0.0;
  std::size_t taken = 0;
  for (std::size_t k = 1; k <= count; ++k) {
    const std::size_t end = k * added.size() / count;
    for (; taken < end; ++taken) volume += m > 3 ? gains[taken] : 0.0;
    // What was added and beaten later adds nothing to the volume of those that beat it.
    if (m <= 3) {
      volume = Hypervolume({ValuesOf(points, std::span(added).first(end)), m}, reference);
    }
    course.points.push_back({added[end - 1] + 1, volume});
  }
  return course;
}

}  // namespace joulefront
