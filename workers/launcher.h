// Who starts a study's workers, and keeps as many there as there is work for.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "study_store/launch_settings.h"
#include "study_store/study.h"

namespace joulefront {

/// What all launchers must know.
struct LaunchPlan {
  std::vector<std::string> worker;  // the command of a worker, without its slot: {..., "worker"}
  std::string study;
  std::string folder;       // for the workers' logs: worker-0.log, worker-1.log ...
  int most = 1;             // workers at the same time
  int threads = 1;          // of each
  int no_meter_status = 5;  // the exit status of a worker that has no meter any more
  std::function<void(const std::string&)> say;  // a line worth reading
};

class Launcher {
 public:
  virtual ~Launcher() = default;

  /// Sees to it that `needed` workers (at most LaunchPlan::most) are there or on their way. Errors:
  /// kUnavailable if they cannot be started or end at once, again and again; kNoMeter if a source
  /// of joules has gone.
  virtual Result<void> Keep(std::int64_t needed) = 0;
  /// Children of this process have ended; true if a worker was among them.
  virtual bool Reap() = 0;
  /// Whether any is there or on its way.
  virtual bool HasAny() = 0;
  /// Nothing is left to do: those that have not begun need not.
  virtual void Dismiss() = 0;
  /// Another process launches for the study now: workers that it can know of are its to stop.
  virtual void HandOver() = 0;
  /// Asks all of them to stop; the second time at once.
  virtual void Stop() = 0;
};

/// Workers on this machine; with a command of the user's ([launch] command), wherever that takes
/// them.
std::unique_ptr<Launcher> MakeLocalLauncher(LaunchPlan plan, std::vector<std::string> command = {});

/// Workers as jobs of Slurm, all of one name, by which another process that launches for the study
/// knows them. Their logs are worker-JOB_INDEX.log.
std::unique_ptr<Launcher> MakeSlurmLauncher(LaunchPlan plan, SlurmSettings settings);

/// Whether workers can be launched so from here. Errors: kUnavailable, without Slurm's commands.
Result<void> CheckLauncher(const LaunchSettings& settings);

std::unique_ptr<Launcher> MakeLauncher(LaunchPlan plan, const LaunchSettings& settings);

/// `command` with a worker's put in its place: an argument that is "{worker}" becomes the words,
/// one that has it in it their text, quoted for a shell; "{slot}" becomes the slot.
std::vector<std::string> FillLaunchCommand(const std::vector<std::string>& command,
                                           const std::vector<std::string>& worker, int slot);

/// The words as a shell takes them.
std::string ShellText(const std::vector<std::string>& words);

}  // namespace joulefront
