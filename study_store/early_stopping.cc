#include "study_store/early_stopping.h"

#include <fmt/format.h>

#include <cmath>

#include "study_store/comparability.h"
#include "study_store/configuration_json.h"
#include "study_store/evaluation.h"

namespace joulefront {
namespace {

constexpr Seconds kBetweenRefreshes(1.0);

/// The report's values of the objectives, minimised.
CurveStep StepOf(const Study& study, const ProgressReport& report) {
  CurveStep step{static_cast<double>(report.step), {}};
  for (const Objective& objective : study.objectives) {
    const auto found = report.values.find(objective.name);
    const bool told = found != report.values.end() && std::isfinite(found->second);
    step.values.push_back(told ? std::optional(SignOf(objective) * found->second) : std::nullopt);
  }
  return step;
}

/// The fidelity of a configuration in JSON, where the study has one.
std::optional<double> FidelityOf(const Study& study, const std::string& configuration) {
  const auto index = study.space.fidelity();
  if (!index) return std::nullopt;
  const auto read = ConfigurationFromJson(study.space, configuration);
  return read ? (*read)[*index] : std::nullopt;
}

/// Of the joules of the first metered objective.
std::optional<Provenance> ProvenanceOf(const Study& study, const Trial& trial) {
  for (const Objective& objective : study.objectives) {
    if (!objective.phase) continue;
    const PhaseEnergy* phase = FindPhase(trial.energy, *objective.phase);
    if (phase != nullptr && phase->figure) return phase->figure->provenance;
  }
  return std::nullopt;
}

bool Comparable(const std::optional<Provenance>& a, const std::optional<Provenance>& b) {
  return a && b ? ShareKey(*a, *b) : a.has_value() == b.has_value();
}

/// "error 0.21 (0.15 at best), energy 34 (30 at best)".
std::string Describe(const Study& study, const std::vector<FinalForecast>& forecast) {
  std::string text;
  for (std::size_t k = 0; k < forecast.size(); ++k) {
    const Objective& objective = study.objectives[k];
    const double sign = SignOf(objective);
    text += fmt::format("{}{} {:.3g} ({:.3g} at best)", k == 0 ? "" : ", ", objective.name,
                        sign * forecast[k].expected, sign * forecast[k].best);
  }
  return text;
}

}  // namespace

Result<std::optional<StopVerdict>> EarlyStopping::Judge(const Claim& claim,
                                                        const ProgressReport& report,
                                                        const std::optional<Provenance>& provenance,
                                                        Seconds now) {
  const bool same = judged_trial_ == claim.trial && judged_attempt_ == claim.attempt;
  if (!same) {
    rung_ = 0.0;
    next_refresh_.reset();
  }
  judged_trial_ = claim.trial;
  judged_attempt_ = claim.attempt;
  if (claim.continues) return std::optional<StopVerdict>();
  switch (study_.stopping.rule) {
    case StoppingRule::kDominated:
      return JudgeDominated(claim, report, provenance, now);
    case StoppingRule::kRungs:
      return JudgeRungs(claim, report);
    case StoppingRule::kOff:
      break;
  }
  return std::optional<StopVerdict>();
}

/// Takes in what has changed since the last time.
Result<void> EarlyStopping::Refresh() {
  auto changed = store_.LoadTrials(id_, revision_);
  if (!changed) return Pass(changed);
  for (const Trial& trial : *changed) {
    revision_ = std::max(revision_, trial.revision);
    running_.erase(trial.number);
    if (trial.state == TrialState::kRunning) running_.insert(trial.number);
    if (!IsFinished(trial.state) || trial.continues) continue;
    auto reports = store_.LoadProgress(id_, trial.number);
    if (!reports) return Pass(reports);
    if (study_.stopping.rule == StoppingRule::kRungs) {
      ended_[trial.number] = std::move(*reports);
      continue;
    }
    if (trial.state != TrialState::kComplete || IsPartial(study_, trial)) continue;
    const auto evaluation = Evaluate(study_, trial.values);
    if (!evaluation) continue;
    Finished finished{trial.number,
                      FidelityOf(study_, trial.configuration),
                      ProvenanceOf(study_, trial),
                      {{}, evaluation->objectives, evaluation->violation == 0.0}};
    for (const ProgressReport& report : *reports) {
      finished.curve.steps.push_back(StepOf(study_, report));
    }
    finished_.push_back(std::move(finished));
  }
  return {};
}

Result<std::optional<StopVerdict>> EarlyStopping::JudgeDominated(
    const Claim& claim, const ProgressReport& report, const std::optional<Provenance>& provenance,
    Seconds now) {
  if (!next_refresh_ || now >= *next_refresh_) {
    next_refresh_ = now + kBetweenRefreshes;
    JF_TRY(Refresh());
  }
  const auto fidelity = FidelityOf(study_, claim.configuration);
  std::vector<const FinishedCurve*> curves;
  std::vector<TrialNumber> trials;
  for (const Finished& finished : finished_) {
    // A shorter training says nothing of where a longer one ends.
    if (fidelity && (!finished.fidelity || *finished.fidelity < *fidelity)) continue;
    if (!Comparable(finished.provenance, provenance)) continue;
    curves.push_back(&finished.curve);
    trials.push_back(finished.trial);
  }
  std::vector<bool> grows;
  for (const Objective& objective : study_.objectives) {
    grows.push_back(objective.phase.has_value() || objective.timed.has_value());
  }
  const auto forecast =
      ForetellEnd(curves, StepOf(study_, report), grows, study_.stopping.confidence);
  if (!forecast) return std::optional<StopVerdict>();
  const auto dominator = DominatorOf(curves, *forecast);
  if (!dominator) return std::optional<StopVerdict>();
  StopVerdict verdict;
  verdict.reason = fmt::format("step {}: it would end at {}, and trial {} is better", report.step,
                               Describe(study_, *forecast), trials[*dominator]);
  for (std::size_t k = 0; k < forecast->size(); ++k) {
    const Objective& objective = study_.objectives[k];
    verdict.foretold[std::string(kForetold) + objective.name] =
        SignOf(objective) * (*forecast)[k].expected;
  }
  return std::optional(std::move(verdict));
}

/// The highest rung that the report has come to: in steps, or in joules. Empty: none yet.
std::optional<double> EarlyStopping::RungOf(const ProgressReport& report) const {
  const StoppingSettings& stopping = study_.stopping;
  if (stopping.rungs_in_joules && !report.joules) return std::nullopt;
  const double reached =
      stopping.rungs_in_joules ? report.joules->value() : static_cast<double>(report.step);
  if (reached < stopping.first_rung) return std::nullopt;
  double rung = stopping.first_rung;
  while (rung * stopping.factor <= reached) rung *= stopping.factor;
  return rung;
}

Result<std::optional<StopVerdict>> EarlyStopping::JudgeRungs(const Claim& claim,
                                                             const ProgressReport& report) {
  const auto rung = RungOf(report);
  if (!rung || *rung <= rung_) return std::optional<StopVerdict>();
  rung_ = *rung;
  const std::size_t m = study_.objectives.size();
  const auto add = [&](const ProgressReport& there, std::vector<double>& points) {
    const CurveStep step = StepOf(study_, there);
    for (const auto& value : step.values) {
      if (!value) return false;
    }
    for (const auto& value : step.values) points.push_back(*value);
    return true;
  };
  std::vector<double> points;
  if (!add(report, points)) return std::optional<StopVerdict>();
  JF_TRY(Refresh());
  const auto take = [&](const std::vector<ProgressReport>& reports) {
    for (const ProgressReport& there : reports) {
      const auto reached = RungOf(there);
      if (!reached || *reached < *rung) continue;
      add(there, points);
      return;
    }
  };
  for (const auto& [trial, reports] : ended_) take(reports);
  for (const TrialNumber trial : running_) {
    if (trial == claim.trial) continue;
    auto reports = store_.LoadProgress(id_, trial);
    if (!reports) return Pass(reports);
    take(*reports);
  }
  const std::size_t n = points.size() / m;
  if (StaysAtRung({points, m}, 0, study_.stopping.factor)) return std::optional<StopVerdict>();
  return std::optional(StopVerdict{
      fmt::format("step {}: not among the best 1/{:g} of {} that came to the rung of {:g}{}",
                  report.step, study_.stopping.factor, n, *rung,
                  study_.stopping.rungs_in_joules ? " J" : " steps"),
      {}});
}

}  // namespace joulefront
