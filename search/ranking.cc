#include "search/ranking.h"

#include <algorithm>

#include "search/pareto.h"

namespace joulefront {

namespace {

// Appends whole fronts, best first, until there are at least `count`.
void AppendFeasible(const History& history, const std::vector<std::size_t>& feasible,
                    std::size_t count, std::vector<RankedTrial>& best) {
  std::vector<double> values;
  values.reserve(feasible.size() * history.objectives());
  for (const std::size_t number : feasible) {
    const auto& objectives = history.entries()[number].evaluation.objectives;
    values.insert(values.end(), objectives.begin(), objectives.end());
  }
  const Points points{values, history.objectives()};
  const auto ranks = NonDominatedRanks(points);
  std::vector<std::vector<std::size_t>> fronts;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (ranks[i] >= fronts.size()) fronts.resize(ranks[i] + 1);
    fronts[ranks[i]].push_back(i);
  }
  for (std::uint32_t rank = 0; rank < fronts.size() && best.size() < count; ++rank) {
    const auto crowding = CrowdingDistances(points, fronts[rank]);
    for (std::size_t i = 0; i < crowding.size(); ++i) {
      best.push_back({feasible[fronts[rank][i]], rank, crowding[i]});
    }
  }
}

void AppendInfeasible(const History& history, std::vector<std::size_t> infeasible,
                      std::vector<RankedTrial>& best) {
  const auto violation = [&](std::size_t number) {
    return history.entries()[number].evaluation.violation;
  };
  std::stable_sort(infeasible.begin(), infeasible.end(),
                   [&](std::size_t a, std::size_t b) { return violation(a) < violation(b); });
  std::uint32_t rank = best.empty() ? 0 : best.back().rank;
  for (std::size_t i = 0; i < infeasible.size(); ++i) {
    if (i == 0 || violation(infeasible[i]) > violation(infeasible[i - 1])) ++rank;
    best.push_back({infeasible[i], rank, 0.0});
  }
}

}  // namespace

bool IsBetter(const RankedTrial& a, const RankedTrial& b) {
  return a.rank != b.rank ? a.rank < b.rank : a.crowding > b.crowding;
}

std::vector<RankedTrial> BestTrials(const History& history, std::size_t count) {
  std::vector<std::size_t> feasible, infeasible;
  for (std::size_t number = 0; number < history.size(); ++number) {
    const HistoryEntry& entry = history.entries()[number];
    if (entry.state != EntryState::kEvaluated) continue;
    (entry.evaluation.violation > 0.0 ? infeasible : feasible).push_back(number);
  }
  std::vector<RankedTrial> best;
  AppendFeasible(history, feasible, count, best);
  if (best.size() < count) AppendInfeasible(history, std::move(infeasible), best);
  std::stable_sort(best.begin(), best.end(), IsBetter);
  if (best.size() > count)
    best.erase(best.begin() + static_cast<std::ptrdiff_t>(count), best.end());
  return best;
}

}  // namespace joulefront
