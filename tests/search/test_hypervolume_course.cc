#include <catch2/catch.hpp>
#include <cmath>

#include "base/random.h"
#include "search/hypervolume.h"
#include "search/hypervolume_course.h"

namespace joulefront {
namespace {

std::vector<double> Scattered(std::size_t n, std::size_t m, std::uint64_t seed) {
  Random random(seed, 0);
  std::vector<double> values;
  // A coarse grid, so that points tie and repeat.
  for (std::size_t i = 0; i < n * m; ++i) values.push_back(std::floor(12.0 * random.Uniform()));
  return values;
}

TEST_CASE("the course has an entry wherever a point adds to the hypervolume", "[hypervolume]") {
  for (const std::size_t m : {1, 2, 3, 4}) {
    const std::vector<double> values = Scattered(60, m, m), reference(m, 10.0);
    const auto course = HypervolumeCourse({values, m}, reference, 1000).points;
    std::size_t next = 0;
    double before = 0.0;
    for (std::size_t k = 1; k <= 60; ++k) {
      const double now = Hypervolume({std::span(values).first(k * m), m}, reference);
      if (now > before) {
        REQUIRE(next < course.size());
        CHECK(course[next].count == k);
        CHECK(course[next].volume == Approx(now).epsilon(1e-12));
        ++next;
      }
      before = now;
    }
    CHECK(next == course.size());
  }
}

TEST_CASE("a long course is thinned, and still ends where the whole one does", "[hypervolume]") {
  const std::vector<double> values = Scattered(400, 3, 9), reference(3, 13.0);
  const auto whole = HypervolumeCourse({values, 3}, reference, 1000).points;
  const auto thinned = HypervolumeCourse({values, 3}, reference, 5).points;
  REQUIRE(whole.size() > 5);
  REQUIRE(thinned.size() == 5);
  CHECK(thinned.back().count == whole.back().count);
  CHECK(thinned.back().volume == whole.back().volume);
}

TEST_CASE("a course that would take long is estimated, and ends at the exact volume",
          "[hypervolume]") {
  const std::size_t n = 26, m = 10;
  Random random(5, 0);
  std::vector<double> values;  // on a sphere, so that none dominates another
  for (std::size_t i = 0; i < n; ++i) {
    double squares = 0.0;
    for (std::size_t k = 0; k < m; ++k) {
      values.push_back(0.01 + random.Uniform());
      squares += values.back() * values.back();
    }
    for (std::size_t k = 0; k < m; ++k) values[i * m + k] /= std::sqrt(squares);
  }
  const std::vector<double> reference(m, 1.1);
  const Course course = HypervolumeCourse({values, m}, reference, 10);
  REQUIRE(course.estimated);
  REQUIRE(course.points.size() == 10);
  double before = 0.0;
  for (const CoursePoint& point : course.points) {
    CHECK(point.volume > before);
    before = point.volume;
  }
  const auto first = std::span(values).first(course.points.front().count * m);
  CHECK(course.points.front().volume == Approx(Hypervolume({first, m}, reference)).epsilon(0.15));
  CHECK(course.points.back().volume == Approx(Hypervolume({values, m}, reference)).epsilon(1e-9));
  const std::vector<double> few(values.begin(), values.begin() + 10 * static_cast<int>(m));
  CHECK_FALSE(HypervolumeCourse({few, m}, reference, 10).estimated);
}

TEST_CASE("points beyond the reference are no course", "[hypervolume]") {
  const std::vector<double> values = {3, 1, 1, 3};
  CHECK(HypervolumeCourse({values, 2}, std::vector<double>{3, 3}, 10).points.empty());
  CHECK(HypervolumeCourse({{}, 2}, std::vector<double>{3, 3}, 10).points.empty());
}

}  // namespace
}  // namespace joulefront
