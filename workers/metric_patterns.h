// Regular expressions that read metrics from the output of a program that cannot be changed. Syntax
// is PCRE2, with `{number}` for any number as programs print them (base/number_text.h). The first
// group is the number; the last match of all lines counts.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace joulefront {

/// The last match of an expression.
struct MetricMatch {
  double value = 0.0;   // may be NaN or infinite, where the program says so
  std::string problem;  // why there is no value: 'matched "71.59%", which is no number'; or empty
};
using MetricMatches = std::map<std::string, MetricMatch>;

class MetricPatterns {
 public:
  /// Name -> expression; `section` is the part of the study file that holds them, for messages.
  /// Errors: kInvalidArgument for one that does not compile or has no group.
  static Result<MetricPatterns> Create(const std::map<std::string, std::string>& expressions,
                                       std::string_view section = "trainer.metrics");

  MetricPatterns(MetricPatterns&&) noexcept;
  MetricPatterns& operator=(MetricPatterns&&) noexcept;
  ~MetricPatterns();

  /// Sets matches[name] for every expression that matches the line. A group that is no number, or
  /// was cut out of a longer one, is a problem, and never the value before it. Whether any matched.
  bool Match(std::string_view line, MetricMatches& matches) const;

 private:
  struct Pattern;
  MetricPatterns();
  std::vector<std::unique_ptr<Pattern>> patterns_;
};

}  // namespace joulefront
