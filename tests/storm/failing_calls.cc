// Loaded before everything else (LD_PRELOAD), makes one call of a function fail in every process:
// JOULEFRONT_FAIL="fork:3" the third. "clock:3": calendar time is a day ahead from the third look
// on. JOULEFRONT_FAIL_MARKER names a file that is made when that happens.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

namespace {

std::atomic<long> calls{0};

template <typename Function>
Function Real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

/// Counts a call of `name`; 0 if it is not the one, < 0 before the point, > 0 from it on.
long Reached(const char* name) {
  static const char* const fail = std::getenv("JOULEFRONT_FAIL");
  const std::size_t size = std::strlen(name);
  if (fail == nullptr || std::strncmp(fail, name, size) != 0 || fail[size] != ':') return 0;
  const long past = ++calls - std::atol(fail + size + 1) + 1;
  if (past == 1) {
    const char* marker = std::getenv("JOULEFRONT_FAIL_MARKER");
    const int file = marker == nullptr ? -1
                                       : Real<int (*)(const char*, int, mode_t)>("open")(
                                             marker, O_CREAT | O_WRONLY, mode_t{0600});
    if (file >= 0) close(file);
  }
  return past;
}

bool Fails(const char* name) { return Reached(name) == 1; }

}  // namespace

extern "C" {

pid_t fork() {
  if (Fails("fork")) return errno = EAGAIN, -1;
  return Real<pid_t (*)()>("fork")();
}

int pipe2(int ends[2], int flags) {
  if (Fails("pipe2")) return errno = EMFILE, -1;
  return Real<int (*)(int*, int)>("pipe2")(ends, flags);
}

ssize_t write(int file, const void* bytes, size_t size) {
  if (Fails("write")) return errno = ENOSPC, -1;
  return Real<ssize_t (*)(int, const void*, size_t)>("write")(file, bytes, size);
}

int fsync(int file) {
  if (Fails("fsync")) return errno = EIO, -1;
  return Real<int (*)(int)>("fsync")(file);
}

int fdatasync(int file) {
  if (Fails("fsync")) return errno = EIO, -1;
  return Real<int (*)(int)>("fdatasync")(file);
}

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const auto mode = static_cast<mode_t>(va_arg(more, unsigned));
  va_end(more);
  // Reading /proc and libraries fails for nobody: the machine would be broken.
  if ((flags & (O_WRONLY | O_RDWR)) != 0 && Fails("open")) return errno = EMFILE, -1;
  return Real<int (*)(const char*, int, mode_t)>("open")(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const auto mode = static_cast<mode_t>(va_arg(more, unsigned));
  va_end(more);
  if ((flags & (O_WRONLY | O_RDWR)) != 0 && Fails("open")) return errno = EMFILE, -1;
  return Real<int (*)(const char*, int, mode_t)>("open64")(path, flags, mode);
}

int clock_gettime(clockid_t clock, timespec* time) {
  const int result = Real<int (*)(clockid_t, timespec*)>("clock_gettime")(clock, time);
  if (clock == CLOCK_REALTIME && Reached("clock") > 0) time->tv_sec += 86400;
  return result;
}

}  // extern "C"
