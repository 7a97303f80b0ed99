// Fronts against pagmo in one run: medians, the ratio of the two (above 1: ours is faster), and
// every disagreement. Built where pagmo is installed.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <pagmo/utils/hypervolume.hpp>
#include <pagmo/utils/multi_objective.hpp>
#include <string>
#include <vector>

#include "base/random.h"
#include "search/contributions.h"
#include "search/hypervolume.h"
#include "search/pareto.h"

namespace {

using namespace joulefront;

constexpr double kAtMostSeconds = 1.0;  // that one side of a row may take
constexpr int kRuns = 15;
constexpr double kTolerance = 1e-9;  // relative

using Rows = std::vector<std::vector<double>>;
using Result = std::vector<double>;

double MedianMs(const std::function<void()>& job) {
  std::vector<double> times;
  double sum = 0.0;
  while (times.size() < kRuns && sum < 1e3 * kAtMostSeconds) {
    const auto start = std::chrono::steady_clock::now();
    job();
    const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
    times.push_back(time.count());
    sum += time.count();
  }
  std::nth_element(times.begin(), times.begin() + static_cast<int>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

enum class Shape { kCloud, kSphere, kPlane };

// Uniform in the unit cube; on the part of the unit sphere that bulges towards the origin, so that
// its middle is best; on the plane where coordinates sum to 1.
std::vector<double> Make(Shape shape, std::size_t n, std::size_t m) {
  Random random(n, m);
  std::vector<double> values;
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<double> point(m);
    double norm = 0.0;
    for (double& value : point) {
      const double uniform = random.Uniform();
      value = shape == Shape::kCloud ? uniform : -std::log(1.0 - uniform);
      norm += shape == Shape::kSphere ? value * value : value;
    }
    for (double& value : point) {
      if (shape == Shape::kSphere) value = 1.0 - value / std::sqrt(norm);
      if (shape == Shape::kPlane) value /= norm;
    }
    values.insert(values.end(), point.begin(), point.end());
  }
  return values;
}

Rows RowsOf(Points points) {
  Rows rows;
  for (std::size_t i = 0; i < points.size(); ++i) {
    rows.emplace_back(points[i].begin(), points[i].end());
  }
  return rows;
}

void Compare(const std::string& what, std::size_t n, const std::function<Result()>& ours,
             const std::function<Result()>& theirs) {
  Result a, b;
  const double our_ms = MedianMs([&] { a = ours(); });
  const double their_ms = MedianMs([&] { b = theirs(); });
  std::printf("%-44s %7zu %11.3f %11.3f %8.2f", what.c_str(), n, our_ms, their_ms,
              their_ms / our_ms);
  double worst = a.size() == b.size() ? 0.0 : HUGE_VAL, largest = 0.0;
  for (const double value : b) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    worst = std::max(worst, std::abs(a[i] - b[i]) / largest);
  }
  if (!(worst <= kTolerance)) std::printf("  DISAGREE by %g", worst);
  std::printf("\n");
  std::fflush(stdout);
}

const char* NameOf(Shape shape) {
  return shape == Shape::kCloud ? "cloud" : shape == Shape::kSphere ? "sphere" : "plane";
}

std::string Row(const char* what, std::size_t m, Shape shape) {
  return std::string(what) + ", " + std::to_string(m) + " objectives, " + NameOf(shape);
}

void CompareSorts(std::size_t n, std::size_t m, Shape shape) {
  const auto values = Make(shape, n, m);
  const Points points{values, m};
  const Rows rows = RowsOf(points);
  Compare(
      Row("sort", m, shape), n,
      [&] {
        const auto ranks = NonDominatedRanks(points);
        return Result(ranks.begin(), ranks.end());
      },
      [&] {
        const auto ranks = std::get<3>(pagmo::fast_non_dominated_sorting(rows));
        return Result(ranks.begin(), ranks.end());
      });
}

void CompareVolumes(std::size_t n, std::size_t m, Shape shape) {
  const auto values = Make(shape, n, m);
  const std::vector<double> reference(m, 1.1);
  const pagmo::hypervolume theirs(RowsOf({values, m}), false);
  Compare(
      Row("hypervolume", m, shape), n,
      [&] {
        return Result{Hypervolume({values, m}, reference)};
      },
      [&] { return Result{theirs.compute(reference)}; });
}

void CompareContributions(std::size_t n, std::size_t m, Shape shape) {
  const auto values = Make(shape, n, m);
  const std::vector<double> reference(m, 1.1);
  const pagmo::hypervolume theirs(RowsOf({values, m}), false);
  Compare(
      Row("contributions", m, shape), n,
      [&] {
        return HypervolumeContributions({values, m}, reference);
      },
      [&] { return theirs.contributions(reference); });
}

}  // namespace

int main() {
  std::printf("%-44s %7s %11s %11s %8s\n", "", "points", "ours [ms]", "pagmo [ms]", "ratio");
  for (const Shape shape : {Shape::kCloud, Shape::kSphere}) {
    CompareSorts(1'000, 2, shape);
    CompareSorts(10'000, 2, shape);
    CompareSorts(1'000, 3, shape);
    CompareSorts(1'000, 5, shape);
  }
  for (const Shape shape : {Shape::kSphere, Shape::kPlane}) {
    for (const std::size_t m : {2U, 3U, 4U, 5U}) {
      CompareVolumes(100, m, shape);
      CompareVolumes(1'000, m, shape);
    }
    for (const std::size_t m : {2U, 3U}) {
      CompareContributions(100, m, shape);
      CompareContributions(1'000, m, shape);
    }
    CompareContributions(100, 4, shape);
    CompareContributions(300, 4, shape);
  }
  return 0;
}
