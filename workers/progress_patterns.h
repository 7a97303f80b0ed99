// Progress of a program that cannot be changed, read from its lines by the expressions of
// [trainer.progress]: a step, and values after it.
//
//   [trainer.progress]
//   step = 'epoch {number}'            # on the line of the values, or on one before it
//   error = 'val_error={number}'       # as in [trainer.metrics]
//
// Without `step` the reports are counted. Without values those of [trainer.metrics] that are
// objectives are read.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "study_store/study.h"
#include "workers/metric_patterns.h"
#include "workers/trainer_output.h"

namespace joulefront {

/// Of one attempt.
class ProgressPatterns {
 public:
  /// Errors: as MetricPatterns::Create().
  static Result<ProgressPatterns> Create(const Study& study);

  /// Takes the next line of a run. A report once all values were seen since the step changed; it
  /// is given again, with the newer value, when a later line of the same step has one. A value
  /// that is no number is missing in its report.
  std::optional<ProgressMessage> TakeLine(std::string_view line);

 private:
  explicit ProgressPatterns(MetricPatterns patterns) : patterns_(std::move(patterns)) {}

  MetricPatterns patterns_;
  std::set<std::string> names_;  // of the values; empty: there are no expressions
  bool counts_ = true;           // the reports are counted: there is no expression for the step
  std::int64_t step_ = 0;
  bool has_step_ = false;
  NamedValues seen_;  // since the step changed
};

}  // namespace joulefront
