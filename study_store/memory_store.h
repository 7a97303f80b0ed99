// The StudyStore in memory: the model that the SQLite store is compared with, so it is kept plain.
// Private to study_store; open_store.h makes one. memory_store.cc has studies, trials and events,
// memory_attempts.cc claims and attempts.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "study_store/open_store.h"

namespace joulefront {

using AttemptKey = std::pair<TrialNumber, int>;

struct KeptStudy {
  Study study;
  TimePoint created{};
  bool open = true;
  Seconds elapsed;
  std::vector<Trial> trials;
  std::map<AttemptKey, Attempt> attempts;
  std::map<AttemptKey, std::map<std::int64_t, ProgressReport>> progress;  // by step
  std::vector<Event> events;
  std::map<Provenance, PhaseEnergy> search_energy;
  std::int64_t last_revision = 0;

  // What the above says, found fast.
  std::set<TrialNumber> waiting;
  std::set<AttemptKey> running;
  std::map<std::int64_t, TrialNumber> by_revision;

  /// Puts the trial into `state`, as one change.
  void Move(Trial& trial, TrialState state) {
    by_revision.erase(trial.revision);
    trial.revision = ++last_revision;
    by_revision[trial.revision] = trial.number;
    trial.state = state;
    if (state == TrialState::kWaiting) {
      waiting.insert(trial.number);
    } else {
      waiting.erase(trial.number);
    }
  }
};

class MemoryStore final : public StudyStore {
 public:
  Result<StudyId> CreateStudy(const Study& study, TimePoint now) override;
  Result<std::vector<StudyEntry>> ListStudies() override;
  Result<Study> LoadStudy(StudyId study) override;
  Result<void> UpdateSettings(StudyId study, const Study& changed) override;
  Result<void> SetOpen(StudyId study, bool open) override;
  Result<bool> IsOpen(StudyId study) override;
  Result<void> AddElapsed(StudyId study, Seconds elapsed) override;
  Result<Seconds> Elapsed(StudyId study) override;

  Result<TrialNumber> AddTrial(StudyId study, const NewTrial& trial, const Limits& limits,
                               TimePoint now) override;
  Result<std::vector<Trial>> LoadTrials(StudyId study, std::int64_t revision) override;
  Result<Trial> LoadTrial(StudyId study, TrialNumber number) override;
  Result<TrialCounts> CountTrials(StudyId study) override;

  Result<std::optional<Claim>> ClaimTrial(StudyId study, const WorkerIdentity& worker,
                                          TimePoint lease_until, TimePoint now,
                                          std::optional<TrialNumber> trial,
                                          std::optional<Joules> energy) override;
  Result<Claim> ClaimConfirmation(StudyId study, TrialNumber trial, std::uint64_t seed,
                                  const WorkerIdentity& worker, TimePoint lease_until,
                                  TimePoint now) override;
  Result<void> RenewLease(const Claim& claim, TimePoint lease_until,
                          const std::vector<PhaseEnergy>& so_far) override;
  Result<void> AddReports(const Claim& claim, const std::vector<ProgressReport>& reports,
                          TimePoint now) override;
  Result<std::vector<ProgressReport>> LoadProgress(StudyId study, TrialNumber trial) override;
  Result<void> FinishAttempt(const Claim& claim, const AttemptResult& result,
                             const RetryLimits& limits, TimePoint now) override;
  Result<std::vector<Attempt>> LoadAttempts(StudyId study,
                                            std::optional<TrialNumber> trial) override;
  Result<std::vector<Attempt>> LoadConfirmations(StudyId study) override;
  Result<std::vector<Attempt>> LoadRunningAttempts(StudyId study) override;
  Result<Spent> EnergySpent(StudyId study) override;
  Result<void> AddSearchEnergy(StudyId study, const PhaseEnergy& taken) override;
  Result<std::vector<PhaseEnergy>> SearchEnergy(StudyId study) override;

  Result<void> AddEvent(StudyId study, const std::string& kind, const std::string& message,
                        TimePoint now) override;
  Result<std::vector<Event>> LoadEvents(StudyId study) override;
  Result<std::vector<std::string>> FindDamage() override { return std::vector<std::string>(); }

 private:
  Result<KeptStudy*> Find(StudyId study);
  /// The attempt, running or not, that the claim names; null if there never was one.
  Attempt* FindAttempt(const Claim& claim);
  static Spent SpentOn(const KeptStudy& kept);
  /// kBusy if another kernel holds a lease.
  Result<void> RefuseOtherKernels(const WorkerIdentity& worker, TimePoint now) const;

  std::vector<KeptStudy> studies_;  // study id k is at k - 1
};

}  // namespace joulefront
