// Regular expressions that read metrics from the output of a program that cannot be changed. Syntax
// is PCRE2; the first group is the number, the last match of all lines counts.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "study_store/trial.h"

namespace joulefront {

class MetricPatterns {
 public:
  /// Name -> expression. Errors: kInvalidArgument for one that does not compile or has no group.
  static Result<MetricPatterns> Create(const std::map<std::string, std::string>& expressions);

  MetricPatterns(MetricPatterns&&) noexcept;
  MetricPatterns& operator=(MetricPatterns&&) noexcept;
  ~MetricPatterns();

  /// Sets values[name] for every expression that matches the line. A group that is not a number,
  /// such as "nan", sets NaN: it was there, and is no score.
  void Match(std::string_view line, NamedValues& values) const;

 private:
  struct Pattern;
  MetricPatterns();
  std::vector<std::unique_ptr<Pattern>> patterns_;
};

}  // namespace joulefront
