// Files read whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

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

/// Which file a path names (device and inode): the same as long as it is not deleted, moved or
/// replaced. {0, 0}: none.
std::pair<std::uint64_t, std::uint64_t> FileIdentity(const std::string& path);

}  // namespace joulefront
