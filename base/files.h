// Files read whole, and how files of ours are opened where others may write.
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
/// kUnavailable or kShortage if it cannot be read; the message is "cannot read 'PATH': REASON".
Result<std::string> ReadFile(const std::string& path, std::size_t at_most = kWholeFile);

/// The same of an open descriptor, from where it stands to its end; `name` is for the message.
Result<std::string> ReadFile(int descriptor, const std::string& name,
                             std::size_t at_most = kWholeFile);

/// A regular file of at most so many bytes, as a study, a store or a trainer names one. Nothing
/// else is read or waited for, be it a pipe or a device. Errors: kInvalidArgument if it is no
/// regular file or larger; else as of ReadFile().
Result<std::string> ReadRegularFile(const std::string& path, std::size_t most);

/// The same for a file that a user names: also what a shell gives, which is waited for: a pipe that
/// has no name (`<(command)`), /dev/stdin and the like.
Result<std::string> ReadInput(const std::string& path, std::size_t most);

/// The same of an open descriptor, such as stdin.
Result<std::string> ReadInput(int descriptor, const std::string& name, std::size_t most);

/// The last bytes of a regular file, at most `at_most`. Errors as of ReadRegularFile().
Result<std::string> ReadEndOfFile(const std::string& path, std::size_t at_most);

bool IsRegularFile(const std::string& path);

enum class OwnFile {
  kNew,     // what has its name is removed
  kAppend,  // it goes on
};

/// A descriptor for writing a file of ours, in a folder that others may write to: no symbolic link
/// is followed, no pipe or device opened. -1, with errno, if that cannot be.
int OpenOwnFile(const std::string& path, OwnFile how);

/// Whether a symbolic link of this name is another user's, who could lead us elsewhere by it.
bool IsForeignLink(const std::string& path);

/// Which file a path names (device and inode): the same as long as it is not deleted, moved or
/// replaced. {0, 0}: none.
std::pair<std::uint64_t, std::uint64_t> FileIdentity(const std::string& path);

}  // namespace joulefront
