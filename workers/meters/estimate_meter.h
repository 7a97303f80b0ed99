// The estimate, for machines whose counters cannot be read: constant watts for each busy CPU times
// the CPU time of the trainer's process tree. It is a model, not a measurement: its class is always
// kEstimated. Given the same CPU times it gives the same joules.
#pragma once

#include <memory>
#include <string>

#include "workers/meters/meter.h"

namespace joulefront {

/// Power of one busy CPU (hardware thread). The convention of CodeCarbon 3.3.0 for processors that
/// are not in its table: 4 W for each hardware thread (docs/metering.md, "The estimate").
inline constexpr Watts kWattsPerBusyCpu{4.0};
/// Relative half-width, 95 %, of the estimate's common error.
inline constexpr double kEstimateUncertainty = 0.40;

/// `host` is the machine's fingerprint. Joules count from `now` and `usage`.
std::unique_ptr<Meter> MakeEstimateMeter(std::string host, Seconds now, const CpuUsage& usage);

}  // namespace joulefront
