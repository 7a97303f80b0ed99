#include <catch2/catch.hpp>
#include <limits>

#include "study_store/choosing.h"
#include "tests/study_store/store_contract.h"

namespace joulefront {
namespace {

/// Minimises error and energy, which is metered.
Study TwoObjectives() {
  Study study = SampleStudy();
  study.constraints.clear();
  return study;
}

/// Complete trials with these errors and joules, that were told.
std::vector<Trial> Trials(const std::vector<std::pair<double, double>>& values) {
  std::vector<Trial> trials;
  for (const auto& [error, energy] : values) {
    trials.push_back({.number = static_cast<TrialNumber>(trials.size()),
                      .state = TrialState::kComplete,
                      .values = {{"error", error}, {"energy", energy}}});
  }
  return trials;
}

PhaseEnergy Phase(const std::string& name, double joules) {
  return {.phase = name,
          .wall = Seconds(1.0),
          .cpu = Seconds(1.0),
          .figure = EnergyFigure{.joules = Joules(joules), .provenance = {.source = "plug"}}};
}

/// A trial of this error, with joules of training and of a thousand inferences.
Trial Deployed(TrialNumber number, double error, double training, double thousand) {
  return {.number = number,
          .state = TrialState::kComplete,
          .values = {{"error", error}, {"energy", training}, {"thousand_inferences", 2.0}},
          .energy = {Phase("train", training), Phase("inference", 2.0 * thousand)}};
}

// A front with a hollow: the middle point is above the line between the ends.
const std::vector<std::pair<double, double>> kHollow = {{0.0, 100}, {0.6, 60}, {1.0, 0}};

TEST_CASE("A preference for an objective moves the choice along the front") {
  const Study study = TwoObjectives();
  const auto trials = Trials({{0.30, 10}, {0.15, 20}, {0.10, 60}, {0.05, 110}});
  const Front front = ComputeFront(study, trials);
  // Shortfalls of the second: error 0.4, energy 0.1; of the third: 0.2 and 0.5.
  CHECK(Prefer(study, front, {1, 1}) == 1);
  CHECK(Prefer(study, front, {2, 1}) == 2);
  CHECK(Prefer(study, front, {1, 20}) == 0);
  CHECK(Prefer(study, front, {1, 0}) == 3);
}

TEST_CASE("A preference reaches the hollow of a front, where no price does") {
  const Study study = TwoObjectives();
  const Front front = ComputeFront(study, Trials(kHollow));
  CHECK(front.points[*Prefer(study, front, {1, 1})].trial == 1);
  for (double price = 1; price < 1000; price *= 1.1) {
    CHECK(front.points[*Weigh(study, front, {price, 1})].trial != 1);
  }
}

TEST_CASE("A weight is a price: what a unit is worth in units of the other") {
  const Study study = TwoObjectives();
  const Front front = ComputeFront(study, Trials({{0.3, 10}, {0.2, 15}, {0.1, 65}}));
  // From the first to the second a unit of error costs 50 J, to the third 500 J.
  CHECK(Weigh(study, front, {49, 1}) == 0);
  CHECK(Weigh(study, front, {51, 1}) == 1);
  CHECK(Weigh(study, front, {499, 1}) == 1);
  CHECK(Weigh(study, front, {501, 1}) == 2);
}

TEST_CASE("What is maximised counts against the sum, and its best is the highest") {
  Study study = TwoObjectives();
  study.objectives[0].direction = Direction::kMaximize;
  const Front front = ComputeFront(study, Trials({{0.7, 10}, {0.9, 65}}));
  CHECK(front.points[*Weigh(study, front, {1000, 1})].trial == 1);
  CHECK(front.points[*Weigh(study, front, {1, 1})].trial == 0);
  CHECK(front.points[*Prefer(study, front, {1, 0})].trial == 1);
}

TEST_CASE("Over its life a model costs its training and each inference") {
  const Study study = TwoObjectives();
  // Trial 1 is beaten in training by trial 0, but is cheap to use.
  const std::vector<Trial> trials = {Deployed(0, 0.1, 10, 4.0), Deployed(1, 0.1, 50, 2.0)};
  const auto few = LifetimeOf(study, trials, 1000);
  REQUIRE(few.has_value());
  CHECK(few->trials[0].values.at(kLifetimeEnergy) == Approx(14));
  CHECK(few->trials[1].values.at(kLifetimeEnergy) == Approx(52));
  CHECK(ComputeFront(few->study, few->trials).points.at(0).trial == 0);
  const auto many = LifetimeOf(study, trials, 1e6);
  REQUIRE(many.has_value());
  CHECK(many->trials[1].values.at(kLifetimeEnergy) == Approx(2050));
  CHECK(ComputeFront(many->study, many->trials).points.at(0).trial == 1);
}

TEST_CASE("Trials of which inferences are not known have no lifetime, and are counted") {
  const Study study = TwoObjectives();
  std::vector<Trial> trials = {Deployed(0, 0.1, 10, 4.0), Deployed(1, 0.2, 50, 2.0),
                               Deployed(2, 0.3, 50, 2.0)};
  trials[1].energy.pop_back();
  trials[2].energy[1].figure->coverage = 0.5;
  const auto lifetime = LifetimeOf(study, trials, 1000);
  REQUIRE(lifetime.has_value());
  CHECK(lifetime->unknown == 2);
  CHECK_FALSE(lifetime->trials[1].values.contains(kLifetimeEnergy));
  trials.erase(trials.begin());
  const auto none = LifetimeOf(study, trials, 1000);
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().code == ErrorCode::kInvalidArgument);
  CHECK(none.error().message.find("thousand_inferences") != std::string::npos);
}

TEST_CASE("The range of a choice is found, and what is chosen beyond it") {
  const auto choose = [](double x) -> std::optional<TrialNumber> {
    return x < 3.0 ? 7 : x <= 500.0 ? 8 : 9;
  };
  const auto range = RangeOfChoice(choose, 10, 1e-3, 1e6);
  REQUIRE(range.has_value());
  CHECK(range->from == Approx(3.0).epsilon(1e-4));
  CHECK(range->to == Approx(500.0).epsilon(1e-4));
  CHECK(range->below == 7);
  CHECK(range->above == 9);
  const auto highest = RangeOfChoice(choose, 1e4, 1e-3, 1e6);
  CHECK(highest->to == 1e6);
  CHECK_FALSE(highest->above);
  CHECK_FALSE(RangeOfChoice([](double) { return std::nullopt; }, 1, 0.1, 10).has_value());
}

TEST_CASE("Three wishes: the best, nearly the best for less, a balance") {
  const Study study = TwoObjectives();
  const Front front =
      ComputeFront(study, Trials({{0.50, 10}, {0.20, 12}, {0.055, 50}, {0.051, 60}, {0.05, 110}}));
  const auto wishes = Recommend(study, front);
  REQUIRE(wishes.size() == 3);
  CHECK(front.points[wishes[0].point].trial == 4);
  CHECK(wishes[0].wish == "lowest error");
  CHECK(front.points[wishes[1].point].trial == 2);
  CHECK(front.points[wishes[2].point].knee);
}

TEST_CASE("Without a front nothing is chosen") {
  const Study study = TwoObjectives();
  const Front front = ComputeFront(study, {});
  CHECK_FALSE(Prefer(study, front, {1, 1}));
  CHECK_FALSE(Weigh(study, front, {1, 1}));
  CHECK(Recommend(study, front).empty());
}

}  // namespace
}  // namespace joulefront
