// The statistics of `joulefront gate`: exact where they can be counted, simulated where they are
// promises.
#include <catch2/catch.hpp>
#include <numeric>

#include "study_store/gate_rules.h"
#include "tests/study_store/gate_noise.h"

using namespace joulefront;

namespace {

constexpr GateLimit kThreePercent{.most = 0.03, .relative = true};

GateComparison Compare(const std::vector<double>& baseline, const std::vector<double>& now,
                       const std::optional<GateLimit>& limit,
                       Direction direction = Direction::kMinimize) {
  const auto n = static_cast<int>(now.size());
  return *CompareRepeats(baseline, now, direction, limit, {LookAfter({n, n, 0.05}, 0, n)});
}

/// The share of all arrangements of n and n in which fewer than k pairs have the other smaller.
double ShareBelow(int n, int k) {
  std::vector<bool> is_other(static_cast<std::size_t>(2 * n), false);
  std::fill(is_other.begin() + n, is_other.end(), true);
  int all = 0, below = 0;
  do {
    int pairs = 0, others = 0;
    for (const bool other : is_other) {
      if (other) {
        ++others;
      } else {
        pairs += others;
      }
    }
    ++all;
    below += pairs < k ? 1 : 0;
  } while (std::next_permutation(is_other.begin(), is_other.end()));
  return static_cast<double>(below) / all;
}

}  // namespace

TEST_CASE("the rank that an interval reaches to is that of counting all arrangements") {
  for (int n = 1; n <= 7; ++n) {
    for (const double alpha : {0.001, 0.0125, 0.05, 0.1}) {
      CAPTURE(n, alpha);
      const int k = RankQuantile(n, alpha);
      CHECK(ShareBelow(n, k) <= alpha + 1e-9);
      CHECK(ShareBelow(n, k + 1) > alpha + 1e-9);
    }
  }
  CHECK(RankQuantile(3, 0.05) == 1);
  CHECK(RankQuantile(3, 0.049) == 0);
  // [Mann1947]'s later tables: 20 and 20, one-sided 5 %.
  CHECK(RankQuantile(20, 0.05) == 139);
}

TEST_CASE("looks are few, rise to the last repeat, and spend no more than alpha") {
  const GatePlan plan;
  const auto looks = PlannedLooks(plan);
  std::vector<int> repeats;
  for (const GateLook& look : looks) repeats.push_back(look.repeats);
  CHECK(repeats == std::vector<int>{5, 7, 10, 14, 20});
  for (const GatePlan& any : {GatePlan{2, 2}, GatePlan{3, 4}, GatePlan{5, 100}, GatePlan{20, 20}}) {
    CHECK(PlannedLooks(any).back().repeats == any.most);
    double spent = 0.0;
    for (const GateLook& look : PlannedLooks(any)) {
      if (look.repeats <= 7) spent += ShareBelow(look.repeats, look.rank);
    }
    CHECK(spent <= any.alpha);
  }
}

TEST_CASE("the change is the median of all pairs, and its interval their outer ranks") {
  const auto compared = Compare({100, 101, 102}, {110, 111, 112}, kThreePercent);
  CHECK(compared.verdict == GateVerdict::kWorse);
  CHECK(compared.low == Approx(110.0 / 102.0 - 1.0));
  CHECK(compared.high == Approx(112.0 / 100.0 - 1.0));
  CHECK(compared.change == Approx(111.0 / 101.0 - 1.0));
  CHECK(Compare({100, 101, 102}, {99, 100, 101}, kThreePercent).verdict == GateVerdict::kHolds);
  CHECK(Compare({100, 110, 120}, {100, 110, 120}, kThreePercent).verdict == GateVerdict::kUnclear);
}

TEST_CASE("of a value that is maximised, less is worse") {
  const std::vector<double> before = {0.90, 0.91, 0.92}, after = {0.80, 0.81, 0.82};
  CHECK(Compare(before, after, kThreePercent, Direction::kMaximize).verdict == GateVerdict::kWorse);
  CHECK(Compare(before, after, kThreePercent, Direction::kMinimize).verdict == GateVerdict::kHolds);
  CHECK(Compare(after, before, kThreePercent, Direction::kMaximize).verdict == GateVerdict::kHolds);
  CHECK(IsClearlyBetter(Compare(after, before, kThreePercent, Direction::kMaximize),
                        Direction::kMaximize));
  CHECK_FALSE(IsClearlyBetter(Compare(before, before, kThreePercent, Direction::kMaximize),
                              Direction::kMaximize));
}

TEST_CASE("a value that never changes holds at once, also with no change allowed") {
  const std::vector<double> same(5, 0.125), zeros(5, 0.0), more(5, 0.126);
  for (const GateLimit& none : {GateLimit{0.0, true}, GateLimit{0.0, false}}) {
    CHECK(Compare(same, same, none).verdict == GateVerdict::kHolds);
    CHECK(Compare(zeros, zeros, none).verdict == GateVerdict::kHolds);
    CHECK(Compare(same, more, none).verdict == GateVerdict::kWorse);
    CHECK(Compare(zeros, more, none).verdict == GateVerdict::kWorse);
    CHECK(Compare(more, same, none).verdict == GateVerdict::kHolds);
  }
  // Exactly at the limit is allowed.
  CHECK(Compare(same, std::vector<double>(5, 0.25), GateLimit{0.125, false}).verdict ==
        GateVerdict::kHolds);
}

TEST_CASE("a percentage of a value below zero is refused, and an absolute limit is not") {
  const std::vector<double> losses = {-1.0, -1.1, -1.2};
  const std::vector<GateLook> looks = {{3, 1}};
  const auto refused = CompareRepeats(losses, losses, Direction::kMinimize, kThreePercent, looks);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("in its own unit") != std::string::npos);
  CHECK(Compare(losses, {-2.0, -2.1, -2.2}, GateLimit{0.1, false}).verdict == GateVerdict::kHolds);
  CHECK_FALSE(Compare(losses, losses, std::nullopt).relative);
}

TEST_CASE("what has no limit is shown and never judged") {
  const auto compared = Compare({1, 1, 1}, {9, 9, 9}, std::nullopt);
  CHECK(compared.verdict == GateVerdict::kNoLimit);
  CHECK(compared.change == Approx(8.0));
}

TEST_CASE("the first clear look decides, whatever comes later") {
  const std::vector<double> baseline = {100, 100.1, 100.2, 100.3, 100.4, 100.5};
  const std::vector<double> now = {120, 120.1, 120.2, 1.0, 1.1, 1.2};
  const auto compared =
      *CompareRepeats(baseline, now, Direction::kMinimize, kThreePercent, {{3, 1}, {6, 5}});
  CHECK(compared.repeats == 3);
  CHECK(compared.verdict == GateVerdict::kWorse);
}

TEST_CASE("too few repeats to say are unclear, never a verdict") {
  const auto none = *CompareRepeats({1, 1, 1, 1, 1}, {9, 9}, Direction::kMinimize, kThreePercent,
                                    PlannedLooks({}));
  CHECK(none.repeats == 0);
  CHECK(none.verdict == GateVerdict::kUnclear);
  const auto two = Compare({1, 1}, {9, 9}, kThreePercent);
  CHECK(two.verdict == GateVerdict::kUnclear);
  CHECK(std::isinf(two.high));
}

TEST_CASE("limits are percentages or numbers in the value's unit") {
  CHECK(ParseGateLimit("3%")->most == Approx(0.03));
  CHECK(ParseGateLimit("0.5%")->relative);
  CHECK(ParseGateLimit("0.005")->most == Approx(0.005));
  CHECK_FALSE(ParseGateLimit("0.005")->relative);
  CHECK(ParseGateLimit("0")->most == 0.0);
  for (const char* bad : {"", "%", "-1%", "nan", "inf%", "3 %", "3%%", "0x3", "three"}) {
    CAPTURE(bad);
    CHECK_FALSE(ParseGateLimit(bad));
  }
}

TEST_CASE("of 1,000 comparisons of noise at the limit, at most 5 % are called worse") {
  for (const NoiseKind& kind : SoundNoise()) {
    CAPTURE(kind.name);
    const GateRates at_limit = SimulateGate(kind, 1.03, {}, 1000);
    CHECK(at_limit.worse <= 0.05);
    CHECK(at_limit.worse >= 0.001);  // a gate that never says no would pass the rest
    CHECK(SimulateGate(kind, 1.0, {}, 1000).worse <= 0.05);
    CHECK(SimulateGate(kind, 1.0301, {}, 1000).holds <= 0.05);
  }
}

TEST_CASE("a change of 10 % beyond the limit is found under noise of 6 %, and soon") {
  const GateRates rates = SimulateGate(SoundNoise()[0], 1.03 * 1.1, {}, 1000);
  CHECK(rates.worse >= 0.95);
  CHECK(rates.repeats <= 10.0);
}

TEST_CASE("run in turn, repeats may hang on one another and still at most 5 % are called worse") {
  for (const NoiseKind& kind : UnsoundNoise()) {
    CAPTURE(kind.name);
    CHECK(SimulateGate(kind, 1.03, {}, 1000, GateOrder::kInTurn).worse <= 0.05);
    CHECK(SimulateGate(kind, 1.03 * 1.1, {}, 1000, GateOrder::kInTurn).worse >= 0.9);
  }
  for (const NoiseKind& kind : SoundNoise()) {
    CAPTURE(kind.name);
    CHECK(SimulateGate(kind, 1.03, {}, 1000, GateOrder::kInTurn).worse <= 0.05);
  }
}
