// The StudyStore interface: studies, trials, attempts, claims and events, shared by the process
// that proposes, the workers, and whoever looks.
//
// Every function is one transaction: it happens entirely or not at all, also under kill -9. A store
// object belongs to one thread, and does not survive fork(); processes share a database, each with
// an object of its own. Time is an argument. Common errors: kNotFound (no such study), kBusy
// (locked for longer than the store waits), kUnreachable (the server is away),
// kUnavailable (disk full, read-only, I/O error), kCorrupt.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "study_store/study.h"
#include "study_store/trial.h"

namespace joulefront {

using StudyId = std::int64_t;

struct StudyEntry {
  StudyId id = 0;
  std::string name;
  TimePoint created{};
};

struct NewTrial {
  std::string configuration;  // canonical JSON
  std::string proposed_by;
  std::string reason;
  std::uint64_t seed = 0;
  std::optional<TrialNumber> continues;
  std::optional<Joules> foreseen;  // reserved until it has finished; above 0
  std::string basis;               // JSON (proposal_basis.h), or empty
};

/// What a study may have in all. Empty: as much as there is.
struct Limits {
  std::optional<std::int64_t> trials;
  std::optional<Joules> energy;
};

struct TrialCounts {
  std::int64_t waiting = 0, running = 0, complete = 0, pruned = 0, failed = 0;
  std::int64_t total() const { return waiting + running + complete + pruned + failed; }
};

/// Something worth telling a person later: "run started", "worker lost", "budget extended".
struct Event {
  TimePoint at{};
  std::string kind;
  std::string message;
};

class StudyStore {
 public:
  virtual ~StudyStore() = default;

  // --- studies ---
  /// kConflict if the store has a study of that name.
  virtual Result<StudyId> CreateStudy(const Study& study, TimePoint now) = 0;
  virtual Result<std::vector<StudyEntry>> ListStudies() = 0;  // by id
  virtual Result<Study> LoadStudy(StudyId study) = 0;
  /// Replaces what is not the definition by that of `changed`.
  virtual Result<void> UpdateSettings(StudyId study, const Study& changed) = 0;

  /// Whether workers may claim. `run` opens a study when it starts and closes it when the budget is
  /// spent; workers of a closed study end. New studies are open.
  virtual Result<void> SetOpen(StudyId study, bool open) = 0;
  virtual Result<bool> IsOpen(StudyId study) = 0;

  /// Time that `run` has spent on the study, over all its runs.
  virtual Result<void> AddElapsed(StudyId study, Seconds elapsed) = 0;
  virtual Result<Seconds> Elapsed(StudyId study) = 0;

  // --- trials ---
  /// Appends a waiting trial; its number is the count of trials before. kConflict if that count has
  /// reached the limit, or the joules spent, reserved and foreseen for it exceed theirs: the budget
  /// is checked in the transaction that spends it.
  virtual Result<TrialNumber> AddTrial(StudyId study, const NewTrial& trial, const Limits& limits,
                                       TimePoint now) = 0;

  /// Trials changed after `revision` (0: all), by number.
  virtual Result<std::vector<Trial>> LoadTrials(StudyId study, std::int64_t revision = 0) = 0;
  /// One trial. kNotFound.
  virtual Result<Trial> LoadTrial(StudyId study, TrialNumber number) = 0;
  /// What can be read of a trial of a damaged store: without values, or without joules, where they
  /// cannot be. Errors: as LoadTrial(), for a trial of which nothing can be read.
  virtual Result<Trial> RescueTrial(StudyId study, TrialNumber number) {
    return LoadTrial(study, number);
  }
  virtual Result<TrialCounts> CountTrials(StudyId study) = 0;

  // --- attempts ---
  /// Makes the waiting trial of the lowest number run, as a new attempt of `worker` under a lease
  /// until `lease_until`. Empty when nothing waits or the study is closed. kBusy, whatever
  /// waits, if another kernel (boot id) holds a lease on any study of the store that has not ended
  /// at `now`. `trial`: that one only. `energy`: empty also where the joules spent, those reserved
  /// for what runs, and those foreseen for the trial (else Spent::mean) exceed it.
  virtual Result<std::optional<Claim>> ClaimTrial(StudyId study, const WorkerIdentity& worker,
                                                  TimePoint lease_until, TimePoint now,
                                                  std::optional<TrialNumber> trial = {},
                                                  std::optional<Joules> energy = {}) = 0;

  /// Begins another attempt of a complete trial, with a seed of its own, that changes nothing of
  /// the trial: FinishAttempt() keeps its values with the attempt. kConflict if the trial is not
  /// complete or is being confirmed; kBusy as for ClaimTrial().
  virtual Result<Claim> ClaimConfirmation(StudyId study, TrialNumber trial, std::uint64_t seed,
                                          const WorkerIdentity& worker, TimePoint lease_until,
                                          TimePoint now) = 0;

  /// Prolongs the lease and records the joules so far, replacing what this attempt had recorded.
  /// kLeaseLost if the attempt is not running any more; its joules are recorded all the same,
  /// unless it finished its trial (finished trials never change) or they would lower what is
  /// recorded. Joules without a figure for "total" never replace those with one. kInvalidArgument
  /// for numbers that are not finite.
  virtual Result<void> RenewLease(const Claim& claim, TimePoint lease_until,
                                  const std::vector<PhaseEnergy>& so_far) = 0;

  /// Records intermediate reports, all or none. One of the same step is replaced, and a value that
  /// is no number kept as missing. kLeaseLost as above.
  virtual Result<void> AddReports(const Claim& claim, const std::vector<ProgressReport>& reports,
                                  TimePoint now) = 0;
  /// The same for one report.
  Result<void> AddProgress(const Claim& claim, std::int64_t step, const NamedValues& values,
                           TimePoint now, std::optional<Joules> joules = {}) {
    return AddReports(claim, {ProgressReport{step, values, joules}}, now);
  }

  /// Reports of the last attempt of a trial, by step.
  virtual Result<std::vector<ProgressReport>> LoadProgress(StudyId study, TrialNumber trial) = 0;

  /// Ends the attempt, and moves its trial on by StateAfter(). kLeaseLost if the attempt is not
  /// running any more: then only its joules are recorded, as above. An empty `energy` leaves what
  /// is recorded. kInvalidArgument for values and joules that are not finite. Survives a power cut.
  virtual Result<void> FinishAttempt(const Claim& claim, const AttemptResult& result,
                                     const RetryLimits& limits, TimePoint now) = 0;

  /// Attempts of one trial, or of all, by trial and number.
  virtual Result<std::vector<Attempt>> LoadAttempts(StudyId study,
                                                    std::optional<TrialNumber> trial = {}) = 0;
  /// Complete confirmations, without their energy, in the order in which they ended.
  virtual Result<std::vector<Attempt>> LoadConfirmations(StudyId study) = 0;
  /// Attempts that are running now, without their energy.
  virtual Result<std::vector<Attempt>> LoadRunningAttempts(StudyId study) = 0;

  struct Spent {
    Joules joules;  // of the phase "total" of all attempts, and of the search
    Joules search;  // the part of it that proposing took
    // Foreseen and not spent yet: for trials that run, and for those that wait. Where nothing was
    // foreseen, `mean` is taken.
    Joules reserved_running, reserved_waiting;
    std::optional<Joules> mean;          // of attempts that have ended; empty: none has
    std::int64_t attempts_without = 0;   // attempts that have none recorded
    std::optional<EnergyClass> weakest;  // of all that is in it; empty: no figure at all
  };
  virtual Result<Spent> EnergySpent(StudyId study) = 0;

  /// Adds what proposing took. kInvalidArgument for a phase without a figure, or one that is not
  /// finite.
  virtual Result<void> AddSearchEnergy(StudyId study, const PhaseEnergy& taken) = 0;
  /// What it took in all: the sum for each provenance, by provenance.
  virtual Result<std::vector<PhaseEnergy>> SearchEnergy(StudyId study) = 0;

  // --- events ---
  virtual Result<void> AddEvent(StudyId study, const std::string& kind, const std::string& message,
                                TimePoint now) = 0;
  virtual Result<std::vector<Event>> LoadEvents(StudyId study) = 0;  // oldest first

  // --- the store itself ---
  /// What is damaged in it, a line each; empty if it is whole. Reads all of it.
  virtual Result<std::vector<std::string>> FindDamage() = 0;

  // --- several machines; a store of one machine has these defaults ---
  virtual bool IsShared() { return false; }
  /// What the clock that leases are judged by is ahead of this machine's. Times given to the store
  /// are of this machine's clock; times loaded are of the store's.
  virtual std::chrono::milliseconds ClockAhead() { return std::chrono::milliseconds(0); }
  /// Whether this process is, from now on and as long as it is connected, the one that proposes for
  /// the study of that name; false while another is. Asked again it says whether that still holds.
  virtual Result<bool> TryLead(const std::string& /*study*/) { return true; }
  /// Something to poll while there is nothing to do: readable once a trial of the study may be
  /// waiting, or the study was closed. -1: there is none, so look again now and then.
  virtual int NewsFd(StudyId) { return -1; }
  /// Takes in what came; true if something did since the last call.
  virtual bool TakeNews() { return false; }
};

}  // namespace joulefront
