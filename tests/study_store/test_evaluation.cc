// What the search is told of trials: excesses, what they took, kinds of failure.
#include <catch2/catch.hpp>
#include <set>

#include "study_store/evaluation.h"
#include "tests/search/spaces.h"
#include "tests/study_store/store_contract.h"

namespace joulefront {
namespace {

/// Objectives error and energy; "parameters" at most 200, "ratio" from 0 to 2.
Study Constrained() {
  Study study = SampleStudy();
  study.constraints = {{.name = "parameters", .max = 200.0},
                       {.name = "ratio", .min = 0.0, .max = 2.0}};
  return study;
}

Evaluation EvaluationOf(double parameters, double ratio) {
  const auto evaluation =
      Evaluate(Constrained(),
               {{"error", 0.1}, {"energy", 5.0}, {"parameters", parameters}, {"ratio", ratio}});
  REQUIRE(evaluation);
  return *evaluation;
}

PhaseEnergy Metered(const std::string& phase, std::optional<double> joules, double wall = 3.0) {
  PhaseEnergy energy{.phase = phase, .wall = Seconds(wall)};
  if (joules) energy.figure = EnergyFigure{.joules = Joules(*joules), .provenance = Estimate()};
  return energy;
}

Trial Complete(NamedValues values, std::vector<PhaseEnergy> energy = {}) {
  return {.state = TrialState::kComplete, .values = std::move(values), .energy = std::move(energy)};
}

TEST_CASE(
    "Every limit has its excess, below 0 where there is room, and the violation sums those above") {
  CHECK(EvaluationOf(250, 1).excesses == std::vector<double>{0.25, -0.5, -1.0});
  CHECK(EvaluationOf(250, 1).violation == 0.25);
  CHECK(EvaluationOf(150, 3).excesses == std::vector<double>{-0.25, 0.5, -3.0});
  CHECK(EvaluationOf(150, 3).violation == 0.5);
  // A limit of 0 has no size: the excess is what it is.
  CHECK(EvaluationOf(300, -0.5).excesses == std::vector<double>{0.5, -1.25, 0.5});
  CHECK(EvaluationOf(300, -0.5).violation == 1.0);
  CHECK(EvaluationOf(200, 2).violation == 0.0);
}

TEST_CASE("A metered trial cost the joules and the time of its total") {
  const Study study = SampleStudy();
  const auto both =
      SpendingOf(study, Complete({{"error", 0.1}, {"energy", 5.0}},
                                 {Metered("train", 5.0, 2.0), Metered("total", 7.0, 3.0)}));
  CHECK(both == Spending{.cost = 7.0, .seconds = 3.0});
  // The phase "train" is a part of what it cost, and so is no figure for it.
  const auto part = SpendingOf(study, Complete({{"error", 0.1}, {"energy", 5.0}},
                                               {Metered("train", 5.0), Metered("total", {})}));
  CHECK(part == Spending{.cost = {}, .seconds = 3.0});
  CHECK(SpendingOf(study, Complete({}, {Metered("total", 0.0, 0.0)})) == Spending{});
}

TEST_CASE("A told trial cost its metered objective, the one on total before all others") {
  Study study = SampleStudy();
  CHECK(SpendingOf(study, Complete({{"error", 0.1}, {"energy", 5.0}})) ==
        Spending{.cost = 5.0, .seconds = {}});
  CHECK_FALSE(SpendingOf(study, Complete({{"error", 0.1}, {"energy", -5.0}})).cost);
  CHECK_FALSE(SpendingOf(study, Complete({{"error", 0.1}})).cost);
  study.objectives = {{.name = "all", .phase = "total", .unit = "J"},
                      {.name = "energy", .phase = "train", .unit = "J"},
                      {.name = "error"}};
  CHECK(SpendingOf(study, Complete({{"all", 9.0}, {"energy", 5.0}})).cost == 9.0);
  study.objectives[0].phase = "inference";
  CHECK(SpendingOf(study, Complete({{"all", 9.0}, {"energy", 5.0}})).cost == 5.0);  // the last one
  study.objectives = {{.name = "error"}};
  CHECK_FALSE(SpendingOf(study, Complete({{"error", 0.1}})).cost);
}

TEST_CASE("A cost that the study names goes before joules") {
  Study study = SampleStudy();
  study.cost = "minutes";
  const std::vector<PhaseEnergy> energy = {Metered("total", 7.0)};
  CHECK(SpendingOf(study, Complete({{"minutes", 2.5}}, energy)) ==
        Spending{.cost = 2.5, .seconds = 3.0});
  CHECK_FALSE(SpendingOf(study, Complete({{"minutes", 0.0}}, energy)).cost);
  CHECK_FALSE(SpendingOf(study, Complete({}, energy)).cost);
}

TEST_CASE("Reports of lesser fidelities make a learning curve, joules in proportion") {
  Study study = SampleStudy();
  study.objectives = {{.name = "accuracy", .direction = Direction::kMaximize},
                      {.name = "energy", .direction = Direction::kMinimize, .phase = "train"}};
  Parameter epochs = Int("epochs", 2, 27, true);
  epochs.fidelity = true;
  study.space = MakeSpace({Float("x", 0, 1), epochs});
  const std::vector<ProgressReport> reports = {
      {1, {{"accuracy", 0.1}}},  // below the lowest fidelity
      {3, {{"accuracy", 0.5}, {"loss", 2.0}}},
      {6, {{"loss", 1.0}}},  // lacks the objective
      {8, {{"accuracy", 0.7}}},
      {9, {{"accuracy", 0.8}}}};  // the trial's own
  const auto curve = CurveOf(study, {{"accuracy", 0.8}, {"energy", 30.0}}, 9.0, reports);
  REQUIRE(curve.size() == 2);
  CHECK(curve[0].fidelity == 3.0);
  CHECK(curve[0].objectives[0] == -0.5);
  CHECK(curve[0].objectives[1] == Approx(10.0));
  CHECK(curve[1].fidelity == 8.0);
  study.space = MakeSpace({Float("x", 0, 1), Int("epochs", 2, 27, true)});
  CHECK(CurveOf(study, {{"accuracy", 0.8}, {"energy", 30.0}}, 9.0, reports).empty());
}

TEST_CASE("Failures that say something about the configuration have kinds, others have none") {
  using F = FailureClass;
  std::set<int> kinds;
  for (const F failure : {F::kExitCode, F::kSignal, F::kOutOfMemory, F::kTimeout, F::kNoResult,
                          F::kNonFinite, F::kTold}) {
    const auto kind = FailureKind(failure);
    REQUIRE(kind);
    kinds.insert(*kind);
  }
  CHECK(kinds.size() == 7);
  for (const F failure : {F::kLost, F::kInterrupted, F::kNotStarted}) {
    CHECK_FALSE(FailureKind(failure));
  }
  CHECK_FALSE(FailureKind(std::nullopt));
}

}  // namespace
}  // namespace joulefront
