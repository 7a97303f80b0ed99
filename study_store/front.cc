#include "study_store/front.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "search/hypervolume.h"
#include "search/knee.h"
#include "search/pareto.h"
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

double Sign(const Objective& objective) {
  return objective.direction == Direction::kMinimize ? 1.0 : -1.0;
}

/// Reference point, minimised, for n x m feasible points.
std::vector<double> ReferencePoint(const Study& study, const Points& points) {
  std::vector<double> reference;
  for (std::size_t k = 0; k < points.dimension; ++k) {
    if (study.objectives[k].reference) {
      reference.push_back(Sign(study.objectives[k]) * *study.objectives[k].reference);
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

/// Index of the objective that is paid.
std::size_t CostIndex(const Study& study) {
  for (std::size_t k = study.objectives.size(); k-- > 0;) {
    if (study.objectives[k].phase) return k;
  }
  return study.objectives.size() - 1;
}

}  // namespace

Front ComputeFront(const Study& study, const std::vector<Trial>& trials,
                   const std::vector<Bound>& bounds) {
  Front front;
  const std::size_t m = study.objectives.size();
  std::vector<double> values;
  std::vector<std::size_t> trial_of;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    if (trials[i].state != TrialState::kComplete) continue;
    const auto evaluation = Evaluate(study, trials[i].values);
    if (!evaluation) continue;
    ++front.complete;
    if (evaluation->violation > 0.0) continue;
    ++front.feasible;
    if (!Meets(trials[i], bounds)) continue;
    values.insert(values.end(), evaluation->objectives.begin(), evaluation->objectives.end());
    trial_of.push_back(i);
  }
  if (trial_of.empty()) return front;
  const Points points{values, m};
  const std::vector<double> reference = ReferencePoint(study, points);
  for (const std::size_t i : ParetoFront(points)) {
    FrontPoint point{.trial = trial_of[i], .objectives = {}};
    for (std::size_t k = 0; k < m; ++k) {
      point.objectives.push_back(Sign(study.objectives[k]) * points[i][k]);
    }
    front.points.push_back(std::move(point));
  }
  front.cost = CostIndex(study);
  const double sign = Sign(study.objectives[front.cost]);
  std::stable_sort(front.points.begin(), front.points.end(), [&](const auto& a, const auto& b) {
    return sign * a.objectives[front.cost] < sign * b.objectives[front.cost];
  });
  std::vector<double> minimised;
  for (const FrontPoint& point : front.points) {
    for (std::size_t k = 0; k < m; ++k) {
      minimised.push_back(Sign(study.objectives[k]) * point.objectives[k]);
    }
  }
  if (const auto knee = Knee({minimised, m})) front.points[*knee].knee = true;
  front.hypervolume = Hypervolume(points, reference);
  for (std::size_t k = 0; k < m; ++k) {
    front.reference_point.push_back(Sign(study.objectives[k]) * reference[k]);
  }
  return front;
}

std::vector<std::optional<double>> PricesAlong(const Front& front) {
  std::vector<std::optional<double>> prices(front.points.size());
  for (std::size_t i = 1; i < prices.size(); ++i) {
    const auto& now = front.points[i].objectives;
    const auto& before = front.points[i - 1].objectives;
    const std::size_t other = 1 - std::min<std::size_t>(front.cost, 1);
    if (now.size() != 2 || now[other] == before[other]) continue;
    prices[i] = std::abs((now[front.cost] - before[front.cost]) / (now[other] - before[other]));
  }
  return prices;
}

}  // namespace joulefront
