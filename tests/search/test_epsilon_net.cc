#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <set>
#include <vector>

#include "base/random.h"
#include "search/epsilon_net.h"
#include "tests/search/fronts.h"

namespace joulefront {
namespace {

using Order = std::vector<std::size_t>;

Order OrderOf(const std::vector<double>& values, std::size_t m) {
  return EpsilonNetOrder({values, m});
}

// By the definition, each distance afresh. Whole coordinates of a range that is a power of two make
// the scaled ones exact, so that ties are ties here too.
Order ByDefinition(Points points) {
  const std::size_t n = points.size(), m = points.dimension;
  std::vector<std::vector<double>> scaled(n, std::vector<double>(m, 0.0));
  for (std::size_t k = 0; k < m; ++k) {
    double low = kInf, high = -kInf;
    for (std::size_t i = 0; i < n; ++i) {
      low = std::min(low, points[i][k]);
      high = std::max(high, points[i][k]);
    }
    for (std::size_t i = 0; i < n && high > low; ++i) {
      scaled[i][k] = (points[i][k] - low) / (high - low);
    }
  }
  Order order;
  std::set<std::size_t> left;
  for (std::size_t i = 0; i < n; ++i) left.insert(i);
  while (!left.empty()) {
    std::size_t best = *left.begin();
    double farthest = -kInf;
    for (const std::size_t i : left) {
      double distance = order.empty() ? 0.0 : kInf;
      for (std::size_t k = 0; order.empty() && k < m; ++k) distance -= scaled[i][k];
      for (const std::size_t j : order) {
        double squares = 0.0;
        for (std::size_t k = 0; k < m; ++k) squares += std::pow(scaled[i][k] - scaled[j][k], 2);
        distance = std::min(distance, squares);
      }
      if (distance > farthest) {
        farthest = distance;
        best = i;
      }
    }
    order.push_back(best);
    left.erase(best);
  }
  return order;
}

TEST_CASE("the example of epsilon_net.h: the best in sum, then the farthest", "[epsilon net]") {
  REQUIRE(OrderOf({0, 10, 1, 8, 5, 5, 10, 0}, 2) == Order{1, 3, 2, 0});
}

TEST_CASE("all small sets are ordered as the definition says", "[epsilon net]") {
  const auto require = [](Points points) {
    if (EpsilonNetOrder(points) == ByDefinition(points)) return;
    CAPTURE(std::vector<double>(points.values.begin(), points.values.end()), points.dimension);
    REQUIRE(EpsilonNetOrder(points) == ByDefinition(points));
  };
  ForAllPoints(4, 1, {0.0, 1.0, 2.0, 4.0}, require);
  ForAllPoints(4, 2, {0.0, 1.0, 2.0}, require);
  ForAllPoints(3, 3, {0.0, 1.0, 2.0}, require);
}

TEST_CASE("random sets are ordered as the definition says", "[epsilon net]") {
  REQUIRE(rc::check([](std::uint64_t seed) {
    Random random(seed, 0);
    const std::size_t m = 1 + random.Below(4);
    std::vector<double> values(m * random.Below(30));
    for (double& value : values) value = static_cast<double>(random.Below(9));
    for (std::size_t i = 0; i < 2 * m && i < values.size(); ++i) values[i] = i < m ? 0.0 : 8.0;
    RC_ASSERT(OrderOf(values, m) == ByDefinition({values, m}));
  }));
}

TEST_CASE("copies come after all distinct points", "[epsilon net]") {
  REQUIRE(OrderOf({1, 1, 1, 1, 1, 1}, 2) == Order{0, 1, 2});
  REQUIRE(OrderOf({0, 4, 0, 4, 2, 2, 4, 0, 4, 0}, 2) == Order{0, 3, 2, 1, 4});
}

TEST_CASE("no point, one point, flat and infinite objectives have an order", "[epsilon net]") {
  REQUIRE(OrderOf({}, 2).empty());
  REQUIRE(OrderOf({3, 4}, 2) == Order{0});
  REQUIRE(OrderOf({7, 4, 7, 0, 7, 1}, 2) == Order{1, 0, 2});
  REQUIRE(OrderOf({0, 2, 1, 1, 2, 0, -kInf, kInf}, 2) == Order{0, 2, 3, 1});
}

}  // namespace
}  // namespace joulefront
