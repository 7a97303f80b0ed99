#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <sstream>

#include "base/printable.h"
#include "workers/launcher.h"
#include "workers/process.h"

namespace joulefront {
namespace {

// Slurm's controller is asked no more often than this, and jobs that do not last are submitted
// ever more slowly.
constexpr Seconds kBetweenLooks(2.0);
constexpr Seconds kFirstPause(2.0), kLongestPause(120.0);
// sbatch, squeue and scancel answer within this, or not at all.
constexpr Seconds kPatience(10.0);

struct Answer {
  int status = -1;
  std::string text;  // what it printed, of both streams
};

/// Runs a command of Slurm's to its end.
Result<Answer> Ask(std::vector<std::string> arguments) {
  const std::string program = arguments[0];
  auto child =
      Spawn({.arguments = std::move(arguments), .environment = OwnEnvironment(), .folder = {}});
  if (!child && child.error().code == ErrorCode::kNotFound) {
    return Fail(
        ErrorCode::kUnavailable,
        fmt::format("Slurm's {} was not found: run this on a node that submits jobs", program));
  }
  if (!child) return Pass(child);
  const Seconds give_up = MonotonicNow() + kPatience;
  Answer answer;
  while (child->out.open() || child->err.open()) {
    std::array<pollfd, 2> fds = {{{child->out.get(), POLLIN, 0}, {child->err.get(), POLLIN, 0}}};
    poll(fds.data(), fds.size(), 1000);
    for (FileDescriptor* from : {&child->out, &child->err}) {
      std::array<char, 4096> buffer;
      const ssize_t size = from->open() ? read(from->get(), buffer.data(), buffer.size()) : -1;
      if (size > 0) answer.text.append(buffer.data(), static_cast<std::size_t>(size));
      if (size == 0 || MonotonicNow() > give_up) from->Close();
    }
  }
  if (MonotonicNow() > give_up) SignalGroup(child->pid, SIGKILL);
  waitpid(child->pid, &answer.status, 0);
  while (!answer.text.empty() && answer.text.back() == '\n') answer.text.pop_back();
  return answer;
}

/// Its lines as one.
std::string OneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return Printable(text, 500);
}

class SlurmLauncher final : public Launcher {
 public:
  SlurmLauncher(LaunchPlan plan, SlurmSettings settings)
      : plan_(std::move(plan)),
        settings_(std::move(settings)),
        name_("joulefront-" + plan_.study) {}

  Result<void> Keep(std::int64_t needed) override {
    const Seconds now = MonotonicNow();
    if (now < next_look_ || now < next_submission_) return {};
    JF_TRY(Look());
    const auto wanted = std::min<std::int64_t>(needed, plan_.most);
    if (jobs_ >= wanted) return {};
    return Submit(static_cast<int>(wanted - jobs_));
  }

  bool Reap() override {
    KillStrayChildren({});
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    return false;
  }

  bool HasAny() override {
    if (!handed_over_ && MonotonicNow() >= next_look_) static_cast<void>(Look());
    return !handed_over_ && jobs_ > 0;
  }

  void HandOver() override { handed_over_ = true; }  // jobs are known by the study's name

  void Dismiss() override {
    if (handed_over_) return;
    static_cast<void>(Ask({"scancel", "--name=" + name_, "--state=PENDING", "--me"}));
  }

  void Stop() override {
    if (handed_over_) return;
    static_cast<void>(Ask({"scancel", "--name=" + name_, "--me"}));
    next_look_ = Seconds(0);
  }

 private:
  /// Counts the jobs that run or wait, whoever submitted them.
  Result<void> Look() {
    next_look_ = MonotonicNow() + kBetweenLooks;
    auto answer =
        Ask({"squeue", "--noheader", "--array", "--me", "--name=" + name_,
             "--states=PENDING,RUNNING,CONFIGURING,SUSPENDED,REQUEUED", "--format=%T %r"});
    if (!answer) return Pass(answer);
    if (answer->status != 0) {  // the controller may be away for a while
      if (!std::exchange(told_, true)) plan_.say("squeue: " + OneLine(answer->text));
      return {};
    }
    told_ = false;
    std::istringstream lines(answer->text);
    jobs_ = 0;
    std::string waits;
    for (std::string line; std::getline(lines, line); ++jobs_) {
      if (line.starts_with("RUNNING")) pause_ = kFirstPause;
      if (line.starts_with("PENDING")) waits = line.substr(line.find(' ') + 1);
    }
    // Slurm's word for why: "Resources", "Priority", "PartitionConfig" ...
    if (!waits.empty() && waits != "None" && waits != told_waits_) {
      plan_.say(fmt::format("workers wait in Slurm's queue: {}", Printable(waits, 100)));
    }
    told_waits_ = waits;
    return {};
  }

  Result<void> Submit(int count) {
    next_submission_ = MonotonicNow() + pause_;
    pause_ = std::min(pause_ * 2.0, kLongestPause);
    std::vector<std::string> sbatch = {"sbatch",
                                       "--parsable",
                                       "--requeue",
                                       "--job-name=" + name_,
                                       fmt::format("--array=0-{}", count - 1),
                                       "--open-mode=append",
                                       "--output=" + plan_.folder + "/worker-%A_%a.log"};
    const auto add = [&](const std::string& option, const std::string& value) {
      if (!value.empty()) sbatch.push_back("--" + option + "=" + value);
    };
    add("partition", settings_.partition);
    add("account", settings_.account);
    add("time", settings_.time);
    add("cpus-per-task", std::to_string(settings_.cpus.value_or(plan_.threads)));
    if (settings_.gpus) add("gres", fmt::format("gpu:{}", *settings_.gpus));
    if (settings_.exclusive) sbatch.push_back("--exclusive");
    sbatch.insert(sbatch.end(), settings_.options.begin(), settings_.options.end());
    // exec: the worker is the job, and has the signals that Slurm sends to it.
    // Workers whose `run` is gone leave their nodes after a while; there are new ones when it asks.
    add("wrap", "exec " + ShellText(plan_.worker) + " --idle 5min --slot \"$SLURM_ARRAY_TASK_ID\"");
    auto answer = Ask(std::move(sbatch));
    if (!answer) return Pass(answer);
    if (answer->status != 0) {
      return Fail(ErrorCode::kUnavailable, fmt::format("sbatch: {}", OneLine(answer->text)));
    }
    std::string job = answer->text.substr(0, answer->text.find_first_of(";\n"));
    plan_.say(fmt::format("{} workers submitted to Slurm as job {}; their logs: {}/worker-{}_*.log",
                          count, job, plan_.folder, job));
    jobs_ += count;
    next_look_ = MonotonicNow() + kBetweenLooks;
    return {};
  }

  LaunchPlan plan_;
  SlurmSettings settings_;
  std::string name_;
  std::int64_t jobs_ = 0;  // that run or wait, as of the last look
  Seconds next_look_, next_submission_;
  Seconds pause_ = kFirstPause;  // before the next submission
  bool told_ = false, handed_over_ = false;
  std::string told_waits_;
};

}  // namespace

Result<void> CheckLauncher(const LaunchSettings& settings) {
  if (settings.kind != LaunchKind::kSlurm) return {};
  auto answer = Ask({"sbatch", "--version"});
  return answer ? Result<void>() : Pass(answer);
}

std::unique_ptr<Launcher> MakeSlurmLauncher(LaunchPlan plan, SlurmSettings settings) {
  return std::make_unique<SlurmLauncher>(std::move(plan), std::move(settings));
}

}  // namespace joulefront
