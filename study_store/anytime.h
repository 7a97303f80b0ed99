// Anytime fronts: where the study says that a training that ends at a step is what a training of so
// many steps would have been ([trainer] anytime = true), every report is a trial of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "study_store/store.h"

namespace joulefront {

struct AnytimeTrials {
  std::vector<Trial> trials;
  /// Of each, the step of the report that it is made of; empty: the trial itself.
  std::vector<std::optional<std::int64_t>> steps;
};

/// The trials, and for each report of a complete or pruned one that tells all objectives and
/// constraints, at a step from the fidelity's low end to below the trial's own, a complete trial of
/// the same number: its fidelity is the step, its values the report's, the joules of its objectives
/// those that were metered until then. Reports of trials that went on with another are left out:
/// their joules are those of a part. Only the trials, if the study is not anytime. Errors: the
/// store's.
Result<AnytimeTrials> WithReports(StudyStore& store, StudyId id, const Study& study,
                                  std::vector<Trial> trials);

}  // namespace joulefront
