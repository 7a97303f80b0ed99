#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "base/random.h"
#include "search/history.h"
#include "search/pareto.h"
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

// From scratch: all feasible trials sorted into fronts, crowding front by front, then the others.
std::vector<RankedTrial> RankedFromScratch(const History& history) {
  std::vector<std::size_t> feasible, infeasible;
  std::vector<double> values;
  for (std::size_t number = 0; number < history.size(); ++number) {
    const HistoryEntry& entry = history.entries()[number];
    const EntryState state = entry.state;
    const Evaluation& evaluation = entry.evaluation;
    if (state != EntryState::kEvaluated) continue;
    (evaluation.violation > 0.0 ? infeasible : feasible).push_back(number);
    if (evaluation.violation > 0.0) continue;
    values.insert(values.end(), evaluation.objectives.begin(), evaluation.objectives.end());
  }
  const Points points{values, history.objectives()};
  const auto ranks = NonDominatedRanks(points);
  std::vector<RankedTrial> trials;
  std::uint32_t fronts = 0;
  for (; trials.size() < feasible.size(); ++fronts) {
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      if (ranks[i] == fronts) members.push_back(i);
    }
    const auto crowding = CrowdingDistances(points, members);
    for (std::size_t i = 0; i < members.size(); ++i) {
      trials.push_back({feasible[members[i]], fronts, crowding[i]});
    }
  }
  std::stable_sort(trials.begin(), trials.end(), [](const auto& a, const auto& b) {
    return a.rank != b.rank ? a.rank < b.rank : a.crowding > b.crowding;
  });
  const auto violation = [&](std::size_t number) {
    return history.entries()[number].evaluation.violation;
  };
  std::stable_sort(infeasible.begin(), infeasible.end(),
                   [&](std::size_t a, std::size_t b) { return violation(a) < violation(b); });
  for (std::size_t i = 0; i < infeasible.size(); ++i) {
    if (i > 0 && violation(infeasible[i]) > violation(infeasible[i - 1])) ++fronts;
    trials.push_back({infeasible[i], fronts, 0.0});
  }
  return trials;
}

bool SameTrials(const std::vector<RankedTrial>& a, const std::vector<RankedTrial>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.number == y.number && x.rank == y.rank && x.crowding == y.crowding;
  });
}

bool IsRankedAsFromScratch(const History& history) {
  const auto all = RankedFromScratch(history);
  for (const std::size_t count : {std::size_t{0}, std::size_t{3}, all.size() / 2, all.size() + 1}) {
    const auto taken = static_cast<std::ptrdiff_t>(std::min(count, all.size()));
    if (!SameTrials(BestTrials(history, count), {all.begin(), all.begin() + taken})) return false;
  }
  return true;
}

// Objectives on a coarse grid, so that ties and copies abound, or anywhere; trials close to one
// front; trials that improve, or worsen, one upon another.
Evaluation RandomEvaluation(Random& random, std::size_t m, std::uint64_t kind, double progress) {
  Evaluation evaluation;
  double sum = 0.0;
  for (std::size_t k = 0; k < m; ++k) {
    const double value = kind % 2 == 0 ? random.Uniform() : static_cast<double>(random.Below(4));
    evaluation.objectives.push_back(value);
    sum += value;
  }
  if (kind / 2 == 1) evaluation.objectives.back() -= 2.0 * sum;
  if (kind / 2 == 2) {
    for (double& value : evaluation.objectives) value += 20.0 * progress;
  }
  if (kind / 2 == 3) {
    for (double& value : evaluation.objectives) value -= 20.0 * progress;
  }
  if (random.Below(4) == 0) evaluation.violation = static_cast<double>(random.Below(4));
  return evaluation;
}

// Settles trials at random, some of them again, and looks at the ranking after each.
bool IsAlwaysRankedAsFromScratch(std::uint64_t seed) {
  Random random(seed, 0);
  const std::size_t m = 1 + random.Below(4), trials = random.Below(60);
  const std::uint64_t kind = random.Below(8);
  History history(m);
  for (double i = 0; i < static_cast<double>(trials); ++i) history.Add({i});
  for (std::size_t step = 0; step < 2 * trials; ++step) {
    const std::size_t number = random.Below(trials);
    if (random.Below(10) == 0) {
      history.Fail(number);
    } else if (history.entries()[number].state != EntryState::kEvaluated || random.Below(5) == 0) {
      const double progress = static_cast<double>(step) / static_cast<double>(2 * trials);
      history.Evaluate(number, RandomEvaluation(random, m, kind, progress));
    }
    if (!IsRankedAsFromScratch(history)) return false;
  }
  const History copy = history;
  history.Evaluate(history.size() == 0 ? (history.Add({0.0}), 0) : 0,
                   {std::vector<double>(m, -100.0), 0.0});
  return IsRankedAsFromScratch(copy) && IsRankedAsFromScratch(history);
}

TEST_CASE("whatever is settled, in any order and again, ranks as from scratch", "[ranking]") {
  // Values a few units in the last place apart, which are equal on the scale of crowding.
  REQUIRE(IsAlwaysRankedAsFromScratch(1976658998099));
  const double least = std::numeric_limits<double>::denorm_min();
  for (const double third : {0.0, least, 1.0}) {
    REQUIRE(IsRankedAsFromScratch(
        HistoryOf({{{0, 3, 0}}, {{1, least, third}}, {{2, 0, 0}}, {{4, -1, 0}}})));
  }
  REQUIRE(IsRankedAsFromScratch(HistoryOf({{{0, 3}}, {{1, least}}, {{2, 0}}, {{4, -1}}})));
  REQUIRE(IsRankedAsFromScratch(HistoryOf({{{0, least}}, {{least, 0}}})));
  REQUIRE(rc::check([](std::uint64_t seed) { RC_ASSERT(IsAlwaysRankedAsFromScratch(seed)); }));
}

TEST_CASE("large histories of all shapes rank as from scratch", "[ranking]") {
  for (std::size_t m = 1; m <= 4; ++m) {
    for (std::uint64_t kind = 0; kind < 8; ++kind) {
      Random random(kind, m);
      History history(m);
      for (std::size_t number = 0; number < 600; ++number) {
        history.Add({static_cast<double>(number)});
        history.Evaluate(number,
                         RandomEvaluation(random, m, kind, static_cast<double>(number) / 600));
      }
      CAPTURE(m, kind);
      REQUIRE(IsRankedAsFromScratch(history));
    }
  }
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
