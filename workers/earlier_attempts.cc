#include "workers/earlier_attempts.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "study_store/comparability.h"
#include "workers/trainer_command.h"

namespace joulefront {
namespace {

const Attempt* Numbered(const std::vector<Attempt>& attempts, int number) {
  const auto found = std::find_if(attempts.begin(), attempts.end(),
                                  [&](const Attempt& attempt) { return attempt.number == number; });
  return found == attempts.end() ? nullptr : &*found;
}

/// Whether this machine could not start it, so that there is nothing of it.
bool HasNotBegun(const std::vector<Attempt>& attempts, int number) {
  const Attempt* attempt = Numbered(attempts, number);
  return attempt != nullptr && attempt->state == AttemptState::kInterrupted &&
         attempt->energy.empty();
}

/// Whether all its joules are known.
bool IsKnown(const Attempt& attempt) {
  const PhaseEnergy* total = FindPhase(attempt.energy, kTotalPhase);
  return total != nullptr && total->figure && total->figure->coverage >= 1.0;
}

/// Adds the joules phase by phase. False if they are of another key.
bool Add(const Attempt& attempt, std::vector<PhaseEnergy>& sum) {
  for (const PhaseEnergy& phase : attempt.energy) {
    if (!phase.figure) return false;
    const auto same = std::find_if(sum.begin(), sum.end(),
                                   [&](const PhaseEnergy& of) { return of.phase == phase.phase; });
    if (same == sum.end()) {
      sum.push_back(phase);
    } else if (ShareKey(same->figure->provenance, phase.figure->provenance)) {
      same->figure->joules += phase.figure->joules;
      same->wall += phase.wall;
    } else {
      return false;
    }
  }
  return true;
}

/// A phase that it never came to has used nothing.
void AddPhase(const std::string& phase, std::vector<PhaseEnergy>& energy) {
  if (FindPhase(energy, phase) != nullptr) return;
  PhaseEnergy none = *FindPhase(energy, kTotalPhase);
  none.phase = phase;
  none.wall = Seconds(0);
  none.figure->joules = Joules(0);
  energy.push_back(std::move(none));
}

}  // namespace

bool HasCheckpoint(const std::string& work_dir) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(work_dir, error)) {
    if (entry.path().filename().string().starts_with("checkpoint")) return true;
  }
  return false;
}

Origin OriginIn(const Trial& shorter) {
  return {.trial = shorter.number,
          .attempt = shorter.attempts,
          .named = fmt::format("trial {}", shorter.number),
          .values = shorter.values,
          .energy = shorter.energy};
}

std::optional<Origin> EarlierAttempts(const Study& study, const std::vector<Attempt>& attempts,
                                      int next, const std::function<std::string(int)>& folder_of) {
  while (next > 1 && HasNotBegun(attempts, next - 1)) --next;
  Origin origin;
  origin.attempt = next - 1;
  origin.named = fmt::format("attempt {} of this trial", origin.attempt);
  for (int number = next - 1; number >= 1 && HasCheckpoint(folder_of(number)); --number) {
    const Attempt* attempt = Numbered(attempts, number);
    const bool whole = attempt != nullptr && attempt->state == AttemptState::kInterrupted &&
                       IsKnown(*attempt) && Add(*attempt, origin.energy);
    if (!whole) return std::nullopt;
    origin.trial = attempt->trial;
  }
  if (origin.energy.empty()) return std::nullopt;
  const auto take = [&](const auto& wanted) {
    if (wanted.timed) {
      AddPhase(*wanted.timed, origin.energy);
      origin.values[wanted.name] = FindPhase(origin.energy, *wanted.timed)->wall.value();
    }
    if (!wanted.phase) return;
    AddPhase(*wanted.phase, origin.energy);
    origin.values[wanted.name] = FindPhase(origin.energy, *wanted.phase)->figure->joules.value();
  };
  for (const Objective& objective : study.objectives) take(objective);
  for (const Constraint& constraint : study.constraints) take(constraint);
  return origin;
}

Result<std::optional<Origin>> OriginOf(StudyStore& store, const Study& study, const Claim& claim,
                                       const std::string& store_path,
                                       const std::function<void(const std::string&)>& say) {
  if (!study.trainer.resumes) return std::optional<Origin>();
  const auto folder_of = [&](TrialNumber trial, int attempt) {
    return WorkDirOf(store_path, study.name, trial, attempt);
  };
  if (!claim.continues) {
    if (claim.attempt == 1) return std::optional<Origin>();
    auto attempts = store.LoadAttempts(claim.study, claim.trial);
    if (!attempts) return Pass(attempts, "reading the attempts that are continued");
    return EarlierAttempts(study, *attempts, claim.attempt,
                           [&](int number) { return folder_of(claim.trial, number); });
  }
  auto shorter = store.LoadTrial(claim.study, *claim.continues);
  if (!shorter) return Pass(shorter, "reading the trial that is continued");
  Origin origin = OriginIn(*shorter);
  std::error_code error;
  if (shorter->state == TrialState::kComplete &&
      std::filesystem::is_directory(folder_of(origin.trial, origin.attempt), error)) {
    return std::optional(std::move(origin));
  }
  say(fmt::format("trial {} attempt {}: it begins anew, since the folder of {} is gone",
                  claim.trial, claim.attempt, origin.named));
  return std::optional<Origin>();
}

}  // namespace joulefront
