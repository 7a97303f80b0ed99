// Measuring the meter: what each domain draws when nothing runs, how often what it shows changes,
// and whether two sources that cover the same thing agree.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/units.h"
#include "workers/meters/energy_source.h"
#include "workers/meters/host.h"

namespace joulefront {

/// Time as the probe sees it; tests give their own.
struct ProbeClock {
  std::function<Seconds()> now;
  std::function<void(Seconds)> sleep;
};

struct ProbedDomain {
  Domain domain;
  std::optional<IdleBaseline> idle;  // empty: nothing could be read for most of the time
  Joules joules;                     // over the covered part
  Seconds covered;
};

struct ProbeReport {
  std::vector<ProbedDomain> domains;
  std::vector<std::pair<std::string, std::string>> mirrors;  // packages that are one counter
  std::vector<CrossCheck> checks;
};

/// Reads all sources once a second for `duration`, after two seconds of looking as fast as a
/// counter may change. Idle power is that of a quiet machine only: the caller says so to the user.
ProbeReport Probe(const EnergySources& sources, Seconds duration, const ProbeClock& clock);

/// Above this coefficient of variation the machine was not quiet (docs/metering.md).
inline constexpr double kQuietVariation = 0.03;

/// One load level of a calibration: what the tool and a wall meter counted over the same time.
struct WallReading {
  Seconds time;
  Joules tool, wall;
};

/// Fits wall = offset + slope x tool to the mean powers, by least squares on every second level by
/// the tool's power; the others are held out and give the residual. Errors: kInvalidArgument for
/// fewer than 6 levels, levels within a tenth of each other, or a fit that no machine has (a slope
/// below 0.5 or above 4, an offset below 0).
Result<Calibration> FitCalibration(std::vector<WallReading> readings, const std::string& id);

/// Reads lines "seconds,tool_joules,wall_joules" after a line that names them. Errors:
/// kInvalidArgument, with the line's number, for what is no positive number.
Result<std::vector<WallReading>> ParseWallReadings(std::string_view csv);

}  // namespace joulefront
