// Runs what `joulefront gate` is about, metered, once at a time and in the foreground.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "base/result.h"
#include "cli/gate_baseline.h"
#include "workers/attempt_runner.h"

namespace joulefront {

struct GateWork {
  GateSubject subject;
  /// Its objectives are what a run must tell. Of a command: made of the flags.
  Study study;
  MeterPlan plan;
};

class GateRunner {
 public:
  /// `work` and `signals` outlive the runner. Errors: an expression of the study's metrics does not
  /// compile.
  static Result<GateRunner> Create(const GateWork& work, SignalWatch& signals);

  /// A command runs in `folder` (empty: the present one) with JOULEFRONT_SEED in its environment, a
  /// study's trainer as an attempt does. Errors: kNoMeter; kUnavailable if it came to no result,
  /// with the reason.
  Result<GateRun> Run(std::uint64_t seed, const std::string& folder = "");

  /// What runs left running, Measurement::left_running.
  const std::set<std::string>& left_running() const { return left_running_; }

  /// The last lines that the last run printed, fit to be shown.
  std::string Tail() const;

 private:
  GateRunner(const GateWork& work, SignalWatch& signals, MetricPatterns patterns);
  Result<TrainerCommand> Prepare(std::uint64_t seed, const std::string& folder,
                                 const std::string& work_dir) const;

  const GateWork& work_;
  SignalWatch& signals_;
  MetricPatterns patterns_;
  std::string output_;
  std::set<std::string> left_running_;
};

}  // namespace joulefront
