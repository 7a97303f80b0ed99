// An energy figure and where it comes from. joulefront never shows joules without their class, and
// never adds or compares figures of different provenance without saying so (docs/metering.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace joulefront {

/// How a figure was obtained, strongest first.
enum class EnergyClass {
  kMeasured,    // a counter that nobody else shared
  kAttributed,  // a counter, divided between several users of it by a stated rule
  kCalibrated,  // a figure corrected by a fit against another meter
  kEstimated,   // a model; no counter at all
  kReplayed,    // told by the trainer from a record, whatever that was obtained by
};

std::string_view Name(EnergyClass energy_class);
std::optional<EnergyClass> EnergyClassFromName(std::string_view name);

/// Everything that must agree before two figures may be compared.
struct Provenance {
  EnergyClass energy_class = EnergyClass::kEstimated;
  std::string source;               // "rapl-powercap", "cpu-time"
  std::string boundary;             // what is inside the figure: "package", "package+dram", "cpu"
  std::string attribution;          // "exclusive", "cpu-time-share", "process-tree"
  std::string idle_policy;          // "included", "by-cpu-time-share", "excluded"
  std::string host;                 // fingerprint of the machine
  double common_uncertainty = 0.0;  // relative half-width, 95 %, shared by all figures of this key

  auto operator<=>(const Provenance&) const = default;
};

/// Of what counters saw, a residual above this share says that CPU times are not to be trusted.
inline constexpr double kMostResidual = 0.001;

/// How the joules that counters saw in a window were divided. All of it adds up:
/// measured = joules of the figure + others + idle_of_others.
struct Division {
  Joules measured;        // what the counters saw
  Joules idle;            // the part of the figure that is charged for the idle machine
  Joules others;          // active joules of everything else on the machine
  Joules idle_of_others;  // joules of the idle machine that this attempt did not reserve
  Joules residual;        // what the attempt's CPU time, if beyond the host's, would charge more

  bool operator==(const Division&) const = default;
};

/// What the sources of one domain saw of a window.
struct DomainEnergy {
  std::string domain;    // "package-0", "gpu GPU-5b1c"
  std::string boundary;  // "package"
  Joules joules;         // charged to the attempt
  double coverage = 1.0;

  bool operator==(const DomainEnergy&) const = default;
};

/// Joules with their provenance. `coverage` is the share of the window's time that the meter saw,
/// in (0, 1]; below 1 the figure is partial. A figure that is missing is an empty optional, never
/// zero.
struct EnergyFigure {
  Joules joules;
  double coverage = 1.0;
  double own_uncertainty = 0.0;  // relative half-width, 95 %, of this figure alone; see IsBound()
  Provenance provenance;
  std::optional<Division> division;   // of counters that are shared with others
  std::vector<DomainEnergy> domains;  // whose sum the figure is; empty: the one of the boundary

  bool operator==(const EnergyFigure&) const = default;
};

/// Whether the interval of the figure reaches down to zero: the window was shorter than the meter
/// resolves, and all that is known is that it took no more than CountedJoules().
bool IsBound(const EnergyFigure& figure);

/// The joules that a figure counts as where trainings are compared: its joules, or the upper end of
/// its interval where it is a bound. So what was hardly seen never looks cheaper than it may be.
Joules CountedJoules(const EnergyFigure& figure);

/// Relative half-width, 95 %, of this figure alone, as a share of CountedJoules(); 1 for a bound.
double CountedUncertainty(const EnergyFigure& figure);

/// Energy and time of one phase of an attempt. The phase "total" is the whole attempt.
struct PhaseEnergy {
  std::string phase;
  Seconds wall;
  Seconds cpu;                         // CPU time of the trainer's process tree
  std::optional<EnergyFigure> figure;  // empty: nothing on this machine could meter it

  bool operator==(const PhaseEnergy&) const = default;
};

inline constexpr std::string_view kTotalPhase = "total";
inline constexpr std::string_view kFirstPhase =
    "setup";  // from the start to the first phase message

/// The entry of that phase, or nullptr.
const PhaseEnergy* FindPhase(const std::vector<PhaseEnergy>& phases, std::string_view phase);

/// The figure of that phase; nullptr where there is none.
const EnergyFigure* FindFigure(const std::vector<PhaseEnergy>& phases, std::string_view phase);

}  // namespace joulefront
