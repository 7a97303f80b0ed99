// The tables of Optuna's RDB storage. Private to study_store.
#pragma once

namespace joulefront {

/// Makes them, as of revision v3.2.0.a, which Optuna 3.2 to 5 open without an upgrade. Names, types
/// and constraints are Optuna's, so that its later upgrades find what they look for.
extern const char* const kOptunaSchema;

}  // namespace joulefront
