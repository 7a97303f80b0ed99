// A child process and the meter of all that it and its descendants use, from just before it starts
// until it is gone.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "workers/meters/cpu_time.h"
#include "workers/meters/meter_choice.h"
#include "workers/meters/phase_ledger.h"
#include "workers/meters/trainer_cgroup.h"
#include "workers/process.h"
#include "workers/told_joules.h"

namespace joulefront {

/// What a process is metered with.
struct Metering {
  SystemRoots machine;
  MeterPlan plan;
};

/// This process must be a child subreaper (BecomeSubreaper), and start no other children meanwhile
/// but helpers (KeepHelper). Children that it has already go on, and are not metered.
class MeteredChild {
 public:
  /// Starts it, in a control group of its own where that is possible. Errors: MakeMeter's and
  /// Spawn's.
  static Result<MeteredChild> Start(const Metering& metering, SpawnOptions options,
                                    LogReadings log);

  ChildProcess& process() { return child_; }
  Seconds begin() const { return begin_; }
  /// Children of this process that are none of the child's: those from before, meters' programs.
  const std::vector<pid_t>& others() const { return others_; }

  void EnterPhase(const std::string& phase);
  /// Joules of the attempt so far, as the trainer tells them: heeded only where the plan says that
  /// they are its own to tell. False if they fall.
  bool Tell(double joules) { return !told_ || told_->Tell(joules); }
  /// Looks at the meter: the phases so far, "total" last.
  std::vector<PhaseEnergy> Look();
  /// When the next look should be at the latest. Empty: no hurry.
  std::optional<Seconds> WantsNext() const { return ledger_.WantsNext(); }
  /// The child and all of its descendants are gone: closes the last window, for which a slow
  /// counter may have to be waited for.
  std::vector<PhaseEnergy> Settle();

  /// Meter::Faults().
  std::string MeterFaults() const { return ledger_.meter().Faults(); }

 private:
  MeteredChild(std::unique_ptr<TrainerCgroup> cgroup, CpuTimeFollower cpu, PhaseLedger ledger,
               Seconds begin, std::vector<pid_t> others, ChildProcess child,
               std::optional<ToldJoules> told);

  std::unique_ptr<TrainerCgroup> cgroup_;  // the follower points to it
  CpuTimeFollower cpu_;
  PhaseLedger ledger_;
  Seconds begin_;
  std::vector<pid_t> others_;
  ChildProcess child_;
  std::optional<ToldJoules> told_;
};

}  // namespace joulefront
