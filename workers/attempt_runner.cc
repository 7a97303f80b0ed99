#include "workers/attempt_runner.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <fstream>
#include <set>

#include "workers/attempt_log.h"
#include "workers/meters/cpu_time.h"

namespace joulefront {
namespace {

// Heartbeats begin close together, so that also a short attempt that is killed leaves its joules.
constexpr Seconds kFirstHeartbeat(0.1);
constexpr Seconds kLongestHeartbeat(1.0);
// A trainer that prints without end cannot keep us from the deadlines for longer than this.
constexpr Seconds kLongestRead(0.1);
// A day of readings of ten counters, once a second.
constexpr std::streamoff kLongestReadingLog = 32 << 20;
// A trainer may grow by some hundred MiB in this time.
constexpr Seconds kBetweenWeighings(0.2);
// What one attempt may make us remember.
constexpr std::size_t kMostPhases = 100;
constexpr std::size_t kMostValues = 1000;

/// The kernel's count of processes killed for lack of memory, 0 if it keeps none.
std::int64_t OutOfMemoryKills() {
  std::ifstream stream("/proc/vmstat");
  std::string name;
  for (std::int64_t count = 0; stream >> name >> count;) {
    if (name == "oom_kill") return count;
  }
  return 0;
}

/// What programs print when an allocation fails: C, C++, Python, PyTorch, the kernel's strerror.
bool SaysOutOfMemory(std::string_view log) {
  constexpr std::string_view kWords[] = {"out of memory", "Out of memory", "MemoryError",
                                         "std::bad_alloc", "Cannot allocate memory"};
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&](auto word) { return log.find(word) != std::string_view::npos; });
}

class AttemptRunner {
 public:
  AttemptRunner(const Study& study, const MetricPatterns& patterns, SignalWatch& signals,
                const AttemptCallbacks& callbacks, MeteredChild metered, AttemptLog log)
      : study_(study),
        patterns_(patterns),
        signals_(signals),
        callbacks_(callbacks),
        metered_(std::move(metered)),
        child_(metered_.process()),
        log_(std::move(log)),
        begin_(metered_.begin()),
        oom_kills_at_start_(OutOfMemoryKills()) {}

  // Wait for output, a signal or the next deadline; take in what came; keep the deadlines. When the
  // trainer is gone, kill and reap what it left behind, read the rest of its output, and look at
  // the meter a last time.
  AttemptEnd Run() {
    while (!exited_) {
      Wait();
      ReadOutputs();
      if (signals_.Drain()) Reap();
      KeepDeadlines();
    }
    SignalGroup(child_.pid, SIGKILL);
    KillDescendants();
    ReadOutputs();
    out_lines_.Finish([this](std::string_view line) { TakeLine(line); });
    err_lines_.Finish([this](std::string_view line) { patterns_.Match(line, metrics_); });
    for (const auto& [name, value] : metrics_) end_.values.try_emplace(name, value);
    end_.energy = metered_.Settle();
    end_.meter_faults = metered_.MeterFaults();
    log_.Finish();
    end_.last_line = log_.LastLine();
    const bool killed = end_.signal == SIGKILL && !kill_sent_;
    end_.ran_out_of_memory = (killed && OutOfMemoryKills() > oom_kills_at_start_) ||
                             (end_.exit_status != 0 && SaysOutOfMemory(log_.tail()));
    return std::move(end_);
  }

 private:
  void Wait() {
    const Seconds now = MonotonicNow();
    Seconds until = next_heartbeat_ - now;
    if (const auto look = metered_.WantsNext()) until = std::min(until, *look - now);
    if (study_.workers.timeout && !stopping_) {
      until = std::min(until, begin_ + *study_.workers.timeout - now);
    }
    if (study_.limits.attempt_silence && !stopping_) {
      until = std::min(until, heard_ + *study_.limits.attempt_silence - now);
    }
    if (study_.limits.attempt_memory && !stopping_) until = std::min(until, next_weighing_ - now);
    if (stopping_ && !kill_sent_) until = std::min(until, kill_at_ - now);
    // A descriptor that has ended is negative, and poll passes over it.
    std::array<pollfd, 3> fds = {
        {{child_.out.get(), POLLIN, 0}, {child_.err.get(), POLLIN, 0}, {signals_.fd(), POLLIN, 0}}};
    const double ms = std::ceil(std::max(0.0, until.value()) * 1e3);
    poll(fds.data(), fds.size(), static_cast<int>(std::min(ms, 60e3)));
  }

  void ReadOutputs() {
    ReadFrom(child_.out, [this](std::string_view bytes) {
      out_lines_.Feed(bytes, [this](std::string_view line) { TakeLine(line); });
    });
    ReadFrom(child_.err, [this](std::string_view bytes) {
      if (callbacks_.on_log) callbacks_.on_log(bytes);
      err_lines_.Feed(bytes, [this](std::string_view line) { patterns_.Match(line, metrics_); });
    });
  }

  template <typename Take>
  void ReadFrom(FileDescriptor& fd, Take take) {
    std::array<char, 65536> buffer;
    const Seconds begin = MonotonicNow();
    // Once the trainer is gone, what is left is what the pipe holds.
    while (fd.open() && (exited_ || MonotonicNow() - begin < kLongestRead)) {
      const ssize_t size = read(fd.get(), buffer.data(), buffer.size());
      if (size > 0) {
        heard_ = MonotonicNow();
        const std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
        log_.Append(bytes);
        take(bytes);
      } else if (size < 0 && errno == EINTR) {
        continue;
      } else {
        if (size == 0) fd.Close();
        return;
      }
    }
  }

  void TakeLine(std::string_view line) {
    const TrainerMessage message = ParseTrainerLine(line);
    // What is stopped early ends where it was when that was decided, whatever it still says.
    if (end_.pruned && !std::holds_alternative<std::monostate>(message)) return;
    if (const auto* phase = std::get_if<PhaseMessage>(&message)) {
      EnterPhase(phase->name);
    } else if (const auto* progress = std::get_if<ProgressMessage>(&message)) {
      TakeProgress(*progress);
    } else if (const auto* result = std::get_if<ResultMessage>(&message)) {
      TakeResult(result->values);
    } else if (const auto* energy = std::get_if<EnergyMessage>(&message)) {
      if (!metered_.Tell(energy->joules)) NoteBad("the joules of an attempt cannot fall");
    } else if (const auto* anew = std::get_if<AnewMessage>(&message)) {
      end_.anew = anew->reason;
    } else if (const auto* bad = std::get_if<BadMessage>(&message)) {
      NoteBad(bad->reason);
    } else {
      patterns_.Match(line, metrics_);
      if (callbacks_.on_log) callbacks_.on_log(std::string(line) + "\n");
    }
  }

  void TakeProgress(const ProgressMessage& progress) {
    if (!callbacks_.on_progress || stopping_) return;
    if (callbacks_.on_progress(progress, metered_.Look())) return;
    end_.pruned = true;
    Stop(MonotonicNow());
  }

  void EnterPhase(const std::string& name) {
    if (!phases_.contains(name) && phases_.size() == kMostPhases) {
      NoteBad(fmt::format("it names more than {} different phases", kMostPhases));
      return;
    }
    phases_.insert(name);
    metered_.EnterPhase(name);
  }

  void TakeResult(const NamedValues& values) {
    end_.reported_result = true;
    for (const auto& [name, value] : values) {
      const auto before = end_.values.find(name);
      if (before == end_.values.end() && end_.values.size() == kMostValues) {
        NoteBad(fmt::format("it reports more than {} different values", kMostValues));
        return;
      }
      if (before != end_.values.end() && before->second != value) {
        Remark(fmt::format("it reported \"{}\" more than once, and the last one counts", name));
      }
      end_.values[name] = value;
    }
  }

  void NoteBad(const std::string& reason) { Remark("a message of it was not accepted: " + reason); }

  void Remark(const std::string& what) {
    if (end_.remark.empty()) end_.remark = what;
  }

  /// Orphans that became our children are reaped along with the trainer.
  void Reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid != child_.pid) continue;
      exited_ = true;
      if (WIFEXITED(status)) end_.exit_status = WEXITSTATUS(status);
      if (WIFSIGNALED(status)) end_.signal = WTERMSIG(status);
    }
  }

  void KeepDeadlines() {
    const Seconds now = MonotonicNow();
    if (now >= next_heartbeat_) {
      next_heartbeat_ = now + heartbeat_;
      heartbeat_ = std::min(heartbeat_ * 2.0, kLongestHeartbeat);
      const auto energy = metered_.Look();
      if (IsBeyondLimit(energy)) Cross(AttemptLimit::kEnergy, now);
      if (callbacks_.on_heartbeat && !callbacks_.on_heartbeat(energy) && !end_.lease_lost) {
        end_.lease_lost = true;
        Stop(now);
      }
    }
    // A slow counter is watched for its next tick, to place an edge between two of them.
    if (const auto look = metered_.WantsNext(); look && now >= *look) metered_.Look();
    const LimitSettings& limits = study_.limits;
    if (study_.workers.timeout && now >= begin_ + *study_.workers.timeout) {
      Cross(AttemptLimit::kTime, now);
    }
    if (limits.attempt_silence && now >= heard_ + *limits.attempt_silence) {
      Cross(AttemptLimit::kSilence, now);
    }
    if (limits.attempt_memory && now >= next_weighing_) {
      next_weighing_ = now + kBetweenWeighings;
      if (DescendantMemory(SystemRoots{}, getpid()) > *limits.attempt_memory) {
        Cross(AttemptLimit::kMemory, now);
      }
    }
    if (signals_.stop_requests() > 0 && !end_.stopped) {
      end_.stopped = true;
      Stop(now);
    }
    if (signals_.stop_requests() > 1) kill_at_ = now;
    if (stopping_ && !kill_sent_ && now >= kill_at_) {
      kill_sent_ = true;
      SignalGroup(child_.pid, SIGKILL);
      if (!exited_) kill(child_.pid, SIGKILL);  // it may have left its group
    }
  }

  bool IsBeyondLimit(const std::vector<PhaseEnergy>& energy) const {
    const auto& limit = study_.limits.attempt_energy;
    const auto& total = energy.back().figure;
    return limit && total && total->joules > *limit;
  }

  void Cross(AttemptLimit limit, Seconds now) {
    if (stopping_) return;
    end_.crossed = limit;
    Stop(now);
    if (limit == AttemptLimit::kMemory) kill_at_ = now;  // it might take the rest meanwhile
  }

  void Stop(Seconds now) {
    if (stopping_) return;
    stopping_ = true;
    kill_at_ = now + study_.workers.grace;
    SignalGroup(child_.pid, SIGTERM);
    SignalGroup(child_.pid, SIGCONT);  // a stopped process takes no TERM
  }

  const Study& study_;
  const MetricPatterns& patterns_;
  SignalWatch& signals_;
  const AttemptCallbacks& callbacks_;
  MeteredChild metered_;
  ChildProcess& child_;
  AttemptLog log_;
  Seconds begin_;
  std::int64_t oom_kills_at_start_;

  LineCutter out_lines_, err_lines_;
  NamedValues metrics_;
  std::set<std::string> phases_;
  Seconds heartbeat_ = kFirstHeartbeat;
  Seconds next_heartbeat_ = begin_ + kFirstHeartbeat;
  bool exited_ = false;
  bool stopping_ = false, kill_sent_ = false;
  Seconds kill_at_;
  Seconds heard_ = begin_;          // when it last printed something
  Seconds next_weighing_ = begin_;  // of its memory, where that is limited
  AttemptEnd end_;
};

}  // namespace

AttemptEnd RunAttempt(const Study& study, const TrainerCommand& command,
                      const MetricPatterns& patterns, const Metering& metering,
                      SignalWatch& signals, const AttemptCallbacks& callbacks) {
  AttemptEnd end;
  auto log = AttemptLog::Create(command.work_dir + "/trainer.log");
  if (!log) {
    end.not_started = log.error();
    return end;
  }
  // For audits: that it cannot be written, or is cut short, stops no training.
  std::ofstream readings(command.work_dir + "/readings.log");
  auto metered =
      MeteredChild::Start(metering,
                          {.arguments = command.arguments,
                           .environment = command.environment,
                           .folder = command.folder.empty() ? command.work_dir : command.folder,
                           .entry = command.entry},
                          [&](std::string_view line) {
                            if (readings.tellp() < kLongestReadingLog) readings << line;
                          });
  if (!metered) {
    log->Append("joulefront: " + metered.error().message + "\n");
    end.not_started = metered.error();
    return end;
  }
  return AttemptRunner(study, patterns, signals, callbacks, std::move(*metered), std::move(*log))
      .Run();
}

}  // namespace joulefront
