// How the attempts of a study are metered on this machine.
#pragma once

#include <string>

#include "study_store/study.h"
#include "workers/meters/meter_choice.h"

namespace joulefront {

/// The plan of the worker number `slot`: its GPU, its share of the CPUs, what the study demands.
MeterPlan PlanOf(const Study& study, int slot);

/// Where this user's record of the machine is: joulefront/host.json in XDG_STATE_HOME, or in
/// ~/.local/state. Empty without either.
std::string HostRecordPath();

/// The machine's own files; JOULEFRONT_NVML names another NVML library.
SystemRoots ThisMachine();

}  // namespace joulefront
