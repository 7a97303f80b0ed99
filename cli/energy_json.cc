#include "cli/energy_json.h"

#include <nlohmann/json.hpp>

namespace joulefront {

using nlohmann::ordered_json;

ordered_json EnergyToJson(const EnergyFigure& figure) {
  const Provenance& from = figure.provenance;
  ordered_json object = {{"joules", figure.joules.value()},
                         {"class", Name(from.energy_class)},
                         {"source", from.source},
                         {"boundary", from.boundary},
                         {"coverage", figure.coverage},
                         {"attribution", from.attribution},
                         {"idle_policy", from.idle_policy},
                         {"host", from.host},
                         {"own_uncertainty", figure.own_uncertainty},
                         {"common_uncertainty", from.common_uncertainty}};
  if (IsBound(figure)) object["at_most"] = CountedJoules(figure).value();
  if (const auto& parts = figure.division) {
    object["division"] = {{"measured", parts->measured.value()},
                          {"idle", parts->idle.value()},
                          {"others", parts->others.value()},
                          {"idle_of_others", parts->idle_of_others.value()},
                          {"residual", parts->residual.value()}};
  }
  for (const DomainEnergy& part : figure.domains) {
    object["domains"].push_back({{"domain", part.domain},
                                 {"boundary", part.boundary},
                                 {"joules", part.joules.value()},
                                 {"coverage", part.coverage}});
  }
  return object;
}

ordered_json PhasesToJson(const std::vector<PhaseEnergy>& phases) {
  ordered_json object = ordered_json::object();
  for (const PhaseEnergy& phase : phases) {
    ordered_json entry =
        phase.figure ? EnergyToJson(*phase.figure) : ordered_json{{"joules", nullptr}};
    entry["wall_s"] = phase.wall.value();
    entry["cpu_s"] = phase.cpu.value();
    object[phase.phase] = std::move(entry);
  }
  return object;
}

const EnergyFigure* FigureOf(const Trial& trial, const std::optional<std::string>& phase) {
  return phase ? FindFigure(trial.energy, *phase) : nullptr;
}

}  // namespace joulefront
