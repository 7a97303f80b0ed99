#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <vector>

#include "base/random.h"
#include "search/contributions.h"
#include "search/hypervolume.h"
#include "tests/search/fronts.h"

namespace joulefront {
namespace {

constexpr std::size_t kSide = 3;

// By the definition: the cells covered less those covered without the point.
std::vector<double> ContributionsByCells(Points points, std::size_t side) {
  std::vector<double> contributions;
  const std::size_t m = points.dimension;
  for (std::size_t i = 0; i < points.size(); ++i) {
    std::vector<double> others(points.values.begin(), points.values.end());
    const auto begin = others.begin() + static_cast<std::ptrdiff_t>(i * m);
    others.erase(begin, begin + static_cast<std::ptrdiff_t>(m));
    contributions.push_back(HypervolumeByCells(points, side) -
                            HypervolumeByCells({others, m}, side));
  }
  return contributions;
}

void RequireAsCells(Points points) {
  const std::vector<double> reference(points.dimension, static_cast<double>(kSide));
  // Whole coordinates make every product and sum exact.
  const auto expected = ContributionsByCells(points, kSide);
  if (HypervolumeContributions(points, reference) == expected) return;
  CAPTURE(std::vector<double>(points.values.begin(), points.values.end()), points.dimension);
  REQUIRE(HypervolumeContributions(points, reference) == expected);
}

TEST_CASE("the example of contributions.h: three points of 1 each", "[contributions]") {
  const std::vector<double> values = {1, 3, 2, 2, 3, 1}, reference = {4, 4};
  REQUIRE(HypervolumeContributions({values, 2}, reference) == std::vector<double>{1, 1, 1});
}

TEST_CASE("all small sets add what their cells say", "[contributions]") {
  // Coordinates at and beyond the reference are in the grid, as are ties and duplicates.
  ForAllPoints(4, 1, {0.0, 1.0, 2.0, 3.0, 4.0, kInf}, RequireAsCells);
  ForAllPoints(3, 2, {0.0, 1.0, 2.0, 3.0, kInf}, RequireAsCells);
  ForAllPoints(4, 2, {0.0, 1.0, 2.0}, RequireAsCells);
  ForAllPoints(2, 3, {0.0, 1.0, 2.0, 3.0, kInf}, RequireAsCells);
  ForAllPoints(3, 3, {0.0, 1.0, 2.0}, RequireAsCells);
  ForAllPoints(4, 3, {0.0, 2.0}, RequireAsCells);
  ForAllPoints(2, 4, {0.0, 1.0, 2.0}, RequireAsCells);
}

TEST_CASE("random sets of one to five objectives add what their cells say", "[contributions]") {
  REQUIRE(rc::check([](std::uint64_t seed) {
    Random random(seed, 0);
    const std::size_t m = 1 + random.Below(5);
    const std::size_t side = m <= 3 ? 8 : 4;
    std::vector<double> values(m * random.Below(m <= 3 ? 25 : 10));
    for (double& value : values) value = static_cast<double>(random.Below(side + 1));
    const std::vector<double> reference(m, static_cast<double>(side));
    RC_ASSERT(HypervolumeContributions({values, m}, reference) ==
              ContributionsByCells({values, m}, side));
  }));
}

TEST_CASE("members of large fronts add what the volume loses without them", "[contributions]") {
  for (const std::size_t m : {2U, 3U, 4U}) {
    Random random(m, 0);
    std::vector<double> values;
    for (int i = 0; i < 200; ++i) {
      double norm = 0.0;
      for (std::size_t k = 0; k < m; ++k) {
        values.push_back(random.Uniform());
        norm += values.back();
      }
      for (std::size_t k = 0; k < m; ++k) values[values.size() - 1 - k] /= norm;
    }
    const std::vector<double> reference(m, 1.0);
    const auto contributions = HypervolumeContributions({values, m}, reference);
    const double all = Hypervolume({values, m}, reference);
    for (std::size_t i = 0; i < contributions.size(); i += 7) {
      auto others = values;
      const auto begin = others.begin() + static_cast<std::ptrdiff_t>(i * m);
      others.erase(begin, begin + static_cast<std::ptrdiff_t>(m));
      REQUIRE(contributions[i] > 0.0);
      REQUIRE(contributions[i] == Approx(all - Hypervolume({others, m}, reference)).margin(1e-14));
    }
  }
}

TEST_CASE("no point adds nothing, and a point alone adds its box", "[contributions]") {
  for (std::size_t m = 1; m <= 5; ++m) {
    const std::vector<double> reference(m, 2.0), point(m, 1.5);
    REQUIRE(HypervolumeContributions({{}, m}, reference).empty());
    REQUIRE(HypervolumeContributions({point, m}, reference) ==
            std::vector<double>{1.0 / static_cast<double>(1U << m)});
    // A copy takes all from it, however the products round.
    std::vector<double> twice(m, 0.1);
    twice.insert(twice.end(), m, 0.1);
    REQUIRE(HypervolumeContributions({twice, m}, reference) == std::vector<double>{0.0, 0.0});
  }
}

}  // namespace
}  // namespace joulefront
