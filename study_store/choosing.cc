#include "study_store/choosing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "study_store/comparability.h"

namespace joulefront {
namespace {

constexpr std::string_view kInferencePhase = "inference";
/// The share of the way from the worst to the best of a front that counts as nearly the best.
constexpr double kNearly = 0.95;
/// Breaks ties of the Chebyshev distance between points of which one is no worse elsewhere.
constexpr double kAugmentation = 1e-4;

constexpr double kRangeStep = 1.05, kRangeAccuracy = 1e-5;

/// Of the sound points the one with the least score, of equals the first, which is the cheapest.
std::optional<std::size_t> Least(const Front& front,
                                 const std::function<double(const FrontPoint&)>& score) {
  std::optional<std::size_t> least;
  double lowest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < front.points.size(); ++i) {
    if (!front.points[i].IsSound()) continue;
    const double s = score(front.points[i]);
    if (!least || s < lowest) {
      least = i;
      lowest = s;
    }
  }
  return least;
}

/// An objective's values over the sound points, minimised: from 0, the best, to 1, the worst.
class Shortfall {
 public:
  Shortfall(const Study& study, const Front& front, std::size_t objective)
      : objective_(objective), sign_(SignOf(study.objectives[objective])) {
    for (const FrontPoint& point : front.points) {
      if (!point.IsSound()) continue;
      best_ = std::min(best_, sign_ * point.objectives[objective]);
      worst_ = std::max(worst_, sign_ * point.objectives[objective]);
    }
  }

  double operator()(const FrontPoint& point) const {
    return worst_ > best_ ? (sign_ * point.objectives[objective_] - best_) / (worst_ - best_) : 0.0;
  }

 private:
  std::size_t objective_;
  double sign_;
  double best_ = std::numeric_limits<double>::infinity(), worst_ = -best_;
};

/// The phase whose joules are what a training takes.
std::string TrainingPhase(const Study& study) {
  for (const Objective& objective : study.objectives) {
    if (objective.phase && *objective.phase != kInferencePhase) return *objective.phase;
  }
  return std::string(kTotalPhase);
}

std::string NameOf(const Objective& objective) {
  return (objective.direction == Direction::kMinimize ? "lowest " : "highest ") + objective.name;
}

}  // namespace

std::optional<std::size_t> Prefer(const Study& study, const Front& front,
                                  const std::vector<double>& weights) {
  std::vector<Shortfall> shortfalls;
  for (std::size_t k = 0; k < study.objectives.size(); ++k) {
    shortfalls.emplace_back(study, front, k);
  }
  return Least(front, [&](const FrontPoint& point) {
    double worst = 0.0, sum = 0.0;
    for (std::size_t k = 0; k < shortfalls.size(); ++k) {
      const double weighted = weights[k] * shortfalls[k](point);
      worst = std::max(worst, weighted);
      sum += weighted;
    }
    return worst + kAugmentation * sum;
  });
}

std::optional<std::size_t> Weigh(const Study& study, const Front& front,
                                 const std::vector<double>& weights) {
  return Least(front, [&](const FrontPoint& point) {
    double sum = 0.0;
    for (std::size_t k = 0; k < weights.size(); ++k) {
      sum += weights[k] * SignOf(study.objectives[k]) * point.objectives[k];
    }
    return sum;
  });
}

std::optional<double> JoulesOfInference(const Trial& trial) {
  const EnergyFigure* figure = FindFigure(trial.energy, kInferencePhase);
  if (figure == nullptr || figure->coverage < kWholeCoverage) return {};
  for (const auto& [name, times] : {std::pair{"inferences", 1.0}, {"thousand_inferences", 1e3}}) {
    const auto found = trial.values.find(name);
    if (found == trial.values.end() || !(found->second > 0.0)) continue;
    return CountedJoules(*figure).value() / (found->second * times);
  }
  return {};
}

Result<Lifetime> LifetimeOf(const Study& study, std::vector<Trial> trials, double inferences) {
  Lifetime lifetime{.study = study, .trials = std::move(trials)};
  const std::string phase = TrainingPhase(study);
  std::erase_if(lifetime.study.objectives, [](const auto& o) { return o.phase.has_value(); });
  lifetime.study.objectives.push_back({.name = kLifetimeEnergy,
                                       .direction = Direction::kMinimize,
                                       .phase = phase,
                                       .per = {},
                                       .unit = "J",
                                       .reference = {}});
  std::size_t known = 0;
  for (Trial& trial : lifetime.trials) {
    if (trial.state != TrialState::kComplete) continue;
    const EnergyFigure* training = FindFigure(trial.energy, phase);
    const auto inference = JoulesOfInference(trial);
    if (training == nullptr || !inference) {
      ++lifetime.unknown;
      continue;
    }
    ++known;
    trial.values[kLifetimeEnergy] = CountedJoules(*training).value() + inferences * *inference;
  }
  if (known == 0) {
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("what an inference takes is not known of any complete trial: that needs "
                    "joules of a phase \"{}\" and the reported value inferences (or "
                    "thousand_inferences), how many there were in it",
                    kInferencePhase));
  }
  return lifetime;
}

std::optional<ChoiceRange> RangeOfChoice(
    const std::function<std::optional<TrialNumber>(double)>& choose, double at, double least,
    double most) {
  const auto chosen = choose(at);
  if (!chosen) return std::nullopt;
  // From `at` by steps until the choice is another, then by halves to where it changes.
  const auto end = [&](double factor, double limit, std::optional<TrialNumber>& beyond) {
    double same = at;
    while (same != limit) {
      const double next =
          factor > 1.0 ? std::min(limit, same * factor) : std::max(limit, same * factor);
      if (choose(next) == chosen) {
        same = next;
        continue;
      }
      double other = next;
      while (std::abs(other / same - 1.0) > kRangeAccuracy) {
        const double middle = std::sqrt(same * other);
        (choose(middle) == chosen ? same : other) = middle;
      }
      beyond = choose(other);
      break;
    }
    return same;
  };
  ChoiceRange range;
  range.from = end(1.0 / kRangeStep, std::min(least, at), range.below);
  range.to = end(kRangeStep, std::max(most, at), range.above);
  return range;
}

std::vector<Recommendation> Recommend(const Study& study, const Front& front) {
  std::vector<Recommendation> recommended;
  const std::size_t m = study.objectives.size();
  const std::size_t cost = front.cost;
  const std::size_t quality = cost == 0 && m > 1 ? 1 : 0;
  const auto by = [&](std::size_t objective) {
    std::vector<double> weights(m, 0.0);
    weights[objective] = 1.0;
    return Prefer(study, front, weights);
  };
  const auto best = by(quality);
  if (!best || m < 2) return recommended;
  const std::string& name = study.objectives[quality].name;
  const bool all_sound = std::all_of(front.points.begin(), front.points.end(),
                                     [](const FrontPoint& point) { return point.IsSound(); });
  recommended.push_back({NameOf(study.objectives[quality]), *best,
                         fmt::format("no feasible trial{} has a better {}",
                                     all_sound ? "" : " that can be relied on", name)});

  const Shortfall shortfall(study, front, quality);
  const double sign = SignOf(study.objectives[cost]);
  const auto nearly = Least(front, [&](const FrontPoint& point) {
    return shortfall(point) <= 1.0 - kNearly ? sign * point.objectives[cost]
                                             : std::numeric_limits<double>::infinity();
  });
  recommended.push_back(
      {fmt::format("nearly the {}, for less", NameOf(study.objectives[quality])), *nearly,
       fmt::format("of the trials that reach {:.0f} % of what the front gains in {}, it has the {}",
                   100 * kNearly, name, NameOf(study.objectives[cost]))});

  const auto knee = std::find_if(front.points.begin(), front.points.end(),
                                 [](const FrontPoint& point) { return point.knee; });
  if (knee != front.points.end()) {
    recommended.push_back({"a balance", static_cast<std::size_t>(knee - front.points.begin()),
                           "the knee: after it, a gain costs more than the front's average"});
  } else {
    recommended.push_back({"a balance", *Prefer(study, front, std::vector<double>(m, 1.0)),
                           "its worst shortfall is the least, each objective scaled to its range "
                           "on the front"});
  }
  return recommended;
}

}  // namespace joulefront
