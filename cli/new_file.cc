#include "cli/new_file.h"

#include <fmt/format.h>

#include <filesystem>

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
  fs::remove(partial, error);
  auto written = write(partial);
  if (written) fs::rename(partial, target, error);
  if (written && !error) return {};
  std::error_code ignored;
  fs::remove(partial, ignored);
  if (!written) return written;
  return Fail(ErrorCode::kUnavailable, fmt::format("cannot write {}: {}", target, error.message()));
}

}  // namespace joulefront
