// What confirmations say of a front: whether its points hold when they are trained again.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "base/spread.h"
#include "study_store/study.h"
#include "study_store/trial.h"

namespace joulefront {

struct ConfirmedPoint {
  TrialNumber trial = 0;
  std::size_t replicates = 0;      // complete confirmations with all values
  std::size_t failed = 0;          // confirmations that came to no result
  std::vector<double> recorded;    // what the study has, as Study::objectives
  std::vector<Spread> objectives;  // of the replicates; empty without any
  bool feasible = false;           // the means meet the constraints
  bool on_front = false;           // the means are feasible, and dominated by those of no other
  /// Probability that the true means are on the front of the true means, among the points that have
  /// two replicates or more; empty for others.
  std::optional<double> probability;
};

/// `trials` are indices of those to look at, as a front gives them. The recorded values are not
/// among the replicates: a front picks those that came out well, so they are better than what they
/// stand for. Probabilities are over draws of Student's t around each mean, from the study's seed.
std::vector<ConfirmedPoint> JudgeConfirmations(const Study& study, const std::vector<Trial>& all,
                                               const std::vector<std::size_t>& trials,
                                               const std::vector<Attempt>& attempts);

/// What confirmations say of the study's front: its points that have a replicate. `trials`: all, by
/// number, without reports of anytime trainings.
std::vector<ConfirmedPoint> JudgeFront(const Study& study, const std::vector<Trial>& trials,
                                       const std::vector<Attempt>& attempts);

/// Of judged points, those that did not hold: their recorded values were luck.
std::set<TrialNumber> RefutedTrials(const std::vector<ConfirmedPoint>& points);

/// The seed of confirmation number k, from 0, of a trial: another one than the trial's own.
std::uint64_t ConfirmationSeed(const Trial& trial, std::size_t k);

}  // namespace joulefront
