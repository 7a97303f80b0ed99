// Slurm's own counter: the joules of the node since the job began, as its energy plugin
// (AcctGatherEnergyType) gathers them. Of the whole node, so only a job that has all of it may use
// it.
#pragma once

#include <string_view>

#include "workers/meters/energy_source.h"

namespace joulefront {

inline constexpr std::string_view kSlurm = "slurm";

/// The counter of the job that this process is in, which `sstat` prints: from its start until
/// `patience` nothing yet is no fault. Nothing outside a job; listed with the reason in a job that
/// shares its node, and where sstat is not to be found.
FoundSources FindSlurm(Seconds patience);

}  // namespace joulefront
