#include "study_store/evaluation.h"

#include <algorithm>
#include <cmath>

#include "study_store/attempt_rules.h"

namespace joulefront {
namespace {

std::optional<double> FiniteValue(const NamedValues& values, const std::string& name) {
  const auto found = values.find(name);
  if (found == values.end() || !std::isfinite(found->second)) return std::nullopt;
  return found->second;
}

/// `excess` beyond a limit, relative to the limit's size.
double Relative(double excess, double limit) {
  return excess / (limit == 0.0 ? 1.0 : std::abs(limit));
}

std::optional<double> AboveZero(std::optional<double> value) {
  return value && *value > 0.0 ? value : std::nullopt;
}

/// The objective that stands for all joules of a trial.
const Objective* MeteredCost(const Study& study) {
  const Objective* cost = nullptr;
  for (const Objective& objective : study.objectives) {
    if (objective.per) continue;
    if (objective.phase == kTotalPhase) return &objective;
    if (objective.phase) cost = &objective;
  }
  return cost;
}

std::optional<double> CostOf(const Study& study, const Trial& trial) {
  if (study.cost) return FiniteValue(trial.values, *study.cost);
  // A trial that was metered without a figure for "total" has a part of its joules, no more.
  if (const auto total = TotalJoules(trial.energy)) {
    const auto before = FiniteValue(trial.values, std::string(kResumedJoules));
    return total->value() + before.value_or(0.0);
  }
  const Objective* told = trial.energy.empty() ? MeteredCost(study) : nullptr;
  return told == nullptr ? std::nullopt : FiniteValue(trial.values, told->name);
}

}  // namespace

std::optional<Evaluation> Evaluate(const Study& study, const NamedValues& values) {
  Evaluation evaluation;
  for (const Objective& objective : study.objectives) {
    const auto value = FiniteValue(values, objective.name);
    if (!value) return std::nullopt;
    const bool minimize = objective.direction == Direction::kMinimize;
    evaluation.objectives.push_back(minimize ? *value : -*value);
  }
  for (const Constraint& constraint : study.constraints) {
    const auto value = FiniteValue(values, constraint.name);
    if (!value) return std::nullopt;
    auto& excesses = evaluation.excesses;
    if (constraint.max) excesses.push_back(Relative(*value - *constraint.max, *constraint.max));
    if (constraint.min) excesses.push_back(Relative(*constraint.min - *value, *constraint.min));
  }
  for (const double excess : evaluation.excesses) evaluation.violation += std::max(0.0, excess);
  return evaluation;
}

Spending SpendingOf(const Study& study, const Trial& trial) {
  Spending spending{.cost = AboveZero(CostOf(study, trial)), .seconds = {}};
  if (const PhaseEnergy* total = FindPhase(trial.energy, kTotalPhase)) {
    spending.seconds = AboveZero(total->wall.value());
  }
  return spending;
}

std::vector<CurvePoint> CurveOf(const Study& study, const NamedValues& values, double fidelity,
                                const std::vector<ProgressReport>& reports) {
  const auto index = study.space.fidelity();
  if (!index || study.space.parameters()[*index].type != ParameterType::kInt) return {};
  const Parameter& parameter = study.space.parameters()[*index];
  std::vector<CurvePoint> curve;
  for (const ProgressReport& report : reports) {
    const auto step = static_cast<double>(report.step);
    if (step < parameter.low || step >= fidelity) continue;
    CurvePoint point{step, {}};
    for (const Objective& objective : study.objectives) {
      auto value = FiniteValue(report.values, objective.name);
      if (!value && (objective.phase || objective.timed)) {
        value = FiniteValue(values, objective.name);
        if (value && !objective.per) *value *= step / fidelity;
      }
      if (!value) break;
      point.objectives.push_back(objective.direction == Direction::kMinimize ? *value : -*value);
    }
    if (point.objectives.size() == study.objectives.size()) curve.push_back(std::move(point));
  }
  return curve;
}

std::optional<int> FailureKind(std::optional<FailureClass> failure) {
  if (!failure) return std::nullopt;
  switch (*failure) {
    case FailureClass::kNotStarted:
    case FailureClass::kLost:
    case FailureClass::kInterrupted:
      return std::nullopt;
    case FailureClass::kExitCode:
    case FailureClass::kSignal:
    case FailureClass::kOutOfMemory:
    case FailureClass::kTimeout:
    case FailureClass::kEnergyLimit:
    case FailureClass::kNoResult:
    case FailureClass::kNonFinite:
    case FailureClass::kTold:
    case FailureClass::kStalled:
      break;
  }
  return static_cast<int>(*failure);
}

}  // namespace joulefront
