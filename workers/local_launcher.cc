#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include "base/files.h"
#include "base/printable.h"
#include "study_store/placeholders.h"
#include "workers/growing_pause.h"
#include "workers/launcher.h"
#include "workers/process.h"

namespace joulefront {
namespace {

// A worker that ends so soon after its start, or gives up by itself within the longer time, has
// failed. One that fails again and again, after pauses that grow, is not started any more.
constexpr int kMostFailures = 5;
constexpr Seconds kEarly(2.0), kSoon(60.0);
constexpr Seconds kFirstPause(0.25), kLongestPause(5.0), kPausesInAll(3.0);
constexpr std::size_t kLongestLogEnd = 4096, kLongestLine = 200;

class LocalLauncher final : public Launcher {
 public:
  LocalLauncher(LaunchPlan plan, std::vector<std::string> command)
      : plan_(std::move(plan)),
        command_(std::move(command)),
        workers_(static_cast<std::size_t>(plan_.most)) {}

  Result<void> Keep(std::int64_t needed) override {
    std::int64_t alive = std::count_if(workers_.begin(), workers_.end(), IsAlive);
    const WorkerProcess* given_up = nullptr;
    for (std::size_t slot = 0; slot < workers_.size() && alive < needed; ++slot) {
      WorkerProcess& worker = workers_[slot];
      if (IsAlive(worker)) continue;
      if (worker.lacks_meter) {
        return Fail(ErrorCode::kNoMeter,
                    fmt::format("a source of joules that the study needs has gone; {} says which, "
                                "and its trials wait for the next run",
                                LogOf(slot)));
      }
      if (worker.failures >= kMostFailures) {
        given_up = &worker;
        continue;
      }
      ++alive;  // or soon
      if (MonotonicNow() >= worker.not_before) JF_TRY(Start(slot));
    }
    if (alive > 0 || given_up == nullptr) return {};
    return Fail(ErrorCode::kUnavailable,
                fmt::format("a worker was started {} times in vain; what it was to train waits for "
                            "the next run: {}",
                            kMostFailures, given_up->problem));
  }

  /// This process adopts what dead workers leave behind, so other children than workers may end
  /// too. They are killed here: they need not carry the mark that ReclaimLostAttempts() looks for.
  bool Reap() override {
    bool any = false;
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      for (WorkerProcess& worker : workers_) {
        if (worker.pid != pid) continue;
        NoteEnd(worker, status);
        any = true;
      }
    }
    std::vector<pid_t> alive;
    for (const WorkerProcess& worker : workers_) alive.push_back(worker.pid);
    KillStrayChildren(alive);
    return any;
  }

  bool HasAny() override { return std::any_of(workers_.begin(), workers_.end(), IsAlive); }

  void Dismiss() override {}   // they end by themselves
  void HandOver() override {}  // they are children of this process

  void Stop() override {
    for (const WorkerProcess& worker : workers_) {
      SignalGroup(worker.pid, SIGTERM);
      SignalGroup(worker.pid, SIGCONT);  // a stopped process takes no TERM
    }
  }

 private:
  struct WorkerProcess {
    pid_t pid = -1;
    Seconds started, not_before;
    int failures = 0;  // one after another
    GrowingPause pause{kFirstPause, kLongestPause, kPausesInAll};
    std::string problem;  // of the last failure
    bool lacks_meter = false;
  };
  static bool IsAlive(const WorkerProcess& worker) { return worker.pid > 0; }

  /// Errors: kNotFound or kNotExecutable; what the machine lacks now is a failure of the worker.
  Result<void> Start(std::size_t slot) {
    std::vector<std::string> arguments = plan_.worker;
    arguments.insert(arguments.end(), {"--slot", std::to_string(slot)});
    if (!command_.empty()) {
      arguments = FillLaunchCommand(command_, arguments, static_cast<int>(slot));
    }
    auto child = Spawn({.arguments = std::move(arguments),
                        .environment = OwnEnvironment(),
                        .folder = {},
                        .stdio = Stdio::kLog,
                        .log = LogOf(slot),
                        .death_signal = SIGTERM});
    WorkerProcess& worker = workers_[slot];
    if (!child && child.error().code == ErrorCode::kShortage) {
      NoteFailure(worker, child.error().message);
      return {};
    }
    if (!child) return Pass(child, "starting a worker");
    worker.pid = child->pid;
    worker.started = MonotonicNow();
    return {};
  }

  void NoteEnd(WorkerProcess& worker, int status) {
    const Seconds lived = MonotonicNow() - worker.started;
    // From 128 on it was told to stop.
    const bool gave_up = WIFEXITED(status) && WEXITSTATUS(status) > 0 && WEXITSTATUS(status) < 128;
    worker.pid = -1;
    worker.lacks_meter = WIFEXITED(status) && WEXITSTATUS(status) == plan_.no_meter_status;
    if (lived < kEarly || (gave_up && lived < kSoon)) {
      NoteFailure(worker, LastWords(static_cast<std::size_t>(&worker - workers_.data())));
    } else {
      worker.failures = 0;
      worker.pause.Reset();
    }
  }

  void NoteFailure(WorkerProcess& worker, std::string problem) {
    ++worker.failures;
    worker.not_before = MonotonicNow() + worker.pause.Next().value_or(kLongestPause);
    worker.problem = std::move(problem);
    if (worker.failures == 2) {
      plan_.say(
          fmt::format("a worker was started twice in vain, and will be again: {}", worker.problem));
    } else if (worker.failures == kMostFailures && plan_.most > 1) {
      plan_.say(fmt::format("a worker was started {} times in vain, and is left out: {}",
                            kMostFailures, worker.problem));
    }
  }

  /// "see s.work/worker-0.log, which ends: ..."
  std::string LastWords(std::size_t slot) const {
    const std::string path = LogOf(slot);
    const std::string line =
        LastLine(ReadEndOfFile(path, kLongestLogEnd).value_or(""), kLongestLine);
    return fmt::format("see {}{}", path, line.empty() ? "" : ", which ends: " + line);
  }

  std::string LogOf(std::size_t slot) const {
    return fmt::format("{}/worker-{}.log", plan_.folder, slot);
  }

  LaunchPlan plan_;
  std::vector<std::string> command_;
  std::vector<WorkerProcess> workers_;  // by slot
};

}  // namespace

std::string ShellText(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@=+,%";
    if (!text.empty()) text += ' ';
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) {
      text += word;
      continue;
    }
    text += '\'';
    for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += '\'';
  }
  return text;
}

std::vector<std::string> FillLaunchCommand(const std::vector<std::string>& command,
                                           const std::vector<std::string>& worker, int slot) {
  const auto lookup = [&](const std::string& name) {
    return name == "slot" ? std::to_string(slot) : ShellText(worker);
  };
  std::vector<std::string> filled;
  for (const std::string& word : command) {
    if (word == "{worker}") {
      filled.insert(filled.end(), worker.begin(), worker.end());
    } else {
      filled.push_back(ReplacePlaceholders(word, lookup));
    }
  }
  return filled;
}

std::unique_ptr<Launcher> MakeLocalLauncher(LaunchPlan plan, std::vector<std::string> command) {
  return std::make_unique<LocalLauncher>(std::move(plan), std::move(command));
}

std::unique_ptr<Launcher> MakeLauncher(LaunchPlan plan, const LaunchSettings& settings) {
  switch (settings.kind) {
    case LaunchKind::kLocal:
      break;
    case LaunchKind::kCommand:
      return MakeLocalLauncher(std::move(plan), settings.command);
    case LaunchKind::kSlurm:
      return MakeSlurmLauncher(std::move(plan), settings.slurm);
  }
  return MakeLocalLauncher(std::move(plan));
}

}  // namespace joulefront
