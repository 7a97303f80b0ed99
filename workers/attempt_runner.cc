#include "workers/attempt_runner.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <set>

#include "base/files.h"
#include "workers/attempt_log.h"
#include "workers/meters/cpu_time.h"
#include "workers/output_lines.h"
#include "workers/progress_patterns.h"
#include "workers/report_thinning.h"

namespace joulefront {
namespace {

// Heartbeats begin close together, so that also a short attempt that is killed leaves its joules.
constexpr Seconds kFirstHeartbeat(0.1);
constexpr Seconds kLongestHeartbeat(1.0);
// A day of readings of ten counters, once a second.
constexpr long kLongestReadingLog = 32 << 20;
// A trainer may grow by some hundred MiB in this time.
constexpr Seconds kBetweenWeighings(0.2);
// What one attempt may make us remember.
constexpr std::size_t kMostPhases = 100;
// Reports that come closer together than this share one look at the meter.
constexpr Seconds kBetweenLooks(0.01);
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
                const AttemptCallbacks& callbacks, MeteredChild metered, AttemptLog log,
                ProgressPatterns progress, bool leaves_running)
      : study_(study),
        patterns_(patterns),
        progress_(std::move(progress)),
        signals_(signals),
        callbacks_(callbacks),
        metered_(std::move(metered)),
        child_(metered_.process()),
        reader_(child_),
        log_(std::move(log)),
        leaves_running_(leaves_running),
        begin_(metered_.begin()),
        oom_kills_at_start_(OutOfMemoryKills()) {}

  // Wait for output, a signal or the next deadline; take in what came; keep the deadlines. When the
  // trainer is gone, kill and reap what it left behind, read the rest of its output, and look at
  // the meter a last time.
  AttemptEnd Run() {
    while (!exited_) {
      Wait();
      ReadOutputs(/*to_the_end=*/false);
      if (signals_.Drain()) Reap();
      KeepDeadlines();
    }
    if (!leaves_running_ || stopping_) {
      SignalGroup(child_.pid, SIGKILL);
      KillDescendants();
    }
    ReadOutputs(/*to_the_end=*/!leaves_running_);  // what goes on may print without end
    reader_.Finish(takers_);
    TakeNewestReport();
    HandOnReports(/*may_stop=*/false);  // a training that has ended is not stopped early
    TakeMetrics();
    end_.energy = metered_.Settle();
    end_.meter_faults = metered_.MeterFaults();
    log_.Finish();
    end_.last_line = log_.LastLine();
    if (leaves_running_) {
      Reap();
      end_.left_running = NamesOfChildren(metered_.others());
    }
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

  void ReadOutputs(bool to_the_end) {
    if (reader_.Read(to_the_end, takers_)) heard_ = MonotonicNow();
    HandOnReports();
  }

  void TakeOutLine(const OutputLine& line) {
    // Most reports of a flood are neither needed nor parsed.
    if (const auto step = QuickStep(line.text); step && !thinning_.IsDue(*step)) {
      if (TakesReports()) thinning_.Keep(*step, line.text);
      return;
    }
    TrainerMessage message = ParseTrainerLine(line.text);
    if (std::holds_alternative<std::monostate>(message)) {
      TakeLogLine(line);
      if (callbacks_.on_log) callbacks_.on_log(std::string(line.text) + std::string(line.end));
      return;
    }
    if (auto* progress = std::get_if<ProgressMessage>(&message)) {
      TakeProgress(std::move(*progress));
      return;
    }
    HandOnReports();  // what came before it is judged before it
    // An attempt that is stopped early ends where that was decided, whatever it says afterwards.
    if (!end_.pruned) TakeMessage(message);
  }

  void TakeMessage(const TrainerMessage& message) {
    if (const auto* phase = std::get_if<PhaseMessage>(&message)) {
      EnterPhase(phase->name);
    } else if (const auto* result = std::get_if<ResultMessage>(&message)) {
      TakeResult(result->values);
    } else if (const auto* energy = std::get_if<EnergyMessage>(&message)) {
      if (!metered_.Tell(energy->joules)) NoteBad("the joules of an attempt cannot fall");
      looked_at_.reset();
    } else if (const auto* anew = std::get_if<AnewMessage>(&message)) {
      end_.anew = anew->reason;
    } else if (const auto* bad = std::get_if<BadMessage>(&message)) {
      NoteBad(bad->reason);
    }
  }

  /// A line of either output that is no message: expressions look at it. Of the matches for a
  /// metric the last one in time counts.
  void TakeLogLine(const OutputLine& line) {
    if (line.is_cut) {
      Remark(fmt::format("it printed a line of more than {} bytes, whose end was not read",
                         LineCutter::kLongestLine));
    }
    if (line.text.empty()) return;
    MetricMatches found;
    patterns_.Match(line.text, found);
    for (auto& [name, match] : found) {
      DatedMatch& last = metrics_[name];
      if (line.read_at >= last.read_at) last = {std::move(match), line.read_at};
    }
    if (auto report = progress_.TakeLine(line.text)) TakeProgress(std::move(*report));
  }

  void TakeMetrics() {
    for (auto& [name, last] : metrics_) {
      if (end_.values.contains(name)) continue;  // a message goes before what was only found
      if (last.match.problem.empty()) {
        end_.values[name] = last.match.value;
      } else {
        Remark(fmt::format("the expression for \"{}\" {}", name, last.match.problem));
        end_.unread[name] = std::move(last.match.problem);
      }
    }
  }

  bool TakesReports() const { return callbacks_.on_progress && !stopping_; }

  void TakeProgress(ProgressMessage report) {
    if (!TakesReports()) return;
    if (!thinning_.IsDue(report.step)) {
      thinning_.Keep(std::move(report));
      return;
    }
    if (auto update = thinning_.TakeUpdate(report.step)) Record(std::move(*update));
    Record(std::move(report));
  }

  void TakeNewestReport() {
    if (!TakesReports()) return;
    if (auto newest = thinning_.TakeNewest()) Record(std::move(*newest));
  }

  /// Puts a report among those that are handed on, with the joules until now.
  void Record(ProgressMessage report) {
    const Seconds now = MonotonicNow();
    if (!looked_at_ || now - *looked_at_ >= kBetweenLooks) {
      energy_then_ = metered_.Look();
      looked_at_ = now;
    }
    thinning_.NoteRecorded(report.step);
    reports_.push_back({std::move(report), energy_then_});
  }

  void HandOnReports(bool may_stop = true) {
    if (reports_.empty()) return;
    const bool goes_on = callbacks_.on_progress(reports_);
    reports_.clear();
    if (goes_on || stopping_ || !may_stop) return;
    end_.pruned = true;
    Stop(MonotonicNow());
  }

  void EnterPhase(const std::string& name) {
    if (name == phase_) return;
    if (!phases_.contains(name) && phases_.size() == kMostPhases) {
      NoteBad(fmt::format("it names more than {} different phases", kMostPhases));
      return;
    }
    phases_.insert(name);
    phase_ = name;
    metered_.EnterPhase(name);
    looked_at_.reset();
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
    ReapChildren(leaves_running_ ? metered_.others() : std::vector<pid_t>(),
                 [this](pid_t pid, int status) {
                   if (pid != child_.pid) return;
                   exited_ = true;
                   if (WIFEXITED(status)) end_.exit_status = WEXITSTATUS(status);
                   if (WIFSIGNALED(status)) end_.signal = WTERMSIG(status);
                 });
  }

  void KeepDeadlines() {
    const Seconds now = MonotonicNow();
    if (now >= next_heartbeat_) {
      next_heartbeat_ = now + heartbeat_;
      heartbeat_ = std::min(heartbeat_ * 2.0, kLongestHeartbeat);
      TakeNewestReport();
      HandOnReports();
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
      if (DescendantMemory(SystemRoots{}, getpid(), Helpers()) > *limits.attempt_memory) {
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
  ProgressPatterns progress_;
  SignalWatch& signals_;
  const AttemptCallbacks& callbacks_;
  MeteredChild metered_;
  ChildProcess& child_;
  OutputReader reader_;
  const OutputReader::Takers takers_{
      .bytes = [this](std::string_view bytes) { log_.Append(bytes); },
      .err_bytes =
          [this](std::string_view bytes) {
            if (callbacks_.on_log) callbacks_.on_log(bytes);
          },
      .out_line = [this](const OutputLine& line) { TakeOutLine(line); },
      .err_line = [this](const OutputLine& line) { TakeLogLine(line); }};
  AttemptLog log_;
  bool leaves_running_;
  Seconds begin_;
  std::int64_t oom_kills_at_start_;

  struct DatedMatch {
    MetricMatch match;
    std::uint64_t read_at = 0;
  };
  std::map<std::string, DatedMatch> metrics_;
  ReportThinning thinning_;
  std::vector<MeteredReport> reports_;  // to be handed on
  std::optional<Seconds> looked_at_;    // when energy_then_ was true
  std::vector<PhaseEnergy> energy_then_;
  std::set<std::string> phases_;
  std::string phase_{kFirstPhase};
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

bool IsOfCommand(const Error& not_started) {
  return not_started.code == ErrorCode::kNotFound || not_started.code == ErrorCode::kNotExecutable;
}

AttemptEnd RunAttempt(const Study& study, const TrainerCommand& command,
                      const MetricPatterns& patterns, const Metering& metering,
                      SignalWatch& signals, const AttemptCallbacks& callbacks) {
  AttemptEnd end;
  auto progress = ProgressPatterns::Create(study);
  if (!progress) {
    end.not_started = progress.error();
    return end;
  }
  auto log = AttemptLog::Create(command.work_dir + "/trainer.log");
  if (!log) {
    end.not_started = log.error();
    return end;
  }
  // For audits: that it cannot be written, or is cut short, stops no training.
  std::unique_ptr<FILE, int (*)(FILE*)> readings(
      fdopen(OpenOwnFile(command.work_dir + "/readings.log", OwnFile::kNew), "w"), &fclose);
  auto metered =
      MeteredChild::Start(metering,
                          {.arguments = command.arguments,
                           .environment = command.environment,
                           .folder = command.folder.empty() ? command.work_dir : command.folder,
                           .entry = command.entry,
                           .fork_server = command.fork_server},
                          [&](std::string_view line) {
                            FILE* const file = readings.get();
                            if (file == nullptr || ftell(file) >= kLongestReadingLog) return;
                            fwrite(line.data(), 1, line.size(), file);
                          });
  if (!metered) {
    log->Append("joulefront: " + metered.error().message + "\n");
    end.not_started = metered.error();
    return end;
  }
  return AttemptRunner(study, patterns, signals, callbacks, std::move(*metered), std::move(*log),
                       std::move(*progress), command.leaves_running)
      .Run();
}

}  // namespace joulefront
