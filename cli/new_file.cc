#include "cli/new_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/files.h"

namespace joulefront {

namespace fs = std::filesystem;

Result<void> WriteNewFile(const std::string& target,
                          const std::function<Result<void>(const std::string& partial)>& write) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(target, error))) {
    return Fail(ErrorCode::kConflict,
                fmt::format("{} exists already; name a file that is not there yet", target));
  }
  const std::string partial = target + ".partial";
  const int made = OpenOwnFile(partial, OwnFile::kNew);  // of nobody else's
  if (made < 0) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("cannot write {}: {}", partial, std::strerror(errno)));
  }
  close(made);
  auto written = write(partial);
  if (written) fs::rename(partial, target, error);
  if (written && !error) return {};
  std::error_code ignored;
  fs::remove(partial, ignored);
  if (!written) return written;
  return Fail(ErrorCode::kUnavailable, fmt::format("cannot write {}: {}", target, error.message()));
}

Result<std::ofstream> OpenOutput(const std::string& path, const std::string& flag) {
  const bool foreign = IsForeignLink(path);
  std::ofstream file;
  errno = 0;
  if (!foreign) file.open(path, std::ios::binary | std::ios::trunc);
  if (!foreign && file) return file;
  return Fail(ErrorCode::kUnavailable,
              fmt::format("{}: '{}' cannot be written: {}", flag, path,
                          foreign ? "a symbolic link of another user's is not followed"
                                  : std::strerror(errno)));
}

}  // namespace joulefront
