#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace joulefront {
namespace {

tl::unexpected<Error> CannotRead(const std::string& path, int reason) {
  const bool missing = reason == ENOENT || reason == ENOTDIR || reason == EISDIR;
  return Fail(missing ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
              fmt::format("cannot read '{}': {}", path, std::strerror(reason)));
}

}  // namespace

Result<std::string> ReadFile(const std::string& path, std::size_t at_most) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return CannotRead(path, errno);
  auto text = ReadFile(descriptor, path, at_most);
  close(descriptor);
  return text;
}

Result<std::string> ReadFile(int descriptor, const std::string& name, std::size_t at_most) {
  std::string text;
  std::array<char, 16384> block;
  while (text.size() < at_most) {
    const ssize_t count =
        read(descriptor, block.data(), std::min(block.size(), at_most - text.size()));
    if (count == 0) break;
    if (count > 0) text.append(block.data(), static_cast<std::size_t>(count));
    if (count < 0 && errno != EINTR) return CannotRead(name, errno);
  }
  return text;
}

std::pair<std::uint64_t, std::uint64_t> FileIdentity(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return {0, 0};
  return {status.st_dev, status.st_ino};
}

}  // namespace joulefront
