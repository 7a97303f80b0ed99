// Which trials' joules may be compared with one another: those of one comparability key.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "study_store/study.h"
#include "study_store/trial.h"

namespace joulefront {

/// A figure that saw less of its time than this is partial: its joules are of that part only.
inline constexpr double kWholeCoverage = 0.99;

/// Whether figures of these origins may be compared.
bool ShareKey(const Provenance& a, const Provenance& b);

/// Whether the meter saw only a part of what an objective of the trial is.
bool IsPartial(const Study& study, const Trial& trial);

/// Complete trials whose metered objectives share everything that must agree (docs/metering.md,
/// "The comparability key").
struct ComparableGroup {
  std::string key;  // for people; "told" where an ask-tell session gave the joules, "" without any
  bool partial = false;  // the meter saw only a part of at least one figure
  EnergyClass weakest = EnergyClass::kMeasured;
  std::vector<std::size_t> trials;  // indices, rising
};

/// Groups `candidates`, indices into `trials`. The first is the one that a front is made of: the
/// largest that is not partial; of equals the one of the stronger class, then by the key's text.
std::vector<ComparableGroup> GroupByKey(const Study& study, const std::vector<Trial>& trials,
                                        const std::vector<std::size_t>& candidates);

/// What an objective of a trial may be, as a normal distribution in the user's units.
struct UncertainValue {
  double mean = 0.0;
  double deviation = 0.0;
};

/// `across_keys`: the error that a key's figures share counts too. A partial figure lies between
/// its joules and what three times its mean power would add over the time that was not seen.
UncertainValue ValueWithError(const Objective& objective, const Trial& trial, bool across_keys);

/// Whether `a` dominates `b`, both minimised, with a probability of at least 0.95.
bool SurelyDominates(const std::vector<UncertainValue>& a, const std::vector<UncertainValue>& b);

}  // namespace joulefront
