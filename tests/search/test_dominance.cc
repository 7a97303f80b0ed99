#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/random.h"
#include "search/pareto.h"
#include "search/scale.h"
#include "tests/search/fronts.h"

namespace joulefront {
namespace {

using Ranks = std::vector<std::uint32_t>;

std::vector<std::size_t> FirstFront(const Ranks& ranks) {
  std::vector<std::size_t> front;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (ranks[i] == 0) front.push_back(i);
  }
  return front;
}

void RequireAsPeeled(Points points) {
  const Ranks expected = RanksByPeeling(points);
  if (NonDominatedRanks(points) != expected || ParetoFront(points) != FirstFront(expected)) {
    CAPTURE(std::vector<double>(points.values.begin(), points.values.end()), points.dimension);
    REQUIRE(NonDominatedRanks(points) == expected);
    REQUIRE(ParetoFront(points) == FirstFront(expected));
  }
}

// Few distinct coordinates, so that ties and duplicates abound.
std::vector<double> TiedValues(Random& random, std::size_t count, std::uint64_t distinct) {
  std::vector<double> values(count);
  for (double& value : values) value = static_cast<double>(random.Below(distinct));
  return values;
}

TEST_CASE("a point dominates another if no worse everywhere and better somewhere", "[pareto]") {
  const auto dominates = [](std::vector<double> a, std::vector<double> b) {
    return Dominates(a, b);
  };
  REQUIRE(dominates({1, 2}, {1, 3}));
  REQUIRE(dominates({0, 0}, {1, 1}));
  REQUIRE_FALSE(dominates({1, 2}, {1, 2}));
  REQUIRE_FALSE(dominates({1, 2}, {2, 1}));
  REQUIRE_FALSE(dominates({2, 2}, {1, 3}));
  REQUIRE(dominates({-kInf, 0}, {0, 0}));
  REQUIRE(dominates({0, 0}, {0, kInf}));
  REQUIRE_FALSE(dominates({kInf, 0}, {kInf, 0}));
  REQUIRE(dominates({kInf, 0}, {kInf, 1}));
}

TEST_CASE("the example of pareto.h has fronts {1, 2}, {3}, {0}", "[pareto]") {
  const std::vector<double> values = {1, 2, 3, -2, 3, 7, -1, -2, -3, 0, 0, 0};
  REQUIRE(NonDominatedRanks({values, 3}) == Ranks{2, 0, 0, 1});
  REQUIRE(ParetoFront({values, 3}) == std::vector<std::size_t>{1, 2});
}

TEST_CASE("all small sets of two objectives are ranked as the definition says", "[pareto]") {
  for (std::size_t n = 0; n <= 3; ++n) {
    ForAllPoints(n, 2, {-kInf, 0.0, 1.0, 2.0, kInf}, RequireAsPeeled);
  }
  ForAllPoints(5, 2, {0.0, 1.0, 2.0}, RequireAsPeeled);
}

TEST_CASE("all small sets of one and three objectives are ranked likewise", "[pareto]") {
  ForAllPoints(4, 1, {-kInf, 0.0, 1.0, kInf}, RequireAsPeeled);
  ForAllPoints(2, 3, {-kInf, 0.0, 1.0, kInf}, RequireAsPeeled);
  ForAllPoints(3, 3, {0.0, 1.0, 2.0}, RequireAsPeeled);
  ForAllPoints(3, 4, {0.0, 1.0}, RequireAsPeeled);
}

TEST_CASE("random sets with many ties are ranked as the definition says", "[pareto]") {
  REQUIRE(rc::check([](std::uint64_t seed) {
    Random random(seed, 0);
    const std::size_t m = 1 + random.Below(5);
    const auto values = TiedValues(random, m * random.Below(60), 2 + random.Below(8));
    const Points points{values, m};
    RC_ASSERT(NonDominatedRanks(points) == RanksByPeeling(points));
  }));
}

TEST_CASE("a point of rank r is dominated by one of rank r - 1 and by none of rank r", "[pareto]") {
  REQUIRE(rc::check([](std::uint64_t seed) {
    Random random(seed, 1);
    const std::size_t m = 2 + random.Below(3);
    std::vector<double> values(m * 200);
    for (double& value : values) value = random.Uniform();
    const Points points{values, m};
    const auto ranks = NonDominatedRanks(points);
    for (std::size_t i = 0; i < points.size(); ++i) {
      bool above = ranks[i] == 0;
      for (std::size_t j = 0; j < points.size(); ++j) {
        if (!Dominates(points[j], points[i])) continue;
        RC_ASSERT(ranks[j] < ranks[i]);
        above = above || ranks[j] + 1 == ranks[i];
      }
      RC_ASSERT(above);
    }
  }));
}

TEST_CASE("no points, one point and equal points have one front at most", "[pareto]") {
  REQUIRE(NonDominatedRanks({{}, 2}).empty());
  REQUIRE(NonDominatedRanks({{}, 0}).empty());
  REQUIRE(ParetoFront({{}, 2}).empty());
  const std::vector<double> equal = {1, 1, 1, 1, 1, 1};
  REQUIRE(NonDominatedRanks({equal, 2}) == Ranks{0, 0, 0});
  REQUIRE(NonDominatedRanks({equal, 6}) == Ranks{0});
  const std::vector<double> zeros = {0.0, -0.0, -0.0, 0.0};
  REQUIRE(NonDominatedRanks({zeros, 2}) == Ranks{0, 0});
}

TEST_CASE("the example of scale.h: what is covered spans [0, 1]", "[pareto]") {
  Scale scale;
  REQUIRE(scale.is_flat());
  for (const double c : {2.0, 6.0, kInf}) scale.Cover(c);
  REQUIRE(scale(2) == 0.0);
  REQUIRE(scale(3) == 0.25);
  REQUIRE(scale(6) == 1.0);
  REQUIRE(scale(kInf) == 2.0);
  REQUIRE(scale(-kInf) == -1.0);
  REQUIRE_FALSE(scale.is_flat());
}

std::vector<double> CrowdingOf(std::vector<double> values, std::size_t m) {
  std::vector<std::size_t> members(values.size() / m);
  std::iota(members.begin(), members.end(), std::size_t{0});
  return CrowdingDistances({values, m}, members);
}

TEST_CASE("the example of CrowdingDistances, in any order of members", "[pareto]") {
  REQUIRE(CrowdingOf({0, 4, 1, 2, 4, 0}, 2) == std::vector<double>{kInf, 2, kInf});
  const std::vector<double> values = {0, 4, 1, 2, 4, 0};
  const std::vector<std::size_t> members = {2, 1};
  REQUIRE(CrowdingDistances({values, 2}, members) == std::vector<double>{kInf, kInf});
}

TEST_CASE("an inner point's distance is its neighbours' gap over the range", "[pareto]") {
  REQUIRE(CrowdingOf({0, 8, 1, 6, 2, 2, 4, 0}, 2) ==
          std::vector<double>{kInf, 2.0 / 4 + 6.0 / 8, 3.0 / 4 + 6.0 / 8, kInf});
}

TEST_CASE("equal and flat fronts have distances, never NaN", "[pareto]") {
  // The two fronts on which a known library answers with NaN.
  REQUIRE(CrowdingOf({1, 1, 1, 1, 1, 1}, 2) == std::vector<double>{kInf, 0, 0});
  REQUIRE(CrowdingOf({0, 3, 2, 1, 3, 1, 2, 3, 0}, 3) == std::vector<double>{kInf, 2, kInf});
  REQUIRE(CrowdingOf({5, 5}, 2) == std::vector<double>{kInf});
  REQUIRE(CrowdingOf({}, 2).empty());
  REQUIRE(CrowdingOf({0, 4, 1, 2, 1, 2, 4, 0}, 2) == std::vector<double>{kInf, 2, 0, kInf});
}

TEST_CASE("crowding tells coordinates apart that are equal on the scale", "[pareto]") {
  // In the second objective both inner points are at 1/4; their neighbours are 1 and 0.
  const double least = std::numeric_limits<double>::denorm_min();
  REQUIRE(CrowdingOf({0, 3, 1, least, 2, 0, 4, -1}, 2) ==
          std::vector<double>{kInf, 2.0 / 4 + 3.0 / 4, 3.0 / 4 + 1.0 / 4, kInf});
  REQUIRE(CrowdingOf({4, -1, 2, 0, 1, least, 0, 3}, 2) ==
          std::vector<double>{kInf, 3.0 / 4 + 1.0 / 4, 2.0 / 4 + 3.0 / 4, kInf});
  // Here all coordinates are equal on the scale, yet the ends are told apart.
  REQUIRE(CrowdingOf({0, least, least, 0}, 2) == std::vector<double>{kInf, kInf});
}

TEST_CASE("infinite coordinates count as one range beyond the finite ones", "[pareto]") {
  // First objective: -inf, 0, 1 -> -1, 0, 1; second: 2, 1, 0 -> 1, 0.5, 0.
  REQUIRE(CrowdingOf({-kInf, 2, 0, 1, 1, 0}, 2) == std::vector<double>{kInf, 3, kInf});
  REQUIRE(CrowdingOf({-kInf, kInf, 0, 0, kInf, -kInf}, 2) == std::vector<double>{kInf, 6, kInf});
  const auto huge = CrowdingOf({-1.7e308, 1.7e308, 0, 0, 1.7e308, -1.7e308}, 2);
  REQUIRE(huge[1] == Approx(2.0));
  for (std::size_t n = 1; n <= 3; ++n) {
    ForAllPoints(n, 2, {-kInf, 0.0, 1.0, kInf}, [](Points points) {
      for (const double distance :
           CrowdingOf({points.values.begin(), points.values.end()}, points.dimension)) {
        if (!(distance >= 0.0)) REQUIRE(distance >= 0.0);
      }
    });
  }
}

}  // namespace
}  // namespace joulefront
