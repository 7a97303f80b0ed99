#include <catch2/catch.hpp>
#include <cmath>

#include "base/random.h"
#include "search/stopping.h"

using namespace joulefront;

namespace {

/// A training that told (error, joules) at steps 1, 2, 4, 8, its error falling to `last` in equal
/// ratios, its joules rising evenly to 8 `power`.
FinishedCurve Falling(double first, double last, double power = 1.0) {
  FinishedCurve curve;
  for (int k = 0; k < 4; ++k) {
    const double step = std::exp2(k);
    curve.steps.push_back({step, {first * std::pow(last / first, k / 3.0), power * step}});
  }
  curve.final_values = {last, 8.0 * power};
  return curve;
}

std::vector<const FinishedCurve*> Pointers(const std::vector<FinishedCurve>& curves) {
  std::vector<const FinishedCurve*> pointers;
  for (const FinishedCurve& curve : curves) pointers.push_back(&curve);
  return pointers;
}

const std::vector<bool> kJoulesGrow{false, true};

}  // namespace

TEST_CASE("an end is foretold by how much finished trainings changed from the same step on") {
  std::vector<FinishedCurve> finished;
  for (const double first : {0.8, 0.6, 0.4, 0.9, 0.7}) {
    finished.push_back(Falling(first, first / 8));
  }
  const CurveStep now{4.0, {0.2, 6.0}};
  const auto forecast = ForetellEnd(Pointers(finished), now, kJoulesGrow, 0.99);
  REQUIRE(forecast);
  // From step 4 to step 8 all errors halve and all joules double: there is no doubt.
  CHECK((*forecast)[0].expected == Approx(0.1));
  CHECK((*forecast)[0].best == Approx(0.1));
  CHECK((*forecast)[1].best == Approx(12.0));
  // A step between two that were told is as far as the one before it.
  CHECK((*ForetellEnd(Pointers(finished), {7.0, {0.2, 6.0}}, kJoulesGrow, 0.99))[0].best ==
        Approx(0.1));
}

TEST_CASE("fewer than five finished trainings that went on tell nothing") {
  std::vector<FinishedCurve> finished(4, Falling(0.8, 0.1));
  const CurveStep now{4.0, {0.2, 6.0}};
  CHECK_FALSE(ForetellEnd(Pointers(finished), now, kJoulesGrow, 0.99));
  finished.push_back(Falling(0.8, 0.1));
  CHECK(ForetellEnd(Pointers(finished), now, kJoulesGrow, 0.99));
  finished.back().steps.pop_back();  // it ended at step 4
  CHECK_FALSE(ForetellEnd(Pointers(finished), now, kJoulesGrow, 0.99));
  CHECK_FALSE(ForetellEnd(Pointers(finished), {0.5, {0.2, 6.0}}, kJoulesGrow,
                          0.99));  // before the first step
  CHECK_FALSE(ForetellEnd({}, now, kJoulesGrow, 0.99));
}

TEST_CASE("the bound holds as often as it says, whatever the number of finished trainings") {
  Random random(3, 5);
  const auto draw = [&] {  // a log-ratio that is normal, by the sum of twelve
    double sum = -6.0;
    for (int i = 0; i < 12; ++i) sum += random.Uniform();
    return 0.5 * std::exp(0.3 * sum);
  };
  for (const std::size_t n : {5U, 12U, 60U}) {
    int below = 0;
    constexpr int kTrials = 4000;
    for (int t = 0; t < kTrials; ++t) {
      std::vector<FinishedCurve> finished;
      for (std::size_t i = 0; i < n; ++i) {
        finished.push_back({{{1.0, {1.0}}, {2.0, {1.0}}}, {draw()}});
      }
      const auto forecast = ForetellEnd(Pointers(finished), {1.0, {1.0}}, {false}, 0.95);
      if (draw() < (*forecast)[0].best) ++below;
    }
    CHECK(static_cast<double>(below) / kTrials == Approx(0.05).margin(0.012));
  }
}

TEST_CASE("values of both signs are foretold by differences") {
  std::vector<FinishedCurve> finished;
  for (const double a : {-0.9, -0.8, -0.7, -0.6, -0.5}) {  // accuracy, maximised
    finished.push_back({{{1.0, {a}}, {2.0, {a}}}, {a - 0.05}});
  }
  const auto forecast = ForetellEnd(Pointers(finished), {1.0, {-0.4}}, {false}, 0.99);
  CHECK((*forecast)[0].expected == Approx(-0.45));
}

TEST_CASE("joules that are spent stay spent, and what is not told may be the best there was") {
  std::vector<FinishedCurve> finished;
  for (int i = 0; i < 6; ++i) {
    finished.push_back(
        {{{1.0, {0.5, 1.0, {}}}, {2.0, {0.4, 2.0, {}}}}, {0.4, i % 2 + 1.0, 10.0 + i}});
  }
  const auto forecast =
      ForetellEnd(Pointers(finished), {1.0, {0.5, 5.0, {}}}, {false, true, false}, 0.99);
  CHECK((*forecast)[1].best == 5.0);
  CHECK((*forecast)[2].best == 10.0);
  CHECK((*forecast)[2].expected == Approx(12.5));
  // With nothing told at all there is nothing to judge.
  CHECK_FALSE(ForetellEnd(Pointers(finished), {1.0, {{}, {}, {}}}, {false, true, false}, 0.99));
}

TEST_CASE("only a feasible training that is better than the best end dominates it") {
  std::vector<FinishedCurve> finished{Falling(0.8, 0.1), Falling(0.8, 0.3, 0.5)};
  const auto dominated = [&](double error, double joules) {
    const std::vector<FinalForecast> forecast{{1.0, error}, {99.0, joules}};
    return DominatorOf(Pointers(finished), forecast);
  };
  CHECK(dominated(0.2, 9.0) == 0U);
  CHECK(dominated(0.4, 5.0) == 1U);
  CHECK_FALSE(dominated(0.2, 7.0));
  CHECK_FALSE(dominated(0.1, 8.0));  // as good is not worse
  CHECK_FALSE(dominated(0.05, 99.0));
  finished[0].feasible = false;
  CHECK_FALSE(dominated(0.2, 9.0));
}

TEST_CASE("at a rung the best of each three stay, by rank and then by what they add") {
  // Three on the front (the middle one adds least), three behind it.
  const std::vector<double> values{0.0, 10.0, 4.9,  5.2, 10.0, 0.0,
                                   5.0, 10.5, 10.5, 5.0, 11.0, 11.0};
  const Points points{values, 2};
  const auto stays = [&](double factor) {
    std::vector<std::size_t> staying;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (StaysAtRung(points, i, factor)) staying.push_back(i);
    }
    return staying;
  };
  CHECK(stays(7.0).size() == 6);  // too few to tell
  CHECK(stays(2.0) == std::vector<std::size_t>{0, 1, 2});
  CHECK(stays(3.0).size() == 2);
  CHECK(stays(6.0).size() == 1);
  // Copies count alike: none of them is better than another.
  const std::vector<double> same{1.0, 1.0, 1.0, 1.0, 1.0, 1.0};
  for (std::size_t i = 0; i < 3; ++i) CHECK(StaysAtRung({same, 2}, i, 3.0));
}
