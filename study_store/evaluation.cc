#include "study_store/evaluation.h"

#include <cmath>

namespace joulefront {
namespace {

std::optional<double> FiniteValue(const NamedValues& values, const std::string& name) {
  const auto found = values.find(name);
  if (found == values.end() || !std::isfinite(found->second)) return std::nullopt;
  return found->second;
}

/// How far `excess` goes beyond a limit, relative to the limit's size.
double Relative(double excess, double limit) {
  if (excess <= 0.0) return 0.0;
  return excess / (limit == 0.0 ? 1.0 : std::abs(limit));
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
    if (constraint.max) evaluation.violation += Relative(*value - *constraint.max, *constraint.max);
    if (constraint.min) evaluation.violation += Relative(*constraint.min - *value, *constraint.min);
  }
  return evaluation;
}

}  // namespace joulefront
