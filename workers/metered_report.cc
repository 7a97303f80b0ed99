#include "workers/metered_report.h"

#include "study_store/attempt_rules.h"

namespace joulefront {

ProgressReport WithJoules(const Study& study, const MeteredReport& report) {
  ProgressReport stored{report.message.step, report.message.values, TotalJoules(report.energy)};
  const auto add = [&](const auto& wanted) {
    const PhaseEnergy* timed = wanted.timed ? FindPhase(report.energy, *wanted.timed) : nullptr;
    if (wanted.timed) stored.values.erase(wanted.name);
    if (timed != nullptr && !wanted.per) stored.values[wanted.name] = timed->wall.value();
    if (!wanted.phase) return;
    stored.values.erase(wanted.name);
    const EnergyFigure* figure = FindFigure(report.energy, *wanted.phase);
    if (figure == nullptr || wanted.per) return;
    stored.values[wanted.name] = CountedJoules(*figure).value();
  };
  for (const Constraint& constraint : study.constraints) add(constraint);
  for (const Objective& objective : study.objectives) add(objective);
  return stored;
}

std::optional<Provenance> ProvenanceOf(const Study& study, const MeteredReport& report) {
  std::optional<Provenance> provenance;
  for (const Objective& objective : study.objectives) {
    if (!objective.phase || objective.per) continue;
    const EnergyFigure* figure = FindFigure(report.energy, *objective.phase);
    if (figure != nullptr) provenance = figure->provenance;
  }
  return provenance;
}

}  // namespace joulefront
