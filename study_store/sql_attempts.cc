// Claims and attempts of a store in a database.
#include <fmt/format.h>

#include <bit>

#include "base/check.h"
#include "study_store/attempt_rules.h"
#include "study_store/sql_energy.h"
#include "study_store/sql_store.h"

namespace joulefront {
namespace {

std::optional<std::string_view> NameOf(std::optional<FailureClass> failure) {
  if (!failure) return std::nullopt;
  return Name(*failure);
}

constexpr const char* kAttempts =
    "SELECT trial, number, state, worker, host, boot_id, pid, start_ticks, started_ms,"
    " lease_until_ms, ended_ms, failure, message, kind FROM attempt";

/// The attempt in a row of kAttempts. Error: kCorrupt.
Result<Attempt> ReadAttempt(const SqlConnection& store, const Query& row) {
  Attempt attempt;
  attempt.trial = row.Int(0);
  attempt.number = static_cast<int>(row.Int(1));
  const auto state = AttemptStateFromName(row.Text(2));
  const auto kind = AttemptKindFromName(row.Text(13));
  if (!state || !kind) {
    return Damaged(store, fmt::format("an attempt of trial {} has an impossible {}", attempt.trial,
                                      state ? "kind" : "state"));
  }
  attempt.state = *state;
  attempt.worker = {.name = row.String(3),
                    .host = row.String(4),
                    .boot_id = row.String(5),
                    .pid = row.Int(6),
                    .start_ticks = row.Int(7)};
  attempt.started = row.Time(8);
  attempt.lease_until = row.Time(9);
  if (!row.IsNull(10)) attempt.ended = row.Time(10);
  attempt.failure = FailureClassFromName(row.Text(11));
  attempt.message = row.Text(12);
  attempt.kind = *kind;
  return attempt;
}

Result<std::vector<Attempt>> ReadAttempts(const SqlConnection& store, Query& query) {
  std::vector<Attempt> attempts;
  while (true) {
    auto row = query.Step();
    if (!row) return Pass(row);
    if (!*row) return attempts;
    auto attempt = ReadAttempt(store, query);
    if (!attempt) return Pass(attempt);
    attempts.push_back(std::move(*attempt));
  }
}

}  // namespace

Result<void> SqlStore::RefuseOtherKernels(const WorkerIdentity& worker, TimePoint now) {
  if (connection_->IsShared()) return {};
  // Leases of all studies count: it is the file that two kernels must not share.
  auto foreign = connection_->Prepare(
      "SELECT worker, host, boot_id, lease_until_ms FROM attempt INDEXED BY attempt_running"
      " WHERE state = 'running' AND boot_id <> ?1 AND lease_until_ms > ?2 LIMIT 1");
  if (!foreign) return Pass(foreign);
  auto held = foreign->Bind(worker.boot_id, There(now)).Step();
  if (!held) return Pass(held);
  if (*held) {
    return Fail(
        ErrorCode::kBusy,
        fmt::format("{} is in use by worker {} on {}, under another kernel or before a "
                    "reboot; a store serves one machine: wait {} for its lease to end",
                    connection_->name(), foreign->Text(0), foreign->Text(1),
                    FormatSeconds(Seconds(
                        static_cast<double>((foreign->Time(3) - There(now)).count()) / 1e3))));
  }
  return {};
}

Result<bool> SqlStore::MayClaim(StudyId study, const WorkerIdentity& worker, TimePoint now,
                                std::optional<TrialNumber> trial) {
  JF_TRY(RefuseOtherKernels(worker, now));
  auto query = connection_->Prepare(
      "SELECT open = 1 AND EXISTS (SELECT 1 FROM trial WHERE trial.study = ?1 AND state = 'waiting'"
      " AND (?2 IS NULL OR number = ?2)) FROM study WHERE id = ?1");
  if (!query) return Pass(query);
  auto row = query->Bind(study, trial).Step();
  if (!row) return Pass(row);
  if (!*row) return tl::unexpected(NoSuchStudy(study));
  return query->Int(0) != 0;
}

Result<std::optional<Claim>> SqlStore::ClaimTrial(StudyId study, const WorkerIdentity& worker,
                                                  TimePoint lease_until, TimePoint now,
                                                  std::optional<TrialNumber> trial,
                                                  std::optional<Joules> energy) {
  // Idle workers ask again and again: they look first, and take no lock where nothing waits.
  auto may = MayClaim(study, worker, now, trial);
  if (!may) return Pass(may);
  if (!*may) return std::optional<Claim>();
  return connection_->Write(Survives::kProcess, study, [&]() -> Result<std::optional<Claim>> {
    auto still = MayClaim(study, worker, now, trial);
    if (!still) return Pass(still);
    if (!*still) return std::optional<Claim>();
    return TakeTrial(study, worker, lease_until, now, trial, energy);
  });
}

Result<bool> SqlStore::SufficesForNext(StudyId study, std::optional<TrialNumber> trial,
                                       std::optional<Joules> energy) {
  if (!energy) return true;
  auto next = connection_->Prepare(
      "SELECT foreseen_j FROM trial WHERE study = ?1 AND state = 'waiting'"
      " AND (?2 IS NULL OR number = ?2) ORDER BY number LIMIT 1");
  if (!next) return Pass(next);
  auto row = next->Bind(study, trial).Step();
  if (!row) return Pass(row);
  if (!*row) return true;
  std::optional<Joules> foreseen;
  if (!next->IsNull(0)) foreseen = Joules(next->Real(0));
  auto spent = ReadSpent(study);
  if (!spent) return Pass(spent);
  if (!foreseen) foreseen = spent->mean;
  return !IsTooDear(spent->joules + spent->reserved_running, foreseen, energy);
}

Result<Claim> SqlStore::ClaimConfirmation(StudyId study, TrialNumber trial, std::uint64_t seed,
                                          const WorkerIdentity& worker, TimePoint lease_until,
                                          TimePoint now) {
  return connection_->Write(Survives::kProcess, study, [&]() -> Result<Claim> {
    JF_TRY(RefuseOtherKernels(worker, now));
    JF_TRY(RequireStudy(study));
    auto query = connection_->Prepare(
        "SELECT state, configuration,"
        " (SELECT max(number) FROM attempt WHERE study = ?1 AND trial = ?2),"
        " EXISTS (SELECT 1 FROM attempt WHERE study = ?1 AND trial = ?2 AND state = 'running')"
        " FROM trial WHERE study = ?1 AND number = ?2");
    if (!query) return Pass(query);
    auto row = query->Bind(study, trial).Step();
    if (!row) return Pass(row);
    if (!*row) return Fail(ErrorCode::kNotFound, fmt::format("there is no trial {}", trial));
    const auto state = TrialStateFromName(query->Text(0)).value_or(TrialState::kFailed);
    const bool running = query->Int(3) != 0;
    if (state != TrialState::kComplete || running) {
      return tl::unexpected(CannotConfirm(trial, state));
    }
    Claim claim{.study = study,
                .trial = trial,
                .attempt = static_cast<int>(query->Int(2)) + 1,
                .worker = worker.name,
                .configuration = query->String(1),
                .seed = seed,
                .continues = {}};
    JF_TRY(InsertAttempt(claim, AttemptKind::kConfirmation, worker, lease_until, now));
    return claim;
  });
}

Result<std::optional<Claim>> SqlStore::TakeTrial(StudyId study, const WorkerIdentity& worker,
                                                 TimePoint lease_until, TimePoint now,
                                                 std::optional<TrialNumber> trial,
                                                 std::optional<Joules> energy) {
  auto suffices = SufficesForNext(study, trial, energy);
  if (!suffices) return Pass(suffices);
  if (!*suffices) return std::optional<Claim>();
  auto revision = NextRevision(study);
  if (!revision) return Pass(revision);
  auto take = connection_->Prepare(
      "UPDATE trial SET state = 'running', attempts = attempts + 1, revision = ?3"
      " WHERE study = ?1 AND number = (SELECT number FROM trial WHERE study = ?1"
      " AND state = 'waiting' AND (?2 IS NULL OR number = ?2) ORDER BY number LIMIT 1)"
      " RETURNING number, attempts, seed, configuration, continues");
  if (!take) return Pass(take);
  auto row = take->Bind(study, trial, *revision).Step();
  if (!row) return Pass(row);
  if (!*row) return std::optional<Claim>();
  Claim claim{.study = study,
              .trial = take->Int(0),
              .attempt = static_cast<int>(take->Int(1)),
              .worker = worker.name,
              .configuration = take->String(3),
              .seed = std::bit_cast<std::uint64_t>(take->Int(2)),
              .continues = take->IsNull(4) ? std::nullopt : std::optional(take->Int(4))};
  JF_TRY(take->Run());
  JF_TRY(InsertAttempt(claim, AttemptKind::kTrial, worker, lease_until, now));
  return std::optional(std::move(claim));
}

Result<void> SqlStore::InsertAttempt(const Claim& claim, AttemptKind kind,
                                     const WorkerIdentity& worker, TimePoint lease_until,
                                     TimePoint now) {
  auto insert = connection_->Prepare(
      "INSERT INTO attempt (study, trial, number, state, worker, host, boot_id, pid, start_ticks,"
      " started_ms, lease_until_ms, kind)"
      " VALUES (?1, ?2, ?3, 'running', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
  if (!insert) return Pass(insert);
  JF_TRY(insert
             ->Bind(claim.study, claim.trial, claim.attempt, worker.name, worker.host,
                    worker.boot_id, worker.pid, worker.start_ticks, There(now), There(lease_until),
                    Name(kind))
             .Run());
  return {};
}

Result<void> SqlStore::RenewLease(const Claim& claim, TimePoint lease_until,
                                  const std::vector<PhaseEnergy>& so_far) {
  JF_TRY(CheckEnergy(so_far));
  auto held = connection_->Write(Survives::kProcess, claim, [&]() -> Result<bool> {
    auto renew = connection_->Prepare(
        "UPDATE attempt SET lease_until_ms = ?5 WHERE study = ?1 AND trial = ?2 AND number = ?3"
        " AND worker = ?4 AND state = 'running'");
    if (!renew) return Pass(renew);
    auto rows =
        renew->Bind(claim.study, claim.trial, claim.attempt, claim.worker, There(lease_until))
            .Run();
    if (!rows) return Pass(rows);
    const bool running = *rows == 1;
    JF_TRY(RecordEnergy(claim, so_far, running));
    return running;
  });
  if (!held) return Pass(held);
  if (!*held) return tl::unexpected(LeaseLost(claim));
  return {};
}

Result<void> SqlStore::AddReports(const Claim& claim, const std::vector<ProgressReport>& reports,
                                  TimePoint now) {
  return connection_->Write(Survives::kProcess, claim, [&]() -> Result<void> {
    for (const ProgressReport& report : reports) JF_TRY(AddReport(claim, report, now));
    return {};
  });
}

Result<void> SqlStore::AddReport(const Claim& claim, const ProgressReport& report, TimePoint now) {
  auto add = connection_->Prepare(
      "INSERT INTO progress (study, trial, attempt, step, at_ms, joules)"
      " SELECT study, trial, number, ?5, ?6, ?7 FROM attempt WHERE study = ?1 AND trial = ?2"
      " AND number = ?3 AND worker = ?4 AND state = 'running'"
      " ON CONFLICT (study, trial, attempt, step)"
      " DO UPDATE SET at_ms = excluded.at_ms, joules = excluded.joules");
  if (!add) return Pass(add);
  auto rows =
      add->Bind(claim.study, claim.trial, claim.attempt, claim.worker, report.step, There(now),
                report.joules ? std::optional(report.joules->value()) : std::nullopt)
          .Run();
  if (!rows) return Pass(rows);
  if (*rows == 0) return tl::unexpected(LeaseLost(claim));
  for (const auto& [name, value] : report.values) {
    auto insert = connection_->Prepare(
        "INSERT INTO progress_value (study, trial, attempt, step, name, value)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (study, trial, attempt, step, name)"
        " DO UPDATE SET value = excluded.value");
    if (!insert) return Pass(insert);
    JF_TRY(insert->Bind(claim.study, claim.trial, claim.attempt, report.step, name, value).Run());
  }
  return {};
}

Result<std::vector<ProgressReport>> SqlStore::LoadProgress(StudyId study, TrialNumber trial) {
  JF_TRY(RequireStudy(study));
  auto query = connection_->Prepare(
      "SELECT progress.step, name, value, progress.joules FROM progress LEFT JOIN progress_value"
      " USING (study, trial, attempt, step) WHERE study = ?1 AND trial = ?2 AND attempt ="
      " (SELECT attempts FROM trial WHERE study = ?1 AND number = ?2)"
      " ORDER BY progress.step, name");
  if (!query) return Pass(query);
  std::vector<ProgressReport> reports;
  query->Bind(study, trial);
  while (true) {
    auto row = query->Step();
    if (!row) return Pass(row);
    if (!*row) return reports;
    const std::int64_t step = query->Int(0);
    if (reports.empty() || reports.back().step != step) {
      reports.push_back({step, {}, {}});
      if (!query->IsNull(3)) reports.back().joules = Joules(query->Real(3));
    }
    if (!query->IsNull(2)) reports.back().values[query->String(1)] = query->Real(2);
  }
}

Result<void> SqlStore::FinishAttempt(const Claim& claim, const AttemptResult& result,
                                     const RetryLimits& limits, TimePoint now) {
  JF_CHECK(result.state != AttemptState::kRunning);
  JF_TRY(CheckEnergy(result.energy));
  JF_TRY(CheckValues(result.values));
  const bool asked_before = connection_->WasInDoubt();
  // A finished training may have cost hours: it alone is worth an fsync.
  auto held = connection_->Write(Survives::kPowerCut, claim.study, [&]() -> Result<bool> {
    auto ended = EndAttempt(claim, result, now);
    if (!ended) return Pass(ended);
    JF_TRY(RecordEnergy(claim, result.energy, *ended));
    if (!*ended) return asked_before ? EndedSo(claim, result) : false;
    auto kind = KindOf(claim);
    if (!kind) return Pass(kind);
    if (*kind == AttemptKind::kTrial) {
      JF_TRY(MoveTrialOn(claim, result, limits, now));
    } else if (result.state == AttemptState::kComplete) {
      JF_TRY(KeepConfirmed(claim, result.values));
    }
    return true;
  });
  if (!held) return Pass(held);
  if (!*held) return tl::unexpected(LeaseLost(claim));
  return {};
}

Result<bool> SqlStore::EndAttempt(const Claim& claim, const AttemptResult& result, TimePoint now) {
  auto query = connection_->Prepare(
      "UPDATE attempt SET state = ?5, ended_ms = ?6, failure = ?7, message = ?8"
      " WHERE study = ?1 AND trial = ?2 AND number = ?3 AND worker = ?4 AND state = 'running'");
  if (!query) return Pass(query);
  auto rows = query
                  ->Bind(claim.study, claim.trial, claim.attempt, claim.worker, Name(result.state),
                         There(now), NameOf(result.failure), result.message)
                  .Run();
  if (!rows) return Pass(rows);
  return *rows == 1;
}

Result<bool> SqlStore::EndedSo(const Claim& claim, const AttemptResult& result) {
  auto query = connection_->Prepare(
      "SELECT 1 FROM attempt WHERE study = ?1 AND trial = ?2 AND number = ?3 AND worker = ?4"
      " AND state = ?5");
  if (!query) return Pass(query);
  return query->Bind(claim.study, claim.trial, claim.attempt, claim.worker, Name(result.state))
      .Step();
}

Result<AttemptKind> SqlStore::KindOf(const Claim& claim) {
  auto query = connection_->Prepare(
      "SELECT kind FROM attempt WHERE study = ?1 AND trial = ?2 AND number = ?3");
  if (!query) return Pass(query);
  JF_TRY(query->Bind(claim.study, claim.trial, claim.attempt).Step());
  return AttemptKindFromName(query->Text(0)).value_or(AttemptKind::kTrial);
}

Result<void> SqlStore::KeepConfirmed(const Claim& claim, const NamedValues& values) {
  for (const auto& [name, value] : values) {
    auto insert = connection_->Prepare(
        "INSERT INTO confirmed_value (study, trial, attempt, name, value)"
        " VALUES (?1, ?2, ?3, ?4, ?5)");
    if (!insert) return Pass(insert);
    JF_TRY(insert->Bind(claim.study, claim.trial, claim.attempt, name, value).Run());
  }
  return {};
}

Result<void> SqlStore::MoveTrialOn(const Claim& claim, const AttemptResult& result,
                                   const RetryLimits& limits, TimePoint now) {
  auto count = connection_->Prepare(
      "SELECT count(*) FILTER (WHERE state = 'lost'),"
      " count(*) FILTER (WHERE state = 'interrupted')"
      " FROM attempt WHERE study = ?1 AND trial = ?2");
  if (!count) return Pass(count);
  JF_TRY(count->Bind(claim.study, claim.trial).Step());
  const TrialState next = StateAfter(result.state, static_cast<int>(count->Int(0)),
                                     static_cast<int>(count->Int(1)), limits);
  auto revision = NextRevision(claim.study);
  if (!revision) return Pass(revision);
  const bool failed = next == TrialState::kFailed;
  auto move = connection_->Prepare(
      "UPDATE trial SET state = ?3, finished_ms = ?4, failure = ?5, message = ?6, revision = ?7"
      " WHERE study = ?1 AND number = ?2");
  if (!move) return Pass(move);
  JF_TRY(move->Bind(claim.study, claim.trial, Name(next),
                    IsFinished(next) ? std::optional(There(now)) : std::nullopt,
                    failed ? NameOf(FailureAfter(result)) : std::nullopt,
                    HasMessage(next) ? std::string_view(result.message) : std::string_view(),
                    *revision)
             .Run());
  if (next == TrialState::kWaiting) JF_TRY(connection_->Announce(claim.study));
  if (!HasValues(next)) return {};
  for (const auto& [name, value] : result.values) {
    auto insert = connection_->Prepare(
        "INSERT INTO trial_value (study, trial, name, value) VALUES (?1, ?2, ?3, ?4)");
    if (!insert) return Pass(insert);
    JF_TRY(insert->Bind(claim.study, claim.trial, name, value).Run());
  }
  return {};
}

Result<std::vector<Attempt>> SqlStore::LoadAttempts(StudyId study,
                                                    std::optional<TrialNumber> trial) {
  return connection_->Read([&]() -> Result<std::vector<Attempt>> {
    JF_TRY(RequireStudy(study));
    auto query = connection_->Prepare(
        std::string(kAttempts) +
        " WHERE study = ?1 AND trial BETWEEN coalesce(?2, 0) AND coalesce(?2, 9223372036854775807)"
        " ORDER BY trial, number");
    if (!query) return Pass(query);
    auto attempts = ReadAttempts(*connection_, query->Bind(study, trial));
    if (!attempts) return attempts;
    JF_TRY(LoadConfirmed(study, trial, *attempts));
    auto provenances = ReadProvenances(*connection_);
    if (!provenances) return Pass(provenances);
    auto energy = connection_->Prepare(
        std::string("SELECT ") + kPhaseColumns +
        ", trial, attempt FROM energy"
        " WHERE study = ?1 AND trial BETWEEN coalesce(?2, 0) AND coalesce(?2, 9223372036854775807)"
        " ORDER BY trial, attempt, position");
    if (!energy) return Pass(energy);
    energy->Bind(study, trial);
    auto attempt = attempts->begin();
    while (true) {
      auto row = energy->Step();
      if (!row) return Pass(row);
      if (!*row) return attempts;
      const auto key =
          std::pair(energy->Int(kPhaseColumnCount), energy->Int(kPhaseColumnCount + 1));
      while (attempt != attempts->end() &&
             std::pair(attempt->trial, std::int64_t{attempt->number}) < key) {
        ++attempt;
      }
      if (attempt == attempts->end()) return attempts;
      auto phase = ReadPhase(*connection_, *energy, *provenances);
      if (!phase) return Pass(phase);
      attempt->energy.push_back(std::move(*phase));
    }
  });
}

Result<void> SqlStore::LoadConfirmed(StudyId study, std::optional<TrialNumber> trial,
                                     std::vector<Attempt>& attempts) {
  auto query = connection_->Prepare(
      "SELECT trial, attempt, name, value FROM confirmed_value"
      " WHERE study = ?1 AND trial BETWEEN coalesce(?2, 0) AND coalesce(?2, 9223372036854775807)"
      " ORDER BY trial, attempt");
  if (!query) return Pass(query);
  query->Bind(study, trial);
  auto attempt = attempts.begin();
  while (true) {
    auto row = query->Step();
    if (!row) return Pass(row);
    if (!*row) return {};
    const auto key = std::pair(query->Int(0), query->Int(1));
    while (attempt != attempts.end() &&
           std::pair(attempt->trial, std::int64_t{attempt->number}) < key) {
      ++attempt;
    }
    if (attempt == attempts.end()) return {};
    attempt->values[query->String(2)] = query->Real(3);
  }
}

Result<std::vector<Attempt>> SqlStore::LoadConfirmations(StudyId study) {
  return connection_->Read([&]() -> Result<std::vector<Attempt>> {
    JF_TRY(RequireStudy(study));
    auto query =
        connection_->Prepare(std::string(kAttempts) +
                             " WHERE study = ?1 AND kind = 'confirmation' AND state = 'complete'"
                             " ORDER BY trial, number");
    if (!query) return Pass(query);
    auto attempts = ReadAttempts(*connection_, query->Bind(study));
    if (!attempts) return attempts;
    JF_TRY(LoadConfirmed(study, std::nullopt, *attempts));
    SortByEnd(*attempts);
    return attempts;
  });
}

Result<std::vector<Attempt>> SqlStore::LoadRunningAttempts(StudyId study) {
  JF_TRY(RequireStudy(study));
  auto query = connection_->Prepare(std::string(kAttempts) +
                                    " INDEXED BY attempt_running"
                                    " WHERE study = ?1 AND state = 'running' ORDER BY trial");
  if (!query) return Pass(query);
  return ReadAttempts(*connection_, query->Bind(study));
}

}  // namespace joulefront
