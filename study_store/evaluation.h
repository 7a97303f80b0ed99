// From a trial's values, in the user's units and directions, to what the search minimises.
#pragma once

#include <optional>

#include "search/history.h"
#include "study_store/study.h"
#include "study_store/trial.h"

namespace joulefront {

/// Objectives with the sign turned where the user maximises, and the constraint violation: the sum
/// over limits of the excess divided by the limit's size (by 1 where the limit is 0). The excesses
/// hold max and min of each constraint in turn, as many of the two as there are. Empty if the
/// values lack an objective or a constrained value, or one of them is not finite. Example: max =
/// 200, value 250: violation 0.25, excesses {0.25}; value 150: 0 and {-0.25}.
std::optional<Evaluation> Evaluate(const Study& study, const NamedValues& values);

/// What a finished trial took. Its cost is the value named by Study::cost; where none is named,
/// the joules of its phase "total", or, where an ask-tell session told the trial, the value of the
/// objective on "total", else of the last metered one.
Spending SpendingOf(const Study& study, const Trial& trial);

/// What a trial's reports say of lesser fidelities, rising: of those at steps from the low end of
/// the study's fidelity to below `fidelity`, the trial's own. Only where the fidelity counts in
/// whole numbers, as steps do. Objectives are taken from the reports; joules that were not metered
/// there in proportion. Reports that lack a value are left out. Example: 30 J at 9 epochs: 10 J at
/// step 3.
std::vector<CurvePoint> CurveOf(const Study& study, const NamedValues& values, double fidelity,
                                const std::vector<ProgressReport>& reports);

/// The kind of failure, as a number, where it says something about the configuration: empty for
/// workers lost, interruptions, and trainers that could not be started.
std::optional<int> FailureKind(std::optional<FailureClass> failure);

}  // namespace joulefront
