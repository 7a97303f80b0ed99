#include "study_store/memory_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "study_store/attempt_rules.h"

namespace joulefront {

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
  if (limits.energy) {  // else nobody asks: sessions have no budget, and many trials
    const Spent spent = SpentOn(kept);
    const Joules taken = spent.joules + spent.reserved_running + spent.reserved_waiting;
    if (IsTooDear(taken, trial.foreseen, limits.energy)) {
      return Fail(ErrorCode::kConflict, "the joules left do not suffice for one trial more");
    }
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

Result<StudyStore::Spent> MemoryStore::EnergySpent(StudyId study) {
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  return SpentOn(**kept);
}

StudyStore::Spent MemoryStore::SpentOn(const KeptStudy& kept) {
  Spent spent;
  const auto heed = [&](EnergyClass energy_class) {
    spent.weakest = std::max(spent.weakest.value_or(energy_class), energy_class);
  };
  Joules ended;
  std::int64_t ends = 0;
  for (const auto& [key, attempt] : kept.attempts) {
    const PhaseEnergy* total = FindPhase(attempt.energy, kTotalPhase);
    if (total == nullptr || !total->figure) {
      ++spent.attempts_without;
      continue;
    }
    spent.joules += total->figure->joules;
    heed(total->figure->provenance.energy_class);
    if (attempt.state == AttemptState::kRunning) continue;
    ended += total->figure->joules;
    ++ends;
  }
  if (ends > 0) spent.mean = ended / static_cast<double>(ends);
  for (const auto& [provenance, taken] : kept.search_energy) {
    spent.search += taken.figure->joules;
    heed(provenance.energy_class);
  }
  spent.joules += spent.search;
  for (const Trial& trial : kept.trials) {
    const Joules foreseen = trial.foreseen.value_or(spent.mean.value_or(Joules()));
    if (trial.state == TrialState::kWaiting) spent.reserved_waiting += foreseen;
    if (trial.state != TrialState::kRunning) continue;
    const auto& energy = kept.attempts.at({trial.number, trial.attempts}).energy;
    spent.reserved_running += std::max(Joules(), foreseen - TotalJoules(energy).value_or(Joules()));
  }
  return spent;
}

Result<void> MemoryStore::AddSearchEnergy(StudyId study, const PhaseEnergy& taken) {
  JF_TRY(CheckSearchEnergy(taken));
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  const auto [sum, is_new] = (*kept)->search_energy.try_emplace(taken.figure->provenance, taken);
  PhaseEnergy& same = sum->second;
  if (is_new) {
    same.phase = "search";
    same.figure->division.reset();
    same.figure->domains.clear();
    return {};
  }
  same.wall += taken.wall;
  same.cpu += taken.cpu;
  same.figure->joules += taken.figure->joules;
  same.figure->coverage = std::min(same.figure->coverage, taken.figure->coverage);
  same.figure->own_uncertainty =
      std::max(same.figure->own_uncertainty, taken.figure->own_uncertainty);
  return {};
}

Result<std::vector<PhaseEnergy>> MemoryStore::SearchEnergy(StudyId study) {
  auto kept = Find(study);
  if (!kept) return Pass(kept);
  std::vector<PhaseEnergy> all;
  for (const auto& [provenance, phase] : (*kept)->search_energy) all.push_back(phase);
  return all;
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

std::unique_ptr<StudyStore> NewMemoryStore() { return std::make_unique<MemoryStore>(); }

}  // namespace joulefront
