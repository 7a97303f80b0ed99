// The StudyStore in a database, by SQL: a SQLite file or PostgreSQL. Private to study_store;
// open_store.h opens it for everyone else.
//
// Sources: sql_store.cc has studies and events, sql_trials.cc trials, sql_attempts.cc claims and
// attempts, sql_energy.cc joules.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "study_store/open_store.h"
#include "study_store/sql_connection.h"
#include "study_store/store.h"

namespace joulefront {

class SqlStore final : public StudyStore {
 public:
  explicit SqlStore(std::unique_ptr<SqlConnection> connection)
      : connection_(std::move(connection)) {}

  /// Copies a study of another store, with all that belongs to it. kConflict if this store has one
  /// of that name.
  Result<StudyId> CopyStudyFrom(SqlStore& other, StudyId study);

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
  Result<Trial> RescueTrial(StudyId study, TrialNumber number) override;
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
  Result<std::vector<ProgressReport>> LoadProgress(StudyId study, TrialNumber trial) override;
  Result<void> AddReports(const Claim& claim, const std::vector<ProgressReport>& reports,
                          TimePoint now) override;
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
  Result<std::vector<std::string>> FindDamage() override { return connection_->FindDamage(); }

  bool IsShared() override { return connection_->IsShared(); }
  std::chrono::milliseconds ClockAhead() override { return connection_->ClockAhead(); }
  Result<bool> TryLead(const std::string& study) override { return connection_->TryLead(study); }
  int NewsFd(StudyId study) override { return connection_->NewsFd(study); }
  bool TakeNews() override { return connection_->TakeNews(); }

 private:
  Result<void> AddReport(const Claim& claim, const ProgressReport& report, TimePoint now);
  /// A time of this machine's clock, on the store's.
  TimePoint There(TimePoint here) const { return here + connection_->ClockAhead(); }
  /// kNotFound if there is no such study.
  Result<void> RequireStudy(StudyId study);
  Error NoSuchStudy(StudyId study) const;
  Error LeaseLost(const Claim& claim) const;
  /// The number that the next trial takes.
  Result<TrialNumber> NextNumber(StudyId study);
  /// The revision that the next change of a trial takes.
  Result<std::int64_t> NextRevision(StudyId study);

  /// Values of confirmations, into attempts that are sorted by trial and number.
  Result<void> LoadConfirmed(StudyId study, std::optional<TrialNumber> trial,
                             std::vector<Attempt>& attempts);
  /// The parts of LoadTrial().
  Result<Trial> LoadRow(StudyId study, TrialNumber number);
  Result<void> AddValues(StudyId study, Trial& trial);
  Result<void> AddEnergy(StudyId study, Trial& trial);
  Result<void> LoadValues(StudyId study, std::int64_t revision, std::vector<Trial>& trials);
  Result<void> LoadEnergy(StudyId study, std::int64_t revision, std::vector<Trial>& trials);

  /// kBusy if another kernel holds a lease on any study.
  Result<void> RefuseOtherKernels(const WorkerIdentity& worker, TimePoint now);
  /// Whether a claim may be tried at all: kBusy, kNotFound, or false where nothing waits.
  Result<bool> MayClaim(StudyId study, const WorkerIdentity& worker, TimePoint now,
                        std::optional<TrialNumber> trial);
  Result<std::optional<Claim>> TakeTrial(StudyId study, const WorkerIdentity& worker,
                                         TimePoint lease_until, TimePoint now,
                                         std::optional<TrialNumber> trial,
                                         std::optional<Joules> energy);
  /// Whether the joules left suffice for the next trial, as ClaimTrial() rules.
  Result<bool> SufficesForNext(StudyId study, std::optional<TrialNumber> trial,
                               std::optional<Joules> energy);
  Result<void> InsertAttempt(const Claim& claim, AttemptKind kind, const WorkerIdentity& worker,
                             TimePoint lease_until, TimePoint now);
  /// EnergySpent() within a transaction, and two of its parts.
  Result<Spent> ReadSpent(StudyId study);
  Result<void> AddSearch(StudyId study, Spent& spent);
  Result<void> AddReserved(StudyId study, Spent& spent);
  /// Ends the attempt if it is running; false if it is not.
  Result<bool> EndAttempt(const Claim& claim, const AttemptResult& result, TimePoint now);
  /// Whether the attempt has ended as `result` says: by a commit that was never answered.
  Result<bool> EndedSo(const Claim& claim, const AttemptResult& result);
  Result<AttemptKind> KindOf(const Claim& claim);
  Result<void> KeepConfirmed(const Claim& claim, const NamedValues& values);
  Result<void> MoveTrialOn(const Claim& claim, const AttemptResult& result,
                           const RetryLimits& limits, TimePoint now);

  /// Records joules as ReplacesRecorded() rules. `running`: whether the attempt was running when
  /// the transaction began.
  Result<void> RecordEnergy(const Claim& claim, const std::vector<PhaseEnergy>& energy,
                            bool running);
  Result<void> InsertEnergy(const Claim& claim, const std::vector<PhaseEnergy>& energy);
  Result<std::int64_t> ProvenanceId(const Provenance& provenance);
  Result<std::optional<std::int64_t>> FindProvenance(const Provenance& provenance);

  std::unique_ptr<SqlConnection> connection_;
};

}  // namespace joulefront
