#include "study_store/confirmation.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "base/random.h"
#include "search/pareto.h"
#include "study_store/evaluation.h"
#include "study_store/front.h"

namespace joulefront {
namespace {

constexpr std::uint64_t kSeedStream = 0x636f6e6669726d;  // "confirm"
constexpr int kDraws = 10'000;
constexpr std::size_t kLeastReplicates = 2;  // of a spread

/// What was told of one point's confirmations.
struct Replicates {
  std::vector<NamedValues> values;
  std::size_t failed = 0;
};

Replicates ReplicatesOf(const Study& study, TrialNumber trial,
                        const std::vector<Attempt>& attempts) {
  Replicates found;
  for (const Attempt& attempt : attempts) {
    if (attempt.trial != trial || attempt.kind != AttemptKind::kConfirmation) continue;
    if (attempt.state == AttemptState::kComplete && Evaluate(study, attempt.values)) {
      found.values.push_back(attempt.values);
    } else if (attempt.state == AttemptState::kFailed || attempt.state == AttemptState::kComplete) {
      ++found.failed;
    }
  }
  return found;
}

Spread SpreadOfNamed(const std::vector<NamedValues>& values, const std::string& name) {
  std::vector<double> all;
  for (const NamedValues& one : values) all.push_back(one.at(name));
  return SpreadOf(all);
}

ConfirmedPoint PointOf(const Study& study, const Trial& trial,
                       const std::vector<Attempt>& attempts) {
  const Replicates replicates = ReplicatesOf(study, trial.number, attempts);
  ConfirmedPoint point{
      .trial = trial.number, .replicates = replicates.values.size(), .failed = replicates.failed};
  for (const Objective& objective : study.objectives) {
    point.recorded.push_back(trial.values.at(objective.name));
    if (point.replicates > 0) {
      point.objectives.push_back(SpreadOfNamed(replicates.values, objective.name));
    }
  }
  if (point.replicates == 0) return point;
  NamedValues means;
  for (const auto& [name, unused] : replicates.values.front()) {
    const bool in_all =
        std::all_of(replicates.values.begin(), replicates.values.end(),
                    [&, key = &name](const NamedValues& one) { return one.contains(*key); });
    if (in_all) means[name] = SpreadOfNamed(replicates.values, name).mean;
  }
  const auto evaluation = Evaluate(study, means);
  point.feasible = evaluation && evaluation->violation == 0.0;
  return point;
}

void AddProbabilities(const Study& study, std::vector<ConfirmedPoint>& points,
                      const std::vector<std::size_t>& feasible) {
  Random random(study.seed, kSeedStream);
  std::vector<int> wins(points.size(), 0);
  std::vector<double> drawn;
  for (int draw = 0; draw < kDraws; ++draw) {
    drawn.clear();
    for (const std::size_t number : feasible) {
      const ConfirmedPoint& point = points[number];
      const auto n = static_cast<double>(point.replicates);
      for (std::size_t k = 0; k < study.objectives.size(); ++k) {
        std::student_t_distribution<double> t(n - 1.0);
        const Spread& spread = point.objectives[k];
        drawn.push_back(SignOf(study.objectives[k]) *
                        (spread.mean + *spread.deviation / std::sqrt(n) * t(random)));
      }
    }
    for (const std::size_t i : ParetoFront({drawn, study.objectives.size()})) ++wins[feasible[i]];
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].replicates >= kLeastReplicates) {
      points[i].probability = static_cast<double>(wins[i]) / kDraws;
    }
  }
}

}  // namespace

std::vector<ConfirmedPoint> JudgeConfirmations(const Study& study, const std::vector<Trial>& all,
                                               const std::vector<std::size_t>& trials,
                                               const std::vector<Attempt>& attempts) {
  std::vector<ConfirmedPoint> points;
  for (const std::size_t index : trials) points.push_back(PointOf(study, all[index], attempts));
  std::vector<std::size_t> feasible;
  std::vector<double> means;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!points[i].feasible) continue;
    feasible.push_back(i);
    for (std::size_t k = 0; k < study.objectives.size(); ++k) {
      means.push_back(SignOf(study.objectives[k]) * points[i].objectives[k].mean);
    }
  }
  for (const std::size_t i : ParetoFront({means, study.objectives.size()})) {
    points[feasible[i]].on_front = true;
  }
  std::erase_if(feasible, [&](std::size_t i) { return points[i].replicates < kLeastReplicates; });
  AddProbabilities(study, points, feasible);
  return points;
}

std::vector<ConfirmedPoint> JudgeFront(const Study& study, const std::vector<Trial>& trials,
                                       const std::vector<Attempt>& attempts) {
  std::vector<Attempt> confirmations;
  for (const Attempt& attempt : attempts) {
    if (attempt.kind == AttemptKind::kConfirmation) confirmations.push_back(attempt);
  }
  if (confirmations.empty()) return {};
  std::vector<std::size_t> front;
  for (const FrontPoint& point : ComputeFront(study, trials).points) front.push_back(point.trial);
  auto points = JudgeConfirmations(study, trials, front, confirmations);
  std::erase_if(points, [](const ConfirmedPoint& point) { return point.replicates == 0; });
  return points;
}

std::set<TrialNumber> RefutedTrials(const std::vector<ConfirmedPoint>& points) {
  std::set<TrialNumber> refuted;
  for (const ConfirmedPoint& point : points) {
    if (point.replicates > 0 && !point.on_front) refuted.insert(point.trial);
  }
  return refuted;
}

std::uint64_t ConfirmationSeed(const Trial& trial, std::size_t k) {
  return TrainerSeed(Mix64(trial.seed ^ Mix64(kSeedStream + k)));
}

}  // namespace joulefront
