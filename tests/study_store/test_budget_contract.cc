// The contract of StudyStore, over every implementation: joules that are reserved, confirmations,
// and what the search took.
#include "tests/study_store/contract_fixture.h"

using namespace joulefront;

TEST_CASE_METHOD(Fixture, "joules foreseen are reserved from the proposal to the end") {
  NewTrial trial = SampleTrial();
  trial.foreseen = Joules(10);
  trial.basis = "{\"seen\":3}";
  const Limits limits{.trials = {}, .energy = Joules(25)};
  Require(store->AddTrial(study, trial, limits, At(2)));
  Require(store->AddTrial(study, trial, limits, At(2)));
  CHECK(Load(0).foreseen == Joules(10));
  CHECK(Load(0).basis == "{\"seen\":3}");
  const auto third = store->AddTrial(study, trial, limits, At(2));
  REQUIRE_FALSE(third);
  CHECK(third.error().code == ErrorCode::kConflict);
  CHECK(Require(store->EnergySpent(study)).reserved_waiting == Joules(20));

  const Claim claim = ClaimNext(*store, study, "a", At(3));
  Require(store->RenewLease(claim, At(90), Energy(4)));
  auto spent = Require(store->EnergySpent(study));
  CHECK(spent.joules == Joules(4));
  CHECK(spent.reserved_running == Joules(6));
  CHECK(spent.reserved_waiting == Joules(10));
  // It takes less than was foreseen: there is room again.
  Require(store->FinishAttempt(claim, Completed({{"error", 1}}, 5), {}, At(4)));
  spent = Require(store->EnergySpent(study));
  CHECK(spent.reserved_running == Joules(0));
  CHECK(Require(store->AddTrial(study, trial, limits, At(5))) == 2);
}

TEST_CASE_METHOD(Fixture, "what the joules left do not suffice for is not begun") {
  NewTrial trial = SampleTrial();
  trial.foreseen = Joules(10);
  for (int k = 0; k < 2; ++k) Require(store->AddTrial(study, trial, {}, At(2)));
  const Joules budget(25);
  const auto claim = [&] {
    return Require(store->ClaimTrial(study, Worker("a"), At(60), At(3), std::nullopt, budget));
  };
  const auto first = claim();
  REQUIRE(first);
  // It took more than was foreseen for it: the second does not fit any more.
  Require(store->FinishAttempt(*first, Completed({{"error", 1}}, 18), {}, At(4)));
  CHECK_FALSE(claim());
  CHECK(Require(store->CountTrials(study)).waiting == 1);
  CHECK(Require(store->ClaimTrial(study, Worker("a"), At(60), At(3), std::nullopt, Joules(28))));
}

TEST_CASE_METHOD(Fixture, "a confirmation is an attempt that changes nothing of its trial") {
  Add();
  const auto refused = store->ClaimConfirmation(study, 0, 5, Worker("a"), At(60), At(3));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kConflict);  // it is not complete
  const Claim claim = ClaimNext(*store, study, "a", At(3));
  Require(store->AddProgress(claim, 1, {{"error", 0.75}}, At(3)));
  Require(store->FinishAttempt(claim, Completed({{"error", 0.5}}, 2), {}, At(4)));
  const std::string before = Show(Load(0));

  const Claim again = Require(store->ClaimConfirmation(study, 0, 5, Worker("b"), At(60), At(5)));
  CHECK(again.attempt == 2);
  CHECK(again.seed == 5);
  CHECK(again.configuration == claim.configuration);
  const auto second = store->ClaimConfirmation(study, 0, 6, Worker("c"), At(60), At(5));
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::kConflict);  // one at a time
  Require(store->FinishAttempt(again, Completed({{"error", 0.625}}, 3), {}, At(6)));

  CHECK(Show(Load(0)) == before);
  CHECK(Require(store->LoadTrial(study, 0)).energy == Load(0).energy);
  CHECK(Require(store->LoadProgress(study, 0)).size() == 1);
  CHECK(LoadAttempt(0, 2).kind == AttemptKind::kConfirmation);
  CHECK(LoadAttempt(0, 2).values == NamedValues{{"error", 0.625}});
  CHECK(LoadAttempt(0, 1).values.empty());
  const auto confirmations = Require(store->LoadConfirmations(study));
  REQUIRE(confirmations.size() == 1);
  CHECK(confirmations[0].values == NamedValues{{"error", 0.625}});
  CHECK(Require(store->EnergySpent(study)).joules == Joules(5));
  const Claim lost = Require(store->ClaimConfirmation(study, 0, 7, Worker("b"), At(60), At(7)));
  Require(store->FinishAttempt(lost, Ended(AttemptState::kLost), {}, At(8)));
  CHECK(Load(0).state == TrialState::kComplete);
}

TEST_CASE_METHOD(Fixture, "joules of the search are summed by provenance, and spent") {
  Provenance other = Estimate();
  other.host = "b machine";
  Require(store->AddSearchEnergy(study, Phase("search", 1.5)));
  Require(store->AddSearchEnergy(study, Phase("search", 0.25, other)));
  Require(store->AddSearchEnergy(study, Phase("search", 0.5)));
  const auto energy = Require(store->SearchEnergy(study));
  REQUIRE(energy.size() == 2);
  CHECK(energy[0].figure->joules == Joules(2));
  CHECK(energy[0].cpu == Seconds(3));
  CHECK(energy[1].figure->joules == Joules(0.25));
  CHECK(Require(store->EnergySpent(study)).search == Joules(2.25));
  CHECK(Require(store->EnergySpent(study)).weakest == EnergyClass::kEstimated);
  CHECK(Require(store->EnergySpent(study)).joules == Joules(2.25));
  const auto none = store->AddSearchEnergy(study, Phase("search", std::nullopt));
  REQUIRE_FALSE(none);
  CHECK(none.error().code == ErrorCode::kInvalidArgument);
}
