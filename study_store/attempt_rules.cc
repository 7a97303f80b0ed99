#include "study_store/attempt_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

namespace joulefront {
namespace {

bool IsSound(const EnergyFigure& figure) {
  return std::isfinite(figure.joules.value()) && figure.coverage > 0.0 && figure.coverage <= 1.0 &&
         std::isfinite(figure.own_uncertainty) &&
         std::isfinite(figure.provenance.common_uncertainty);
}

}  // namespace

Result<void> CheckEnergy(const std::vector<PhaseEnergy>& phases) {
  for (const PhaseEnergy& phase : phases) {
    const bool sound = std::isfinite(phase.wall.value()) && std::isfinite(phase.cpu.value()) &&
                       (!phase.figure || IsSound(*phase.figure));
    if (!sound) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("the energy of phase '{}' holds a number that is not finite, or a "
                              "coverage outside (0, 1]",
                              phase.phase));
    }
    if (FindPhase(phases, phase.phase) != &phase) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("phase '{}' has its energy twice", phase.phase));
    }
  }
  return {};
}

Result<void> CheckValues(const NamedValues& values) {
  for (const auto& [name, value] : values) {
    if (!std::isfinite(value)) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("value '{}' is {}, not a finite number", name, value));
    }
  }
  return {};
}

std::optional<Joules> TotalJoules(const std::vector<PhaseEnergy>& phases) {
  const PhaseEnergy* total = FindPhase(phases, kTotalPhase);
  if (total == nullptr || !total->figure) return std::nullopt;
  return total->figure->joules;
}

bool ReplacesRecorded(const std::vector<PhaseEnergy>& reported,
                      std::optional<Joules> recorded_total, AttemptState state) {
  if (reported.empty() || state == AttemptState::kComplete || state == AttemptState::kPruned) {
    return false;
  }
  if (!recorded_total) return true;
  const auto total = TotalJoules(reported);
  if (!total) return false;
  return state == AttemptState::kRunning || *total >= *recorded_total;
}

Result<void> CheckSearchEnergy(const PhaseEnergy& taken) {
  if (taken.figure) return CheckEnergy({taken});
  return Fail(ErrorCode::kInvalidArgument, "what the search took has no figure");
}

bool IsTooDear(Joules taken, std::optional<Joules> foreseen, std::optional<Joules> limit) {
  return limit && foreseen && taken + *foreseen > *limit;
}

bool IsCompleteConfirmation(const Attempt& attempt) {
  return attempt.kind == AttemptKind::kConfirmation && attempt.state == AttemptState::kComplete;
}

void SortByEnd(std::vector<Attempt>& attempts) {
  const auto key = [](const Attempt& attempt) {
    return std::tuple(attempt.ended, attempt.trial, attempt.number);
  };
  std::sort(attempts.begin(), attempts.end(),
            [&](const Attempt& a, const Attempt& b) { return key(a) < key(b); });
}

Error CannotConfirm(TrialNumber trial, TrialState state) {
  return {ErrorCode::kConflict,
          state == TrialState::kComplete
              ? fmt::format("trial {} is being confirmed by somebody else", trial)
              : fmt::format("trial {} is {}: only complete trials can be confirmed", trial,
                            Name(state))};
}

std::optional<FailureClass> FailureAfter(const AttemptResult& ended) {
  if (ended.state == AttemptState::kLost) return FailureClass::kLost;
  if (ended.state == AttemptState::kInterrupted) return FailureClass::kInterrupted;
  return ended.failure;
}

}  // namespace joulefront
