#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <set>

#include "search/variation.h"
#include "tests/search/spaces.h"

namespace joulefront {
namespace {

TEST_CASE("children of any parents are in the space", "[variation]") {
  REQUIRE(rc::check([](std::uint64_t seed) {
    Random random(seed, 0);
    const auto space = MakeSpace(RandomParameters(random, false));
    const auto a = RandomConfiguration(space, random), b = RandomConfiguration(space, random);
    for (int repeat = 0; repeat < 20; ++repeat) {
      RC_ASSERT(space.Contains(Cross(space, a, b, random)));
      RC_ASSERT(space.Contains(Cross(space, a, a, random)));
    }
  }));
}

TEST_CASE("a lone parameter always mutates, and reaches every level", "[variation]") {
  const auto space = MakeSpace({Int("a", 0, 9)});
  Random random(2, 0);
  std::set<double> seen;
  for (int repeat = 0; repeat < 3000; ++repeat) seen.insert(*Cross(space, {4.0}, {4.0}, random)[0]);
  REQUIRE(seen.size() == 9);
  REQUIRE(seen.count(4.0) == 0);
}

TEST_CASE("an only level cannot mutate", "[variation]") {
  const auto space = MakeSpace({Int("a", 3, 3), Choice("b", {true}), Float("c", 2, 2)});
  const Configuration only = {3.0, 0.0, 2.0};
  Random random(3, 0);
  REQUIRE(Cross(space, only, only, random) == only);
}

TEST_CASE("choices mutate to every other choice, steps go both ways", "[variation]") {
  const auto space =
      MakeSpace({Choice("b", {Text("x"), Text("y"), Text("z")}), Stepped(Float("s", 0, 1), 0.25)});
  Random random(4, 0);
  std::set<double> choices, steps;
  for (int repeat = 0; repeat < 1000; ++repeat) {
    const auto child = Cross(space, {1.0, 0.5}, {1.0, 0.5}, random);
    choices.insert(*child[0]);
    steps.insert(*child[1]);
  }
  REQUIRE(choices == std::set<double>{0.0, 1.0, 2.0});
  REQUIRE(steps == std::set<double>{0.0, 0.25, 0.5, 0.75, 1.0});
}

TEST_CASE("crossover keeps what the parents agree on, up to mutation", "[variation]") {
  const auto space = MakeSpace({Float("x", 0, 1), Int("n", 0, 100), Choice("c", {true, false})});
  Random random(3, 0);
  int kept = 0;
  for (int repeat = 0; repeat < 1000; ++repeat) {
    const auto child = Cross(space, {0.2, 50.0, 0.0}, {0.8, 50.0, 0.0}, random);
    kept += child[1] == 50.0 && child[2] == 0.0;
  }
  REQUIRE(kept > 300);  // (1 - 1/3)^2 of them expected
}

TEST_CASE("a branch that one parent has is inherited, a new one is drawn", "[variation]") {
  const auto space = ConditionalSpace();
  const auto arch = *space.IndexOf("arch"), layers = *space.IndexOf("layers");
  const auto width = *space.IndexOf("width"), kernel = *space.IndexOf("kernel");
  Configuration linear(space.size()), mlp(space.size());
  linear[arch] = 0.0;
  mlp[arch] = 1.0;
  linear[*space.IndexOf("rate")] = mlp[*space.IndexOf("rate")] = 1e-3;
  linear[*space.IndexOf("dropout")] = mlp[*space.IndexOf("dropout")] = 0.0;
  mlp[layers] = 1.0;
  mlp[width] = 100.0;
  REQUIRE(space.Contains(linear));
  REQUIRE(space.Contains(mlp));
  Random random(4, 0);
  int inherited = 0, children = 0;
  std::set<double> kernels;
  for (int repeat = 0; repeat < 2000; ++repeat) {
    const auto child = Cross(space, linear, mlp, random);
    if (child[arch] == 1.0) {
      ++children;
      inherited += child[layers] == 1.0 && child[width] == 100.0;
    }
    if (child[arch] == 2.0) kernels.insert(*child[kernel]);
  }
  REQUIRE(children > 500);
  REQUIRE(inherited > children / 4);
  REQUIRE(kernels.size() == 3);
}

}  // namespace
}  // namespace joulefront
