#include "study_store/anytime.h"

#include <cmath>
#include <utility>

#include "study_store/configuration_json.h"
#include "study_store/evaluation.h"

namespace joulefront {
namespace {

/// The figures of the metered objectives, with the joules of the report. Empty if one is missing.
std::optional<std::vector<PhaseEnergy>> EnergyUntil(const Study& study,
                                                    const std::vector<PhaseEnergy>& whole,
                                                    const ProgressReport& report) {
  std::vector<PhaseEnergy> energy;
  for (const Objective& objective : study.objectives) {
    if (!objective.phase) continue;
    const PhaseEnergy* phase = FindPhase(whole, *objective.phase);
    if (phase == nullptr || !phase->figure) return std::nullopt;
    PhaseEnergy until{.phase = *objective.phase, .wall = {}, .cpu = {}, .figure = phase->figure};
    until.figure->joules = Joules(report.values.at(objective.name));
    until.figure->division.reset();  // of the whole phase
    until.figure->domains.clear();
    energy.push_back(std::move(until));
  }
  return energy;
}

/// The trial that a report stands for. Empty if it does not tell enough.
std::optional<Trial> TrialOf(const Study& study, const Trial& trial, Configuration configuration,
                             const ProgressReport& report) {
  const std::size_t fidelity = *study.space.fidelity();
  const auto step = static_cast<double>(report.step);
  if (step < study.space.parameters()[fidelity].low || step >= *configuration[fidelity]) {
    return std::nullopt;
  }
  configuration[fidelity] = step;
  if (!study.space.Contains(configuration) || !Evaluate(study, report.values)) return std::nullopt;
  auto energy = EnergyUntil(study, trial.energy, report);
  if (!energy) return std::nullopt;
  Trial stopped = trial;
  stopped.state = TrialState::kComplete;
  stopped.configuration = ConfigurationToJson(study.space, configuration);
  stopped.values = report.values;
  std::erase_if(stopped.values, [](const auto& value) { return !std::isfinite(value.second); });
  stopped.energy = std::move(*energy);
  return stopped;
}

}  // namespace

Result<AnytimeTrials> WithReports(StudyStore& store, StudyId id, const Study& study,
                                  std::vector<Trial> trials) {
  AnytimeTrials all;
  all.steps.resize(trials.size());
  all.trials = std::move(trials);
  if (!study.trainer.anytime) return all;
  const std::size_t count = all.trials.size();
  for (std::size_t i = 0; i < count; ++i) {
    const Trial trial = all.trials[i];
    if (!HasValues(trial.state) || trial.continues) continue;
    auto configuration = ConfigurationFromJson(study.space, trial.configuration);
    if (!configuration) return Pass(configuration);
    auto reports = store.LoadProgress(id, trial.number);
    if (!reports) return Pass(reports);
    for (const ProgressReport& report : *reports) {
      auto stopped = TrialOf(study, trial, *configuration, report);
      if (!stopped) continue;
      all.trials.push_back(std::move(*stopped));
      all.steps.emplace_back(report.step);
    }
  }
  return all;
}

}  // namespace joulefront
