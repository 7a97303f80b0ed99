// Whether a value has become worse than is allowed: the statistics of `joulefront gate`.
//
// Repeats of now are compared with those of a baseline, the first n with the first n, at a few
// looks, until the answer is clear. Each look is an exact rank test [Mann1947] at its share of the
// error that is allowed in all, spent in proportion to the repeats [Lan1983]. The shares are simply
// added up (the union bound), so that the error holds for every distribution and every number of
// repeats, as long as repeats are independent and, at the limit, distributed as the baseline's.
// Equal numbers from the same places cancel a drift that both have, such as warming up.
// docs/gate.md has the formulas, and what they do not cover. No clock, no randomness, no I/O.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "study_store/study.h"

namespace joulefront {

/// How much worse a value may be than the baseline's.
struct GateLimit {
  double most = 0.0;     // 0 or more; of the baseline's value if relative, else in its unit
  bool relative = true;  // "3%": 0.03
};

/// "3%" or "0.005". Errors: kInvalidArgument for anything else, negative numbers among it.
Result<GateLimit> ParseGateLimit(std::string_view text);

/// More repeats than this are refused, of the baseline and of now.
inline constexpr int kMostGateRepeats = 100;

struct GatePlan {
  int least = 5, most = 20;  // repeats before the first look, and in all
  /// Of one value: the probability at most that it is called worse though it is within its limit,
  /// and that it is said to hold though it is not.
  double alpha = 0.05;
};

/// A comparison of the first repeats of both: the interval of the change is from the rank-th
/// smallest to the rank-th largest of the changes of all pairs; 0: too few for any.
struct GateLook {
  int repeats = 0;
  int rank = 0;
};

/// The look that follows one after `before` repeats, or none (0): it spends what has not been spent
/// of alpha x repeats / most.
GateLook LookAfter(const GatePlan& plan, int before, int repeats);

/// Few looks, since each costs some power. Example: 5 to 20 -> after 5, 7, 10, 14 and 20 repeats.
std::vector<GateLook> PlannedLooks(const GatePlan& plan);

/// Of n values and n others, all of one distribution, in how many of the n x n pairs the other is
/// the smaller one: the largest k such that fewer than k are so with a probability of at most
/// alpha; 0 if there is none. By the recurrence of [Mann1947], to rounding.
/// Example: n = 3, alpha = 0.05 -> 1: all pairs agree in one of 20 arrangements.
int RankQuantile(int n, double alpha);

enum class GateVerdict {
  kHolds,    // clearly within its limit
  kWorse,    // clearly not
  kUnclear,  // neither
  kNoLimit,  // it is only shown
};
std::string_view Name(GateVerdict verdict);  // "holds", "worse", "unclear", "no limit"

/// The change from the baseline to now: of its value if relative, else in its unit; its sign is
/// never turned. `low` and `high` are infinite after too few repeats to say.
struct GateComparison {
  int repeats = 0;  // until the look that decided, or else the last one; 0: there was none
  bool relative = true;
  double change = 0.0;           // the median of all pairs [Hodges1963]
  double low = 0.0, high = 0.0;  // its interval, each end at the look's share of alpha
  GateVerdict verdict = GateVerdict::kUnclear;
};

/// What the looks say: the first that is clear decides, and those beyond the repeats that there are
/// do not count. All figures are finite. Errors: kInvalidArgument for a relative limit where a
/// figure is negative.
/// Example: {100, 101, 102}, {110, 111, 112}, 3 %, one look of rank 1: the changes of the pairs are
/// 7.8 to 12 %, so it is worse.
Result<GateComparison> CompareRepeats(const std::vector<double>& baseline,
                                      const std::vector<double>& now, Direction direction,
                                      const std::optional<GateLimit>& limit,
                                      const std::vector<GateLook>& looks);

/// Whether it is clearly better than the baseline, not only within its limit.
bool IsClearlyBetter(const GateComparison& comparison, Direction direction);

}  // namespace joulefront
