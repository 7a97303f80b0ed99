// The flags that say how a command, which has no study file, is metered.
#pragma once

#include <string_view>

#include "base/result.h"
#include "cli/options.h"
#include "workers/host_lock.h"
#include "workers/meters/meter_choice.h"

namespace joulefront {

void AddMeteringFlags(VerbOptions& options);

/// How the flags ask for it to be metered. Errors: kInvalidArgument, naming the flag.
Result<MeterPlan> ReadMeteringPlan(const VerbOptions& options);

/// Waits until nobody who wants the machine for itself has it, and says so; ends at once when a
/// signal asks to stop. False if that took until `until`, of MonotonicNow().
bool WaitForMachine(std::string_view verb, HostLock& lock, bool exclusive, SignalWatch& signals,
                    std::optional<Seconds> until = {});

/// A line about what a command has left running (Measurement::left_running); empty for nothing.
std::string LeftRunningText(const std::vector<std::string>& processes);

}  // namespace joulefront
