// Whether the points of a front hold when they are trained again.
#include "study_store/confirmation.h"
#include "tests/study_store/store_contract.h"

using namespace joulefront;

namespace {

Study TwoObjectives() {
  Study study = SampleStudy();
  study.objectives = {{.name = "error"}, {.name = "energy"}};
  return study;
}

Trial Recorded(TrialNumber number, double error, double energy) {
  Trial trial;
  trial.number = number;
  trial.state = TrialState::kComplete;
  trial.values = {{"error", error}, {"energy", energy}, {"parameters", 10}};
  return trial;
}

Attempt Replicate(TrialNumber trial, double error, double energy, double parameters = 10) {
  Attempt attempt;
  attempt.trial = trial;
  attempt.kind = AttemptKind::kConfirmation;
  attempt.state = AttemptState::kComplete;
  attempt.values = {{"error", error}, {"energy", energy}, {"parameters", parameters}};
  return attempt;
}

}  // namespace

TEST_CASE("a point holds if the mean of its replicates is beaten by no other's") {
  const std::vector<Trial> trials = {Recorded(0, 0.10, 10), Recorded(1, 0.05, 20)};
  // Trial 1 was lucky: again it has 0.2, and costs more than trial 0.
  const std::vector<Attempt> attempts = {Replicate(0, 0.11, 10), Replicate(0, 0.13, 11),
                                         Replicate(1, 0.19, 20), Replicate(1, 0.21, 21)};
  const auto points = JudgeConfirmations(TwoObjectives(), trials, {0, 1}, attempts);
  REQUIRE(points.size() == 2);
  CHECK(points[0].on_front);
  CHECK_FALSE(points[1].on_front);
  CHECK(points[1].recorded == std::vector<double>{0.05, 20});
  CHECK(points[1].objectives[0].mean == Approx(0.2));
  CHECK(*points[1].objectives[0].deviation == Approx(0.014142135623730951));
  CHECK(*points[0].probability == Approx(1.0).margin(0.01));
  CHECK(*points[1].probability < 0.15);
}

TEST_CASE("without two replicates a point has a verdict and no probability") {
  const std::vector<Trial> trials = {Recorded(0, 0.1, 10), Recorded(1, 0.05, 20)};
  const auto points = JudgeConfirmations(TwoObjectives(), trials, {0, 1}, {Replicate(0, 0.12, 10)});
  CHECK(points[0].replicates == 1);
  CHECK(points[0].on_front);
  CHECK_FALSE(points[0].objectives[0].deviation);
  CHECK_FALSE(points[0].probability);
  CHECK(points[1].replicates == 0);
  CHECK(points[1].objectives.empty());
}

TEST_CASE("replicates that fail are counted, and a mean beyond a constraint is on no front") {
  const std::vector<Trial> trials = {Recorded(0, 0.1, 10)};
  Attempt failed = Replicate(0, 0, 0);
  failed.state = AttemptState::kFailed;
  const auto points =
      JudgeConfirmations(TwoObjectives(), trials, {0},
                         {Replicate(0, 0.1, 10, 900), failed, Replicate(0, 0.1, 10, 1300)});
  CHECK(points[0].replicates == 2);
  CHECK(points[0].failed == 1);
  CHECK_FALSE(points[0].feasible);
  CHECK_FALSE(points[0].on_front);
}

TEST_CASE("every replicate has a seed of its own, of 31 bits") {
  Trial trial = Recorded(3, 0, 0);
  trial.seed = 17;
  CHECK(ConfirmationSeed(trial, 0) != trial.seed);
  CHECK(ConfirmationSeed(trial, 0) != ConfirmationSeed(trial, 1));
  CHECK(ConfirmationSeed(trial, 5) <= kMostSeed);
}
