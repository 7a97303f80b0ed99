#include "search/training_set.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace joulefront {

namespace {

// Every so many of the evaluated trials that distances are taken of.
constexpr std::size_t kMostCompared = 4000;

void AddNearest(const History& history, const Embedding& embedding,
                const std::vector<std::size_t>& evaluated, std::size_t centre, std::size_t count,
                std::vector<bool>& chosen) {
  std::vector<std::size_t> compared;
  std::vector<Configuration> configurations;
  const std::size_t stride = 1 + evaluated.size() / kMostCompared;
  for (std::size_t i = evaluated.size() % stride; i < evaluated.size(); i += stride) {
    if (chosen[evaluated[i]]) continue;
    compared.push_back(evaluated[i]);
    configurations.push_back(history.entries()[evaluated[i]].configuration);
  }
  const Placement placed = embedding.Place(configurations);
  const Placement there = embedding.Place({&history.entries()[centre].configuration, 1});
  Eigen::ArrayXd sums = Eigen::ArrayXd::Zero(placed.size()), distances(placed.size());
  for (std::size_t d = 0; d < embedding.dimensions(); ++d) {
    embedding.Distances(placed, d, there, 0, distances);
    sums += distances;
  }
  std::vector<std::size_t> order(compared.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  count = std::min(count, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      const double x = sums[static_cast<Eigen::Index>(a)];
                      const double y = sums[static_cast<Eigen::Index>(b)];
                      return x != y ? x < y : a < b;
                    });
  for (std::size_t i = 0; i < count; ++i) chosen[compared[order[i]]] = true;
}

std::vector<std::size_t> Evaluated(const History& history) {
  std::vector<std::size_t> evaluated;
  for (std::size_t number = 0; number < history.size(); ++number) {
    if (history.entries()[number].state == EntryState::kEvaluated) evaluated.push_back(number);
  }
  return evaluated;
}

// Whether a is feasible and no worse than b in every objective.
bool Matches(const Evaluation& a, const Evaluation& b) {
  return a.violation == 0.0 && std::equal(a.objectives.begin(), a.objectives.end(),
                                          b.objectives.begin(), std::less_equal<>());
}

}  // namespace

std::vector<std::size_t> ModelledTrials(const History& history, const Embedding& embedding,
                                        std::size_t centre) {
  const auto evaluated = Evaluated(history);
  if (evaluated.size() <= kMostModelled) return evaluated;
  constexpr std::size_t kBest = kMostModelled / 2, kSpread = kMostModelled / 8;
  std::vector<bool> chosen(history.size());
  for (const RankedTrial& trial : BestTrials(history, kBest)) chosen[trial.number] = true;
  for (std::size_t i = 0; i < kSpread; ++i) {
    chosen[evaluated[i * evaluated.size() / kSpread]] = true;
  }
  const auto so_far = static_cast<std::size_t>(std::count(chosen.begin(), chosen.end(), true));
  AddNearest(history, embedding, evaluated, centre, kMostModelled - so_far, chosen);
  std::vector<std::size_t> modelled;
  for (const std::size_t number : evaluated) {
    if (chosen[number]) modelled.push_back(number);
  }
  return modelled;
}

std::vector<std::size_t> FittedTrials(const History& history) {
  const auto evaluated = Evaluated(history);
  std::vector<std::size_t> fitted;
  for (const std::size_t place : FittedPlaces(FittedCount(evaluated.size()))) {
    fitted.push_back(evaluated[place]);
  }
  return fitted;
}

std::size_t FittedCount(std::size_t n) {
  constexpr double kAll = 40.0, kGrowth = 1.1;
  if (static_cast<double>(n) <= kAll) return n;
  double size = kAll;
  while (std::floor(size * kGrowth) <= static_cast<double>(n)) size = std::floor(size * kGrowth);
  return static_cast<std::size_t>(size);
}

std::vector<std::size_t> FittedPlaces(std::size_t n) {
  const std::size_t count = std::min(n, kMostFitted);
  std::vector<std::size_t> places(count);
  for (std::size_t i = 0; i < count; ++i) places[i] = i * n / count;
  return places;
}

std::size_t TrialsSinceGain(const History& history, std::size_t most) {
  std::size_t since = 0;
  for (std::size_t number = history.size(); number-- > 0 && since < most;) {
    const HistoryEntry& entry = history.entries()[number];
    if (entry.state != EntryState::kEvaluated) continue;
    const auto end = history.entries().begin() + static_cast<std::ptrdiff_t>(number);
    const bool old = entry.evaluation.violation > 0.0 ||
                     std::any_of(history.entries().begin(), end, [&](const HistoryEntry& before) {
                       return before.state == EntryState::kEvaluated &&
                              Matches(before.evaluation, entry.evaluation);
                     });
    if (!old) break;
    ++since;
  }
  return since;
}

}  // namespace joulefront
