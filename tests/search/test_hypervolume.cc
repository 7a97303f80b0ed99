#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "search/hypervolume.h"
#include "tests/search/fronts.h"

namespace joulefront {
namespace {

constexpr std::size_t kSide = 3;

double VolumeOf(const std::vector<double>& values, const std::vector<double>& reference) {
  return Hypervolume({values, reference.size()}, reference);
}

void RequireAsCells(Points points) {
  const std::vector<double> reference(points.dimension, static_cast<double>(kSide));
  const double expected = HypervolumeByCells(points, kSide);
  // Whole coordinates make every product and sum exact.
  if (Hypervolume(points, reference) == expected) return;
  CAPTURE(std::vector<double>(points.values.begin(), points.values.end()), points.dimension);
  REQUIRE(Hypervolume(points, reference) == expected);
}

TEST_CASE("the example of hypervolume.h: two steps make 3", "[hypervolume]") {
  REQUIRE(VolumeOf({1, 2, 2, 1}, {3, 3}) == 3.0);
}

TEST_CASE("all small sets have the volume of the cells they cover", "[hypervolume]") {
  // Coordinates at and beyond the reference are in the grid, as are ties and duplicates.
  ForAllPoints(4, 1, {0.0, 1.0, 2.0, 3.0, 4.0, kInf}, RequireAsCells);
  ForAllPoints(3, 2, {0.0, 1.0, 2.0, 3.0, kInf}, RequireAsCells);
  ForAllPoints(2, 3, {0.0, 1.0, 2.0, 3.0, kInf}, RequireAsCells);
  ForAllPoints(4, 3, {0.0, 1.0, 2.0}, RequireAsCells);
  ForAllPoints(3, 4, {0.0, 1.0, 2.0}, RequireAsCells);
}

TEST_CASE("random sets of one to six objectives cover the cells they should", "[hypervolume]") {
  REQUIRE(rc::check([](std::uint64_t seed) {
    Random random(seed, 0);
    const std::size_t m = 1 + random.Below(6);
    const std::size_t side = m <= 3 ? 8 : 4;
    std::vector<double> values(m * random.Below(15));
    for (double& value : values) value = static_cast<double>(random.Below(side + 1));
    const std::vector<double> reference(m, static_cast<double>(side));
    RC_ASSERT(Hypervolume({values, m}, reference) == HypervolumeByCells({values, m}, side));
  }));
}

TEST_CASE("no points, and points no better than the reference, have no volume", "[hypervolume]") {
  REQUIRE(VolumeOf({}, {1, 1}) == 0.0);
  REQUIRE(VolumeOf({1, 0}, {1, 1}) == 0.0);
  REQUIRE(VolumeOf({2, -5}, {1, 1}) == 0.0);
  REQUIRE(VolumeOf({kInf, -kInf}, {1, 1}) == 0.0);
  REQUIRE(VolumeOf({0, 0, 1}, {1, 1, 1}) == 0.0);
}

TEST_CASE("a coordinate of -infinity makes the volume infinite", "[hypervolume]") {
  for (std::size_t m = 1; m <= 5; ++m) {
    std::vector<double> values(2 * m, 0.0);
    values[m - 1] = -kInf;
    REQUIRE(Hypervolume({values, m}, std::vector<double>(m, 1.0)) == kInf);
    values[m - 1] = 0.0;
    REQUIRE(Hypervolume({values, m}, std::vector<double>(m, kInf)) == kInf);
  }
}

TEST_CASE("a known curve has its known area", "[hypervolume]") {
  // The quarter circle: the part of the unit square above it is 1 - pi / 4.
  constexpr std::size_t kCount = 100'000;
  std::vector<double> values;
  for (std::size_t i = 0; i <= kCount; ++i) {
    const double angle = std::acos(0.0) * static_cast<double>(i) / kCount;
    values.push_back(std::cos(angle));
    values.push_back(std::sin(angle));
  }
  REQUIRE(VolumeOf(values, {1, 1}) == Approx(1.0 - std::atan(1.0)).margin(2e-5));
}

TEST_CASE("three and four objectives agree where the fourth is flat", "[hypervolume]") {
  Random random(3, 0);
  std::vector<double> three, four;
  for (int i = 0; i < 60; ++i) {
    double left = 1.0;
    for (int k = 0; k < 3; ++k) {
      const double value = k == 2 ? left : left * random.Uniform();
      left -= value;
      three.push_back(value);
      four.push_back(value);
    }
    four.push_back(0.5);
  }
  const double expected = 0.5 * VolumeOf(three, {1, 1, 1});
  REQUIRE(VolumeOf(four, {1, 1, 1, 1}) == Approx(expected).epsilon(1e-12));
}

}  // namespace
}  // namespace joulefront
