// A control group for one trainer and everything that it starts, where this process may make one:
// the kernel then counts their CPU time to the microsecond, children that lived for a moment and
// orphans among them. Works below this process's own group, in version 2 of the interface, in the
// version 2 part of a hybrid machine, and in cpuacct of version 1.
#pragma once

#include <optional>
#include <string>

#include "base/units.h"
#include "workers/meters/energy_source.h"

namespace joulefront {

class TrainerCgroup {
 public:
  /// Makes a group; empty where that is not possible, as for most users without a group of their
  /// own (systemd-run --user --scope gives one). `name` is "WORD-PID", with this process's pid;
  /// groups of processes that are gone are removed along the way.
  static std::optional<TrainerCgroup> Create(const SystemRoots& roots, const std::string& name);

  TrainerCgroup(TrainerCgroup&& other) noexcept;
  TrainerCgroup& operator=(TrainerCgroup&&) = delete;
  /// Removes the group. What still runs in it goes on in the group of this process.
  ~TrainerCgroup();

  /// To this file a process writes "0" to join.
  std::string JoinFile() const { return path_ + "/cgroup.procs"; }

  /// Whether the process is in the group.
  bool Holds(int pid) const;

  /// CPU time of all that ever ran in the group; empty if it cannot be read.
  std::optional<Seconds> CpuTime() const;

 private:
  TrainerCgroup(std::string path, bool version_1) : path_(std::move(path)), version_1_(version_1) {}

  std::string path_;
  bool version_1_;
};

}  // namespace joulefront
