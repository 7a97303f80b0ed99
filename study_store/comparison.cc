#include "study_store/comparison.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "search/hypervolume.h"
#include "search/pareto.h"
#include "study_store/comparability.h"
#include "study_store/evaluation.h"

namespace joulefront {
namespace {

const Objective* Find(const Study& study, const std::string& name) {
  for (const Objective& objective : study.objectives) {
    if (objective.name == name) return &objective;
  }
  return nullptr;
}

/// What one study has of an objective: by configuration the mean, and of joules where they are
/// from.
struct Figures {
  std::map<std::string, double> by_configuration;
  std::set<std::string> keys;
  double common_uncertainty = 0.0;
};

Figures FiguresOf(const Side& side, const Objective& objective) {
  Figures figures;
  std::map<std::string, std::vector<double>> all;
  std::vector<std::size_t> used;
  for (std::size_t i = 0; i < side.trials.size(); ++i) {
    const Trial& trial = side.trials[i];
    const auto value = trial.values.find(objective.name);
    if (trial.state != TrialState::kComplete || value == trial.values.end()) continue;
    if (objective.phase && (IsPartial(side.study, trial) || !(value->second > 0.0))) continue;
    all[trial.configuration].push_back(value->second);
    used.push_back(i);
    if (!objective.phase) continue;
    if (const EnergyFigure* figure = FindFigure(trial.energy, *objective.phase)) {
      figures.common_uncertainty =
          std::max(figures.common_uncertainty, figure->provenance.common_uncertainty);
    }
  }
  for (const auto& [configuration, values] : all) {
    figures.by_configuration[configuration] =
        std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  }
  if (objective.phase) {
    for (const ComparableGroup& group : GroupByKey(side.study, side.trials, used)) {
      figures.keys.insert(group.key);
    }
  }
  return figures;
}

std::string KeysText(const std::set<std::string>& keys) {
  std::string text;
  for (const std::string& key : keys) text += (text.empty() ? "" : "; ") + key;
  return text;
}

std::optional<Change> ChangeOf(const Side& a, const Side& b, const Objective& objective,
                               double confidence) {
  const Figures of_a = FiguresOf(a, objective);
  const Figures of_b = FiguresOf(b, *Find(b.study, objective.name));
  Change change{.objective = objective.name, .ratio = objective.phase.has_value()};
  std::vector<double> moved;
  for (const auto& [configuration, value] : of_a.by_configuration) {
    const auto other = of_b.by_configuration.find(configuration);
    if (other == of_b.by_configuration.end()) continue;
    moved.push_back(change.ratio ? std::log(other->second / value) : other->second - value);
  }
  if (moved.empty()) return std::nullopt;
  const double n = static_cast<double>(moved.size());
  change.pairs = moved.size();
  change.key_a = KeysText(of_a.keys);
  change.key_b = KeysText(of_b.keys);
  const double mean = std::accumulate(moved.begin(), moved.end(), 0.0) / n;
  change.mean = change.ratio ? std::exp(mean) : mean;
  if (moved.size() < 2) return change;
  double squares = 0.0;
  for (const double m : moved) squares += (m - mean) * (m - mean);
  const boost::math::students_t student(n - 1.0);
  double half =
      boost::math::quantile(student, 0.5 + confidence / 2) * std::sqrt(squares / (n - 1.0) / n);
  // Half-widths at 95 %, relative, of what cancels within a key only.
  if (of_a.keys != of_b.keys) {
    half = std::hypot(half, of_a.common_uncertainty, of_b.common_uncertainty);
  }
  change.from = change.ratio ? std::exp(mean - half) : mean - half;
  change.to = change.ratio ? std::exp(mean + half) : mean + half;
  return change;
}

/// A front's points on the scale as one array, minimised.
std::vector<double> Minimised(const Study& study, const Front& front) {
  std::vector<double> values;
  for (const FrontPoint& point : front.points) {
    if (point.off_scale) continue;
    for (std::size_t k = 0; k < point.objectives.size(); ++k) {
      values.push_back(SignOf(study.objectives[k]) * point.objectives[k]);
    }
  }
  return values;
}

/// Share of the points that a point of `by` dominates.
double DominatedShare(Points points, Points by) {
  std::size_t dominated = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t j = 0; j < by.size(); ++j) {
      if (Dominates(by[j], points[i])) {
        ++dominated;
        break;
      }
    }
  }
  return static_cast<double>(dominated) / static_cast<double>(points.size());
}

/// What `b` pays for as much of the other objective as each point of `a` has, over what that pays.
std::vector<double> PriceRatios(Points a, Points b, std::size_t paid) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < a.size(); ++i) {
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t j = 0; j < b.size(); ++j) {
      if (b[j][1 - paid] <= a[i][1 - paid]) least = std::min(least, b[j][paid]);
    }
    if (std::isfinite(least) && a[i][paid] > 0.0) ratios.push_back(least / a[i][paid]);
  }
  return ratios;
}

bool SameObjectives(const Study& a, const Study& b) {
  return std::equal(a.objectives.begin(), a.objectives.end(), b.objectives.begin(),
                    b.objectives.end(), [](const Objective& x, const Objective& y) {
                      return x.name == y.name && x.direction == y.direction && x.phase == y.phase &&
                             x.per == y.per;
                    });
}

FrontComparison CompareFronts(const Study& study, const Front& a, const Front& b) {
  FrontComparison fronts;
  const std::size_t m = study.objectives.size();
  std::vector<double> reference;
  for (std::size_t k = 0; k < m; ++k) {
    const double sign = SignOf(study.objectives[k]);
    reference.push_back(std::max(sign * a.reference_point[k], sign * b.reference_point[k]));
    fronts.reference_point.push_back(sign * reference.back());
  }
  const std::vector<double> values_a = Minimised(study, a), values_b = Minimised(study, b);
  const Points points_a{values_a, m}, points_b{values_b, m};
  fronts.hypervolume_a = Hypervolume(points_a, reference);
  fronts.hypervolume_b = Hypervolume(points_b, reference);
  fronts.dominated_a = DominatedShare(points_a, points_b);
  fronts.dominated_b = DominatedShare(points_b, points_a);
  if (m != 2) return fronts;
  std::vector<double> ratios = PriceRatios(points_a, points_b, a.cost);
  fronts.levels = ratios.size();
  if (ratios.empty()) return fronts;
  std::sort(ratios.begin(), ratios.end());
  const std::size_t half = ratios.size() / 2;
  fronts.price_ratio =
      ratios.size() % 2 == 1 ? ratios[half] : std::sqrt(ratios[half - 1] * ratios[half]);
  return fronts;
}

}  // namespace

bool Change::clear() const {
  const double nothing = ratio ? 1.0 : 0.0;
  return from && (*from > nothing || *to < nothing);
}

Comparison Compare(const Side& a, const Side& b, double confidence, Mix mix) {
  Comparison comparison;
  for (const Objective& objective : a.study.objectives) {
    const Objective* other = Find(b.study, objective.name);
    if (other == nullptr || other->phase != objective.phase) {
      comparison.only_a.push_back(objective.name);
      continue;
    }
    if (auto change = ChangeOf(a, b, objective, confidence)) {
      comparison.changes.push_back(std::move(*change));
    }
  }
  for (const Objective& objective : b.study.objectives) {
    const Objective* other = Find(a.study, objective.name);
    if (other == nullptr || other->phase != objective.phase) {
      comparison.only_b.push_back(objective.name);
    }
  }
  if (!SameObjectives(a.study, b.study)) {
    comparison.why_no_fronts = "their objectives differ";
    return comparison;
  }
  const Front front_a = ComputeFront(a.study, a.trials, {.mix = mix});
  const Front front_b = ComputeFront(b.study, b.trials, {.mix = mix});
  const auto on_scale = [](const FrontPoint& point) { return !point.off_scale; };
  if (std::none_of(front_a.points.begin(), front_a.points.end(), on_scale) ||
      std::none_of(front_b.points.begin(), front_b.points.end(), on_scale)) {
    comparison.why_no_fronts = "one of them has no complete and feasible trial on the scale";
  } else if (front_a.key != front_b.key && mix == Mix::kNo) {
    comparison.why_no_fronts = "joules of A are " + front_a.key + ", of B " + front_b.key +
                               "; --mix compares them all the same";
  } else {
    comparison.fronts = CompareFronts(a.study, front_a, front_b);
  }
  return comparison;
}

}  // namespace joulefront
