// Runs a study: has workers started (launcher.h), keeps their queue filled with proposals, and
// closes the study when its budget is spent. Crash-only: whatever is killed, running again goes on.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "study_store/proposer.h"
#include "study_store/store.h"
#include "workers/alerts.h"
#include "workers/launcher.h"
#include "workers/process.h"
#include "workers/search_meter.h"

namespace joulefront {

/// Where a study stands, for whoever shows progress.
struct Progress {
  const Study& study;
  const std::vector<Trial>& trials;  // by number
  TrialCounts counts;
  StudyStore::Spent spent;
  Seconds elapsed;           // over all runs
  Seconds since_start;       // of this run
  std::int64_t done_before;  // finished trials when this run began
};

enum class RunEnd {
  kBudgetSpent,
  kTooDear,         // joules are left, and no configuration is expected to fit them
  kSpaceExhausted,  // every configuration has been tried
  kInterrupted,     // by a signal; what ran waits again
  kAllFailed,       // no trial has ever succeeded, and kHopelessTrials failed in this run
};

/// After this many failures in one run, and no success in any, a study is stopped.
inline constexpr int kHopelessTrials = 10;

struct RunOptions {
  std::string store_path;
  StudyId id = 0;
  std::vector<std::string> worker_command;  // LaunchPlan::worker
  LaunchSettings launch;
  int no_meter_status = 5;                             // LaunchPlan::no_meter_status
  std::function<void(const Progress&)> on_progress;    // several times a second
  std::function<void(const std::string&)> on_message;  // a line worth reading
};

/// The exclusive right to propose for the studies of a store on this machine, held while the
/// descriptor is open. Errors: kBusy if another `run` holds it; kUnavailable.
Result<FileDescriptor> LockForRun(StudyStore& store, const std::string& study,
                                  const std::string& store_path);

class StudyRunner {
 public:
  /// `store`, `study` and `signals` outlive the runner. `sampler`: instead of the study's.
  StudyRunner(StudyStore& store, const Study& study, RunOptions options, SignalWatch& signals,
              std::unique_ptr<Sampler> sampler = nullptr);

  /// Runs until the budget is spent, the space exhausted, everything fails, or a signal asks to
  /// stop. Errors: the store's, kUnavailable if workers cannot be kept running, and kNoMeter if a
  /// source of joules has gone.
  Result<RunEnd> Run();

  /// As of the last look; refers to this object.
  Progress progress() const;

 private:
  std::int64_t Done() const { return counts_.complete + counts_.pruned + counts_.failed; }
  Result<RunEnd> Loop();
  Result<std::optional<RunEnd>> Turn();
  Result<void> TellStoreAway(const Error& error);
  Result<void> CountTrials();
  Result<void> Look();
  Result<void> KeepBooks(Seconds now);
  Result<void> LookAtEnergy();
  Result<void> Reclaim();
  void TellOfWaiting(Seconds now);
  Result<void> ChargeSearch();
  bool TimeOrEnergySpent() const;
  bool NextIsTooDear() const;
  bool IsHopeless() const;
  Result<void> Propose();
  std::optional<RunEnd> Finished() const;
  void Pause();
  Result<void> CloseStudy();
  Result<void> StopWorkers(RunEnd end);
  void Say(const std::string& line) const;
  void Report() const;

  StudyStore& store_;
  const Study& study_;
  RunOptions options_;
  SignalWatch& signals_;
  std::pair<std::uint64_t, std::uint64_t> store_identity_;
  Proposer proposer_;
  EnergyAlerts alerts_;
  SearchMeter search_meter_;
  std::unique_ptr<Launcher> launcher_;
  TrialCounts counts_;
  StudyStore::Spent spent_;
  Seconds elapsed_;
  Seconds begin_, last_books_, next_books_;
  Seconds waiting_since_ = MonotonicNow();  // nothing runs, though trials wait
  std::int64_t done_before_ = 0, failed_before_ = 0;
  bool exhausted_ = false;
  bool store_away_ = false, told_waiting_ = false;
  std::optional<std::int64_t> too_dear_at_;  // Done() when the sampler last found all too dear
  int pause_ms_ = 10;  // kShortestPauseMs; doubled while nothing changes, so never 0
};

}  // namespace joulefront
