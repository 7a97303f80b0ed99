#include "study_store/gate_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace joulefront {
namespace {

constexpr double kBetweenLooks = 1.4;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Probabilities of arrangements are sums of many roundings.
constexpr double kRounding = 1e-12;

double Median(const std::vector<double>& sorted) {
  const std::size_t middle = sorted.size() / 2;
  if (sorted.size() % 2 == 1) return sorted[middle];
  const double low = sorted[middle - 1], high = sorted[middle];
  return low == high ? low : low + (high - low) / 2.0;
}

double ChangeOf(double before, double now, bool relative) {
  if (!relative || now == before) return now - before;
  return before == 0.0 ? kInfinity : now / before - 1.0;
}

/// The changes of all pairs of the first repeats, rising.
std::vector<double> PairwiseChanges(const std::vector<double>& baseline,
                                    const std::vector<double>& now, std::size_t repeats,
                                    bool relative) {
  std::vector<double> changes;
  for (std::size_t j = 0; j < repeats; ++j) {
    for (std::size_t i = 0; i < repeats; ++i) {
      changes.push_back(ChangeOf(baseline[i], now[j], relative));
    }
  }
  std::sort(changes.begin(), changes.end());
  return changes;
}

bool AnyNegative(const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(), [](double value) { return value < 0.0; });
}

GateVerdict VerdictOf(const GateComparison& look, Direction direction,
                      const std::optional<GateLimit>& limit) {
  if (!limit) return GateVerdict::kNoLimit;
  const bool less_is_better = direction == Direction::kMinimize;
  const double best = less_is_better ? look.low : -look.high;
  const double worst = less_is_better ? look.high : -look.low;
  if (best > limit->most) return GateVerdict::kWorse;
  return worst <= limit->most ? GateVerdict::kHolds : GateVerdict::kUnclear;
}

}  // namespace

std::string_view Name(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::kHolds:
      return "holds";
    case GateVerdict::kWorse:
      return "worse";
    case GateVerdict::kUnclear:
      return "unclear";
    case GateVerdict::kNoLimit:
      break;
  }
  return "no limit";
}

Result<GateLimit> ParseGateLimit(std::string_view text) {
  GateLimit limit{.most = 0.0, .relative = text.ends_with('%')};
  const char* end = text.data() + text.size() - (limit.relative ? 1 : 0);
  const auto read = std::from_chars(text.data(), end, limit.most);
  if (read.ec != std::errc() || read.ptr != end || !(limit.most >= 0.0) ||
      !std::isfinite(limit.most)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}': write \"3%\" of the baseline's value, or \"0.005\" in its own "
                            "unit",
                            text));
  }
  if (limit.relative) limit.most /= 100.0;
  return limit;
}

int RankQuantile(int n, double alpha) {
  const auto most = static_cast<std::size_t>(n);
  // Only what may lie in the lower tail is computed: less than half of all pairs.
  const std::size_t size = most * most / 2 + 1;
  // by_others[j][u]: the probability of u such pairs among i values and j others, for i = 0, 1, ...
  // The largest of all is one of the i values, with all others below it, or one of the others.
  std::vector<std::vector<double>> by_others(most + 1, std::vector<double>(size, 0.0));
  for (auto& row : by_others) row[0] = 1.0;
  for (std::size_t i = 1; i <= most; ++i) {
    for (std::size_t j = 1; j <= most; ++j) {
      std::vector<double>& row = by_others[j];
      const double of_values = static_cast<double>(i) / static_cast<double>(i + j);
      for (std::size_t u = size; u-- > 0;) {
        row[u] = (u >= j ? of_values * row[u - j] : 0.0) + (1.0 - of_values) * by_others[j - 1][u];
      }
    }
  }
  double probability = 0.0;
  int k = 0;
  for (const double p : by_others.back()) {
    probability += p;
    if (probability > alpha + kRounding) break;
    ++k;
  }
  return k;
}

GateLook LookAfter(const GatePlan& plan, int before, int repeats) {
  return {repeats, RankQuantile(repeats, plan.alpha * (repeats - before) / plan.most)};
}

std::vector<GateLook> PlannedLooks(const GatePlan& plan) {
  std::vector<GateLook> looks;
  int before = 0;
  for (int repeats = plan.least; before < plan.most;) {
    repeats = std::min(repeats, plan.most);
    looks.push_back(LookAfter(plan, before, repeats));
    before = repeats;
    repeats = std::max(repeats + 1, static_cast<int>(std::lround(repeats * kBetweenLooks)));
  }
  return looks;
}

Result<GateComparison> CompareRepeats(const std::vector<double>& baseline,
                                      const std::vector<double>& now, Direction direction,
                                      const std::optional<GateLimit>& limit,
                                      const std::vector<GateLook>& looks) {
  const bool negative = AnyNegative(baseline) || AnyNegative(now);
  if (negative && limit && limit->relative) {
    return Fail(ErrorCode::kInvalidArgument,
                "a value below zero has no percentage: give its limit in its own unit");
  }
  GateComparison comparison;
  comparison.relative = limit ? limit->relative : !negative;
  if (!limit) comparison.verdict = GateVerdict::kNoLimit;
  for (const GateLook& look : looks) {
    const auto repeats = static_cast<std::size_t>(look.repeats);
    if (repeats > std::min(baseline.size(), now.size())) break;
    const auto changes = PairwiseChanges(baseline, now, repeats, comparison.relative);
    const auto rank = static_cast<std::size_t>(look.rank);
    comparison.repeats = look.repeats;
    comparison.change = Median(changes);
    comparison.low = rank > 0 ? changes[rank - 1] : -kInfinity;
    comparison.high = rank > 0 ? changes[changes.size() - rank] : kInfinity;
    comparison.verdict = VerdictOf(comparison, direction, limit);
    const bool clear =
        comparison.verdict == GateVerdict::kHolds || comparison.verdict == GateVerdict::kWorse;
    if (clear) break;
  }
  return comparison;
}

bool IsClearlyBetter(const GateComparison& comparison, Direction direction) {
  if (comparison.repeats == 0) return false;
  return direction == Direction::kMinimize ? comparison.high < 0.0 : comparison.low > 0.0;
}

}  // namespace joulefront
