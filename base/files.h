// Files read whole.
#pragma once

#include <cstddef>
#include <limits>
#include <string>

#include "base/result.h"

namespace joulefront {

inline constexpr std::size_t kWholeFile = std::numeric_limits<std::size_t>::max();

/// The bytes of a file, at most the first `at_most`. A file of /proc may fail in the middle, as
/// that of a process that ends does: an error as well. kNotFound if there is no file of this name,
/// kUnavailable if it cannot be read; the message is "cannot read 'PATH': REASON".
Result<std::string> ReadFile(const std::string& path, std::size_t at_most = kWholeFile);

/// The same of an open descriptor, from where it stands to its end; `name` is for the message.
Result<std::string> ReadFile(int descriptor, const std::string& name,
                             std::size_t at_most = kWholeFile);

}  // namespace joulefront
