// Attempts of a trial that were interrupted, and left something to go on with.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "study_store/store.h"
#include "workers/attempt_runner.h"

namespace joulefront {

/// Whether the folder of an attempt has a checkpoint: a file whose name begins with "checkpoint".
bool HasCheckpoint(const std::string& work_dir);

/// A shorter trial that is complete, as what is gone on with.
Origin OriginIn(const Trial& shorter);

/// What attempt `next` of a trial goes on with: the attempt before it and, where that has gone on
/// too, those before that: the joules are those of all of them. Empty if the last one was not
/// interrupted, has no checkpoint, or has joules that cannot be added to (unknown, partial, of
/// another key): then the next begins anew. Attempts that never began are passed over. `folder_of`:
/// of an attempt by its number.
std::optional<Origin> EarlierAttempts(const Study& study, const std::vector<Attempt>& attempts,
                                      int next, const std::function<std::string(int)>& folder_of);

/// What a claimed attempt goes on with: a shorter trial, or its own trial's attempts that were
/// interrupted. Empty if it begins anew, also since the folder of the shorter one is gone, which is
/// told. Errors: the store's.
Result<std::optional<Origin>> OriginOf(StudyStore& store, const Study& study, const Claim& claim,
                                       const std::string& store_path,
                                       const std::function<void(const std::string&)>& say);

}  // namespace joulefront
