#include "workers/told_joules.h"

#include <cmath>

#include "workers/meters/meter_choice.h"

namespace joulefront {
namespace {

EnergyFigure FigureOf(double joules) {
  return {.joules = Joules(joules),
          .provenance = {.energy_class = EnergyClass::kReplayed,
                         .source = std::string(kFromTrainer),
                         .boundary = "as-told",
                         .attribution = "as-told",
                         .idle_policy = "as-told",
                         .host = "any"},
          .division = {},
          .domains = {}};
}

}  // namespace

bool ToldJoules::Tell(double total) {
  const double before = total_.value_or(0.0);
  if (!std::isfinite(total) || total < before) return false;
  by_phase_[phase_] += total - before;
  total_ = total;
  return true;
}

void ToldJoules::Fill(std::vector<PhaseEnergy>& phases) const {
  for (PhaseEnergy& phase : phases) {
    phase.figure.reset();
    const auto found = by_phase_.find(phase.phase);
    if (phase.phase == kTotalPhase) {
      if (total_) phase.figure = FigureOf(*total_);
    } else if (found != by_phase_.end()) {
      phase.figure = FigureOf(found->second);
    }
  }
}

}  // namespace joulefront
