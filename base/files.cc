#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/shortage.h"

namespace joulefront {
namespace {

tl::unexpected<Error> CannotRead(const std::string& path, int reason) {
  const bool missing = reason == ENOENT || reason == ENOTDIR || reason == EISDIR;
  return Fail(missing ? ErrorCode::kNotFound : CodeOf(reason),
              fmt::format("cannot read '{}': {}", path, std::strerror(reason)));
}

tl::unexpected<Error> NotRegular(const std::string& path, const struct stat& status) {
  if (S_ISDIR(status.st_mode)) return CannotRead(path, EISDIR);
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' is {}, which is not read: name a regular file", path,
                          S_ISFIFO(status.st_mode) ? "a pipe" : "a device"));
}

tl::unexpected<Error> TooLarge(const std::string& path, std::size_t most) {
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' is larger than {}, and is not read", path,
                          most < 1 << 20 ? fmt::format("{} bytes", most)
                                         : fmt::format("{} MiB", most >> 20)));
}

/// A file opened without waiting for who may be at the other end of a pipe.
class Opened {
 public:
  explicit Opened(const std::string& path)
      : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  ~Opened() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Opened(const Opened&) = delete;
  int descriptor() const { return descriptor_; }
  /// Gives what it is; errno says why it is not open.
  bool IsOpen(struct stat& status) const {
    return descriptor_ >= 0 && fstat(descriptor_, &status) == 0;
  }

 private:
  int descriptor_;
};

/// A pipe that has no name on a disk, or a name of a descriptor that this process was given.
bool IsFromShell(const std::string& path, const struct stat& status, int descriptor) {
  if (path == "/dev/stdin" || path.starts_with("/dev/fd/") || path.starts_with("/proc/self/fd/")) {
    return true;
  }
  struct statfs where {};
  return S_ISFIFO(status.st_mode) && fstatfs(descriptor, &where) == 0 &&
         where.f_type == PIPEFS_MAGIC;
}

template <typename MayWait>
Result<std::string> ReadBounded(const std::string& path, std::size_t most, MayWait may_wait) {
  const Opened file(path);
  struct stat status {};
  if (!file.IsOpen(status)) return CannotRead(path, errno);
  if (!S_ISREG(status.st_mode)) {
    if (S_ISDIR(status.st_mode) || !may_wait(status, file.descriptor())) {
      return NotRegular(path, status);
    }
    fcntl(file.descriptor(), F_SETFL, O_RDONLY);
  }
  return ReadInput(file.descriptor(), path, most);
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

Result<std::string> ReadRegularFile(const std::string& path, std::size_t most) {
  return ReadBounded(path, most, [](const struct stat&, int) { return false; });
}

Result<std::string> ReadInput(const std::string& path, std::size_t most) {
  return ReadBounded(path, most, [&](const struct stat& status, int descriptor) {
    return IsFromShell(path, status, descriptor);
  });
}

Result<std::string> ReadInput(int descriptor, const std::string& name, std::size_t most) {
  auto text = ReadFile(descriptor, name, most + 1);
  if (text && text->size() > most) return TooLarge(name, most);
  return text;
}

Result<std::string> ReadEndOfFile(const std::string& path, std::size_t at_most) {
  const Opened file(path);
  struct stat status {};
  if (!file.IsOpen(status)) return CannotRead(path, errno);
  if (!S_ISREG(status.st_mode)) return NotRegular(path, status);
  lseek(file.descriptor(), std::max<off_t>(0, status.st_size - static_cast<off_t>(at_most)),
        SEEK_SET);
  return ReadFile(file.descriptor(), path, at_most);
}

bool IsRegularFile(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

int OpenOwnFile(const std::string& path, OwnFile how) {
  // A pipe without a reader is none of ours, and is not waited for.
  constexpr int kFlags =
      O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_APPEND;
  if (how == OwnFile::kNew) unlink(path.c_str());
  const int descriptor = open(path.c_str(), how == OwnFile::kNew ? kFlags | O_EXCL : kFlags, 0666);
  struct stat status {};
  if (descriptor < 0) return descriptor;
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) return descriptor;
  close(descriptor);
  errno = EINVAL;
  return -1;
}

bool IsForeignLink(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode) && status.st_uid != 0 &&
         status.st_uid != geteuid();
}

std::pair<std::uint64_t, std::uint64_t> FileIdentity(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return {0, 0};
  return {status.st_dev, status.st_ino};
}

}  // namespace joulefront
