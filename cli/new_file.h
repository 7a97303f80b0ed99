// Files that are there whole or not at all.
#pragma once

#include <fstream>
#include <functional>
#include <string>

#include "base/result.h"

namespace joulefront {

/// Has `write` make a file beside `target`, and gives it that name once it is written. Errors:
/// kConflict if `target` exists already; kUnavailable; those of `write`.
Result<void> WriteNewFile(const std::string& target,
                          const std::function<Result<void>(const std::string& partial)>& write);

/// Opens a file that the user names for a report, and empties it. `flag`, such as "--output", is
/// for the message. Errors: kUnavailable, also for a symbolic link of another user's.
Result<std::ofstream> OpenOutput(const std::string& path, const std::string& flag);

}  // namespace joulefront
