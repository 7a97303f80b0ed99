// Claims and attempts of the store in memory.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "study_store/attempt_rules.h"
#include "study_store/memory_store.h"

namespace joulefront {
namespace {

tl::unexpected<Error> LeaseLost(const Claim& claim) {
  return Fail(ErrorCode::kLeaseLost, fmt::format("attempt {} of trial {} is no longer worker {}'s",
                                                 claim.attempt, claim.trial, claim.worker));
}

void RecordEnergy(Attempt& attempt, const std::vector<PhaseEnergy>& energy) {
  if (ReplacesRecorded(energy, TotalJoules(attempt.energy), attempt.state)) attempt.energy = energy;
}

}  // namespace

Result<std::optional<Claim>> MemoryStore::ClaimTrial(StudyId study, const WorkerIdentity& worker,
                                                     TimePoint lease_until, TimePoint now,
                                                     std::optional<TrialNumber> trial,
                                                     std::optional<Joules> energy) {
  JF_TRY(RefuseOtherKernels(worker, now));
  auto found = Find(study);
  if (!found) return Pass(found);
  KeptStudy& kept = **found;
  const auto next = trial ? kept.waiting.find(*trial) : kept.waiting.begin();
  if (!kept.open || next == kept.waiting.end()) return std::optional<Claim>();
  Trial& taken = kept.trials[static_cast<std::size_t>(*next)];
  if (energy) {
    const Spent spent = SpentOn(kept);
    const auto foreseen = taken.foreseen ? taken.foreseen : spent.mean;
    if (IsTooDear(spent.joules + spent.reserved_running, foreseen, energy)) {
      return std::optional<Claim>();
    }
  }
  kept.Move(taken, TrialState::kRunning);
  const AttemptKey key(taken.number, ++taken.attempts);
  kept.running.insert(key);
  Attempt& attempt = kept.attempts[key];
  attempt.trial = key.first;
  attempt.number = key.second;
  attempt.worker = worker;
  attempt.started = now;
  attempt.lease_until = lease_until;
  return Claim{.study = study,
               .trial = key.first,
               .attempt = key.second,
               .worker = worker.name,
               .configuration = taken.configuration,
               .seed = taken.seed,
               .continues = taken.continues};
}

Result<Claim> MemoryStore::ClaimConfirmation(StudyId study, TrialNumber trial, std::uint64_t seed,
                                             const WorkerIdentity& worker, TimePoint lease_until,
                                             TimePoint now) {
  JF_TRY(RefuseOtherKernels(worker, now));
  auto found = LoadTrial(study, trial);
  if (!found) return Pass(found);
  KeptStudy& kept = **Find(study);
  int last = 0;
  bool running = false;
  for (auto it = kept.attempts.lower_bound({trial, 0});
       it != kept.attempts.end() && it->first.first == trial; ++it) {
    last = it->first.second;
    running = running || it->second.state == AttemptState::kRunning;
  }
  if (found->state != TrialState::kComplete || running) {
    return tl::unexpected(CannotConfirm(trial, found->state));
  }
  const AttemptKey key(trial, last + 1);
  kept.running.insert(key);
  Attempt& attempt = kept.attempts[key];
  attempt.trial = key.first;
  attempt.number = key.second;
  attempt.kind = AttemptKind::kConfirmation;
  attempt.worker = worker;
  attempt.started = now;
  attempt.lease_until = lease_until;
  return Claim{.study = study,
               .trial = trial,
               .attempt = key.second,
               .worker = worker.name,
               .configuration = found->configuration,
               .seed = seed,
               .continues = {}};
}

Result<void> MemoryStore::RefuseOtherKernels(const WorkerIdentity& worker, TimePoint now) const {
  for (const KeptStudy& kept : studies_) {
    for (const AttemptKey& key : kept.running) {
      const Attempt& other = kept.attempts.at(key);
      if (other.worker.boot_id != worker.boot_id && other.lease_until > now) {
        return Fail(ErrorCode::kBusy, fmt::format("worker {} on {}, under another kernel, holds a "
                                                  "lease; wait for it to end",
                                                  other.worker.name, other.worker.host));
      }
    }
  }
  return {};
}

Result<void> MemoryStore::RenewLease(const Claim& claim, TimePoint lease_until,
                                     const std::vector<PhaseEnergy>& so_far) {
  JF_TRY(CheckEnergy(so_far));
  Attempt* attempt = FindAttempt(claim);
  if (attempt == nullptr) return LeaseLost(claim);
  RecordEnergy(*attempt, so_far);
  if (attempt->state != AttemptState::kRunning) return LeaseLost(claim);
  attempt->lease_until = lease_until;
  return {};
}

Result<void> MemoryStore::AddReports(const Claim& claim, const std::vector<ProgressReport>& reports,
                                     TimePoint) {
  const Attempt* attempt = FindAttempt(claim);
  if (attempt == nullptr || attempt->state != AttemptState::kRunning) return LeaseLost(claim);
  auto& kept_reports = (*Find(claim.study))->progress[{claim.trial, claim.attempt}];
  for (const ProgressReport& given : reports) {
    ProgressReport& report = kept_reports[given.step];
    report.step = given.step;
    report.joules = given.joules;
    for (const auto& [name, value] : given.values) {
      if (std::isnan(value)) {
        report.values.erase(name);
      } else {
        report.values[name] = value;
      }
    }
  }
  return {};
}

Result<std::vector<ProgressReport>> MemoryStore::LoadProgress(StudyId study, TrialNumber trial) {
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  std::vector<ProgressReport> reports;
  if (trial < 0 || trial >= static_cast<TrialNumber>((*kept)->trials.size())) return reports;
  const int last = (*kept)->trials[static_cast<std::size_t>(trial)].attempts;
  const auto found = (*kept)->progress.find({trial, last});
  if (found == (*kept)->progress.end()) return reports;
  for (const auto& [step, report] : found->second) reports.push_back(report);
  return reports;
}

Result<void> MemoryStore::FinishAttempt(const Claim& claim, const AttemptResult& result,
                                        const RetryLimits& limits, TimePoint now) {
  JF_CHECK(result.state != AttemptState::kRunning);
  JF_TRY(CheckEnergy(result.energy));
  JF_TRY(CheckValues(result.values));
  Attempt* attempt = FindAttempt(claim);
  if (attempt == nullptr) return LeaseLost(claim);
  RecordEnergy(*attempt, result.energy);
  if (attempt->state != AttemptState::kRunning) return LeaseLost(claim);
  attempt->state = result.state;
  attempt->ended = now;
  attempt->failure = result.failure;
  attempt->message = result.message;

  KeptStudy& kept = **Find(claim.study);
  kept.running.erase({claim.trial, claim.attempt});
  if (attempt->kind == AttemptKind::kConfirmation) {
    if (result.state == AttemptState::kComplete) attempt->values = result.values;
    return {};
  }
  int lost = 0, interrupted = 0;
  for (auto it = kept.attempts.lower_bound({claim.trial, 0});
       it != kept.attempts.end() && it->first.first == claim.trial; ++it) {
    if (it->second.state == AttemptState::kLost) ++lost;
    if (it->second.state == AttemptState::kInterrupted) ++interrupted;
  }
  Trial& trial = kept.trials[static_cast<std::size_t>(claim.trial)];
  kept.Move(trial, StateAfter(result.state, lost, interrupted, limits));
  if (trial.state == TrialState::kFailed) trial.failure = FailureAfter(result);
  if (HasMessage(trial.state)) trial.message = result.message;
  if (HasValues(trial.state)) {
    trial.values = result.values;
    trial.energy = attempt->energy;
  }
  return {};
}

Result<std::vector<Attempt>> MemoryStore::LoadAttempts(StudyId study,
                                                       std::optional<TrialNumber> trial) {
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  std::vector<Attempt> attempts;
  for (const auto& [key, attempt] : (*kept)->attempts) {
    if (!trial || key.first == *trial) attempts.push_back(attempt);
  }
  return attempts;
}

Result<std::vector<Attempt>> MemoryStore::LoadConfirmations(StudyId study) {
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  std::vector<Attempt> attempts;
  for (const auto& [key, attempt] : (*kept)->attempts) {
    if (!IsCompleteConfirmation(attempt)) continue;
    attempts.push_back(attempt);
    attempts.back().energy.clear();
  }
  SortByEnd(attempts);
  return attempts;
}

Result<std::vector<Attempt>> MemoryStore::LoadRunningAttempts(StudyId study) {
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  std::vector<Attempt> attempts;
  for (const AttemptKey& key : (*kept)->running) {
    attempts.push_back((*kept)->attempts.at(key));
    attempts.back().energy.clear();
  }
  return attempts;
}

}  // namespace joulefront
