// Results that a store which is away could not take yet, kept in the attempt's folder: whoever
// finds the attempt without its worker delivers them.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "study_store/trial.h"

namespace joulefront {

/// Keeps the result in the folder, whole or not at all. Errors: kUnavailable.
Result<void> KeepUndelivered(const std::string& work_dir, const Claim& claim,
                             const AttemptResult& result);

/// The result that `worker` kept there; empty if it kept none, or the file is no such thing.
/// Errors: kShortage.
Result<std::optional<AttemptResult>> FindUndelivered(const std::string& work_dir,
                                                     const std::string& worker);

/// Whether somebody kept a result there.
bool HoldsUndelivered(const std::string& work_dir);

/// It has been delivered.
void ForgetUndelivered(const std::string& work_dir);

}  // namespace joulefront
