// export --format optuna.
#pragma once

#include "cli/options.h"

namespace joulefront {

/// Writes a study as a file of Optuna's, and gives the exit code.
int ExportToOptuna(const VerbOptions& options);

}  // namespace joulefront
