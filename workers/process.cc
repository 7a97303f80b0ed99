#include "workers/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "base/check.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/shortage.h"
#include "workers/meters/cpu_time.h"

extern char** environ;

namespace joulefront {
namespace {

std::vector<pid_t> helpers;

constexpr int kWatchedSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

bool OwnGroup(Stdio stdio) { return stdio == Stdio::kPipes || stdio == Stdio::kLog; }

/// In the child, between fork and exec: only calls that are safe there. A process that has loaded
/// a trainer has one thread, so that anything is.
struct ChildSide {
  const SpawnOptions& options;
  char* const* arguments;
  char* const* environment;
  pid_t parent;
  int input, out, err, failure;

  [[noreturn]] void Run() const {
    if (OwnGroup(options.stdio)) setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, options.death_signal);
    if (getppid() != parent) _exit(127);  // the parent died before the call above
    if (!options.join.empty()) {          // failing that, the caller sees that it did not join
      const int group = open(options.join.c_str(), O_WRONLY | O_CLOEXEC);
      [[maybe_unused]] const auto joined = write(group, "0", 1);
      close(group);
    }
    struct sigaction fallback {};
    fallback.sa_handler = SIG_DFL;
    for (int signal = 1; signal < 32; ++signal) sigaction(signal, &fallback, nullptr);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    if (OwnGroup(options.stdio)) {
      const int in = input >= 0 ? input : open("/dev/null", O_RDONLY);
      if (in < 0 || dup2(in, 0) < 0) Give("stdio");
    }
    if ((out >= 0 && dup2(out, 1) < 0) || (err >= 0 && dup2(err, 2) < 0)) Give("stdio");
    if (!options.folder.empty() && chdir(options.folder.c_str()) != 0) Give("chdir");
    if (options.kept_file >= 0) fcntl(options.kept_file, F_SETFD, 0);
    environ = const_cast<char**>(environment);
    if (options.entry != nullptr) Enter();
    execvp(arguments[0], arguments);
    Give("exec");
  }

  /// Closing `failure` tells the caller that all went well, as exec would.
  [[noreturn]] void Enter() const {
    const std::string& program = options.arguments[0];
    prctl(PR_SET_NAME, program.c_str() + program.rfind('/') + 1);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    _exit(options.entry(static_cast<int>(options.arguments.size()), const_cast<char**>(arguments)));
  }

  [[noreturn]] void Give(const char* step) const {
    const int reason[2] = {errno, step[0]};
    [[maybe_unused]] const auto written = write(failure, reason, sizeof reason);
    _exit(127);
  }
};

Result<std::pair<FileDescriptor, FileDescriptor>> Pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return Fail(CodeOf(errno), fmt::format("cannot make a pipe: {}", strerror(errno)));
  }
  return std::pair(FileDescriptor(ends[0]), FileDescriptor(ends[1]));
}

Result<FileDescriptor> OpenLog(const std::string& path) {
  FileDescriptor log(path.empty() ? open("/dev/null", O_WRONLY | O_CLOEXEC)
                                  : OpenOwnFile(path, OwnFile::kAppend));
  if (log.open()) return log;
  return Fail(CodeOf(errno), fmt::format("cannot write the log '{}': {}", path, strerror(errno)));
}

/// A file in memory that holds the text, open at its beginning; none for no text.
Result<FileDescriptor> InputFile(const std::string& text) {
  if (text.empty()) return FileDescriptor();
  FileDescriptor file(memfd_create("joulefront-input", MFD_CLOEXEC));
  const bool good =
      file.open() &&
      write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      lseek(file.get(), 0, SEEK_SET) == 0;
  if (good) return file;
  return Fail(CodeOf(errno), fmt::format("cannot make a file in memory: {}", strerror(errno)));
}

tl::unexpected<Error> StartFailure(const std::string& program, int reason, bool in_exec) {
  const std::string why = fmt::format("cannot start '{}': {}", program, strerror(reason));
  if (IsShortage(reason) || !in_exec) return Fail(CodeOf(reason), why);
  if (reason == ENOENT) {
    return Fail(ErrorCode::kNotFound,
                fmt::format("the program '{}' was not found; give its full path, or check that it "
                            "and its interpreter are installed",
                            program));
  }
  if (reason == EACCES) {
    return Fail(ErrorCode::kNotExecutable,
                fmt::format("the program '{0}' may not be executed; try: chmod +x {0}", program));
  }
  return Fail(ErrorCode::kNotExecutable, why);
}

bool Holds(const std::vector<pid_t>& pids, pid_t pid) {
  return std::find(pids.begin(), pids.end(), pid) != pids.end();
}

/// The dead keep their entry until somebody reaps them, which in a container may be nobody.
bool IsZombie(pid_t pid) {
  const auto stat = ReadFile(fmt::format("/proc/{}/stat", pid));
  if (!stat) return stat.error().code != ErrorCode::kShortage;
  const auto name_end = stat->rfind(") ");
  return name_end == std::string::npos || stat->find_first_of("ZX", name_end) == name_end + 2;
}

/// Opens stdin, stdout and stderr on /dev/null where they are closed: else the next file opened, a
/// store perhaps, would take their place and be printed into.
void FillStandardFiles() {
  int fd = 0;
  while (fd >= 0 && fd <= STDERR_FILENO) fd = open("/dev/null", O_RDWR);
  if (fd >= 0) close(fd);
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileDescriptor::~FileDescriptor() { Close(); }

void FileDescriptor::Close() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

Seconds MonotonicNow() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return Seconds(static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec));
}

TimePoint CalendarNow() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

SignalWatch::SignalWatch() {
  FillStandardFiles();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (const int watched : kWatchedSignals) sigaddset(&set, watched);
  // `nohup` ignores it, and a signal that is blocked would come here all the same.
  struct sigaction hangup {};
  sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler == SIG_IGN) sigdelset(&set, SIGHUP);
  JF_CHECK(sigprocmask(SIG_BLOCK, &set, nullptr) == 0);
  fd_ = FileDescriptor(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd_.open()) throw std::system_error(errno, std::generic_category(), "watching for signals");
}

bool SignalWatch::Drain() {
  bool child = false;
  signalfd_siginfo arrived{};
  while (read(fd_.get(), &arrived, sizeof arrived) == sizeof arrived) {
    if (arrived.ssi_signo == SIGCHLD) {
      child = true;
    } else {
      RequestStop(static_cast<int>(arrived.ssi_signo));
      const bool from_terminal = arrived.ssi_code == SI_KERNEL;
      if (!from_terminal) sent_.push_back(static_cast<int>(arrived.ssi_signo));
    }
  }
  return child;
}

void SignalWatch::RequestStop(int signal) {
  if (stop_requests_++ == 0) stop_signal_ = signal;
}

void SleepFor(Seconds time) { poll(nullptr, 0, static_cast<int>(time.value() * 1e3)); }

void PauseFor(SignalWatch& signals, Seconds time) {
  pollfd fd{signals.fd(), POLLIN, 0};
  poll(&fd, 1, static_cast<int>(time.value() * 1e3));
  signals.Drain();
}

Result<ChildProcess> Spawn(const SpawnOptions& options) {
  JF_CHECK(!options.arguments.empty());
  auto failure = Pipe();
  if (!failure) return Pass(failure);
  ChildProcess child;
  FileDescriptor out_end, err_end;
  if (options.stdio == Stdio::kPipes || options.stdio == Stdio::kPipeOut) {
    auto out = Pipe();
    if (!out) return Pass(out);
    std::tie(child.out, out_end) = std::move(*out);
    fcntl(child.out.get(), F_SETFL, O_NONBLOCK);
  }
  if (options.stdio == Stdio::kPipes) {
    auto err = Pipe();
    if (!err) return Pass(err);
    std::tie(child.err, err_end) = std::move(*err);
    fcntl(child.err.get(), F_SETFL, O_NONBLOCK);
  } else if (options.stdio == Stdio::kLog) {
    auto log = OpenLog(options.log);
    if (!log) return Pass(log);
    out_end = std::move(*log);
  }
  auto input = InputFile(options.input);
  if (!input) return Pass(input);
  const auto arguments = Pointers(options.arguments);
  const auto environment = Pointers(options.environment);
  const int err_fd = options.stdio == Stdio::kLog ? out_end.get() : err_end.get();
  const ChildSide side{options,  arguments.data(),     environment.data(),
                       getpid(), input->get(),         out_end.get(),
                       err_fd,   failure->second.get()};
  if (options.entry != nullptr) fflush(nullptr);  // the child would print it again
  child.pid = fork();
  if (child.pid == 0) side.Run();
  if (child.pid < 0) return StartFailure(options.arguments[0], errno, false);
  // Also here, so that the group exists when this function returns.
  if (OwnGroup(options.stdio)) setpgid(child.pid, child.pid);
  failure->second.Close();
  int reason[2] = {0, 0};
  ssize_t size = 0;
  do {
    size = read(failure->first.get(), reason, sizeof reason);
  } while (size < 0 && errno == EINTR);
  if (size == 0) return child;  // closed by a successful exec
  waitpid(child.pid, nullptr, 0);
  return StartFailure(options.arguments[0], reason[0], reason[1] == 'e');
}

void BecomeSubreaper() { JF_CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0); }

void SignalGroup(pid_t group, int signal) {
  if (group > 1) kill(-group, signal);
}

int KillLeftovers(const std::string& work_dir) {
  const std::string mark = "JOULEFRONT_WORK_DIR=" + work_dir;
  int killed = 0;
  const Seconds begin = MonotonicNow();
  for (bool found = true; found && (MonotonicNow() - begin).value() < 1.0;) {
    found = false;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
      const pid_t pid = std::atoi(entry.path().filename().c_str());
      if (pid <= 1 || pid == getpid()) continue;
      const std::string environment = '\0' + ReadFile(entry.path() / "environ").value_or("");
      if (environment.find('\0' + mark + '\0') == std::string::npos) continue;
      if (kill(pid, SIGKILL) != 0) continue;
      found = true;
      ++killed;
    }
    if (found) poll(nullptr, 0, 5);  // a killed process keeps its environment for a moment
  }
  return killed;
}

void KeepHelper(pid_t pid) { helpers.push_back(pid); }
void ForgetHelper(pid_t pid) { std::erase(helpers, pid); }
const std::vector<pid_t>& Helpers() { return helpers; }

void KillDescendants() {
  const Seconds begin = MonotonicNow();
  int looks_without = 0;  // where helpers stay, waitpid() cannot say that nothing else is left
  while ((MonotonicNow() - begin).value() < 1.0 && looks_without < 2) {
    const pid_t reaped = waitpid(-1, nullptr, WNOHANG);
    if (reaped > 0) continue;
    if (reaped < 0 && errno == ECHILD) return;
    bool found = helpers.empty();
    for (const pid_t pid : Descendants(SystemRoots{}, getpid())) {
      if (std::find(helpers.begin(), helpers.end(), pid) != helpers.end()) continue;
      found = true;
      kill(pid, SIGKILL);
    }
    looks_without = found ? 0 : looks_without + 1;
    poll(nullptr, 0, 1);
  }
}

std::vector<pid_t> Children() {
  std::ifstream file(fmt::format("/proc/self/task/{}/children", getpid()));
  std::vector<pid_t> children;
  for (pid_t pid = 0; file >> pid;) children.push_back(pid);
  return children;
}

void ReapChildren(const std::vector<pid_t>& kept, const std::function<void(pid_t, int)>& take) {
  int status = 0;
  const std::vector<pid_t> children = kept.empty() ? kept : Children();
  if (children.empty()) {
    for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) take(pid, status);
    return;
  }
  for (const pid_t pid : children) {
    if (Holds(kept, pid)) continue;
    if (waitpid(pid, &status, WNOHANG) == pid) take(pid, status);
  }
}

void KillStrayChildren(const std::vector<pid_t>& kept) {
  for (const pid_t pid : Children()) {
    if (!Holds(kept, pid)) kill(pid, SIGKILL);
  }
}

std::vector<std::string> NamesOfChildren(const std::vector<pid_t>& others) {
  std::vector<std::string> names;
  for (const pid_t pid : Children()) {
    const auto name = ReadFile(fmt::format("/proc/{}/comm", pid));
    if (Holds(others, pid) || !name || IsZombie(pid)) continue;
    names.push_back(fmt::format("{} ({})", LastLine(*name, 16), pid));
  }
  return names;
}

std::string BootId() {
  std::string id = ReadFile("/proc/sys/kernel/random/boot_id").value_or("");
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

std::string HostName() {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

bool IsAlive(pid_t pid, std::int64_t start_ticks) {
  const auto stat = ReadFile(fmt::format("/proc/{}/stat", pid));
  if (!stat) return stat.error().code == ErrorCode::kShortage;  // not seen is not dead
  const auto now = StartTicks(SystemRoots{}, pid);
  const bool is_another = now && start_ticks != 0 && *now != start_ticks;
  return !is_another && !IsZombie(pid);
}

}  // namespace joulefront
