#include <catch2/catch.hpp>
#include <limits>

#include "study_store/evaluation.h"
#include "study_store/front.h"
#include "tests/study_store/store_contract.h"

namespace joulefront {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Minimises error and energy, which is metered.
Study TwoObjectives() {
  Study study = SampleStudy();
  study.constraints.clear();
  return study;
}

std::vector<Trial> Complete(const std::vector<NamedValues>& values) {
  std::vector<Trial> trials;
  for (const NamedValues& v : values) {
    trials.push_back({.number = static_cast<TrialNumber>(trials.size()),
                      .state = TrialState::kComplete,
                      .values = v});
  }
  return trials;
}

std::vector<Trial> ErrorAndEnergy(const std::vector<std::pair<double, double>>& values) {
  std::vector<NamedValues> named;
  for (const auto& [error, energy] : values)
    named.push_back({{"error", error}, {"energy", energy}});
  return Complete(named);
}

std::vector<std::size_t> TrialsOf(const Front& front) {
  std::vector<std::size_t> trials;
  for (const FrontPoint& point : front.points) trials.push_back(point.trial);
  return trials;
}

std::vector<bool> Knees(const Front& front) {
  std::vector<bool> knees;
  for (const FrontPoint& point : front.points) knees.push_back(point.knee);
  return knees;
}

using Indices = std::vector<std::size_t>;

TEST_CASE("The front holds what no other beats, from the cheapest to the dearest") {
  const auto trials = ErrorAndEnergy({{0.1, 50}, {0.3, 10}, {0.3, 20}, {0.2, 60}, {0.05, 90}});
  const Front front = ComputeFront(TwoObjectives(), trials);
  CHECK(TrialsOf(front) == Indices{1, 0, 4});
  CHECK(front.cost == 1);
  CHECK(front.complete == 5);
  CHECK(front.feasible == 5);
  CHECK(front.points[0].objectives == std::vector<double>{0.3, 10});
}

TEST_CASE("Without a trial to show there is no front, no hypervolume and no reference point") {
  auto trials = ErrorAndEnergy({{0.1, 50}, {kNaN, 10}});
  trials[0].state = TrialState::kFailed;
  trials.push_back({.number = 2, .state = TrialState::kComplete, .values = {{"error", 0.1}}});
  const Front front = ComputeFront(TwoObjectives(), trials);
  CHECK(front.points.empty());
  CHECK(front.complete == 0);
  CHECK_FALSE(front.hypervolume);
  CHECK(front.reference_point.empty());
  CHECK(PricesAlong(front).empty());
}

TEST_CASE("Trials that tie in every objective are all on the front") {
  const auto trials = ErrorAndEnergy({{0.1, 50}, {0.1, 50}, {0.1, 51}, {0.1, 50}});
  const Front front = ComputeFront(TwoObjectives(), trials);
  CHECK(TrialsOf(front) == Indices{0, 1, 3});
  CHECK(Knees(front) == std::vector<bool>{false, false, false});
  for (const auto& price : PricesAlong(front)) CHECK_FALSE(price);
}

TEST_CASE("Maximised objectives are shown, ordered and bounded in the user's direction") {
  Study study = TwoObjectives();
  study.objectives[0] = {.name = "accuracy", .direction = Direction::kMaximize};
  const auto trials = Complete({{{"accuracy", 0.9}, {"energy", 50}},
                                {{"accuracy", 0.7}, {"energy", 10}},
                                {{"accuracy", 0.6}, {"energy", 20}}});
  const Front front = ComputeFront(study, trials);
  CHECK(TrialsOf(front) == Indices{1, 0});
  CHECK(front.points[1].objectives == std::vector<double>{0.9, 50});
  REQUIRE(front.reference_point.size() == 2);
  CHECK(front.reference_point[0] == Approx(0.6 - 0.1 * 0.3));
  CHECK(front.reference_point[1] == Approx(50 + 0.1 * 40));
  // (0.7 - 0.57) * (54 - 10) + (0.9 - 0.7) * (54 - 50)
  CHECK(*front.hypervolume == Approx(0.13 * 44 + 0.2 * 4));
  CHECK(*PricesAlong(front)[1] == Approx(200.0));
  CHECK(TrialsOf(ComputeFront(study, trials, {.bounds = {{.name = "accuracy", .min = 0.8}}})) ==
        Indices{0});
}

TEST_CASE("A maximised cost has its cheapest end where most is gained") {
  Study study = TwoObjectives();
  study.objectives = {{.name = "a", .direction = Direction::kMaximize},
                      {.name = "b", .direction = Direction::kMaximize}};
  const auto trials =
      Complete({{{"a", 1}, {"b", 3}}, {{"a", 3}, {"b", 1}}, {{"a", 2.9}, {"b", 2}}});
  const Front front = ComputeFront(study, trials);
  CHECK(front.cost == 1);  // none is metered: the last one
  CHECK(TrialsOf(front) == Indices{0, 2, 1});
  CHECK(Knees(front) == std::vector<bool>{false, true, false});
}

TEST_CASE("Trials that break a constraint count as complete, and are never on the front") {
  Study study = TwoObjectives();
  study.constraints = {{.name = "size", .max = 100.0}, {.name = "recall", .min = 0.5}};
  const auto trials = Complete({{{"error", 0.1}, {"energy", 1}, {"size", 101}, {"recall", 0.9}},
                                {{"error", 0.2}, {"energy", 2}, {"size", 100}, {"recall", 0.5}},
                                {{"error", 0.2}, {"energy", 2}, {"size", 10}, {"recall", 0.49}},
                                {{"error", 0.9}, {"energy", 1}, {"size", 10}, {"recall", 1}},
                                {{"error", 0.0}, {"energy", 0}, {"size", 10}}});  // recall unknown
  const Front front = ComputeFront(study, trials);
  CHECK(TrialsOf(front) == Indices{3, 1});
  CHECK(front.complete == 4);
  CHECK(front.feasible == 2);
}

TEST_CASE("The violation is the sum of the relative excesses") {
  Study study = TwoObjectives();
  study.constraints = {{.name = "size", .max = 200.0}, {.name = "z", .min = -1.0, .max = 0.0}};
  const auto violation = [&](double size, double z) {
    return Evaluate(study, {{"error", 1}, {"energy", 1}, {"size", size}, {"z", z}})->violation;
  };
  CHECK(violation(250, 0) == 0.25);
  CHECK(violation(200, -1) == 0.0);
  CHECK(violation(200, 0.5) == 0.5);  // a limit of 0 counts as 1
  CHECK(violation(250, -1.5) == 0.75);
}

TEST_CASE("Values that are missing or not finite make no evaluation") {
  Study study = TwoObjectives();
  study.objectives[0].direction = Direction::kMaximize;
  CHECK(Evaluate(study, {{"error", 2}, {"energy", 1}})->objectives == std::vector<double>{-2, 1});
  CHECK_FALSE(Evaluate(study, {{"error", 2}}));
  CHECK_FALSE(Evaluate(study, {{"error", kNaN}, {"energy", 1}}));
  CHECK_FALSE(Evaluate(study, {{"error", 2}, {"energy", kInfinity}}));
}

TEST_CASE("Bounds leave out trials before the front is made, so that others come into view") {
  const auto trials = ErrorAndEnergy({{0.1, 50}, {0.3, 10}, {0.05, 90}, {0.3, 20}});
  const Study study = TwoObjectives();
  CHECK(TrialsOf(ComputeFront(study, trials, {.bounds = {{.name = "energy", .max = 50.0}}})) ==
        Indices{1, 0});
  CHECK(TrialsOf(ComputeFront(study, trials, {.bounds = {{.name = "energy", .min = 15.0}}})) ==
        Indices{3, 0, 2});
  CHECK(TrialsOf(ComputeFront(study, trials,
                              {.bounds = {{.name = "energy", .max = 60.0},
                                          {.name = "error", .max = 0.2}}})) == Indices{0});
  const Front none = ComputeFront(study, trials, {.bounds = {{.name = "energy", .max = 1.0}}});
  CHECK(none.points.empty());
  CHECK(none.complete == 4);
  CHECK(none.feasible == 4);
  CHECK(
      ComputeFront(study, trials, {.bounds = {{.name = "unheard of", .max = 1.0}}}).points.empty());
}

TEST_CASE("With one objective the front is the best trial") {
  Study study = TwoObjectives();
  study.objectives.pop_back();
  const auto trials = Complete({{{"error", 0.3}}, {{"error", 0.1}}, {{"error", 0.2}}});
  const Front front = ComputeFront(study, trials);
  CHECK(TrialsOf(front) == Indices{1});
  CHECK(front.cost == 0);
  CHECK(*front.hypervolume == Approx(0.22));  // from 0.1 to 0.3 + 0.02
  CHECK_FALSE(PricesAlong(front)[0]);
}

TEST_CASE("With three objectives there are neither prices nor a knee") {
  Study study = TwoObjectives();
  study.objectives.push_back({.name = "size"});
  const auto trials = Complete({{{"error", 3}, {"energy", 1}, {"size", 1}},
                                {{"error", 1}, {"energy", 3}, {"size", 1}},
                                {{"error", 1}, {"energy", 1}, {"size", 3}},
                                {{"error", 3}, {"energy", 3}, {"size", 3}}});
  study.objectives[0].reference = 4.0;
  study.objectives[1].reference = 4.0;
  study.objectives[2].reference = 4.0;
  const Front front = ComputeFront(study, trials);
  CHECK(front.cost == 1);  // the last that is metered
  CHECK(TrialsOf(front) == Indices{0, 2, 1});
  CHECK(*front.hypervolume == 19.0);  // 3 boxes of 9, pairs share 3, all three share 1: 27 - 9 + 1
  CHECK(Knees(front) == std::vector<bool>{false, false, false});
  for (const auto& price : PricesAlong(front)) CHECK_FALSE(price);
}

TEST_CASE("The knee is the point farthest below the line between the ends") {
  const Study study = TwoObjectives();
  CHECK(Knees(ComputeFront(study, ErrorAndEnergy({{1.0, 0}, {0.2, 10}, {0.1, 50}, {0, 100}}))) ==
        std::vector<bool>{false, true, false, false});
  // On a straight front, or above the line, no point gains more than the ends do.
  CHECK(Knees(ComputeFront(study, ErrorAndEnergy({{1.0, 0}, {0.5, 50}, {0, 100}}))) ==
        std::vector<bool>{false, false, false});
  CHECK(Knees(ComputeFront(study, ErrorAndEnergy({{1.0, 0}, {0.9, 50}, {0, 100}}))) ==
        std::vector<bool>{false, false, false});
  CHECK(Knees(ComputeFront(study, ErrorAndEnergy({{1.0, 0}, {0, 100}}))) ==
        std::vector<bool>{false, false});
}

TEST_CASE("A price is what a unit of the other objective costs from one point to the next") {
  const Front front =
      ComputeFront(TwoObjectives(), ErrorAndEnergy({{0.1, 50}, {0.3, 10}, {0.05, 90}}));
  const auto prices = PricesAlong(front);
  REQUIRE(prices.size() == 3);
  CHECK_FALSE(prices[0]);
  CHECK(*prices[1] == Approx(200.0));
  CHECK(*prices[2] == Approx(800.0));
}

TEST_CASE("A reference point of the user's is taken, and points beyond it add nothing") {
  Study study = TwoObjectives();
  study.objectives[0].reference = 1.0;
  study.objectives[1].reference = 100.0;
  const Front front = ComputeFront(study, ErrorAndEnergy({{0.5, 50}, {0.1, 200}, {2.0, 1}}));
  CHECK(front.reference_point == std::vector<double>{1.0, 100.0});
  CHECK(*front.hypervolume == 25.0);
  CHECK(front.points.size() == 3);
  study.objectives[0] = {.name = "gain", .direction = Direction::kMaximize, .reference = 2.0};
  const Front gain = ComputeFront(study, Complete({{{"gain", 5}, {"energy", 90}}}));
  CHECK(gain.reference_point == std::vector<double>{2.0, 100.0});
  CHECK(*gain.hypervolume == 30.0);
}

TEST_CASE("Values beyond the scale leave the reference point and the hypervolume of the others") {
  const Study study = TwoObjectives();
  const Front others = ComputeFront(study, ErrorAndEnergy({{1.0, 0}, {0.2, 10}, {0, 100}}));
  const double largest = std::numeric_limits<double>::max();
  for (const double far : {1e301, -1e301, largest, -largest, 1e200}) {
    for (const auto& point :
         std::vector<std::pair<double, double>>{{far, far}, {far, 5}, {5, far}}) {
      INFO(point.first << ", " << point.second);
      const Front front =
          ComputeFront(study, ErrorAndEnergy({{1.0, 0}, {0.2, 10}, {0, 100}, point}));
      CHECK(front.reference_point == others.reference_point);
      CHECK(front.hypervolume == others.hypervolume);
      CHECK(front.off_scale == 1);
      for (const FrontPoint& one : front.points) {
        CHECK(one.off_scale == (one.trial == 3));
        if (one.off_scale) CHECK_FALSE(one.knee);
      }
    }
  }
  const Front alone = ComputeFront(study, ErrorAndEnergy({{largest, largest}}));
  CHECK(alone.points.size() == 1);
  CHECK(alone.reference_point.empty());
  CHECK_FALSE(alone.hypervolume);
}

TEST_CASE("A hypervolume of values on the scale is finite, however many objectives there are") {
  for (const std::size_t m : {1, 2, 3, 6, 10}) {
    Study study = TwoObjectives();
    study.objectives.clear();
    NamedValues low, high;
    for (std::size_t k = 0; k < m; ++k) {
      const std::string name = "o" + std::to_string(k);
      study.objectives.push_back({.name = name});
      low[name] = -LargestOnScale(m);
      high[name] = LargestOnScale(m);
    }
    const Front front = ComputeFront(study, Complete({low, high}));
    CHECK(front.off_scale == 0);
    REQUIRE(front.hypervolume);
  }
}

TEST_CASE("A refuted trial stays on the front, and is no knee and has no price") {
  const Study study = TwoObjectives();
  const auto trials = ErrorAndEnergy({{1.0, 0}, {0.2, 10}, {0.15, 50}, {0, 100}});
  const Front front = ComputeFront(study, trials, {.refuted = {1}});
  CHECK(TrialsOf(front) == Indices{0, 1, 2, 3});
  CHECK(front.points[1].refuted);
  CHECK(Knees(front) == std::vector<bool>{false, false, true, false});
  const auto prices = PricesAlong(front);
  CHECK_FALSE(prices[1]);
  CHECK_FALSE(prices[2]);
  CHECK(prices[3]);
}

}  // namespace
}  // namespace joulefront
