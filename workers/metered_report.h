// An intermediate report of a trainer, with the joules until then.
#pragma once

#include <optional>
#include <vector>

#include "base/energy.h"
#include "study_store/study.h"
#include "study_store/trial.h"
#include "workers/trainer_output.h"

namespace joulefront {

struct MeteredReport {
  ProgressMessage message;
  std::vector<PhaseEnergy> energy;  // of the attempt so far, "total" last
};

/// The report as it is stored: with the joules so far of what the study meters, under its name.
/// What is metered per work done is known at the end alone, and left out.
ProgressReport WithJoules(const Study& study, const MeteredReport& report);

/// The provenance of the joules of the last metered objective; empty if it has none yet.
std::optional<Provenance> ProvenanceOf(const Study& study, const MeteredReport& report);

}  // namespace joulefront
