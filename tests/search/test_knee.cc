#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>
#include <vector>

#include "search/knee.h"

namespace joulefront {
namespace {

std::optional<std::size_t> KneeOf(const std::vector<double>& values, std::size_t m = 2) {
  return Knee({values, m});
}

TEST_CASE("the example of knee.h: the second point", "[knee]") {
  REQUIRE(KneeOf({1, 0, 0.2, 0.1, 0.1, 0.5, 0, 1}) == 1);
}

TEST_CASE("a quarter circle has its knee in the middle, in whatever units", "[knee]") {
  for (const double unit : {1.0, 1e-3, 1e6}) {
    std::vector<double> values;
    for (int i = 0; i <= 10; ++i) {
      const double angle = std::numbers::pi / 2 * i / 10;
      values.push_back(1.0 - std::cos(angle));
      values.push_back(unit * (7.0 - std::sin(angle)));
    }
    REQUIRE(KneeOf(values) == 5);
  }
}

TEST_CASE("of equal points the first is the knee", "[knee]") {
  REQUIRE(KneeOf({4, 0, 1, 1, 1, 1, 0, 4}) == 1);
}

TEST_CASE("straight, bulging, short and flat fronts have no knee", "[knee]") {
  REQUIRE_FALSE(KneeOf({4, 0, 3, 1, 2, 2, 0, 4}));
  REQUIRE_FALSE(KneeOf({4, 0, 3, 3, 0, 4}));
  REQUIRE_FALSE(KneeOf({4, 0, 0, 4}));
  REQUIRE_FALSE(KneeOf({1, 1}));
  REQUIRE_FALSE(KneeOf({1, 1, 1, 1, 1, 1}));
  REQUIRE_FALSE(KneeOf({}));
}

TEST_CASE("only two objectives have a knee", "[knee]") {
  REQUIRE_FALSE(KneeOf({1, 2, 3}, 1));
  REQUIRE_FALSE(KneeOf({4, 0, 0, 1, 1, 1, 0, 4, 0}, 3));
}

}  // namespace
}  // namespace joulefront
