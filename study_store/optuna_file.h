// A study as a file of Optuna's: a SQLite database with the tables of its RDB storage, which
// optuna.load_study() and optuna-dashboard open. What stands where: docs/optuna.md.
#pragma once

#include <string>

#include "base/result.h"
#include "study_store/store.h"

namespace joulefront {

/// Writes the study to `path`, a file that is not there yet, in one transaction. Of a study that
/// runs, trials are as they are when their turn comes. Errors: the store's; kUnavailable if the
/// file cannot be written.
Result<void> WriteOptunaFile(StudyStore& store, StudyId id, const std::string& path);

}  // namespace joulefront
