#include "base/energy.h"

#include <algorithm>
#include <array>

namespace joulefront {
namespace {

constexpr std::array<std::string_view, 5> kClassNames = {"measured", "attributed", "calibrated",
                                                         "estimated", "replayed"};

}  // namespace

std::string_view Name(EnergyClass energy_class) {
  return kClassNames[static_cast<std::size_t>(energy_class)];
}

std::optional<EnergyClass> EnergyClassFromName(std::string_view name) {
  const auto* found = std::find(kClassNames.begin(), kClassNames.end(), name);
  if (found == kClassNames.end()) return std::nullopt;
  return static_cast<EnergyClass>(found - kClassNames.begin());
}

bool IsBound(const EnergyFigure& figure) { return figure.own_uncertainty >= 1.0; }

Joules CountedJoules(const EnergyFigure& figure) {
  return IsBound(figure) ? figure.joules * (1.0 + figure.own_uncertainty) : figure.joules;
}

double CountedUncertainty(const EnergyFigure& figure) {
  return std::min(1.0, figure.own_uncertainty);
}

const PhaseEnergy* FindPhase(const std::vector<PhaseEnergy>& phases, std::string_view phase) {
  const auto found = std::find_if(phases.begin(), phases.end(),
                                  [&](const PhaseEnergy& entry) { return entry.phase == phase; });
  return found == phases.end() ? nullptr : &*found;
}

const EnergyFigure* FindFigure(const std::vector<PhaseEnergy>& phases, std::string_view phase) {
  const PhaseEnergy* entry = FindPhase(phases, phase);
  return entry != nullptr && entry->figure ? &*entry->figure : nullptr;
}

}  // namespace joulefront
