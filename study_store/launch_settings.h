// [launch]: how a study's workers are started.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace joulefront {

enum class LaunchKind {
  kLocal,    // processes of this machine
  kCommand,  // a command of the user's for each worker, such as ssh
  kSlurm,    // jobs of Slurm
};

/// What sbatch is told for each worker; empty: Slurm's own default.
struct SlurmSettings {
  std::string partition, account;
  std::string time;                  // as sbatch takes it: "4:00:00"
  std::optional<int> cpus, gpus;     // of each worker
  bool exclusive = false;            // the node for itself
  std::vector<std::string> options;  // more of sbatch's

  bool operator==(const SlurmSettings&) const = default;
};

struct LaunchSettings {
  LaunchKind kind = LaunchKind::kLocal;
  std::vector<std::string> command;  // for kCommand; "{worker}" and "{slot}" stand in it
  SlurmSettings slurm;
};

/// "local", "command", "slurm".
std::string_view Name(LaunchKind kind);
std::optional<LaunchKind> LaunchKindFromName(const std::string& name);

/// What is set and not used by the kind of launch, a line each.
std::vector<std::string> UnusedSettings(const LaunchSettings& launch);

}  // namespace joulefront
