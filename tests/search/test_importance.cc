#include <catch2/catch.hpp>
#include <cmath>

#include "base/random.h"
#include "search/importance.h"
#include "tests/search/spaces.h"

namespace joulefront {
namespace {

struct Sample {
  std::vector<Configuration> configurations;
  std::vector<double> values;
};

/// n configurations at random, and what `outcome` makes of each.
template <typename Outcome>
Sample Draw(const SearchSpace& space, std::size_t n, std::uint64_t seed, Outcome outcome) {
  Sample sample;
  Random random(seed, 1);
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<double> keys;
    for (std::size_t k = 0; k < space.size(); ++k) keys.push_back(random.Uniform());
    sample.configurations.push_back(space.Decode(keys));
    sample.values.push_back(outcome(sample.configurations.back()));
  }
  return sample;
}

std::vector<ParameterImportance> Of(const SearchSpace& space, const Sample& sample) {
  return ImportanceOf(space, sample.configurations, sample.values, 7);
}

TEST_CASE("parameters are ordered by what they decide, and shares sum to one", "[importance]") {
  const SearchSpace space =
      MakeSpace({Float("strong", 0, 1), Float("weak", 0, 1), Float("none", 0, 1)});
  const Sample sample = Draw(space, 500, 1, [](const Configuration& c) {
    return std::abs(*c[0] - 0.3) + 0.3 * std::abs(*c[1] - 0.8);
  });
  const auto importance = Of(space, sample);
  REQUIRE(importance.size() == 3);
  CHECK(importance[0].share > importance[1].share);
  CHECK(importance[1].share > 0.1);
  CHECK(importance[2].share < 0.05);
  CHECK(importance[0].share + importance[1].share + importance[2].share == Approx(1.0));
  CHECK(importance[0].clear);
  CHECK(importance[1].clear);
}

TEST_CASE("where nothing matters, about one parameter in twenty seems clear", "[importance]") {
  const SearchSpace space =
      MakeSpace({Float("a", 1e-4, 1, true), Int("b", 1, 9), Choice("c", {Text("x"), Text("y")})});
  int clear = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random noise(seed, 2);
    const Sample sample =
        Draw(space, 100, seed, [&](const Configuration&) { return noise.Uniform(); });
    for (const auto& importance : Of(space, sample)) clear += importance.clear;
  }
  CHECK(clear < 48);  // of 600, 30 expected; the deviation is about 5
}

TEST_CASE("where a search crowded does not count as importance", "[importance]") {
  const SearchSpace space = MakeSpace({Float("crowded", 0, 1), Float("deciding", 0, 1)});
  Sample sample = Draw(space, 1000, 3, [](const Configuration& c) { return *c[1]; });
  for (std::size_t i = 0; i < 800; ++i) sample.configurations[i][0] = 0.5;
  const auto importance = Of(space, sample);
  CHECK(importance[1].share > 0.9);
}

TEST_CASE("a conditional parameter is judged where it is active", "[importance]") {
  const SearchSpace space =
      MakeSpace({Choice("arch", {Text("linear"), Text("mlp")}),
                 When(Float("rate", 0, 1), "arch", {Text("mlp")}), Float("none", 0, 1)});
  const Sample sample = Draw(space, 1000, 4, [](const Configuration& c) {
    return *c[0] == 0.0 ? 2.0 : *c[1];  // the linear one is bad, the other as good as its rate
  });
  const auto importance = Of(space, sample);
  CHECK(importance[1].clear);
  CHECK(importance[1].share > importance[2].share + 0.3);
  CHECK(importance[0].clear);
}

TEST_CASE("a categorical parameter that decides is found", "[importance]") {
  const SearchSpace space = MakeSpace(
      {Choice("which", {Text("a"), Text("b"), Text("c"), Text("d")}), Float("none", 0, 1)});
  const Sample sample =
      Draw(space, 200, 5, [](const Configuration& c) { return *c[0] == 2.0 ? 0.0 : 1.0; });
  const auto importance = Of(space, sample);
  CHECK(importance[0].share > 0.9);
  CHECK(importance[0].clear);
}

TEST_CASE("too few trials say nothing, and a flat outcome decides nothing", "[importance]") {
  const SearchSpace space = FiniteSpace();
  const auto flat = [](const Configuration&) { return 1.0; };
  CHECK(Of(space, Draw(space, kLeastForImportance - 1, 6, flat)).empty());
  CHECK(Of(space, Draw(space, 0, 6, flat)).empty());
  for (const auto& importance : Of(space, Draw(space, 100, 6, flat))) {
    CHECK(importance.share == 0.0);
    CHECK_FALSE(importance.clear);
  }
}

TEST_CASE("it is a function of its arguments, and quick", "[importance]") {
  const SearchSpace space = ConditionalSpace();
  const Sample sample = Draw(space, 10000, 8, [](const Configuration& c) { return *c[1]; });
  const auto first = Of(space, sample), second = Of(space, sample);
  for (std::size_t p = 0; p < space.size(); ++p) CHECK(first[p].share == second[p].share);
}

}  // namespace
}  // namespace joulefront
