// CPU time of a trainer and of the host. A trainer in a control group of its own is told by the
// kernel's count for that group; else its process tree is, from /proc and the per-process clocks.
//
// The tree is everything below `root` by parent links: children that died and were waited for count
// through their parents (RUSAGE_CHILDREN of the caller for its own, cutime and cstime for others),
// live ones through their CPU clock (exact to the nanosecond, threads included). A process whose
// parent ignores SIGCHLD is lost: once it ends, nobody inherits its time, and the total stands
// still until the rest of the tree has used as much.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/units.h"
#include "workers/meters/meter.h"
#include "workers/meters/trainer_cgroup.h"

namespace joulefront {

/// Follows the descendants of the calling process, which must be a child subreaper (prctl) so that
/// orphans stay in its tree. Descendants that are there when it is made, and what they start, are
/// not followed; others that the process starts must be left out by Exclude().
class CpuTimeFollower {
 public:
  /// `cgroup`: the trainer's, if it has one; it must outlive the follower.
  explicit CpuTimeFollower(const SystemRoots& roots, const TrainerCgroup* cgroup = nullptr);

  /// Does not follow these, that were started since, nor what they start.
  void Exclude(const std::vector<pid_t>& pids);

  /// CPU time used since construction. Never falls: the largest value seen is kept.
  CpuUsage Read();

 private:
  Seconds TrainerNow();
  Seconds TreeNow();

  SystemRoots roots_;
  const TrainerCgroup* cgroup_;
  std::vector<pid_t> strangers_;  // processes known to be outside of the tree, ascending
  Seconds trainer_at_start_;
  std::optional<Seconds> host_at_start_;
  CpuUsage last_;
};

/// Busy time of all CPUs since boot: user, nice, system, irq and softirq. Empty if it is not known.
std::optional<Seconds> HostBusyTime(const SystemRoots& roots);

/// Live descendants of `pid`, in no order; those that end while looking may be missing.
std::vector<pid_t> Descendants(const SystemRoots& roots, pid_t pid);

/// Memory of the live descendants of `pid` but `without` that no file backs, shared memory among
/// it: what would have to go to swap. 0 if nothing can be read.
Bytes DescendantMemory(const SystemRoots& roots, pid_t pid, const std::vector<pid_t>& without = {});

/// Field 22 of /proc/PID/stat: when the process began, in clock ticks since boot. Empty if it is
/// gone.
std::optional<std::int64_t> StartTicks(const SystemRoots& roots, pid_t pid);

}  // namespace joulefront
