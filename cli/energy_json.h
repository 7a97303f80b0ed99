// Energy figures as JSON, the same in every export.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "base/energy.h"
#include "study_store/study.h"
#include "study_store/trial.h"

namespace joulefront {

/// {"joules": 12.3, "class": "estimated", "source": ..., "boundary": ..., "coverage": ...,
/// "attribution": ..., "idle_policy": ..., "host": ..., "own_uncertainty": ...,
/// "common_uncertainty":
/// ...}; uncertainties are relative half-widths at 95 %.
/// "division" where counters were shared, "domains" where the figure is a sum.
nlohmann::ordered_json EnergyToJson(const EnergyFigure& figure);

/// Phase -> {"wall_s", "cpu_s"} and the figure's members, or "joules": null where nothing was
/// metered.
nlohmann::ordered_json PhasesToJson(const std::vector<PhaseEnergy>& phases);

/// The figure behind a metered objective or constraint of a trial; nullptr if it has none.
const EnergyFigure* FigureOf(const Trial& trial, const std::optional<std::string>& phase);

}  // namespace joulefront
