// How much each parameter decides whether a trial is among the best: PED-ANOVA [Watanabe2023].
#pragma once

#include <cstdint>
#include <vector>

#include "search/space.h"

namespace joulefront {

struct ParameterImportance {
  /// Share of what all parameters decide, in [0, 1]; all sum to 1, or are 0 where none stands out.
  double share = 0.0;
  /// Whether it decides more than it would in 95 % of the cases if the outcomes were dealt out at
  /// random.
  bool clear = false;
};

/// Fewer evaluated trials than this say nothing of importance.
inline constexpr std::size_t kLeastForImportance = 20;

/// One a parameter, in the order of the space; empty with fewer than kLeastForImportance trials.
/// `values`: one a configuration, finite, the lower the better. How the parameter's values are
/// distributed among the best tenth is compared with all trials, so that a search that crowded
/// where it is good does not count as importance [Watanabe2023]; what chance alone would give is
/// taken off. A parameter is judged among the trials in which it is active, and counts by their
/// share. The draws that stand for chance go by `seed`.
std::vector<ParameterImportance> ImportanceOf(const SearchSpace& space,
                                              const std::vector<Configuration>& configurations,
                                              const std::vector<double>& values,
                                              std::uint64_t seed);

}  // namespace joulefront
