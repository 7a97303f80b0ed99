// Which parameters decide each objective of a study (search/importance.h has the method).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "search/importance.h"
#include "study_store/study.h"
#include "study_store/trial.h"

namespace joulefront {

struct ObjectiveImportance {
  std::size_t trials = 0;  // that it was judged by
  /// By parameter, in the order of the space; empty with too few trials.
  std::vector<ParameterImportance> parameters;
  std::string why_none;  // where no parameter stands out: why, and what would tell; else empty
};

/// One an objective, by the complete trials that have all values, keep to the constraints or not,
/// and whose joules can be compared and are whole. Errors: kCorrupt for a configuration that is not
/// of the space.
Result<std::vector<ObjectiveImportance>> ImportanceForObjectives(const Study& study,
                                                                 const std::vector<Trial>& trials);

}  // namespace joulefront
