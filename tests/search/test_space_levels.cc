// Keys, levels and their corners: end levels, logarithms, steps, ranges of extreme size.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "tests/search/spaces.h"

namespace joulefront {
namespace {

TEST_CASE("keys 0 and 1 are the ends of every range", "[space]") {
  const auto space =
      MakeSpace({Float("f", -3, 5), Float("g", 1e-7, 0.3, true), Int("i", -4, 4),
                 Int("l", 1, 1000, true), Stepped(Float("s", 0.1, 0.7), 0.2),
                 Choice("c", {true, false}), Float("huge", -1.7e308, 1.7e308), Float("one", 2, 2)});
  for (std::size_t i = 0; i < space.size(); ++i) {
    const Parameter& p = space.parameters()[i];
    const bool is_choice = p.type == ParameterType::kCategorical;
    INFO(p.name);
    REQUIRE(space.CoordinateAt(i, 0.0) == Approx(is_choice ? 0.0 : p.low).epsilon(1e-14));
    REQUIRE(space.CoordinateAt(i, 1.0) == Approx(is_choice ? 1.0 : p.high).epsilon(1e-14));
    REQUIRE(space.Contains(space.Decode(std::vector<double>(space.size(), 1.0))));
  }
}

TEST_CASE("levels share the keys evenly and sit in the middle of their share", "[space]") {
  const auto space = MakeSpace({Int("i", 1, 4), Choice("c", {true, false})});
  REQUIRE(space.CoordinateAt(0, 0.2499) == 1.0);
  REQUIRE(space.CoordinateAt(0, 0.25) == 2.0);
  REQUIRE(space.KeyOf(0, 1.0) == 0.125);
  REQUIRE(space.KeyOf(0, 4.0) == 0.875);
  REQUIRE(space.KeyOf(1, 1.0) == 0.75);
}

TEST_CASE("log ints spread between log(low - 1/2) and log(high + 1/2)", "[space]") {
  const auto space = MakeSpace({Int("w", 16, 1024, true)});
  const double low = std::log(15.5), high = std::log(1024.5);
  REQUIRE(space.KeyOf(0, 128) == Approx((std::log(128.0) - low) / (high - low)).epsilon(1e-14));
  REQUIRE(space.CoordinateAt(0, 0.5) == std::round(std::exp(0.5 * (low + high))));
  for (double w = 16; w <= 1024; ++w) REQUIRE(space.CoordinateAt(0, space.KeyOf(0, w)) == w);
}

TEST_CASE("a log float has its geometric mean in the middle", "[space]") {
  const auto space = MakeSpace({Float("lr", 1e-5, 1e-1, true)});
  REQUIRE(space.CoordinateAt(0, 0.5) == Approx(1e-3).epsilon(1e-14));
  REQUIRE(space.KeyOf(0, 1e-4) == Approx(0.25).epsilon(1e-14));
}

TEST_CASE("up to 2^45 levels go through keys unharmed", "[space]") {
  const double wide = 0x1.0p45;
  const auto space = MakeSpace({Int("linear", 1, wide), Int("log", 1, wide, true)});
  Random random(7, 0);
  for (int draw = 0; draw < 20'000; ++draw) {
    for (std::size_t i = 0; i < 2; ++i) {
      const double level = space.CoordinateAt(i, random.Uniform());
      REQUIRE(space.CoordinateAt(i, space.KeyOf(i, level)) == level);
    }
  }
}

TEST_CASE("the widest range of ints stays inside its bounds", "[space]") {
  const auto space = MakeSpace({Int("i", -0x1.0p53, 0x1.0p53)});
  REQUIRE(space.Levels(0) == (1ULL << 54) + 1);
  for (const double key : {0.0, 0.1, 0.5, std::nextafter(1.0, 0.0), 1.0}) {
    REQUIRE(space.Contains({space.CoordinateAt(0, key)}));
  }
  REQUIRE(space.LevelAt(0, 1ULL << 54) == 0x1.0p53);
}

TEST_CASE("steps count from low and end exactly on high", "[space]") {
  const auto space = MakeSpace({Stepped(Float("f", 0.1, 0.7), 0.1), Stepped(Int("i", 2, 10), 4)});
  REQUIRE(space.Levels(0) == 7);
  REQUIRE(space.LevelAt(0, 0) == 0.1);
  REQUIRE(space.LevelAt(0, 6) == 0.7);
  REQUIRE(space.Levels(1) == 3);
  REQUIRE(space.CoordinateAt(1, 0.5) == 6.0);
  REQUIRE_FALSE(space.CoordinateOf(1, std::int64_t{4}).has_value());
  REQUIRE_FALSE(space.Contains({0.15, 2.0}));
}

TEST_CASE("low equal to high is one level, and a continuous range has none", "[space]") {
  const auto space = MakeSpace({Float("f", 2, 2), Int("i", 3, 3), Float("g", 4, 4, true),
                                Float("x", 0, 1), Float("tiny", 0, 5e-324)});
  REQUIRE(space.Levels(0) == 1);
  REQUIRE(space.Levels(1) == 1);
  REQUIRE(space.Levels(2) == 1);
  REQUIRE_FALSE(space.Levels(3).has_value());
  REQUIRE(space.CoordinateAt(2, 0.7) == 4.0);
  REQUIRE(space.KeyOf(2, 4.0) == 0.5);
  REQUIRE(space.KeyOf(4, 5e-324) == 1.0);
}

}  // namespace
}  // namespace joulefront
