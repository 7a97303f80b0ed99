// Meters any command, as `time` would: it keeps its terminal, its signals and its exit status.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/spread.h"
#include "workers/metered_child.h"

namespace joulefront {

struct MeasureOptions {
  std::vector<std::string> command;
  Metering metering;
  bool phases = false;  // stdout is read for phase messages (docs/trainers.md) and passed on
};

/// One execution.
struct Measurement {
  std::vector<PhaseEnergy> energy;  // "total" last
  std::string meter_faults;         // Meter::Faults()
  std::optional<Watts> peak;        // highest mean of a second; empty where it was not caught
  int exit_status = 0;              // 128 + the signal, if one ended it
  int output_error = 0;             // errno why its output could not be passed on
  /// What the command started and left running, "sleep (1234)": what it uses from now on is in no
  /// figure.
  std::vector<std::string> left_running;
};

/// Runs the command to its end, and leaves alone what it has started and goes on then. Signals that
/// ask for a stop are passed on to it. Errors: what is demanded of the meter is not there; the
/// command cannot be started.
Result<Measurement> Measure(const MeasureOptions& options, SignalWatch& signals);

}  // namespace joulefront
