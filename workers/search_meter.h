// Meters what proposing takes: the CPU time of this process, and its share of what the processors
// use. Whatever the attempts are metered with, no GPU and nobody else's work is in it.
#pragma once

#include <optional>

#include "base/energy.h"
#include "workers/meters/meter_choice.h"
#include "workers/meters/phase_ledger.h"

namespace joulefront {

class SearchMeter {
 public:
  /// Begins now: with a counter of the processors where one can be read, else the estimate. Where
  /// the study's joules are told by its trainers, as from a record, nothing is metered: they are of
  /// another place and time.
  SearchMeter(const SystemRoots& roots, const MeterPlan& of_study);

  /// What this process took since the last call, as the phase "search", with CPU time that others
  /// took for it; empty if there is nothing to tell yet.
  std::optional<PhaseEnergy> TakeMore(Seconds of_others = Seconds());

 private:
  CpuUsage Usage() const;

  SystemRoots roots_;
  Seconds own_at_start_, of_others_;
  std::optional<Seconds> host_at_start_;
  std::optional<PhaseLedger> ledger_;
  PhaseEnergy told_;
};

}  // namespace joulefront
