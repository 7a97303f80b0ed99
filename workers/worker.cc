#include "workers/worker.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/printable.h"
#include "study_store/attempt_rules.h"
#include "study_store/early_stopping.h"
#include "study_store/requirements.h"
#include "workers/alerts.h"
#include "workers/attempt_runner.h"
#include "workers/earlier_attempts.h"
#include "workers/fitting_trials.h"
#include "workers/growing_pause.h"
#include "workers/host_lock.h"
#include "workers/idle_limit.h"
#include "workers/kept_folders.h"
#include "workers/metering_plan.h"
#include "workers/meters/cpu_time.h"
#include "workers/progress_patterns.h"
#include "workers/search_meter.h"
#include "workers/undelivered.h"

namespace joulefront {
namespace {

// While nothing waits, the store is asked again after this long, ever more slowly.
constexpr int kFirstPauseMs = 5;
constexpr int kLongestPauseMs = 200;
// Where the store tells when there is something, this long.
constexpr int kLongestPauseWithNewsMs = 10'000;
// Of a machine that is gone nothing is heard but that its leases end; a connection may be lost for
// a while, and be made anew.
constexpr Seconds kLease(30.0), kSharedLease(120.0);
// Of a worker that serves all studies, where none has anything to do.
constexpr Seconds kBetweenRounds(1.0);
// A study whose trainer could not be started or metered here is tried again after this.
constexpr Seconds kAfterFault(300.0);
// Thousands of workers renew their leases in a shared store: no more often than this.
constexpr Seconds kBetweenSharedRenewals(10.0);
// A machine that lacks processes, descriptors or space is tried again after this, ever more slowly,
// for so long in all.
constexpr Seconds kFirstLack(0.1), kLongestLack(5.0), kLackInAll(30.0);
// How long a result that the store refuses is kept, once we are told to stop.
constexpr Seconds kLastPatience(5.0);

TimePoint Later(TimePoint now, Seconds time) {
  return now + std::chrono::milliseconds(static_cast<std::int64_t>(time.value() * 1e3));
}

class Worker {
 public:
  Worker(StudyStore& store, StudyId id, Study study, MetricPatterns patterns,
         const WorkerOptions& options, SignalWatch& signals)
      : store_(store),
        id_(id),
        study_(std::move(study)),
        patterns_(std::move(patterns)),
        options_(options),
        signals_(signals),
        self_(ThisWorker(options.slot)),
        metering_{ThisMachine(), PlanOf(study_, options.slot)},
        gpu_lock_(HostLock::NameOfGpus(metering_.plan.gpus)),
        stopping_(store, id, study_),
        fitting_(store, id, study_, options.labels),
        folders_(store, id, study_, WorkRootOf(options.store_path), options.on_line),
        lease_(options.lease.value_or(store.IsShared() ? kSharedLease : kLease)) {}

  /// Trains a complete trial again, alone on the machine. Waits for that.
  Result<AttemptResult> RunConfirmation(TrialNumber trial, std::uint64_t seed) {
    while (!MayMeter(/*alone=*/true)) {
      PauseFor(signals_, Seconds(kLongestPauseMs * 1e-3));
      if (signals_.stop_requests() > 0) return AttemptResult{.state = AttemptState::kInterrupted};
    }
    const TimePoint now = CalendarNow();
    auto claim = store_.ClaimConfirmation(id_, trial, seed, self_, Later(now, lease_), now);
    if (!claim) return Pass(claim);
    return RunClaim(*claim, AttemptKind::kConfirmation);
  }

  // Claim a trial, run it, and begin again at once; when nothing waits, end if the study is closed,
  // else look again later.
  Result<void> Run() {
    int pause = kFirstPauseMs;
    IdleLimit idle(options_.idle);
    while (signals_.stop_requests() == 0 && !idle.IsOver()) {
      if (MayMeter(study_.workers.exclusive)) {
        auto ran = RunNext();
        gpu_lock_.Release();
        if (!ran && !MayPass(ran.error()) && !WaitForMachine(ran.error())) return Pass(ran);
        if (ran && *ran) {
          lack_.Reset();
          pause = kFirstPauseMs;
          idle.Restart();
          continue;
        }
      }
      host_lock_.Release();
      auto open = store_.IsOpen(id_);
      if (open && !*open) return {};
      pause = std::min(2 * pause, Wait(pause));
    }
    return {};
  }

  /// Claims a trial and runs it; false if nothing waits, the study is closed, or the store is away.
  Result<bool> TryOne() {
    auto ran = MayMeter(study_.workers.exclusive) ? RunNext() : Result<bool>(false);
    gpu_lock_.Release();
    host_lock_.Release();
    if (!ran && MayPass(ran.error())) return false;
    return ran;
  }

 private:
  void Say(const std::string& line) const {
    if (options_.on_line) options_.on_line(line);
  }

  /// Whether it is a server that is away for a while, which is told once.
  bool MayPass(const Error& error) {
    const bool away = error.code == ErrorCode::kUnreachable || error.code == ErrorCode::kBusy;
    if (!store_.IsShared() || !away) return false;
    if (!std::exchange(told_away_, true)) Say(error.message + "; trying again");
    return true;
  }

  /// Waits a while for what the machine lacks, which is told once; false if it is not that, or has
  /// lasted too long.
  bool WaitForMachine(const Error& error) {
    const bool is_new = !lack_.HasBegun();
    const auto time = error.code == ErrorCode::kShortage ? lack_.Next() : std::nullopt;
    if (!time) return false;
    if (is_new) Say(error.message + "; its trial waits, and is tried again");
    host_lock_.Release();
    PauseFor(signals_, *time);
    return true;
  }

  /// Waits for news of the store, a signal, or some time; gives the longest that it is worth to
  /// wait next time.
  int Wait(int pause) {
    const int news = store_.NewsFd(id_);
    if (store_.TakeNews()) return kFirstPauseMs;
    std::array<pollfd, 2> fds = {{{signals_.fd(), POLLIN, 0}, {news, POLLIN, 0}}};
    poll(fds.data(), fds.size(), pause);
    signals_.Drain();
    if (store_.TakeNews()) return kFirstPauseMs;
    // What other studies on this machine are at is told by nobody.
    return news >= 0 && !told_waiting_ ? kLongestPauseWithNewsMs : kLongestPauseMs;
  }

  /// Whether nobody who wants the machine, or the GPU, for itself stands in the way.
  bool MayMeter(bool alone) {
    const bool own_gpu = !metering_.plan.gpus.empty() && metering_.plan.gpu_users == 1;
    const bool free = host_lock_.TryAcquire(alone) && gpu_lock_.TryAcquire(own_gpu);
    if (!free && !told_waiting_) Say("waiting for attempts of other studies on this machine");
    told_waiting_ = !free;
    for (const HostLock* lock : {&host_lock_, &gpu_lock_}) {
      if (!lock->problem().empty() && !std::exchange(told_problem_, true)) Say(lock->problem());
    }
    return free;
  }

  /// Gives back what was claimed for us by a commit that was never answered.
  Result<void> ReturnLostClaims() {
    auto running = store_.LoadRunningAttempts(id_);
    if (!running) return Pass(running);
    for (const Attempt& attempt : *running) {
      if (attempt.worker.name != self_.name) continue;
      const Claim claim{.study = id_,
                        .trial = attempt.trial,
                        .attempt = attempt.number,
                        .worker = self_.name,
                        .configuration = {}};
      JF_TRY(Deliver(claim,
                     {.state = AttemptState::kInterrupted,
                      .message = "the store was lost while it was claimed"},
                     /*we_stopped=*/true));
    }
    told_away_ = false;
    fitting_.BeginAgain();
    return {};
  }

  /// False if nothing waits.
  Result<bool> RunNext() {
    if (told_away_) JF_TRY(ReturnLostClaims());
    folders_.SweepIfDue();
    const TimePoint now = CalendarNow();
    auto claim = fitting_.ClaimNext(self_, Later(now, lease_), now);
    if (!claim && claim.error().code != ErrorCode::kBusy) return Pass(claim, "claiming a trial");
    if (!claim || !*claim) return false;
    JF_TRY(RunClaim(**claim, AttemptKind::kTrial));
    folders_.TakeFinished();
    return true;
  }

  Result<AttemptResult> RunClaim(const Claim& claim, AttemptKind kind) {
    const std::string work_dir =
        WorkDirOf(options_.store_path, study_.name, claim.trial, claim.attempt);
    auto origin = kind == AttemptKind::kTrial
                      ? OriginOf(store_, study_, claim, options_.store_path,
                                 [this](const std::string& line) { Say(line); })
                      : std::optional<Origin>();
    if (!origin) return Pass(origin);
    auto command = Prepare(claim, work_dir, *origin ? WorkDirOfOrigin(**origin) : "");
    if (!command) return GiveBack(claim, command.error());
    const AttemptEnd end =
        RunAttempt(study_, *command, patterns_, metering_, signals_, CallbacksFor(claim, kind));
    WarnOfResidual(claim, end);
    if (end.not_started && !IsOfCommand(*end.not_started)) {
      return GiveBack(claim, *end.not_started);
    }
    AttemptResult result = Judge(study_, end);
    if (result.state == AttemptState::kPruned) TakePruned(result);
    if (*origin && end.anew) {
      Say(fmt::format("trial {} attempt {}: began anew: {}", claim.trial, claim.attempt,
                      Printable(*end.anew)));
    } else if (*origin) {
      AddOrigin(study_, **origin, result);
    }
    if (result.state == AttemptState::kFailed)
      result.message += "; log: " + work_dir + "/trainer.log";
    Say(fmt::format("trial {} attempt {}: {}{}{}", claim.trial, claim.attempt, Name(result.state),
                    result.message.empty() ? "" : ": ", result.message));
    if (!end.meter_faults.empty()) {
      Say(fmt::format("trial {} attempt {}: the meter had faults: {}", claim.trial, claim.attempt,
                      end.meter_faults));
    }
    JF_TRY(Deliver(claim, result, end.stopped));
    if (end.crossed == AttemptLimit::kEnergy) JF_TRY(TellLimit(claim, result));
    return result;
  }

  /// The machine's fault, not the configuration's: the trial waits again, however often that is so.
  Result<AttemptResult> GiveBack(const Claim& claim, const Error& why) {
    JF_TRY(Deliver(claim, {.state = AttemptState::kInterrupted, .message = why.message},
                   /*we_stopped=*/true));
    return tl::unexpected(why);
  }

  /// What loading the trainer took, where it is kept loaded, is no attempt's: it is the search's.
  Result<TrainerCommand> Prepare(const Claim& claim, const std::string& work_dir,
                                 const std::string& resume_dir) {
    std::optional<SearchMeter> meter;
    if (study_.trainer.preload && !std::exchange(loaded_, true)) {
      meter.emplace(metering_.machine, metering_.plan);
    }
    auto command = PrepareTrainer(study_, claim, work_dir, options_.slot, resume_dir);
    const auto loading =
        meter ? meter->TakeMore(command ? command->loading : Seconds()) : std::nullopt;
    if (command && loading) JF_TRY(store_.AddSearchEnergy(id_, *loading));
    return command;
  }

  std::string WorkDirOfOrigin(const Origin& origin) const {
    return WorkDirOf(options_.store_path, study_.name, origin.trial, origin.attempt);
  }

  /// More CPU time than the host had: shares are not to be trusted.
  void WarnOfResidual(const Claim& claim, const AttemptEnd& end) {
    const std::string residual = ResidualWarning(end.energy);
    if (residual.empty()) return;
    const std::string message =
        fmt::format("trial {} attempt {}: {}", claim.trial, claim.attempt, residual);
    Say(message);
    static_cast<void>(store_.AddEvent(id_, "ledger does not balance", message, CalendarNow()));
  }

  Result<void> TellLimit(const Claim& claim, const AttemptResult& result) {
    const PhaseEnergy* total = FindPhase(result.energy, kTotalPhase);
    const Alert alert{
        .kind = "attempt stopped at its energy limit",
        .message =
            fmt::format("trial {} attempt {}: {}", claim.trial, claim.attempt, result.message),
        .energy = total != nullptr && total->figure ? total->figure->joules : Joules()};
    JF_TRY(store_.AddEvent(id_, alert.kind, alert.message, CalendarNow()));
    if (const std::string problem = RunAlertCommand(study_, alert); !problem.empty()) Say(problem);
    return {};
  }

  AttemptCallbacks CallbacksFor(const Claim& claim, AttemptKind kind) {
    return {.on_progress =
                [this, &claim, kind](const std::vector<MeteredReport>& reports) {
                  return kind == AttemptKind::kConfirmation || TakeProgress(claim, reports);
                },
            .on_heartbeat =
                [this, &claim, renewals = 0,
                 next = Seconds()](const std::vector<PhaseEnergy>& energy) mutable {
                  // The first ones at once, so that also a short attempt leaves its joules.
                  const Seconds now = MonotonicNow();
                  if (store_.IsShared() && now < next) return true;
                  if (++renewals > 2) next = now + kBetweenSharedRenewals;
                  const auto renewed =
                      store_.RenewLease(claim, Later(CalendarNow(), lease_), energy);
                  return renewed || renewed.error().code != ErrorCode::kLeaseLost;
                }};
  }

  /// Stores reports, and judges each. Whether the attempt should go on.
  bool TakeProgress(const Claim& claim, const std::vector<MeteredReport>& metered) {
    std::vector<ProgressReport> reports;
    for (const MeteredReport& report : metered) reports.push_back(WithJoules(study_, report));
    // A report that cannot be stored now is not worth stopping the training for.
    static_cast<void>(store_.AddReports(claim, reports, CalendarNow()));
    for (std::size_t i = 0; i < reports.size(); ++i) {
      auto verdict =
          stopping_.Judge(claim, reports[i], ProvenanceOf(study_, metered[i]), MonotonicNow());
      if (!verdict || !*verdict) continue;
      pruned_ = {std::move(**verdict), std::move(reports[i].values)};
      return false;
    }
    return true;
  }

  /// What a trial that was stopped early is left with: the last values, and what was foretold.
  void TakePruned(AttemptResult& result) {
    result.message = pruned_.verdict.reason;
    for (const auto& [name, value] : pruned_.last) {
      if (std::isfinite(value)) result.values[name] = value;
    }
    result.values.merge(NamedValues(pruned_.verdict.foretold));
  }

  /// A finished result is not given up: while the store refuses it (busy, disk full), ask again;
  /// once told to stop, for kLastPatience. An attempt that `we_stopped` is no fault of its trial,
  /// however often it happens.
  Result<void> Deliver(const Claim& claim, const AttemptResult& result, bool we_stopped = false) {
    RetryLimits limits{.attempts = study_.workers.attempts};
    if (we_stopped) limits.interruptions = std::numeric_limits<int>::max();
    const std::string folder =
        WorkDirOf(options_.store_path, study_.name, claim.trial, claim.attempt);
    bool kept = false, told = false;
    std::optional<Seconds> give_up_at;
    for (int pause = kFirstPauseMs; true; pause = std::min(2 * pause, 1000)) {
      auto finished = store_.FinishAttempt(claim, result, limits, CalendarNow());
      if (finished) {
        if (kept) ForgetUndelivered(folder);
        return {};
      }
      const ErrorCode code = finished.error().code;
      if (code == ErrorCode::kLeaseLost) {
        Say(fmt::format("trial {} attempt {}: the lease was lost; its joules are kept", claim.trial,
                        claim.attempt));
        if (kept) ForgetUndelivered(folder);
        return {};
      }
      const bool may_pass = code == ErrorCode::kBusy || code == ErrorCode::kUnavailable ||
                            code == ErrorCode::kUnreachable;
      // A server may be away for longer than we are here.
      if (store_.IsShared() && !std::exchange(kept, true)) {
        auto written = KeepUndelivered(folder, claim, result);
        if (!written) Say(written.error().message);
      }
      if (signals_.stop_requests() > 0 && !give_up_at) give_up_at = MonotonicNow() + kLastPatience;
      if (!may_pass || signals_.stop_requests() > 1 ||
          (give_up_at && MonotonicNow() >= *give_up_at)) {
        return Pass(finished, fmt::format("storing the result of trial {}", claim.trial));
      }
      if (!std::exchange(told, true)) {
        Say(fmt::format("trial {}: the result cannot be stored yet: {}; trying again", claim.trial,
                        finished.error().message));
      }
      PauseFor(signals_, Seconds(pause * 1e-3));
    }
  }

  StudyStore& store_;
  StudyId id_;
  Study study_;
  MetricPatterns patterns_;
  const WorkerOptions& options_;
  SignalWatch& signals_;
  WorkerIdentity self_;
  Metering metering_;
  HostLock host_lock_, gpu_lock_;  // an attempt holds both
  GrowingPause lack_{kFirstLack, kLongestLack, kLackInAll};
  bool told_waiting_ = false, told_problem_ = false, told_away_ = false;
  EarlyStopping stopping_;
  FittingTrials fitting_;
  KeptFolders folders_;  // removes what is not kept, also at its own end
  Seconds lease_;
  bool loaded_ = false;  // the trainer, where it is kept loaded
  struct {
    StopVerdict verdict;
    NamedValues last;
  } pruned_;  // of the attempt that was stopped early
};

Result<std::unique_ptr<Worker>> MakeWorker(StudyStore& store, StudyId id,
                                           const WorkerOptions& options, SignalWatch& signals) {
  auto study = store.LoadStudy(id);
  if (!study) return Pass(study);
  if (study->trainer.command.empty()) {
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("study '{}' has no [trainer] command; add one to its study file", study->name));
  }
  if (const auto missing = MissingForStudy(*study, options.labels)) {
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("study '{0}' is for workers with {1} ([workers] requires); where that is so, "
                    "say --label {1}",
                    study->name, *missing));
  }
  auto patterns = MetricPatterns::Create(study->trainer.metrics);
  if (!patterns) return Pass(patterns);
  if (auto progress = ProgressPatterns::Create(*study); !progress) return Pass(progress);
  BecomeSubreaper();
  return std::make_unique<Worker>(store, id, std::move(*study), std::move(*patterns), options,
                                  signals);
}

/// Whether an error is the store's, and not of one study on this machine.
bool IsOfStore(ErrorCode code) {
  return code == ErrorCode::kCorrupt || code == ErrorCode::kUnreachable || code == ErrorCode::kBusy;
}

}  // namespace

Result<void> Work(StudyStore& store, StudyId id, const WorkerOptions& options,
                  SignalWatch& signals) {
  auto worker = MakeWorker(store, id, options, signals);
  if (!worker) return Pass(worker);
  return (*worker)->Run();
}

Result<void> WorkOnAll(StudyStore& store, const WorkerOptions& options, SignalWatch& signals) {
  struct Served {
    std::unique_ptr<Worker> worker;  // null: a study that is not for this one
    Seconds not_before;
  };
  std::map<StudyId, Served> served;
  IdleLimit idle(options.idle);
  const auto say = [&](const std::string& line) {
    if (options.on_line) options.on_line(line);
  };
  while (signals.stop_requests() == 0 && !idle.IsOver()) {
    bool ran = false;
    auto studies = store.ListStudies();
    if (!studies && studies.error().code != ErrorCode::kUnreachable) return Pass(studies);
    for (const StudyEntry& entry : studies ? *studies : std::vector<StudyEntry>()) {
      if (signals.stop_requests() > 0) break;
      if (!served.contains(entry.id)) {
        auto worker = MakeWorker(store, entry.id, options, signals);
        if (!worker && worker.error().code == ErrorCode::kUnreachable) break;  // another time
        if (!worker) say(worker.error().message);
        served[entry.id].worker = worker ? std::move(*worker) : nullptr;
      }
      Served& study = served[entry.id];
      if (study.worker == nullptr || MonotonicNow() < study.not_before) continue;
      auto one = study.worker->TryOne();
      if (!one && IsOfStore(one.error().code)) return Pass(one);
      if (!one) {
        say(fmt::format("study '{}': {}; left alone for {}", entry.name, one.error().message,
                        FormatSeconds(kAfterFault)));
        study.not_before = MonotonicNow() + kAfterFault;
      }
      ran = ran || (one && *one);
    }
    if (ran) idle.Restart();
    if (!ran) PauseFor(signals, kBetweenRounds);
  }
  return {};
}

Result<AttemptResult> ConfirmOnce(StudyStore& store, StudyId id, TrialNumber trial,
                                  std::uint64_t seed, const WorkerOptions& options,
                                  SignalWatch& signals) {
  auto worker = MakeWorker(store, id, options, signals);
  if (!worker) return Pass(worker);
  return (*worker)->RunConfirmation(trial, seed);
}

}  // namespace joulefront
