#include "study_store/front.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "search/hypervolume.h"
#include "search/knee.h"
#include "search/pareto.h"
#include "study_store/comparability.h"
#include "study_store/evaluation.h"

namespace joulefront {
namespace {

bool Meets(const Trial& trial, const std::vector<Bound>& bounds) {
  return std::all_of(bounds.begin(), bounds.end(), [&](const Bound& bound) {
    const auto found = trial.values.find(bound.name);
    return found != trial.values.end() && (!bound.min || found->second >= *bound.min) &&
           (!bound.max || found->second <= *bound.max);
  });
}

/// Reference point, minimised, for n x m feasible points.
std::vector<double> ReferencePoint(const Study& study, const Points& points) {
  std::vector<double> reference;
  for (std::size_t k = 0; k < points.dimension; ++k) {
    if (study.objectives[k].reference) {
      reference.push_back(SignOf(study.objectives[k]) * *study.objectives[k].reference);
      continue;
    }
    double best = std::numeric_limits<double>::infinity(), worst = -best;
    for (std::size_t i = 0; i < points.size(); ++i) {
      best = std::min(best, points[i][k]);
      worst = std::max(worst, points[i][k]);
    }
    reference.push_back(worst + 0.1 * (worst - best));
  }
  return reference;
}

/// The knee among the points that are sound.
void MarkKnee(const Study& study, std::vector<FrontPoint>& points) {
  std::vector<FrontPoint*> sound;
  std::vector<double> values;
  for (FrontPoint& point : points) {
    if (!point.IsSound()) continue;
    sound.push_back(&point);
    for (std::size_t k = 0; k < point.objectives.size(); ++k) {
      values.push_back(SignOf(study.objectives[k]) * point.objectives[k]);
    }
  }
  if (const auto knee = Knee({values, study.objectives.size()})) sound[*knee]->knee = true;
}

/// Of the candidates, the places of those that no other surely dominates.
std::vector<std::size_t> SureFront(const Study& study, const std::vector<Trial>& trials,
                                   const std::vector<std::size_t>& candidates) {
  std::vector<std::vector<UncertainValue>> values;
  for (const std::size_t i : candidates) {
    auto& of_trial = values.emplace_back();
    for (const Objective& objective : study.objectives) {
      UncertainValue value = ValueWithError(objective, trials[i], /*across_keys=*/true);
      value.mean *= SignOf(objective);
      of_trial.push_back(value);
    }
  }
  std::vector<std::size_t> front;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool dominated = std::any_of(values.begin(), values.end(), [&](const auto& other) {
      return SurelyDominates(other, values[i]);
    });
    if (!dominated) front.push_back(i);
  }
  return front;
}

/// Leaves the candidates of one key, unless they are to be mixed.
void KeepComparable(const Study& study, const std::vector<Trial>& trials, Mix mix,
                    std::vector<std::size_t>& candidates, Front& front) {
  std::vector<ComparableGroup> groups = GroupByKey(study, trials, candidates);
  front.mixed = mix == Mix::kYes && groups.size() > 1;
  if (front.mixed) return;
  front.key = groups.front().key;
  candidates = std::move(groups.front().trials);
  for (std::size_t g = 1; g < groups.size(); ++g) {
    front.left_out.emplace_back(groups[g].key, groups[g].trials.size());
  }
}

bool IsOnScale(std::span<const double> point) {
  const double largest = LargestOnScale(point.size());
  return std::all_of(point.begin(), point.end(),
                     [&](double value) { return std::abs(value) <= largest; });
}

/// The reference point and the hypervolume, of the candidates on the scale.
void Measure(const Study& study, const std::vector<Trial>& trials,
             const std::vector<std::size_t>& candidates, Points points, Front& front) {
  std::vector<double> on_scale, whole;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto point = points[i];
    if (!IsOnScale(point)) {
      ++front.off_scale;
      continue;
    }
    on_scale.insert(on_scale.end(), point.begin(), point.end());
    if (IsPartial(study, trials[candidates[i]])) continue;
    whole.insert(whole.end(), point.begin(), point.end());
  }
  if (on_scale.empty()) return;
  const auto reference = ReferencePoint(study, {on_scale, points.dimension});
  for (std::size_t k = 0; k < points.dimension; ++k) {
    front.reference_point.push_back(SignOf(study.objectives[k]) * reference[k]);
  }
  if (whole.empty()) return;
  const double volume = Hypervolume({whole, points.dimension}, reference);
  if (std::isfinite(volume)) front.hypervolume = volume;
}

}  // namespace

std::size_t PaidObjective(const Study& study) {
  for (std::size_t k = study.objectives.size(); k-- > 0;) {
    if (study.objectives[k].phase) return k;
  }
  return study.objectives.size() - 1;
}

double LargestOnScale(std::size_t objectives) {
  constexpr double kDigits = 300.0, kLeastDigits = 30.0;
  return std::pow(10.0, std::max(kLeastDigits, kDigits / static_cast<double>(objectives)));
}

Front ComputeFront(const Study& study, const std::vector<Trial>& trials,
                   const FrontOptions& options) {
  Front front{.cost = PaidObjective(study)};
  const std::size_t m = study.objectives.size();
  std::vector<std::size_t> candidates;
  std::vector<std::vector<double>> objectives(trials.size());
  for (std::size_t i = 0; i < trials.size(); ++i) {
    if (trials[i].state != TrialState::kComplete) continue;
    auto evaluation = Evaluate(study, trials[i].values);
    if (!evaluation) continue;
    ++front.complete;
    if (evaluation->violation > 0.0) continue;
    ++front.feasible;
    if (!Meets(trials[i], options.bounds)) continue;
    candidates.push_back(i);
    objectives[i] = std::move(evaluation->objectives);
  }
  if (candidates.empty()) return front;
  KeepComparable(study, trials, options.mix, candidates, front);
  std::vector<double> values;
  for (const std::size_t i : candidates) {
    values.insert(values.end(), objectives[i].begin(), objectives[i].end());
  }
  const Points points{values, m};
  Measure(study, trials, candidates, points, front);
  for (const std::size_t i :
       front.mixed ? SureFront(study, trials, candidates) : ParetoFront(points)) {
    const Trial& trial = trials[candidates[i]];
    FrontPoint point{.trial = candidates[i],
                     .objectives = {},
                     .partial = IsPartial(study, trial),
                     .refuted = options.refuted.contains(trial.number),
                     .off_scale = !IsOnScale(points[i])};
    for (std::size_t k = 0; k < m; ++k) {
      point.objectives.push_back(SignOf(study.objectives[k]) * points[i][k]);
    }
    front.points.push_back(std::move(point));
  }
  const double sign = SignOf(study.objectives[front.cost]);
  std::stable_sort(front.points.begin(), front.points.end(), [&](const auto& a, const auto& b) {
    return sign * a.objectives[front.cost] < sign * b.objectives[front.cost];
  });
  MarkKnee(study, front.points);
  return front;
}

std::vector<std::optional<double>> PricesAlong(const Front& front) {
  std::vector<std::optional<double>> prices(front.points.size());
  for (std::size_t i = 1; i < prices.size(); ++i) {
    const auto& now = front.points[i].objectives;
    const auto& before = front.points[i - 1].objectives;
    const std::size_t other = 1 - std::min<std::size_t>(front.cost, 1);
    if (now.size() != 2 || now[other] == before[other]) continue;
    if (!front.points[i].IsSound() || !front.points[i - 1].IsSound()) continue;
    prices[i] = std::abs((now[front.cost] - before[front.cost]) / (now[other] - before[other]));
  }
  return prices;
}

}  // namespace joulefront
