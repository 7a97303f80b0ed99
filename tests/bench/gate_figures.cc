// The error rates and the power of `joulefront gate`, as tables in Markdown (docs/gate.md).
//   gate_figures [COMPARISONS]      default: 10,000 for each figure
#include <fmt/format.h>

#include <cstdlib>

#include "tests/study_store/gate_noise.h"

using namespace joulefront;

namespace {

/// The smallest number of repeats in all with which so many in a hundred are found.
std::string RepeatsFor(const NoiseKind& kind, double factor, int comparisons) {
  for (int most = 5; most <= kMostGateRepeats; most += most < 20 ? 1 : most < 40 ? 2 : 5) {
    const GateRates rates = SimulateGate(kind, factor, {.least = 5, .most = most}, comparisons);
    if (rates.worse >= 0.8) return fmt::format("{} ({:.0f})", most, rates.repeats);
  }
  return fmt::format("more than {}", kMostGateRepeats);
}

void PrintErrors(const std::vector<NoiseKind>& kinds, int comparisons) {
  for (const NoiseKind& kind : kinds) {
    const GateRates at = SimulateGate(kind, 1.03, {}, comparisons);
    const GateRates none = SimulateGate(kind, 1.0, {}, comparisons);
    const GateRates beyond = SimulateGate(kind, 1.0301, {}, comparisons);
    const GateRates in_turn = SimulateGate(kind, 1.03, {}, comparisons, GateOrder::kInTurn);
    fmt::print("| {} | {:.1f} % | {:.1f} % | {:.1f} % | {:.1f} % |\n", kind.name, at.worse * 100,
               none.worse * 100, beyond.holds * 100, in_turn.worse * 100);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int comparisons = argc > 1 ? std::atoi(argv[1]) : 10'000;
  fmt::print(
      "limit 3 %, confidence 0.95, 5 to 20 repeats, {} comparisons each\n\n"
      "| noise | called worse, truth at the limit | called worse, no change "
      "| said to hold, truth just beyond the limit | worse, truth at the limit, run in turn |\n"
      "| --- | --- | --- | --- | --- |\n",
      comparisons);
  PrintErrors(SoundNoise(), comparisons);
  PrintErrors(UnsoundNoise(), comparisons);

  fmt::print(
      "\n| change beyond the limit | called worse, of 20 repeats | repeats used, mean |\n"
      "| --- | --- | --- |\n");
  for (const double beyond : {0.03, 0.05, 0.10, 0.15}) {
    const GateRates rates = SimulateGate(SoundNoise()[0], 1.03 * (1 + beyond), {}, comparisons);
    fmt::print("| {:.0f} % | {:.0f} % | {:.1f} |\n", beyond * 100, rates.worse * 100,
               rates.repeats);
  }

  fmt::print("\n| noise | 3 % beyond the limit | 5 % | 10 % |\n| --- | --- | --- | --- |\n");
  for (const double noise : {0.01, 0.02, 0.06}) {
    const NoiseKind kind{"lognormal",
                         [noise](GateNoise& n, int, double) { return noise * n.Normal(); }};
    fmt::print("| {:.0f} % |", noise * 100);
    for (const double beyond : {0.03, 0.05, 0.10}) {
      fmt::print(" {} |", RepeatsFor(kind, 1.03 * (1 + beyond), std::min(comparisons, 2000)));
    }
    fmt::print("\n");
  }
}
