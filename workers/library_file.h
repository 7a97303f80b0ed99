// A library's file, looked at without loading it: loading runs its code.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace joulefront {

/// Whether the file is a shared library (ELF) for this machine that gives these functions. Reads at
/// most some MiB of a regular file. What else the library needs is not known. Errors:
/// kInvalidArgument with the first thing that is missing; kUnavailable.
Result<void> CheckLibraryFile(const std::string& path, const std::vector<std::string>& functions);

}  // namespace joulefront
