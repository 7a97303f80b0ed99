// Rules of attempts that every store obeys alike. Private to study_store.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "study_store/trial.h"

namespace joulefront {

/// Errors: kInvalidArgument for a value or a figure that is not a finite number, a coverage outside
/// (0, 1], or a phase that is named twice. What passes here a store can keep and give back.
Result<void> CheckEnergy(const std::vector<PhaseEnergy>& phases);
Result<void> CheckValues(const NamedValues& values);

/// Whether `reported` takes the place of what an attempt in `state` has recorded, with
/// `recorded_total` joules of the phase "total" (empty: no figure). While the attempt runs, the
/// latest report holds, unless it has lost the figure. Afterwards joules may still arrive, from a
/// worker that was given up too early, and never lower a figure; those of an attempt that finished
/// its trial stay, since finished trials never change.
bool ReplacesRecorded(const std::vector<PhaseEnergy>& reported,
                      std::optional<Joules> recorded_total, AttemptState state);

/// Joules of the phase "total"; empty if there is no figure.
std::optional<Joules> TotalJoules(const std::vector<PhaseEnergy>& phases);

/// Errors: kInvalidArgument for what AddSearchEnergy() refuses.
Result<void> CheckSearchEnergy(const PhaseEnergy& taken);

/// Whether `taken` joules and `foreseen` ones are more than the limit.
bool IsTooDear(Joules taken, std::optional<Joules> foreseen, std::optional<Joules> limit);

bool IsCompleteConfirmation(const Attempt& attempt);
/// By when they ended; of those that ended together by trial and number.
void SortByEnd(std::vector<Attempt>& attempts);

/// Why a trial cannot be confirmed now.
Error CannotConfirm(TrialNumber trial, TrialState state);

/// Why the trial fails, when `ended` has spent its last chance.
std::optional<FailureClass> FailureAfter(const AttemptResult& ended);

}  // namespace joulefront
