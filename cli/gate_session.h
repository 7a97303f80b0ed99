// The runs of one `joulefront gate`: until the answer is clear, or what is allowed for it has
// ended.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/console.h"
#include "cli/gate_report.h"
#include "cli/gate_runs.h"
#include "cli/gate_work.h"

namespace joulefront {

class GateSession {
 public:
  /// Everything outlives the session. `baseline`: empty where one is to be made.
  GateSession(const GateSettings& settings, const GateWork& work,
              std::optional<GateBaseline> baseline, GateRunner& runner, Console& console);

  /// Warms up, and runs. Errors: the runner's; kConflict for joules that cannot be compared;
  /// kInvalidArgument for limits that the values cannot have.
  Result<void> Run(int warmup);

  const std::vector<GateRun>& runs() const { return runs_; }  // those that count
  const std::optional<GateBaseline>& baseline() const { return baseline_; }
  const std::map<std::string, MeteredValue>& metered() const { return metered_; }
  Seconds took() const { return took_; }

  /// What all looks so far say, the planned ones and one at the end.
  Result<std::vector<GateRow>> Compare() const;

 private:
  Result<void> RunPair(int k, bool counts);
  Result<void> RunIn(const std::string& folder, int k, bool counts, std::vector<GateRun>& into);
  Result<void> CheckKeys(const GateRun& run);
  Result<bool> IsClear() const;
  void ShowProgress(bool warming_up);

  const GateSettings& settings_;
  const GateWork& work_;
  std::optional<GateBaseline> baseline_;
  GateRunner& runner_;
  Console& console_;
  std::vector<GateLook> looks_;
  std::vector<GateRun> runs_;
  std::map<std::string, MeteredValue> metered_;
  Seconds took_;
  Seconds made_ = MonotonicNow();  // from here the budget counts
};

}  // namespace joulefront
