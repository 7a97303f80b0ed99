#include "workers/earlier_attempts.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "study_store/comparability.h"

namespace joulefront {
namespace {

const Attempt* Numbered(const std::vector<Attempt>& attempts, int number) {
  const auto found = std::find_if(attempts.begin(), attempts.end(),
                                  [&](const Attempt& attempt) { return attempt.number == number; });
  return found == attempts.end() ? nullptr : &*found;
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
    if (!wanted.phase) return;
    AddPhase(*wanted.phase, origin.energy);
    origin.values[wanted.name] = FindPhase(origin.energy, *wanted.phase)->figure->joules.value();
  };
  for (const Objective& objective : study.objectives) take(objective);
  for (const Constraint& constraint : study.constraints) take(constraint);
  return origin;
}

}  // namespace joulefront
