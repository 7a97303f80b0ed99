#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <set>

#include "search/sampler.h"
#include "search/sobol_sampler.h"
#include "search/sobol_sequence.h"
#include "tests/search/spaces.h"

namespace joulefront {
namespace {

TEST_CASE("2^k points have one in each of 2^k intervals of every dimension", "[sobol]") {
  for (const std::uint64_t seed : {0ULL, 1ULL, 77ULL}) {
    std::vector<std::set<int>> hit(20);
    for (std::uint64_t index = 0; index < 64; ++index) {
      const auto keys = ScrambledSobolPoint(index, 20, seed);
      for (std::size_t d = 0; d < keys.size(); ++d) {
        REQUIRE(keys[d] > 0.0);
        REQUIRE(keys[d] < 1.0);
        hit[d].insert(static_cast<int>(std::floor(64 * keys[d])));
      }
    }
    for (const auto& intervals : hit) REQUIRE(intervals.size() == 64);
  }
}

TEST_CASE("pairs of the first dimensions fill the square evenly", "[sobol]") {
  // The first two dimensions make a (0, k, 2)-net: 64 points, one in each of 8 x 8 squares.
  std::set<std::pair<int, int>> hit;
  for (std::uint64_t index = 0; index < 64; ++index) {
    const auto keys = ScrambledSobolPoint(index, 2, 5);
    hit.emplace(static_cast<int>(8 * keys[0]), static_cast<int>(8 * keys[1]));
  }
  REQUIRE(hit.size() == 64);
}

TEST_CASE("seeds and dimensions are scrambled differently", "[sobol]") {
  REQUIRE(ScrambledSobolPoint(5, 3, 1) == ScrambledSobolPoint(5, 3, 1));
  REQUIRE(ScrambledSobolPoint(5, 3, 1) != ScrambledSobolPoint(5, 3, 2));
  const auto first = ScrambledSobolPoint(0, 3, 1);
  REQUIRE(first[0] != first[1]);
  REQUIRE(first[1] != first[2]);
}

TEST_CASE("a thousand parameters are not too many dimensions", "[sobol]") {
  REQUIRE(ScrambledSobolPoint(123, kMaxParameters, 9).size() == kMaxParameters);
}

TEST_CASE("the start tries every choice that opens a branch at least twice", "[sobol]") {
  std::vector<Value> families;
  for (std::int64_t k = 0; k < 11; ++k) families.emplace_back(k);
  const auto space =
      MakeSpace({Choice("family", families), When(Float("x", 0, 1), "family", {families[3]}),
                 Ordinal("size", {1.0, 2.0, 3.0}), WhenAtLeast(Float("y", 0, 1), "size", 2),
                 Float("z", 0, 1)});
  REQUIRE(StartSize(space) == 22);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    History history(2);
    std::map<double, int> by_family, by_size;
    for (std::size_t i = 0; i < StartSize(space); ++i) {
      const auto proposal = ProposeStart(space, history, {.seed = seed});
      REQUIRE(proposal->proposed_by == "sobol");
      ++by_family[*proposal->configuration[0]];
      ++by_size[*proposal->configuration[*space.IndexOf("size")]];
      history.Add(proposal->configuration);
    }
    REQUIRE(by_family.size() == 11);
    for (const auto& [family, count] : by_family) REQUIRE(count == 2);
    for (const auto& [size, count] : by_size) REQUIRE((count == 7 || count == 8));
  }
}

TEST_CASE("the start has 10 to 40 points", "[sobol]") {
  REQUIRE(StartSize(MakeSpace({Float("x", 0, 1)})) == 10);
  std::vector<Value> families;
  for (std::int64_t k = 0; k < 100; ++k) families.emplace_back(k);
  REQUIRE(StartSize(MakeSpace({Choice("family", families),
                               When(Float("x", 0, 1), "family", {families[0]})})) == 40);
  REQUIRE(StartSize(MakeSpace({Choice("no_branches", families)})) == 10);
}

}  // namespace
}  // namespace joulefront
