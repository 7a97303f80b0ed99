// One attempt in the foreground, of which nothing is stored: for looking whether a trainer works.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "workers/attempt_runner.h"

namespace joulefront {

/// Trains the configuration in a temporary folder. The trainer's log goes to stderr, and line by
/// line to `on_line`, if given. `variables`: what its environment has besides ("NAME=value").
/// Errors: kUnavailable without such a folder; PrepareTrainer()'s.
Result<AttemptEnd> RunOnce(const Study& study, const Configuration& configuration,
                           const MetricPatterns& patterns, SignalWatch& signals,
                           const std::function<void(std::string_view)>& on_line,
                           const std::vector<std::string>& variables = {});

}  // namespace joulefront
