#include "study_store/trial_history.h"

#include <fmt/format.h>

#include "base/check.h"
#include "study_store/comparability.h"
#include "study_store/configuration_json.h"
#include "study_store/evaluation.h"

namespace joulefront {
namespace {

/// Of a trial that was stopped early, the values that its end was foretold to have: dominated ones,
/// so that the search learns from them and the front stays as it is.
std::optional<Evaluation> ForetoldEvaluation(const Study& study, const Trial& trial) {
  NamedValues values = trial.values;
  for (const Objective& objective : study.objectives) {
    const auto found = values.find(std::string(kForetold) + objective.name);
    if (found == values.end()) return std::nullopt;
    values[objective.name] = found->second;
  }
  return Evaluate(study, values);
}

/// Of a trial that went on with another, the joules of its reports are those of its own part only.
void ForgetJoules(const Study& study, std::vector<ProgressReport>& reports) {
  for (ProgressReport& report : reports) {
    for (const Objective& objective : study.objectives) {
      if (objective.phase || objective.timed) report.values.erase(objective.name);
    }
  }
}

}  // namespace

Result<void> AppendTrial(const Study& study, const Trial& trial, History& history) {
  JF_CHECK(static_cast<std::size_t>(trial.number) == history.size());
  auto configuration = ConfigurationFromJson(study.space, trial.configuration);
  if (!configuration) {
    return Fail(ErrorCode::kCorrupt, fmt::format("trial {} in the store does not fit the study: {}",
                                                 trial.number, configuration.error().message));
  }
  history.Add(std::move(*configuration));
  return {};
}

Result<void> SettleTrial(StudyStore& store, StudyId id, const Study& study, const Trial& trial,
                         History& history) {
  const auto number = static_cast<std::size_t>(trial.number);
  if (trial.state == TrialState::kPruned) {
    auto foretold = ForetoldEvaluation(study, trial);
    if (foretold) {
      history.Evaluate(number, std::move(*foretold));
    } else {
      history.Fail(number);
    }
    return {};
  }
  if (trial.state != TrialState::kComplete) {
    history.Fail(number, FailureKind(trial.failure), SpendingOf(study, trial));
    return {};
  }
  if (IsPartial(study, trial)) {  // its joules are too low: it says nothing of the configuration
    history.Fail(number, std::nullopt, {});
    return {};
  }
  auto evaluation = Evaluate(study, trial.values);
  if (!evaluation) return {};
  std::vector<CurvePoint> curve;
  if (const auto fidelity = study.space.fidelity()) {
    auto reports = store.LoadProgress(id, trial.number);
    if (!reports) return Pass(reports);
    if (trial.continues) ForgetJoules(study, *reports);
    const double own = *history.entries()[number].configuration[*fidelity];
    curve = CurveOf(study, trial.values, own, *reports);
  }
  history.Evaluate(number, std::move(*evaluation), SpendingOf(study, trial), std::move(curve));
  return {};
}

void AddReplicates(const Study& study, std::span<const Attempt> confirmations, History& history) {
  for (const Attempt& confirmation : confirmations) {
    const auto number = static_cast<std::size_t>(confirmation.trial);
    if (number >= history.size()) continue;
    if (history.entries()[number].state != EntryState::kEvaluated) continue;
    auto evaluation = Evaluate(study, confirmation.values);
    if (evaluation) history.Replicate(number, std::move(evaluation->objectives));
  }
}

Terms TermsOf(const Study& study, std::optional<Joules> spent) {
  Terms terms{.seed = study.seed,
              .cost_exponent = study.cost_exponent,
              .cost_budget = {},
              .cost_left = {},
              .reference = {},
              .resumes = study.trainer.resumes};
  const auto& budget = study.budget.energy;
  if (spent && budget && !study.cost) {  // a cost of another unit cannot be weighed against joules
    terms.cost_budget = budget->value();
    terms.cost_left = (*budget - *spent).value();
  }
  for (const Objective& objective : study.objectives) {
    const double sign = SignOf(objective);
    const auto& reference = objective.reference;
    terms.reference.push_back(reference ? std::optional(sign * *reference) : std::nullopt);
  }
  return terms;
}

}  // namespace joulefront
