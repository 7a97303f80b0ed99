#include <catch2/catch.hpp>
#include <limits>

#include "search/ranking.h"

namespace joulefront {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

History HistoryOf(const std::vector<Evaluation>& evaluations) {
  History history(evaluations.front().objectives.size());
  for (std::size_t i = 0; i < evaluations.size(); ++i) {
    history.Add({static_cast<double>(i)});
    history.Evaluate(i, evaluations[i]);
  }
  return history;
}

std::vector<std::size_t> NumbersOf(const std::vector<RankedTrial>& trials) {
  std::vector<std::size_t> numbers;
  for (const RankedTrial& trial : trials) numbers.push_back(trial.number);
  return numbers;
}

TEST_CASE("one objective ranks by its order", "[ranking]") {
  const auto history = HistoryOf({{{3}}, {{1}}, {{2}}, {{1}}});
  REQUIRE(NumbersOf(BestTrials(history, 10)) == std::vector<std::size_t>{1, 3, 2, 0});
  REQUIRE(NumbersOf(BestTrials(history, 2)) == std::vector<std::size_t>{1, 3});
}

TEST_CASE("within a front the less crowded come first", "[ranking]") {
  // One front; its inner points have gaps 0.75, 1.0 and 1.25 in all.
  const auto history = HistoryOf({{{0, 8}}, {{1, 7}}, {{2, 5}}, {{4, 3}}, {{8, 0}}, {{9, 9}}});
  const auto best = BestTrials(history, 10);
  REQUIRE(NumbersOf(best) == std::vector<std::size_t>{0, 4, 3, 2, 1, 5});
  REQUIRE(best[0].crowding == kInf);
  REQUIRE(best[4].crowding == 2.0 / 8 + 3.0 / 8);
  REQUIRE(best[4].rank == 0);
  REQUIRE(best[5].rank == 1);
}

TEST_CASE("feasible trials precede infeasible ones, which go by violation", "[ranking]") {
  const auto history = HistoryOf({{{0, 0}, 0.5}, {{9, 9}, 0.0}, {{1, 1}, 0.1}, {{5, 5}, 0.0}});
  const auto best = BestTrials(history, 10);
  REQUIRE(NumbersOf(best) == std::vector<std::size_t>{3, 1, 2, 0});
  REQUIRE(best[2].rank > best[1].rank);
  REQUIRE(best[3].rank > best[2].rank);
}

TEST_CASE("where nothing is feasible the least violation is best", "[ranking]") {
  REQUIRE(NumbersOf(BestTrials(HistoryOf({{{0}, 3.0}, {{9}, 1.0}, {{5}, kInf}}), 2)) ==
          std::vector<std::size_t>{1, 0});
}

TEST_CASE("pending and failed trials are not ranked", "[ranking]") {
  History history(1);
  for (double i = 0; i < 4; ++i) history.Add({i});
  REQUIRE(BestTrials(history, 5).empty());
  history.Fail(0);
  history.Evaluate(1, {{1.0}, 0.0});
  history.Evaluate(3, {{0.0}, 0.0});
  REQUIRE(NumbersOf(BestTrials(history, 5)) == std::vector<std::size_t>{3, 1});
}

}  // namespace
}  // namespace joulefront
