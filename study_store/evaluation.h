// From a trial's values, in the user's units and directions, to what the search minimises.
#pragma once

#include <optional>

#include "search/history.h"
#include "study_store/study.h"
#include "study_store/trial.h"

namespace joulefront {

/// Objectives with the sign turned where the user maximises, and the constraint violation: the sum
/// over constraints of the excess divided by the limit's size (by 1 where the limit is 0). Empty if
/// the values lack an objective or a constrained value, or one of them is not finite.
/// Example: max = 200, value 250: violation 0.25.
std::optional<Evaluation> Evaluate(const Study& study, const NamedValues& values);

}  // namespace joulefront
