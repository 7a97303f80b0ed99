#include <catch2/catch.hpp>

#include "base/random.h"
#include "study_store/comparison.h"
#include "tests/study_store/store_contract.h"

namespace joulefront {
namespace {

Study TwoObjectives() {
  Study study = SampleStudy();
  study.constraints.clear();
  return study;
}

/// A complete trial of configuration `x` whose joules a meter of this host gave.
Trial Trained(int x, double error, double joules, const std::string& host = "here") {
  const EnergyFigure figure{.joules = Joules(joules),
                            .provenance = {.energy_class = EnergyClass::kMeasured,
                                           .source = "plug",
                                           .host = host,
                                           .common_uncertainty = 0.05}};
  return {.number = x,
          .state = TrialState::kComplete,
          .configuration = "{\"x\":" + std::to_string(x) + "}",
          .values = {{"error", error}, {"energy", joules}},
          .energy = {{.phase = "train", .wall = Seconds(1), .cpu = Seconds(1), .figure = figure},
                     {.phase = "total", .wall = Seconds(1), .cpu = Seconds(1), .figure = figure}}};
}

const Change& ChangeOf(const Comparison& comparison, const std::string& objective) {
  for (const Change& change : comparison.changes) {
    if (change.objective == objective) return change;
  }
  FAIL("no change of " + objective);
  return comparison.changes.front();
}

TEST_CASE("Joules change by a ratio, values by a difference, over configurations of both") {
  const Study study = TwoObjectives();
  std::vector<Trial> a, b;
  for (int x = 0; x < 10; ++x) {
    a.push_back(Trained(x, 0.1 + 0.01 * x, 10.0 + x));
    b.push_back(Trained(x, 0.1 + 0.01 * x, 1.2 * (10.0 + x)));
  }
  b.push_back(Trained(77, 0.0, 1.0));  // that A does not have
  const auto comparison = Compare({study, a}, {study, b}, 0.95, Mix::kNo);
  const Change& energy = ChangeOf(comparison, "energy");
  CHECK(energy.pairs == 10);
  CHECK(energy.ratio);
  CHECK(energy.mean == Approx(1.2));
  CHECK(energy.clear());
  const Change& error = ChangeOf(comparison, "error");
  CHECK(error.mean == Approx(0.0).margin(1e-12));
  CHECK_FALSE(error.clear());
}

TEST_CASE("At a confidence of 95 %, where nothing changed one comparison in twenty is clear") {
  const Study study = TwoObjectives();
  int clear = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Random random(seed, 0);
    const auto noise = [&] {  // nearly normal
      double sum = 0.0;
      for (int i = 0; i < 12; ++i) sum += random.Uniform();
      return 1.0 + 0.06 * (sum - 6.0);
    };
    std::vector<Trial> a, b;
    for (int x = 0; x < 6; ++x) {
      a.push_back(Trained(x, 0.1, 10.0 * noise()));
      b.push_back(Trained(x, 0.1, 10.0 * noise()));
    }
    clear += ChangeOf(Compare({study, a}, {study, b}, 0.95, Mix::kNo), "energy").clear();
  }
  CHECK(clear < 35);  // 20 expected, the deviation is 4.4
}

TEST_CASE("Across machines the error that their meters' figures share widens the interval") {
  const Study study = TwoObjectives();
  std::vector<Trial> a, b;
  for (int x = 0; x < 10; ++x) {
    a.push_back(Trained(x, 0.1 + 0.01 * x, 10.0 + x));
    b.push_back(Trained(x, 0.1 + 0.01 * x, 1.05 * (10.0 + x), "there"));
  }
  const auto apart = Compare({study, a}, {study, b}, 0.95, Mix::kNo);
  CHECK_FALSE(ChangeOf(apart, "energy").clear());
  CHECK(ChangeOf(apart, "energy").key_a != ChangeOf(apart, "energy").key_b);
  CHECK_FALSE(apart.fronts);
  CHECK_THAT(apart.why_no_fronts, Catch::Contains("--mix"));
  CHECK(Compare({study, a}, {study, b}, 0.95, Mix::kYes).fronts.has_value());
}

TEST_CASE("Of the fronts: volumes to one reference, who dominates whom, and what as much costs") {
  const Study study = TwoObjectives();
  const std::vector<Trial> a = {Trained(0, 0.3, 10), Trained(1, 0.1, 50)};
  const std::vector<Trial> b = {Trained(2, 0.3, 5), Trained(3, 0.1, 60)};
  const auto comparison = Compare({study, a}, {study, b}, 0.95, Mix::kNo);
  CHECK(comparison.changes.empty());
  REQUIRE(comparison.fronts.has_value());
  const FrontComparison& fronts = *comparison.fronts;
  CHECK(fronts.dominated_a == 0.5);
  CHECK(fronts.dominated_b == 0.5);
  CHECK(fronts.levels == 2);
  CHECK(*fronts.price_ratio == Approx(std::sqrt(0.5 * 1.2)));
  // Reference: 0.32, and 65.5 as B has it.
  CHECK(fronts.hypervolume_a == Approx(0.02 * 55.5 + 0.2 * 15.5));
  CHECK(fronts.hypervolume_b == Approx(0.02 * 60.5 + 0.2 * 5.5));
}

TEST_CASE("Studies of other objectives have no fronts to compare, and it is said which") {
  const Study study = TwoObjectives();
  Study other = study;
  other.objectives[0].name = "loss";
  const std::vector<Trial> trials = {Trained(0, 0.3, 10)};
  const auto comparison = Compare({study, trials}, {other, trials}, 0.95, Mix::kNo);
  CHECK(comparison.only_a == std::vector<std::string>{"error"});
  CHECK(comparison.only_b == std::vector<std::string>{"loss"});
  CHECK_FALSE(comparison.fronts);
  CHECK_FALSE(ChangeOf(comparison, "energy").from);
  CHECK_FALSE(ChangeOf(comparison, "energy").clear());
}

}  // namespace
}  // namespace joulefront
