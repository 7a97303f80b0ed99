// Trials of a store in a database.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>

#include "study_store/attempt_rules.h"
#include "study_store/sql_energy.h"
#include "study_store/sql_store.h"

namespace joulefront {

namespace {

constexpr std::int64_t kMostReserved = 1 << 20;

constexpr const char* kTrialColumns =
    "SELECT number, state, attempts, revision, seed, proposed_by, failure, message, reason,"
    " configuration, continues, foreseen_j, basis FROM trial";

/// The trial in a row of kTrialColumns, without its values and energy. Error: kCorrupt.
Result<Trial> ReadTrial(const SqlConnection& store, const Query& row) {
  Trial trial;
  trial.number = row.Int(0);
  const auto state = TrialStateFromName(row.Text(1));
  const bool is_object = row.Text(9).starts_with('{') && nlohmann::json::accept(row.Text(9));
  if (trial.number < 0 || row.Int(2) < 0 || !state || !is_object) {
    return Damaged(store, fmt::format("trial {} has an impossible {}", trial.number,
                                      !state      ? "state"
                                      : is_object ? "number"
                                                  : "configuration"));
  }
  trial.state = *state;
  trial.attempts = static_cast<int>(row.Int(2));
  trial.revision = row.Int(3);
  trial.seed = std::bit_cast<std::uint64_t>(row.Int(4));
  trial.proposed_by = row.Text(5);
  trial.failure = FailureClassFromName(row.Text(6));
  trial.message = row.Text(7);
  trial.reason = row.Text(8);
  trial.configuration = row.Text(9);
  if (!row.IsNull(10)) trial.continues = row.Int(10);
  if (!row.IsNull(11)) trial.foreseen = Joules(row.Real(11));
  trial.basis = row.Text(12);
  return trial;
}

tl::unexpected<Error> OddValue(const SqlConnection& store, TrialNumber trial) {
  return Damaged(store, fmt::format("a value of trial {} is no finite number", trial));
}

}  // namespace

Result<std::int64_t> SqlStore::NextRevision(StudyId study) {
  // Trials are never deleted, so the highest revision in use is the last one given.
  auto query =
      connection_->Prepare("SELECT coalesce(max(revision), 0) + 1 FROM trial WHERE study = ?1");
  if (!query) return Pass(query);
  JF_TRY(query->Bind(study).Step());
  return query->Int(0);
}

Result<TrialNumber> SqlStore::NextNumber(StudyId study) {
  auto query =
      connection_->Prepare("SELECT coalesce(max(number) + 1, 0) FROM trial WHERE study = ?1");
  if (!query) return Pass(query);
  JF_TRY(query->Bind(study).Step());
  return query->Int(0);
}

Result<TrialNumber> SqlStore::AddTrial(StudyId study, const NewTrial& trial, const Limits& limits,
                                       TimePoint now) {
  return connection_->Write(Survives::kProcess, study, [&]() -> Result<TrialNumber> {
    JF_TRY(RequireStudy(study));
    auto number = NextNumber(study);
    if (!number) return Pass(number);
    if (limits.trials && *number >= *limits.trials) {
      return Fail(ErrorCode::kConflict,
                  fmt::format("{}: the study has {} trials, and its budget allows {}",
                              connection_->name(), *number, *limits.trials));
    }
    if (limits.energy && trial.foreseen) {
      auto spent = ReadSpent(study);
      if (!spent) return Pass(spent);
      const Joules taken = spent->joules + spent->reserved_running + spent->reserved_waiting;
      if (IsTooDear(taken, trial.foreseen, limits.energy)) {
        return Fail(ErrorCode::kConflict,
                    fmt::format("{}: the joules left do not suffice for one trial more",
                                connection_->name()));
      }
    }
    auto revision = NextRevision(study);
    if (!revision) return Pass(revision);
    auto insert = connection_->Prepare(
        "INSERT INTO trial (study, number, state, revision, created_ms, seed, proposed_by, reason,"
        " configuration, continues, foreseen_j, basis)"
        " VALUES (?1, ?2, 'waiting', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
    if (!insert) return Pass(insert);
    std::optional<double> foreseen;
    if (trial.foreseen) foreseen = trial.foreseen->value();
    std::optional<std::string_view> basis;
    if (!trial.basis.empty()) basis = trial.basis;
    JF_TRY(insert
               ->Bind(study, *number, *revision, There(now),
                      std::bit_cast<std::int64_t>(trial.seed), trial.proposed_by, trial.reason,
                      trial.configuration, trial.continues, foreseen, basis)
               .Run());
    JF_TRY(connection_->Announce(study));
    return *number;
  });
}

Result<TrialCounts> SqlStore::CountTrials(StudyId study) {
  JF_TRY(RequireStudy(study));
  auto query =
      connection_->Prepare("SELECT state, count(*) FROM trial WHERE study = ?1 GROUP BY state");
  if (!query) return Pass(query);
  query->Bind(study);
  TrialCounts counts;
  while (true) {
    auto row = query->Step();
    if (!row) return Pass(row);
    if (!*row) return counts;
    switch (TrialStateFromName(query->Text(0)).value_or(TrialState::kFailed)) {
      case TrialState::kWaiting:
        counts.waiting = query->Int(1);
        break;
      case TrialState::kRunning:
        counts.running = query->Int(1);
        break;
      case TrialState::kComplete:
        counts.complete = query->Int(1);
        break;
      case TrialState::kPruned:
        counts.pruned = query->Int(1);
        break;
      case TrialState::kFailed:
        counts.failed = query->Int(1);
        break;
    }
  }
}

Result<std::vector<Trial>> SqlStore::LoadTrials(StudyId study, std::int64_t revision) {
  return connection_->Read([&]() -> Result<std::vector<Trial>> {
    JF_TRY(RequireStudy(study));
    auto query = connection_->Prepare(
        kTrialColumns + std::string(revision <= 0 ? " WHERE study = ?1 AND ?2 = ?2 ORDER BY number"
                                                  : " INDEXED BY trial_by_revision WHERE study = ?1"
                                                    " AND revision > ?2 ORDER BY number"));
    if (!query) return Pass(query);
    query->Bind(study, revision);
    auto count = NextNumber(study);
    if (!count) return Pass(count);
    std::vector<Trial> trials;
    // A damaged store may claim any number.
    if (revision <= 0)
      trials.reserve(static_cast<std::size_t>(std::clamp<std::int64_t>(*count, 0, kMostReserved)));
    while (true) {
      auto row = query->Step();
      if (!row) return Pass(row);
      if (!*row) break;
      auto trial = ReadTrial(*connection_, *query);
      if (!trial) return Pass(trial);
      trials.push_back(std::move(*trial));
    }
    JF_TRY(LoadValues(study, revision, trials));
    JF_TRY(LoadEnergy(study, revision, trials));
    return trials;
  });
}

Result<Trial> SqlStore::LoadTrial(StudyId study, TrialNumber number) {
  auto trial = LoadRow(study, number);
  if (!trial) return trial;
  JF_TRY(AddValues(study, *trial));
  JF_TRY(AddEnergy(study, *trial));
  return trial;
}

Result<Trial> SqlStore::RescueTrial(StudyId study, TrialNumber number) {
  auto trial = LoadRow(study, number);
  if (!trial) return trial;
  if (!AddValues(study, *trial)) trial->values.clear();
  if (!AddEnergy(study, *trial)) trial->energy.clear();
  return trial;
}

Result<Trial> SqlStore::LoadRow(StudyId study, TrialNumber number) {
  auto query =
      connection_->Prepare(std::string(kTrialColumns) + " WHERE study = ?1 AND number = ?2");
  if (!query) return Pass(query);
  auto row = query->Bind(study, number).Step();
  if (!row) return Pass(row);
  if (!*row) return Fail(ErrorCode::kNotFound, fmt::format("there is no trial {}", number));
  return ReadTrial(*connection_, *query);
}

Result<void> SqlStore::AddValues(StudyId study, Trial& trial) {
  auto values =
      connection_->Prepare("SELECT name, value FROM trial_value WHERE study = ?1 AND trial = ?2");
  if (!values) return Pass(values);
  values->Bind(study, trial.number);
  while (true) {
    auto value = values->Step();
    if (!value) return Pass(value);
    if (!*value) return {};
    if (!std::isfinite(values->Real(1))) return OddValue(*connection_, trial.number);
    trial.values[values->String(0)] = values->Real(1);
  }
}

Result<void> SqlStore::AddEnergy(StudyId study, Trial& trial) {
  if (!HasValues(trial.state)) return {};
  auto attempts = LoadAttempts(study, trial.number);
  if (!attempts) return Pass(attempts);
  for (Attempt& attempt : *attempts) {
    if (attempt.number == trial.attempts) trial.energy = std::move(attempt.energy);
  }
  return {};
}

Result<void> SqlStore::LoadValues(StudyId study, std::int64_t revision,
                                  std::vector<Trial>& trials) {
  auto query = connection_->Prepare(
      revision <= 0 ? "SELECT trial, name, value FROM trial_value WHERE study = ?1 AND ?2 = ?2"
                      " ORDER BY trial, name"
                    : "SELECT v.trial, v.name, v.value"
                      " FROM trial AS t INDEXED BY trial_by_revision"
                      " CROSS JOIN trial_value AS v ON v.study = ?1 AND v.trial = t.number"
                      " WHERE t.study = ?1 AND t.revision > ?2 ORDER BY v.trial, v.name");
  if (!query) return Pass(query);
  query->Bind(study, revision);
  auto trial = trials.begin();
  while (true) {
    auto row = query->Step();
    if (!row) return Pass(row);
    if (!*row) return {};
    // Both run by trial number, so one pass merges them.
    while (trial != trials.end() && trial->number < query->Int(0)) ++trial;
    if (trial == trials.end()) return {};
    if (!std::isfinite(query->Real(2))) return OddValue(*connection_, trial->number);
    trial->values.emplace_hint(trial->values.end(), query->Text(1), query->Real(2));
  }
}

Result<void> SqlStore::LoadEnergy(StudyId study, std::int64_t revision,
                                  std::vector<Trial>& trials) {
  auto provenances = ReadProvenances(*connection_);
  if (!provenances) return Pass(provenances);
  auto query = connection_->Prepare(
      std::string("SELECT ") + kPhaseColumns +
      (revision <= 0 ? ", trial, attempt FROM energy WHERE study = ?1 AND ?2 = ?2"
                       " ORDER BY trial, attempt, position"
                     : ", e.trial, e.attempt"
                       " FROM trial AS t INDEXED BY trial_by_revision"
                       " CROSS JOIN energy AS e ON e.study = ?1 AND e.trial = t.number"
                       " AND e.attempt = t.attempts WHERE t.study = ?1 AND t.revision > ?2"
                       " ORDER BY e.trial, e.attempt, e.position"));
  if (!query) return Pass(query);
  query->Bind(study, revision);
  auto trial = trials.begin();
  std::size_t phases = 0;
  while (true) {
    auto row = query->Step();
    if (!row) return Pass(row);
    if (!*row) return {};
    while (trial != trials.end() && trial->number < query->Int(kPhaseColumnCount)) ++trial;
    if (trial == trials.end()) return {};
    // A trial has its values by its last attempt.
    if (!HasValues(trial->state) || trial->attempts != query->Int(kPhaseColumnCount + 1)) continue;
    if (trial->energy.empty()) trial->energy.reserve(phases);
    auto phase = ReadPhase(*connection_, *query, *provenances);
    if (!phase) return Pass(phase);
    trial->energy.push_back(std::move(*phase));
    phases = trial->energy.size();
  }
}

}  // namespace joulefront
