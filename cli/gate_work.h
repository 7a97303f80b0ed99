// What `joulefront gate` is asked for: its flags, read and checked before anything runs.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/gate_baseline.h"
#include "cli/gate_runs.h"
#include "cli/options.h"
#include "study_store/gate_rules.h"

namespace joulefront {

struct GateSettings {
  std::string baseline_path;  // or
  std::string against;        // a folder in which the baseline is run in turn with what is judged
  bool update = false;        // make the baseline, compare nothing
  GatePlan plan;              // its alpha is of one value
  double confidence = 0.95;
  std::optional<int> warmup;
  std::optional<Seconds> budget;
  bool strict = false;
  std::map<std::string, GateLimit> limits;
};

void AddGateFlags(VerbOptions& options);

/// The flags that say how much is run and what is allowed. Errors: kInvalidArgument, naming the
/// flag.
Result<GateSettings> ReadGateSettings(const VerbOptions& options);

/// What is run: `command`, or where that is empty, a configuration of the study that `where` names:
/// that of --trial, else the baseline's, else the knee of the front. Fills in the limits of a study
/// or a command that was given none: 3 % of every metered value. `notes` gets what is worth saying.
/// Errors: kInvalidArgument; kConflict if the baseline is of something else; those of the store.
Result<GateWork> ReadGateWork(const VerbOptions& options, const std::vector<std::string>& command,
                              const std::optional<GateBaseline>& baseline, GateSettings& settings,
                              std::vector<std::string>& notes);

}  // namespace joulefront
