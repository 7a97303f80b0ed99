// What the tests of running trainers share: waiting for conditions, and finding what was left
// behind.
#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <utility>

#include "tests/workers/trainers.h"
#include "workers/process.h"

namespace joulefront {

/// Waits until the condition holds; false if it does not within `longest`.
inline bool Eventually(const std::function<bool()>& condition, Seconds longest = Seconds(20.0)) {
  const Seconds begin = MonotonicNow();
  while (!condition()) {
    if (MonotonicNow() - begin > longest) return false;
    poll(nullptr, 0, 10);
  }
  return true;
}

/// Live processes that work in the folder or below it, or whose command names it: the command lines
/// of all, so that a failure tells them. Zombies are none. Nor is this process.
inline std::vector<std::string> ProcessesOf(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const int pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 1 || pid == getpid()) continue;
    std::string command = ReadAll(entry.path() / "cmdline");
    if (command.empty()) continue;
    for (char& c : command) c = c == '\0' ? ' ' : c;
    const auto works_in = std::filesystem::read_symlink(entry.path() / "cwd", error);
    if (works_in.string().starts_with(folder) || command.find(folder) != std::string::npos) {
      found.push_back(fmt::format("{} {}", pid, command));
    }
  }
  return found;
}

/// A process that a test started: in a folder, its output in the file "NAME.log" there. Killed, if
/// it still runs, with the object.
class Job {
 public:
  Job(const ScratchFolder& folder, const std::string& name, std::vector<std::string> arguments)
      : log_(folder / (name + ".log")) {
    std::vector<std::string> environment = {"TERM=dumb"};
    for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
    auto child = Spawn({.arguments = std::move(arguments),
                        .environment = std::move(environment),
                        .folder = folder.path(),
                        .stdio = Stdio::kLog,
                        .log = log_});
    if (!child) FAIL(child.error().message);
    pid_ = child->pid;
  }
  ~Job() {
    if (!ended_) Kill(SIGKILL);
    if (!ended_) waitpid(pid_, nullptr, 0);
  }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  pid_t pid() const { return pid_; }
  void Kill(int signal) const { kill(pid_, signal); }
  std::string output() const { return ReadAll(log_); }

  /// The exit status, or 1000 + the signal; -1 if it does not end within `longest`.
  int Wait(Seconds longest = Seconds(40.0)) {
    int status = 0;
    ended_ = ended_ || Eventually([&] { return waitpid(pid_, &status, WNOHANG) == pid_; }, longest);
    if (!ended_) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }

 private:
  std::string log_;
  pid_t pid_ = -1;
  bool ended_ = false;
};

}  // namespace joulefront
