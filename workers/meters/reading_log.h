// The log of an attempt's raw readings, from which its figures can be computed again: what a meter
// is made of, then a line for every look at it.
//
//     joulefront-readings 1
//     {"host": ..., "exclusive": ..., "domains": [{"source": "rapl-powercap", ...}, ...]}
//     EDGE NOW TRAINER HOST PHASE READING...
//
// EDGE is "." (in passing), "|" (an edge) or "$" (the end); times are seconds, of a clock that only
// goes forward; PHASE is the phase that begins, as JSON text, "null" where the attempt ends, or
// "-"; a READING is microjoules
// ("123"), microwatts ("45w"), the error why there is none ("e13"), or "-" for the estimate.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/energy.h"
#include "base/result.h"
#include "workers/meters/meter.h"

namespace joulefront {

/// What stands for the phase after the end.
inline constexpr std::string_view kEndOfAttempt = "\n";

/// The first two lines.
std::string FormatLogHeader(const Meter& meter);

/// The line of the meter's last look.
std::string FormatLogLine(const Meter& meter, Seconds now, const CpuUsage& usage, Look look,
                          std::string_view phase);

/// The phases that the ledger of that attempt gave at its last look, computed from the log's text
/// alone. A last line that was cut short is left out. Errors: kCorrupt, with the line's number.
Result<std::vector<PhaseEnergy>> ReplayReadings(std::string_view log);

/// Whether the log goes on to the end of its attempt: its last line is the last look.
bool IsWholeLog(std::string_view log);

}  // namespace joulefront
