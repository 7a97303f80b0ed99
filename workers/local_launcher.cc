#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include "study_store/placeholders.h"
#include "workers/launcher.h"
#include "workers/process.h"

namespace joulefront {
namespace {

constexpr int kMostEarlyDeaths = 5;  // of a worker, within kEarly of its start, one after another
constexpr Seconds kEarly(2.0);

class LocalLauncher final : public Launcher {
 public:
  LocalLauncher(LaunchPlan plan, std::vector<std::string> command)
      : plan_(std::move(plan)),
        command_(std::move(command)),
        workers_(static_cast<std::size_t>(plan_.most)) {}

  Result<void> Keep(std::int64_t needed) override {
    for (std::size_t slot = 0; slot < workers_.size(); ++slot) {
      WorkerProcess& worker = workers_[slot];
      if (worker.pid > 0 || static_cast<std::int64_t>(slot) >= needed) continue;
      if (worker.lacks_meter) {
        return Fail(ErrorCode::kNoMeter,
                    fmt::format("a source of joules that the study needs has gone; {} says which, "
                                "and its trials wait for the next run",
                                LogOf(slot)));
      }
      if (worker.early_deaths >= kMostEarlyDeaths) {
        return Fail(ErrorCode::kUnavailable,
                    fmt::format("worker {} ended {} times right after its start; see {}", slot,
                                kMostEarlyDeaths, LogOf(slot)));
      }
      JF_TRY(Start(slot));
    }
    return {};
  }

  /// This process adopts what dead workers leave behind, so other children than workers may end
  /// too. They are killed here: they need not carry the mark that ReclaimLostAttempts() looks for.
  bool Reap() override {
    bool any = false;
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      for (WorkerProcess& worker : workers_) {
        if (worker.pid != pid) continue;
        const bool early = MonotonicNow() - worker.started < kEarly;
        worker.early_deaths = early ? worker.early_deaths + 1 : 0;
        worker.lacks_meter = WIFEXITED(status) && WEXITSTATUS(status) == plan_.no_meter_status;
        worker.pid = -1;
        any = true;
      }
    }
    std::vector<pid_t> alive;
    for (const WorkerProcess& worker : workers_) alive.push_back(worker.pid);
    KillStrayChildren(alive);
    return any;
  }

  bool HasAny() override {
    return std::any_of(workers_.begin(), workers_.end(), [](auto& w) { return w.pid > 0; });
  }

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
    Seconds started;
    int early_deaths = 0;
    bool lacks_meter = false;
  };

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
    if (!child) return Pass(child, "starting a worker");
    workers_[slot].pid = child->pid;
    workers_[slot].started = MonotonicNow();
    return {};
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
