// The StudyStore in memory: the model that the SQLite store is compared with, so it is kept plain.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "base/check.h"
#include "study_store/attempt_rules.h"
#include "study_store/open_store.h"

namespace joulefront {
namespace {

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
  std::vector<PhaseEnergy> search_energy;
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
  Result<void> AddProgress(const Claim& claim, std::int64_t step, const NamedValues& values,
                           TimePoint now, std::optional<Joules> joules) override;
  Result<std::vector<ProgressReport>> LoadProgress(StudyId study, TrialNumber trial) override;
  Result<void> FinishAttempt(const Claim& claim, const AttemptResult& result,
                             const RetryLimits& limits, TimePoint now) override;
  Result<std::vector<Attempt>> LoadAttempts(StudyId study,
                                            std::optional<TrialNumber> trial) override;
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
  /// kBusy if another kernel holds a lease.
  Result<void> RefuseOtherKernels(const WorkerIdentity& worker, TimePoint now) const;

  std::vector<KeptStudy> studies_;  // study id k is at k - 1
};

tl::unexpected<Error> LeaseLost(const Claim& claim) {
  return Fail(ErrorCode::kLeaseLost, fmt::format("attempt {} of trial {} is no longer worker {}'s",
                                                 claim.attempt, claim.trial, claim.worker));
}

void RecordEnergy(Attempt& attempt, const std::vector<PhaseEnergy>& energy) {
  if (ReplacesRecorded(energy, TotalJoules(attempt.energy), attempt.state)) attempt.energy = energy;
}

Result<KeptStudy*> MemoryStore::Find(StudyId study) {
  if (study < 1 || static_cast<std::size_t>(study) > studies_.size()) {
    return Fail(ErrorCode::kNotFound, fmt::format("there is no study {}", study));
  }
  return &studies_[static_cast<std::size_t>(study - 1)];
}

Attempt* MemoryStore::FindAttempt(const Claim& claim) {
  const auto kept = Find(claim.study);
  if (!kept) return nullptr;
  const auto found = (*kept)->attempts.find({claim.trial, claim.attempt});
  if (found == (*kept)->attempts.end() || found->second.worker.name != claim.worker) return nullptr;
  return &found->second;
}

Result<StudyId> MemoryStore::CreateStudy(const Study& study, TimePoint now) {
  for (const KeptStudy& kept : studies_) {
    if (kept.study.name == study.name) {
      return Fail(ErrorCode::kConflict, fmt::format("there is a study '{}' already", study.name));
    }
  }
  KeptStudy& kept = studies_.emplace_back();
  kept.study = study;
  kept.created = now;
  return static_cast<StudyId>(studies_.size());
}

Result<std::vector<StudyEntry>> MemoryStore::ListStudies() {
  std::vector<StudyEntry> entries;
  for (const KeptStudy& kept : studies_) {
    entries.push_back({.id = static_cast<StudyId>(entries.size() + 1),
                       .name = kept.study.name,
                       .created = kept.created});
  }
  return entries;
}

Result<Study> MemoryStore::LoadStudy(StudyId study) {
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  return (*kept)->study;
}

Result<void> MemoryStore::UpdateSettings(StudyId study, const Study& changed) {
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  Study& stored = (*kept)->study;
  Study next = changed;
  next.name = stored.name;
  next.seed = stored.seed;
  next.objectives = stored.objectives;
  next.constraints = stored.constraints;
  next.space = stored.space;
  next.trainer = stored.trainer;
  stored = std::move(next);
  return {};
}

Result<void> MemoryStore::SetOpen(StudyId study, bool open) {
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  (*kept)->open = open;
  return {};
}

Result<bool> MemoryStore::IsOpen(StudyId study) {
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  return (*kept)->open;
}

Result<void> MemoryStore::AddElapsed(StudyId study, Seconds elapsed) {
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  (*kept)->elapsed += elapsed;
  return {};
}

Result<Seconds> MemoryStore::Elapsed(StudyId study) {
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  return (*kept)->elapsed;
}

Result<TrialNumber> MemoryStore::AddTrial(StudyId study, const NewTrial& trial,
                                          const Limits& limits, TimePoint) {
  auto found = Find(study);
  if (!found) return Pass(found);
  KeptStudy& kept = **found;
  const auto number = static_cast<TrialNumber>(kept.trials.size());
  if (limits.trials && number >= *limits.trials) {
    return Fail(
        ErrorCode::kConflict,
        fmt::format("the study has {} trials, and its budget allows {}", number, *limits.trials));
  }
  auto spent = EnergySpent(study);
  if (!spent) return Pass(spent);
  const Joules taken = spent->joules + spent->reserved_running + spent->reserved_waiting;
  if (IsTooDear(taken, trial.foreseen, limits.energy)) {
    return Fail(ErrorCode::kConflict, "the joules left do not suffice for one trial more");
  }
  Trial& added = kept.trials.emplace_back();
  added.number = number;
  added.configuration = trial.configuration;
  added.proposed_by = trial.proposed_by;
  added.reason = trial.reason;
  added.seed = trial.seed;
  added.continues = trial.continues;
  added.foreseen = trial.foreseen;
  added.basis = trial.basis;
  kept.Move(added, TrialState::kWaiting);
  return number;
}

Result<std::vector<Trial>> MemoryStore::LoadTrials(StudyId study, std::int64_t revision) {
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  const auto& by_revision = (*kept)->by_revision;
  std::vector<TrialNumber> changed;
  for (auto it = by_revision.upper_bound(revision); it != by_revision.end(); ++it) {
    changed.push_back(it->second);
  }
  std::sort(changed.begin(), changed.end());
  std::vector<Trial> trials;
  for (const TrialNumber number : changed) {
    trials.push_back((*kept)->trials[static_cast<std::size_t>(number)]);
  }
  return trials;
}

Result<Trial> MemoryStore::LoadTrial(StudyId study, TrialNumber number) {
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  const auto& trials = (*kept)->trials;
  if (number < 0 || number >= static_cast<TrialNumber>(trials.size())) {
    return Fail(ErrorCode::kNotFound, fmt::format("there is no trial {}", number));
  }
  return trials[static_cast<std::size_t>(number)];
}

Result<TrialCounts> MemoryStore::CountTrials(StudyId study) {
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  TrialCounts counts;
  for (const Trial& trial : (*kept)->trials) {
    switch (trial.state) {
      case TrialState::kWaiting:
        ++counts.waiting;
        break;
      case TrialState::kRunning:
        ++counts.running;
        break;
      case TrialState::kComplete:
        ++counts.complete;
        break;
      case TrialState::kPruned:
        ++counts.pruned;
        break;
      case TrialState::kFailed:
        ++counts.failed;
        break;
    }
  }
  return counts;
}

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
  auto spent = EnergySpent(study);
  if (!spent) return Pass(spent);
  if (IsTooDear(spent->joules + spent->reserved_running, taken.foreseen, energy)) {
    return std::optional<Claim>();
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

Result<void> MemoryStore::AddProgress(const Claim& claim, std::int64_t step,
                                      const NamedValues& values, TimePoint,
                                      std::optional<Joules> joules) {
  const Attempt* attempt = FindAttempt(claim);
  if (attempt == nullptr || attempt->state != AttemptState::kRunning) return LeaseLost(claim);
  ProgressReport& report = (*Find(claim.study))->progress[{claim.trial, claim.attempt}][step];
  report.step = step;
  report.joules = joules;
  NamedValues& kept = report.values;
  for (const auto& [name, value] : values) {
    if (std::isnan(value)) {
      kept.erase(name);
    } else {
      kept[name] = value;
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

Result<StudyStore::Spent> MemoryStore::EnergySpent(StudyId study) {
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  Spent spent;
  for (const auto& [key, attempt] : (*kept)->attempts) {
    const PhaseEnergy* total = FindPhase(attempt.energy, kTotalPhase);
    if (total == nullptr || !total->figure) {
      ++spent.attempts_without;
      continue;
    }
    spent.joules += total->figure->joules;
    const EnergyClass energy_class = total->figure->provenance.energy_class;
    spent.weakest = std::max(spent.weakest.value_or(energy_class), energy_class);
  }
  for (const PhaseEnergy& taken : (*kept)->search_energy) spent.search += taken.figure->joules;
  spent.joules += spent.search;
  for (const Trial& trial : (*kept)->trials) {
    const Joules foreseen = trial.foreseen.value_or(Joules());
    if (trial.state == TrialState::kWaiting) spent.reserved_waiting += foreseen;
    if (trial.state != TrialState::kRunning) continue;
    const auto& energy = (*kept)->attempts.at({trial.number, trial.attempts}).energy;
    spent.reserved_running += std::max(Joules(), foreseen - TotalJoules(energy).value_or(Joules()));
  }
  return spent;
}

Result<void> MemoryStore::AddSearchEnergy(StudyId study, const PhaseEnergy& taken) {
  JF_TRY(CheckSearchEnergy(taken));
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  auto& all = (*kept)->search_energy;
  const auto same = std::find_if(all.begin(), all.end(), [&](const PhaseEnergy& known) {
    return known.figure->provenance == taken.figure->provenance;
  });
  if (same == all.end()) {
    PhaseEnergy& first = all.emplace_back(taken);
    first.phase = "search";
    first.figure->division.reset();
    first.figure->domains.clear();
    std::sort(all.begin(), all.end(), [](const PhaseEnergy& a, const PhaseEnergy& b) {
      return a.figure->provenance < b.figure->provenance;
    });
    return {};
  }
  same->wall += taken.wall;
  same->cpu += taken.cpu;
  same->figure->joules += taken.figure->joules;
  same->figure->coverage = std::min(same->figure->coverage, taken.figure->coverage);
  same->figure->own_uncertainty =
      std::max(same->figure->own_uncertainty, taken.figure->own_uncertainty);
  return {};
}

Result<std::vector<PhaseEnergy>> MemoryStore::SearchEnergy(StudyId study) {
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  return (*kept)->search_energy;
}

Result<void> MemoryStore::AddEvent(StudyId study, const std::string& kind,
                                   const std::string& message, TimePoint now) {
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  (*kept)->events.push_back({.at = now, .kind = kind, .message = message});
  return {};
}

Result<std::vector<Event>> MemoryStore::LoadEvents(StudyId study) {
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  return (*kept)->events;
}

}  // namespace

std::unique_ptr<StudyStore> NewMemoryStore() { return std::make_unique<MemoryStore>(); }

}  // namespace joulefront
