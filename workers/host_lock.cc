#include "workers/host_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/shortage.h"

namespace joulefront {
namespace {

/// In a folder that anyone may write to, the kernel lets nobody but its owner open a file "to be
/// made", so it is opened as it is first.
FileDescriptor OpenLock(const std::string& path) {
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;  // a pipe is none
  FileDescriptor file(open(path.c_str(), kFlags));
  if (!file.open() && errno == ENOENT) {
    file = FileDescriptor(open(path.c_str(), kFlags | O_CREAT | O_EXCL, 0644));
  }
  if (!file.open() && errno == EEXIST) {  // another was faster
    file = FileDescriptor(open(path.c_str(), kFlags));
  }
  struct stat status {};
  if (file.open() && fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode)) return file;
  if (file.open()) errno = EINVAL;
  return FileDescriptor();
}

}  // namespace

HostLock::HostLock(const std::string& name, std::string folder) {
  if (folder.empty()) folder = access("/run/lock", W_OK | X_OK) == 0 ? "/run/lock" : "/tmp";
  path_ = fmt::format("{}/joulefront-{}.lock", folder, name);
}

std::string HostLock::NameOfGpus(const std::vector<std::string>& gpus) {
  std::string name = "gpu";
  for (const std::string& gpu : gpus) name += "-" + gpu;
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

bool HostLock::TryAcquire(bool exclusive) {
  file_ = OpenLock(path_);
  if (!file_.open() && IsShortage(errno)) return false;  // another time
  if (!file_.open()) {
    problem_ = fmt::format(
        "cannot open {} ({}): attempts of other studies on this machine are not "
        "kept apart from this one",
        path_, strerror(errno));
    return true;
  }
  int result = 0;
  do {
    result = flock(file_.get(), (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return true;
  const bool taken = errno == EWOULDBLOCK;
  if (!taken) problem_ = fmt::format("cannot lock {}: {}", path_, strerror(errno));
  file_.Close();
  return !taken;
}

}  // namespace joulefront
