// Repeats as machines give them, for the gate's error rates: joules around a true value, with noise
// of several kinds.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "study_store/gate_rules.h"

namespace joulefront {

inline constexpr double kGateNoise = 0.06;

class GateNoise {
 public:
  explicit GateNoise(std::uint64_t seed, std::uint64_t stream) : random_(seed, stream) {}

  double Normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - random_.Uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * random_.Uniform());
  }
  /// Student's t with three degrees of freedom: its fourth moment is infinite.
  double HeavyTailed() {
    double squares = 0.0;
    for (int i = 0; i < 3; ++i) squares += std::pow(Normal(), 2);
    return Normal() / std::sqrt(squares / 3.0);
  }
  bool OneIn(int n) { return random_.Uniform() * n < 1.0; }

 private:
  Random random_;
};

struct NoiseKind {
  std::string name;
  /// The logarithm of what repeat number `i` has beside the truth; `last` is that of the one
  /// before.
  std::function<double(GateNoise&, int i, double last)> next;
};

/// Those that the gate's error must hold for: repeats independent of one another, and the same of
/// the baseline and of now.
inline std::vector<NoiseKind> SoundNoise() {
  const double s = kGateNoise;
  return {
      {"lognormal, 6 %", [s](GateNoise& n, int, double) { return s * n.Normal(); }},
      {"heavy tails (t, 3 degrees), 6 %",
       [s](GateNoise& n, int, double) { return s * n.HeavyTailed() / std::sqrt(3.0); }},
      {"heavy tails, 10 %", [s](GateNoise& n, int, double) { return s * n.HeavyTailed(); }},
      {"6 %, and every tenth 35 % more",
       [s](GateNoise& n, int, double) { return s * n.Normal() + (n.OneIn(10) ? 0.3 : 0.0); }},
      {"6 %, warming up: first 25 % more, then half of it, ...",
       [s](GateNoise& n, int i, double) { return s * n.Normal() + 0.22 * std::exp2(-i); }},
      {"6 %, each repeat 0.5 % more than the last",
       [s](GateNoise& n, int i, double) { return s * n.Normal() + 0.005 * i; }},
  };
}

/// Those that it is not made for, unless both are run in turn.
inline std::vector<NoiseKind> UnsoundNoise() {
  const auto dependent = [](double rho) {
    return [rho](GateNoise& n, int i, double last) {
      const double fresh = kGateNoise * n.Normal();
      return i == 0 ? fresh : rho * last + std::sqrt(1.0 - rho * rho) * fresh;
    };
  };
  return {{"6 %, each repeat correlated with the last by 0.3", dependent(0.3)},
          {"6 %, by 0.6", dependent(0.6)},
          {"6 %, by 0.9", dependent(0.9)}};
}

inline std::vector<double> DrawRepeats(const NoiseKind& kind, GateNoise& noise, double truth,
                                       int repeats) {
  std::vector<double> values;
  double last = 0.0;
  for (int i = 0; i < repeats; ++i) {
    last = kind.next(noise, i, last);
    values.push_back(truth * std::exp(last));
  }
  return values;
}

/// Of a baseline and of now: one after the other, or in turn, as a machine would have given them.
enum class GateOrder { kAfter, kInTurn };

inline std::pair<std::vector<double>, std::vector<double>> DrawBoth(const NoiseKind& kind,
                                                                    GateNoise& noise, double factor,
                                                                    int repeats, GateOrder order) {
  if (order == GateOrder::kAfter) {
    auto baseline = DrawRepeats(kind, noise, 100.0, repeats);
    return {std::move(baseline), DrawRepeats(kind, noise, 100.0 * factor, repeats)};
  }
  std::pair<std::vector<double>, std::vector<double>> both;
  const auto all = DrawRepeats(kind, noise, 100.0, 2 * repeats);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool is_now = (i / 2 + i) % 2 == 1;  // before, now; now, before; ...
    (is_now ? both.second : both.first).push_back(all[i] * (is_now ? factor : 1.0));
  }
  return both;
}

struct GateRates {
  double worse = 0.0, holds = 0.0;  // shares of the comparisons
  double repeats = 0.0;             // of now, mean
};

/// Of comparisons with a limit of 3 %, where now is the baseline times `factor`.
inline GateRates SimulateGate(const NoiseKind& kind, double factor, const GatePlan& plan,
                              int comparisons, GateOrder order = GateOrder::kAfter) {
  const auto looks = PlannedLooks(plan);
  const std::uint64_t stream = std::hash<std::string>()(kind.name);
  GateRates rates;
  for (int seed = 0; seed < comparisons; ++seed) {
    GateNoise noise(static_cast<std::uint64_t>(seed), stream);
    const auto [baseline, now] = DrawBoth(kind, noise, factor, plan.most, order);
    const auto compared = *CompareRepeats(baseline, now, Direction::kMinimize,
                                          GateLimit{.most = 0.03, .relative = true}, looks);
    rates.worse += compared.verdict == GateVerdict::kWorse ? 1.0 / comparisons : 0.0;
    rates.holds += compared.verdict == GateVerdict::kHolds ? 1.0 / comparisons : 0.0;
    rates.repeats += static_cast<double>(compared.repeats) / comparisons;
  }
  return rates;
}

}  // namespace joulefront
