#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <set>

#include "search/space.h"
#include "tests/search/spaces.h"

namespace joulefront {
namespace {

std::vector<std::string> NamesOf(const SearchSpace& space) {
  std::vector<std::string> names;
  for (const Parameter& p : space.parameters()) names.push_back(p.name);
  return names;
}

TEST_CASE("parameters keep their order, but come behind the parents that they name", "[space]") {
  REQUIRE(NamesOf(MakeSpace({Int("c", 0, 1), Int("a", 0, 1), Int("b", 0, 1)})) ==
          std::vector<std::string>{"c", "a", "b"});
  const auto space =
      MakeSpace({WhenAtLeast(Int("x", 0, 1), "z", 1), Int("y", 0, 1),
                 WhenAtLeast(Int("z", 0, 1), "w", 1), Int("w", 0, 1), Int("v", 0, 1)});
  REQUIRE(NamesOf(space) == std::vector<std::string>{"y", "w", "z", "x", "v"});
  REQUIRE(space.IndexOf("x") == 3);
  REQUIRE_FALSE(space.IndexOf("nothing").has_value());
  REQUIRE(space.IsParent(1));
  REQUIRE_FALSE(space.IsParent(0));
}

TEST_CASE("a parameter is active where all clauses of its when hold", "[space]") {
  Parameter both = WhenAtLeast(Int("both", 0, 1), "n", 3);
  both = When(both, "arch", {Text("a"), Text("b")});
  const auto space = MakeSpace({Choice("arch", {Text("a"), Text("b"), Text("c")}),
                                When(Int("n", 1, 4), "arch", {Text("a"), Text("c")}), both});
  REQUIRE(space.IsActive(2, {0.0, 3.0, {}}));
  REQUIRE_FALSE(space.IsActive(2, {0.0, 2.0, {}}));  // n is too small
  REQUIRE_FALSE(space.IsActive(2, {2.0, 4.0, {}}));  // another arch
  REQUIRE_FALSE(space.IsActive(2, {1.0, {}, {}}));   // n is inactive itself
}

TEST_CASE("a range on an ordinal compares the values, not their places", "[space]") {
  const auto space =
      MakeSpace({Ordinal("batch", {std::int64_t{128}, std::int64_t{16}, std::int64_t{64}}),
                 WhenAtLeast(Int("x", 0, 1), "batch", 50)});
  REQUIRE(space.IsActive(1, {0.0, {}}));
  REQUIRE_FALSE(space.IsActive(1, {1.0, {}}));
  REQUIRE(space.IsActive(1, {2.0, {}}));
}

TEST_CASE("a range on a stepped float forgives the rounding of decimal steps", "[space]") {
  Parameter child = Int("x", 0, 1);
  child.when.push_back({"d", {}, {}, 0.3});
  const auto space = MakeSpace({Stepped(Float("d", 0.1, 0.5), 0.1), child});
  const double level = space.LevelAt(0, 2);
  REQUIRE(level > 0.3);  // 0.1 + 2 * 0.1 in doubles
  REQUIRE(space.IsActive(1, {level, {}}));
  REQUIRE_FALSE(space.IsActive(1, {space.LevelAt(0, 3), {}}));
  REQUIRE(space.CoordinateOf(0, 0.3) == level);
}

TEST_CASE("values go to coordinates and back", "[space]") {
  const auto space = MakeSpace(
      {Float("f", 0, 1), Int("i", -2, 4), Choice("c", {Text("adam"), true, std::int64_t{3}, 0.5})});
  REQUIRE(space.ValueOf(0, 0.25) == Value(0.25));
  REQUIRE(space.ValueOf(1, -2.0) == Value(std::int64_t{-2}));
  REQUIRE(space.ValueOf(2, 0.0) == Text("adam"));
  REQUIRE(space.ValueOf(2, 1.0) == Value(true));
  REQUIRE(space.CoordinateOf(0, std::int64_t{1}) == 1.0);
  REQUIRE(space.CoordinateOf(1, 3.0) == 3.0);
  REQUIRE(space.CoordinateOf(2, 3.0) == 2.0);
  for (const Value& stranger : {Value(1.5), Value(true), Text("0.5"), Value(-0.1)}) {
    REQUIRE_FALSE(space.CoordinateOf(0, stranger).has_value());
  }
  REQUIRE_FALSE(space.CoordinateOf(1, 0.5).has_value());
  REQUIRE_FALSE(space.CoordinateOf(1, std::int64_t{5}).has_value());
  REQUIRE_FALSE(space.CoordinateOf(2, Text("true")).has_value());
}

TEST_CASE("a configuration outside of the space is not contained", "[space]") {
  const auto space = FiniteSpace();
  REQUIRE(space.Contains({1.0, 2.0, 0.0}));
  REQUIRE(space.Contains({0.0, {}, 1.0}));
  REQUIRE_FALSE(space.Contains({0.0, 2.0, 0.0}));  // b is inactive
  REQUIRE_FALSE(space.Contains({1.0, {}, 0.0}));   // b is active
  REQUIRE_FALSE(space.Contains({1.0, 0.5, 0.0}));
  REQUIRE_FALSE(space.Contains({1.0, 3.0, 0.0}));
  REQUIRE_FALSE(space.Contains({1.0, 2.0, 2.0}));
  REQUIRE_FALSE(space.Contains({1.0, 2.0}));
  const auto line = MakeSpace({Float("x", 0, 1)});
  REQUIRE_FALSE(line.Contains({std::nan("")}));
  REQUIRE_FALSE(line.Contains({1.0000001}));
}

TEST_CASE("decoded keys are in the space, and keys of coordinates give them back", "[space]") {
  REQUIRE(rc::check([](std::uint64_t seed) {
    Random random(seed, 1);
    const auto space = MakeSpace(RandomParameters(random, false));
    const auto configuration = RandomConfiguration(space, random);
    RC_ASSERT(space.Contains(configuration));
    std::vector<double> keys(space.size(), 0.5);
    for (std::size_t i = 0; i < space.size(); ++i) {
      if (!configuration[i]) continue;
      keys[i] = space.KeyOf(i, *configuration[i]);
      RC_ASSERT(keys[i] >= 0.0 && keys[i] <= 1.0);
      RC_ASSERT(space.CoordinateOf(i, space.ValueOf(i, *configuration[i])) == configuration[i]);
    }
    const auto again = space.Decode(keys);
    for (std::size_t i = 0; i < space.size(); ++i) {
      RC_ASSERT(again[i].has_value() == configuration[i].has_value());
      if (!again[i]) continue;
      if (space.Levels(i)) {
        RC_ASSERT(*again[i] == *configuration[i]);
      } else {
        RC_ASSERT(std::abs(*again[i] - *configuration[i]) <= 1e-13 * std::abs(*again[i]));
      }
    }
  }));
}

TEST_CASE("the example of CountConfigurations: a in {0, 1}, b in {0, 1, 2} when a = 1", "[space]") {
  const auto space = MakeSpace({Int("a", 0, 1), WhenAtLeast(Int("b", 0, 2), "a", 1)});
  REQUIRE(space.CountConfigurations(100) == 4);
  REQUIRE(space.CountConfigurations(4) == 4);
  REQUIRE_FALSE(space.CountConfigurations(3).has_value());
  REQUIRE(space.AllConfigurations(4) ==
          std::vector<Configuration>{{0.0, {}}, {1.0, 0.0}, {1.0, 1.0}, {1.0, 2.0}});
}

TEST_CASE("all configurations are listed once, in order, and as many as counted", "[space]") {
  REQUIRE(rc::check([](std::uint64_t seed) {
    Random random(seed, 2);
    const auto space = MakeSpace(RandomParameters(random, true));
    const auto count = space.CountConfigurations(10'000);
    RC_ASSERT(count.has_value());
    const auto all = space.AllConfigurations(10'000);
    RC_ASSERT(all.size() == *count);
    RC_ASSERT(std::is_sorted(all.begin(), all.end()));
    RC_ASSERT(std::set<Configuration>(all.begin(), all.end()).size() == all.size());
    for (const auto& configuration : all) RC_ASSERT(space.Contains(configuration));
    // Nothing is missing: whatever can be decoded is listed.
    for (int draw = 0; draw < 100; ++draw) {
      RC_ASSERT(std::binary_search(all.begin(), all.end(), RandomConfiguration(space, random)));
    }
  }));
}

TEST_CASE("a space too large to count is settled at once", "[space]") {
  std::vector<Parameter> parameters;
  for (int i = 0; i < 500; ++i) {
    const auto n = std::to_string(i);
    parameters.push_back(Int("n" + n, 0, 1e15));
    parameters.push_back(WhenAtLeast(Int("m" + n, 0, 3), "n" + n, 7));
  }
  REQUIRE_FALSE(MakeSpace(parameters).CountConfigurations(200'000).has_value());
  REQUIRE_FALSE(MakeSpace({Float("x", 0, 1)}).CountConfigurations(~0ULL).has_value());
  // A parent of very many levels that all open the same is one branch, not 2^50.
  const auto wide = MakeSpace({Int("n", 1, 0x1.0p50), WhenAtLeast(Int("m", 0, 1), "n", 3)});
  REQUIRE(wide.CountConfigurations(~0ULL) == 2 + 2 * ((1ULL << 50) - 2));
}

TEST_CASE("a continuous parameter that no value can make continuous counts as a level", "[space]") {
  REQUIRE(MakeSpace({Float("x", 2, 2), Float("y", 3, 3, true)}).CountConfigurations(9) == 1);
}

TEST_CASE("equal configurations have equal hashes, inactive differs from 0", "[space]") {
  REQUIRE(Hash({0.0, {}}) == Hash({-0.0, {}}));
  REQUIRE(Hash({0.0}) != Hash({std::nullopt}));
  REQUIRE(Hash({0.0, 1.0}) != Hash({1.0, 0.0}));
  REQUIRE(Hash({0.0}) != Hash({0.0, {}}));
}

}  // namespace
}  // namespace joulefront
