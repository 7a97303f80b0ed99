#include "workers/study_runner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "study_store/attempt_rules.h"
#include "study_store/requirements.h"
#include "workers/metering_plan.h"
#include "workers/trainer_command.h"
#include "workers/worker.h"

extern char** environ;

namespace joulefront {
namespace {

namespace fs = std::filesystem;

constexpr int kShortestPauseMs = 10;  // while trials come and go
constexpr int kLongestPauseMs = 100;  // while all are busy
constexpr Seconds kBookkeeping(0.5);  // between looks at joules, leases and the clock
constexpr Seconds kLongWait(60.0);
constexpr Seconds kLastPatience(5.0);  // with workers that were told to stop

/// Where workers write. A database may have several studies that run at once.
std::string LogFolder(StudyStore& store, const Study& study, const std::string& store_path) {
  std::string folder = WorkRootOf(store_path);
  if (!store.IsShared()) return folder;
  folder += "/" + study.name;
  std::error_code ignored;
  fs::create_directories(folder, ignored);
  return folder;
}

}  // namespace

Result<FileDescriptor> LockForRun(StudyStore& store, const std::string& study,
                                  const std::string& store_path) {
  const std::string message = fmt::format(
      "another `joulefront run`, `confirm` or `ask-tell` is at work on '{}'; wait for it or stop "
      "it",
      store_path);
  auto leads = store.TryLead(study);
  if (!leads) return Pass(leads);
  if (!*leads) return Fail(ErrorCode::kBusy, message);
  const fs::path root = WorkRootOf(store_path);
  if (IsForeignLink(root.string())) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("the folder '{}' is a symbolic link of another user's, which is not "
                            "followed; remove it",
                            root.string()));
  }
  std::error_code error;
  fs::create_directories(root, error);
  FileDescriptor folder(open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (error || !folder.open()) {
    return Fail(ErrorCode::kUnavailable, fmt::format("cannot use the folder '{}'; check that '{}' "
                                                     "is writable",
                                                     root.string(), root.parent_path().string()));
  }
  // Of a shared store, the folder is this machine's alone.
  if (store.IsShared() || flock(folder.get(), LOCK_EX | LOCK_NB) == 0) return folder;
  return Fail(ErrorCode::kBusy, message);
}

StudyRunner::StudyRunner(StudyStore& store, const Study& study, RunOptions options,
                         SignalWatch& signals, std::unique_ptr<Sampler> sampler)
    : store_(store),
      study_(study),
      options_(std::move(options)),
      signals_(signals),
      store_identity_(FileIdentity(options_.store_path)),
      proposer_(store, options_.id, study, std::move(sampler)),
      alerts_(store, options_.id, study, [this](const std::string& line) { Say(line); }),
      search_meter_(ThisMachine(), PlanOf(study, 0)),
      begin_(MonotonicNow()),
      last_books_(begin_),
      next_books_(begin_) {
  BecomeSubreaper();
  launcher_ = MakeLauncher({.worker = options_.worker_command,
                            .study = study.name,
                            .folder = LogFolder(store, study, options_.store_path),
                            .most = study.workers.count,
                            .threads = study.workers.threads,
                            .no_meter_status = options_.no_meter_status,
                            .say = [this](const std::string& line) { Say(line); }},
                           options_.launch);
}

Result<RunEnd> StudyRunner::Run() {
  auto end = Loop();
  if (!end) {  // no worker is left behind, whatever becomes of the store
    static_cast<void>(StopWorkers(RunEnd::kInterrupted));
    return end;
  }
  JF_TRY(StopWorkers(*end));
  JF_TRY(Look());
  JF_TRY(KeepBooks(MonotonicNow()));
  Report();
  return *end;
}

// Look at what has changed; end what was lost; propose while the budget allows; see to the
// workers; sleep a little. Until nothing is left to do, or somebody asks to stop.
Result<RunEnd> StudyRunner::Loop() {
  JF_TRY(store_.SetOpen(options_.id, true));
  JF_TRY(CountTrials());
  done_before_ = Done();
  failed_before_ = counts_.failed;
  JF_TRY(store_.AddEvent(options_.id, "run started", fmt::format("{} trials done", done_before_),
                         CalendarNow()));
  while (true) {
    auto end = Turn();
    if (end && *end) return **end;
    if (!end) JF_TRY(TellStoreAway(end.error()));
    Pause();
    if (signals_.stop_requests() > 0) return RunEnd::kInterrupted;
  }
}

Result<std::optional<RunEnd>> StudyRunner::Turn() {
  if (store_away_) {
    proposer_.BeginAgain();        // a server that crashed may have lost the last changes
    next_books_ = MonotonicNow();  // and another may lead by now: that is asked before proposing
  }
  JF_TRY(Look());
  store_away_ = false;
  JF_TRY(Propose());
  if (const auto end = Finished()) return end;
  // A worker that would find nothing to do is not started.
  JF_TRY(launcher_->Keep(counts_.waiting + counts_.running));
  return std::optional<RunEnd>();
}

/// A server may be away for a while: trainings go on, and so do we once it is back.
Result<void> StudyRunner::TellStoreAway(const Error& error) {
  const bool may_pass = store_.IsShared() &&
                        (error.code == ErrorCode::kUnreachable || error.code == ErrorCode::kBusy);
  if (!may_pass) return tl::unexpected(error);
  if (!std::exchange(store_away_, true)) Say(error.message + "; trying again");
  pause_ms_ = kLongestPauseMs;
  return {};
}

Result<void> StudyRunner::CountTrials() {
  JF_TRY(proposer_.Refresh());
  counts_ = {};
  for (const Trial& trial : proposer_.trials()) {
    ++(trial.state == TrialState::kWaiting    ? counts_.waiting
       : trial.state == TrialState::kRunning  ? counts_.running
       : trial.state == TrialState::kComplete ? counts_.complete
       : trial.state == TrialState::kPruned   ? counts_.pruned
                                              : counts_.failed);
  }
  return {};
}

Result<void> StudyRunner::Look() {
  const TrialCounts before = counts_;
  JF_TRY(CountTrials());
  const bool same = before.waiting == counts_.waiting && before.running == counts_.running &&
                    before.total() == counts_.total();
  pause_ms_ = same ? std::min(2 * pause_ms_, kLongestPauseMs) : kShortestPauseMs;
  if (const Seconds now = MonotonicNow(); now >= next_books_) {
    JF_TRY(KeepBooks(now));
  } else if (!same && study_.budget.energy) {  // quick trials spend much between two books
    JF_TRY(ChargeSearch());
    JF_TRY(LookAtEnergy());
  }
  Report();
  return {};
}

/// Clock, joules and leases: what need not be known to the millisecond.
Result<void> StudyRunner::KeepBooks(Seconds now) {
  next_books_ = now + kBookkeeping;
  auto leads = store_.TryLead(study_.name);
  if (!leads) return Pass(leads);
  if (!*leads) {
    launcher_->HandOver();
    return Fail(ErrorCode::kLeaseLost,
                fmt::format("another `joulefront run` took the study over while the connection to "
                            "{} was lost; it goes on there",
                            options_.store_path));
  }
  if (!store_.IsShared() && FileIdentity(options_.store_path) != store_identity_) {
    return Fail(
        ErrorCode::kUnavailable,
        fmt::format("the store '{}' was deleted, moved or replaced while the study ran; what "
                    "was finished is in the file that was there",
                    options_.store_path));
  }
  JF_TRY(store_.AddElapsed(options_.id, now - last_books_));
  last_books_ = now;
  auto elapsed = store_.Elapsed(options_.id);
  if (!elapsed) return Pass(elapsed);
  elapsed_ = *elapsed;
  TellOfWaiting(now);
  JF_TRY(ChargeSearch());
  JF_TRY(LookAtEnergy());
  return Reclaim();
}

/// Trials that ask for labels may wait for a worker that nobody has started.
void StudyRunner::TellOfWaiting(Seconds now) {
  if (study_.workers.requires_labels.empty() || counts_.waiting == 0 || counts_.running > 0) {
    waiting_since_ = now;
    return;
  }
  if (now - waiting_since_ < kLongWait || std::exchange(told_waiting_, true)) return;
  const auto next =
      std::find_if(proposer_.trials().begin(), proposer_.trials().end(),
                   [](const Trial& trial) { return trial.state == TrialState::kWaiting; });
  if (next == proposer_.trials().end()) return;
  const auto missing = MissingForTrial(study_, next->configuration, {});
  Say(
      fmt::format("{0} trials wait and none runs: trial {1} asks for a worker with {2} ([workers] "
                  "requires); start one with --label {2}",
                  counts_.waiting, next->number, missing.value_or("nothing special")));
}

Result<void> StudyRunner::ChargeSearch() {
  const auto more = search_meter_.TakeMore();
  return more ? store_.AddSearchEnergy(options_.id, *more) : Result<void>();
}

Result<void> StudyRunner::LookAtEnergy() {
  auto spent = store_.EnergySpent(options_.id);
  if (!spent) return Pass(spent);
  spent_ = *spent;
  return alerts_.Look(spent_.joules, CalendarNow());
}

Result<void> StudyRunner::Reclaim() {
  auto lost = ReclaimLostAttempts(store_, options_.id, study_, options_.store_path);
  if (!lost) return Pass(lost);
  if (*lost == 0) return {};
  const std::string message = fmt::format("{} attempt(s) lost their worker", *lost);
  Say(message);
  return store_.AddEvent(options_.id, "attempts lost", message, CalendarNow());
}

bool StudyRunner::TimeOrEnergySpent() const {
  const Budget& budget = study_.budget;
  return (budget.time && elapsed_ >= *budget.time) ||
         (budget.energy && spent_.joules >= *budget.energy);
}

/// Whether nothing runs, and what waits next would not be claimed: StudyStore::ClaimTrial().
bool StudyRunner::NextIsTooDear() const {
  if (!study_.budget.energy || counts_.running > 0) return false;
  const auto next =
      std::find_if(proposer_.trials().begin(), proposer_.trials().end(),
                   [](const Trial& trial) { return trial.state == TrialState::kWaiting; });
  if (next == proposer_.trials().end()) return false;
  const auto foreseen = next->foreseen ? next->foreseen : spent_.mean;
  return IsTooDear(spent_.joules, foreseen, study_.budget.energy);
}

Result<void> StudyRunner::Propose() {
  const auto limit = study_.budget.trials;
  while (!exhausted_ && too_dear_at_ != Done() && !TimeOrEnergySpent() && !IsHopeless() &&
         counts_.waiting < study_.workers.count * KindsOfWorkers(study_) &&
         (!limit || counts_.total() < *limit)) {
    const auto spent = study_.budget.energy ? std::optional(spent_.joules) : std::nullopt;
    auto number = proposer_.Propose(limit, spent, CalendarNow());
    if (!number) return Pass(number, "proposing a trial");
    if (*number) {
      ++counts_.waiting;
    } else if (number->error() == NoProposal::kTooDear) {
      too_dear_at_ = Done();
    } else {
      exhausted_ = true;
    }
  }
  return {};
}

bool StudyRunner::IsHopeless() const {
  return counts_.complete == 0 && counts_.failed - failed_before_ >= kHopelessTrials;
}

std::optional<RunEnd> StudyRunner::Finished() const {
  if (IsHopeless()) return RunEnd::kAllFailed;
  if (TimeOrEnergySpent()) return RunEnd::kBudgetSpent;
  if (NextIsTooDear()) return RunEnd::kTooDear;
  if (counts_.waiting + counts_.running > 0) return std::nullopt;
  if (exhausted_) return RunEnd::kSpaceExhausted;
  return too_dear_at_ == Done() ? RunEnd::kTooDear : RunEnd::kBudgetSpent;
}

void StudyRunner::Pause() {
  pollfd fd{signals_.fd(), POLLIN, 0};
  poll(&fd, 1, pause_ms_);
  if (!signals_.Drain() || !launcher_->Reap()) return;
  next_books_ = MonotonicNow();  // its attempt is lost: look at once
}

// Close the study, so that nothing more is claimed. Workers end by themselves after what they are
// at; if we were interrupted, they are told to stop it, and told again when we are. Then they have
// kLastPatience. Errors of the store come last, so that no worker is left behind.
Result<void> StudyRunner::StopWorkers(RunEnd end) {
  Result<void> store_works = CloseStudy();
  const bool interrupted = end == RunEnd::kInterrupted;
  if (interrupted) Say("stopping: what runs now is interrupted and will wait for the next run");
  int told = 0;
  std::optional<Seconds> give_up_at;
  launcher_->Dismiss();
  while (launcher_->HasAny()) {
    const int tell = interrupted || signals_.stop_requests() > 0
                         ? std::clamp(signals_.stop_requests(), 1, 2)
                         : 0;
    for (; told < tell; ++told) {
      launcher_->Stop();
      if (told == 1) give_up_at = MonotonicNow() + kLastPatience;
    }
    if (give_up_at && MonotonicNow() >= *give_up_at) break;
    pause_ms_ = kShortestPauseMs;
    Pause();
    if (store_works) store_works = Look();
  }
  KillDescendants();
  if (!store_works) return store_works;
  return Reclaim();
}

/// So that nothing more is claimed; not where another leads by now, whose study it is.
Result<void> StudyRunner::CloseStudy() {
  auto leads = store_.TryLead(study_.name);
  if (!leads) return Pass(leads);
  return *leads ? store_.SetOpen(options_.id, false) : Result<void>();
}

void StudyRunner::Say(const std::string& line) const {
  if (options_.on_message) options_.on_message(line);
}

Progress StudyRunner::progress() const {
  return {.study = study_,
          .trials = proposer_.trials(),
          .counts = counts_,
          .spent = spent_,
          .elapsed = elapsed_,
          .since_start = MonotonicNow() - begin_,
          .done_before = done_before_};
}

void StudyRunner::Report() const {
  if (options_.on_progress) options_.on_progress(progress());
}

}  // namespace joulefront
