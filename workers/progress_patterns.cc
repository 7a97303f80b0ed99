#include "workers/progress_patterns.h"

#include <cmath>
#include <limits>

namespace joulefront {
namespace {

// A step beyond this is no count of steps, and would not fit.
constexpr double kMostSteps = 1e15;

}  // namespace

Result<ProgressPatterns> ProgressPatterns::Create(const Study& study) {
  std::map<std::string, std::string> expressions = study.trainer.progress;
  if (expressions.size() == 1 && expressions.contains(std::string(kProgressStep))) {
    for (const Objective& objective : study.objectives) {
      const auto metric = study.trainer.metrics.find(objective.name);
      if (metric != study.trainer.metrics.end()) expressions.insert(*metric);
    }
  }
  auto patterns = MetricPatterns::Create(expressions, "trainer.progress");
  if (!patterns) return Pass(patterns);
  ProgressPatterns progress(std::move(*patterns));
  for (const auto& [name, expression] : expressions) {
    if (name == kProgressStep) {
      progress.counts_ = false;
    } else {
      progress.names_.insert(name);
    }
  }
  return progress;
}

std::optional<ProgressMessage> ProgressPatterns::TakeLine(std::string_view line) {
  MetricMatches found;
  if (names_.empty() || !patterns_.Match(line, found)) return std::nullopt;
  if (const auto step = found.find(std::string(kProgressStep)); step != found.end() && !counts_) {
    const double number = step->second.value;
    const bool is_step = step->second.problem.empty() && std::abs(number) <= kMostSteps;
    if (is_step && (!has_step_ || step_ != static_cast<std::int64_t>(number))) {
      step_ = static_cast<std::int64_t>(number);  // "epoch 2.75" is in the third
      has_step_ = true;
      seen_.clear();
    }
    found.erase(step);
  }
  if (found.empty()) return std::nullopt;
  for (const auto& [name, match] : found) {
    seen_[name] = match.problem.empty() ? match.value : std::numeric_limits<double>::quiet_NaN();
  }
  if (seen_.size() < names_.size() || !(counts_ || has_step_)) return std::nullopt;
  ProgressMessage report{counts_ ? ++step_ : step_, seen_};
  if (counts_) seen_.clear();
  return report;
}

}  // namespace joulefront
