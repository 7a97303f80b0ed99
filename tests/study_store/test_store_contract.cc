// The contract of StudyStore (study_store/store.h), over every implementation.
#include "tests/study_store/contract_fixture.h"

using namespace joulefront;

TEST_CASE_METHOD(Fixture, "a study is read back as it was written") {
  CHECK(DefinitionJson(Require(store->LoadStudy(study))) == DefinitionJson(SampleStudy()));
  CHECK(SettingsJson(Require(store->LoadStudy(study))) == SettingsJson(SampleStudy()));
  const StudyId other = Require(store->CreateStudy(SampleStudy("other"), At(9)));
  const auto entries = Require(store->ListStudies());
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].id == study);
  CHECK(entries[1].id == other);
  CHECK(entries[1].name == "other");
  CHECK(entries[1].created == At(9));
}

TEST_CASE_METHOD(Fixture, "two studies of one name are refused") {
  const auto again = store->CreateStudy(SampleStudy(), At(3));
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::kConflict);
  CHECK(Require(store->ListStudies()).size() == 1);
}

TEST_CASE_METHOD(Fixture, "a study that is not there is not found by any function") {
  const StudyId none = study + 1;
  const auto code = [](const auto& result) { return result ? kNone : result.error().code; };
  CHECK(code(store->LoadStudy(none)) == ErrorCode::kNotFound);
  CHECK(code(store->UpdateSettings(none, SampleStudy())) == ErrorCode::kNotFound);
  CHECK(code(store->SetOpen(none, true)) == ErrorCode::kNotFound);
  CHECK(code(store->IsOpen(none)) == ErrorCode::kNotFound);
  CHECK(code(store->AddElapsed(none, Seconds(1))) == ErrorCode::kNotFound);
  CHECK(code(store->Elapsed(none)) == ErrorCode::kNotFound);
  CHECK(code(store->AddTrial(none, SampleTrial(), {}, At(2))) == ErrorCode::kNotFound);
  CHECK(code(store->LoadTrials(none)) == ErrorCode::kNotFound);
  CHECK(code(store->CountTrials(none)) == ErrorCode::kNotFound);
  CHECK(code(store->ClaimTrial(none, Worker("a"), At(9), At(3))) == ErrorCode::kNotFound);
  CHECK(code(store->LoadAttempts(none)) == ErrorCode::kNotFound);
  CHECK(code(store->LoadRunningAttempts(none)) == ErrorCode::kNotFound);
  CHECK(code(store->EnergySpent(none)) == ErrorCode::kNotFound);
  CHECK(code(store->AddEvent(none, "kind", "message", At(2))) == ErrorCode::kNotFound);
  CHECK(code(store->LoadEvents(none)) == ErrorCode::kNotFound);
}

TEST_CASE_METHOD(Fixture, "settings change, the definition stays") {
  Study changed = SampleStudy();
  changed.sampler = "random";
  changed.budget = {.energy = Joules(5.0), .time = Seconds(60.0)};
  changed.workers.timeout = Seconds(3.0);
  changed.directory = "/elsewhere";
  changed.seed = 1;
  Require(store->UpdateSettings(study, changed));
  const auto loaded = store->LoadStudy(study);
  CHECK(SettingsJson(Require(loaded)) == SettingsJson(changed));
  CHECK(DefinitionJson(*loaded) == DefinitionJson(SampleStudy()));
}

TEST_CASE_METHOD(Fixture, "the time spent on a study adds up over its runs") {
  CHECK(Require(store->Elapsed(study)).value() == 0.0);
  Require(store->AddElapsed(study, Seconds(1.5)));
  Require(store->AddElapsed(study, Seconds(2.0)));
  CHECK(Require(store->Elapsed(study)).value() == 3.5);
}

TEST_CASE_METHOD(Fixture, "events are read back in the order they were written") {
  Require(store->AddEvent(study, "run started", "by hand", At(5)));
  Require(store->AddEvent(study, "worker lost", "it's \"gone\"; DROP TABLE trial", At(4)));
  const auto events = Require(store->LoadEvents(study));
  REQUIRE(events.size() == 2);
  CHECK(events[0].kind == "run started");
  CHECK(events[1].message == "it's \"gone\"; DROP TABLE trial");
  CHECK(events[1].at == At(4));
}

TEST_CASE_METHOD(Fixture, "trials are numbered from 0 and read back as they were written") {
  CHECK(Add(0) == 0);
  CHECK(Add(1) == 1);
  const Trial trial = Load(1);
  CHECK(trial.state == TrialState::kWaiting);
  CHECK(trial.configuration == SampleTrial(1).configuration);
  CHECK(trial.seed == SampleTrial(1).seed);
  CHECK(trial.proposed_by == "sobol");
  CHECK(trial.reason == "start");
  CHECK(trial.attempts == 0);
  CHECK(trial.energy.empty());
  CHECK_FALSE(trial.failure);
}

TEST_CASE_METHOD(Fixture,
                 "one trial is read as it is among all, and one that is not there is not") {
  Add();
  NewTrial longer = SampleTrial(1);
  longer.continues = 0;
  Require(store->AddTrial(study, longer, {}, At(2)));
  CHECK(Finish(ClaimNext(*store, study, "a", At(3)), Completed({{"error", 0.3}}, 30.0)) == kNone);
  for (const TrialNumber number : {0, 1}) {
    CHECK(Show(Require(store->LoadTrial(study, number))) == Show(Load(number)));
  }
  CHECK_FALSE(Load(0).continues);
  CHECK(Load(1).continues == 0);
  CHECK(ClaimNext(*store, study, "a", At(4)).continues == 0);
  CHECK(store->LoadTrial(study, 2).error().code == ErrorCode::kNotFound);
  CHECK(store->LoadTrial(study + 1, 0).error().code == ErrorCode::kNotFound);
}

TEST_CASE_METHOD(Fixture, "the budget of trials is checked as the trial is added") {
  CHECK(Require(store->AddTrial(study, SampleTrial(), Limits{.trials = 1}, At(2))) == 0);
  const auto refused = store->AddTrial(study, SampleTrial(), Limits{.trials = 1}, At(2));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kConflict);
  CHECK(Require(store->AddTrial(study, SampleTrial(), Limits{.trials = 2}, At(2))) == 1);
}

TEST_CASE_METHOD(Fixture, "the waiting trial of the lowest number is claimed first") {
  Add(0), Add(1);
  const Claim first = ClaimNext(*store, study, "a", At(3));
  CHECK(first.study == study);
  CHECK(first.trial == 0);
  CHECK(first.attempt == 1);
  CHECK(first.worker == "a");
  CHECK(first.configuration == SampleTrial(0).configuration);
  CHECK(first.seed == SampleTrial(0).seed);
  CHECK(ClaimNext(*store, study, "b", At(4)).trial == 1);
  CHECK_FALSE(Require(store->ClaimTrial(study, Worker("c"), At(60), At(5))).has_value());
  const auto running = Require(store->LoadRunningAttempts(study));
  REQUIRE(running.size() == 2);
  CHECK(running[1].worker.name == "b");
  CHECK(running[1].worker.pid == 17);
  CHECK(running[1].worker.start_ticks == 4711);
  CHECK(running[1].started == At(4));
  CHECK(running[1].lease_until == At(64));
  CHECK_FALSE(running[1].ended);
}

TEST_CASE_METHOD(Fixture, "one trial is claimed by its number, if it waits") {
  Add(0), Add(1);
  const auto claim = store->ClaimTrial(study, Worker("a"), At(60), At(3), 1);
  REQUIRE(Require(claim).has_value());
  CHECK((*claim)->trial == 1);
  CHECK_FALSE(Require(store->ClaimTrial(study, Worker("a"), At(60), At(3), 1)).has_value());
  CHECK_FALSE(Require(store->ClaimTrial(study, Worker("a"), At(60), At(3), 7)).has_value());
  CHECK(Load(0).state == TrialState::kWaiting);
}

TEST_CASE_METHOD(Fixture, "nothing is claimed from a closed study") {
  Add();
  CHECK(Require(store->IsOpen(study)));
  Require(store->SetOpen(study, false));
  CHECK_FALSE(Require(store->IsOpen(study)));
  CHECK_FALSE(Require(store->ClaimTrial(study, Worker("a"), At(60), At(3))).has_value());
  Require(store->SetOpen(study, true));
  CHECK(ClaimNext(*store, study, "a", At(3)).trial == 0);
}

TEST_CASE_METHOD(Fixture, "another kernel is refused while a lease lives, even in another study") {
  if (store->IsShared()) return;  // machines may share it

  const StudyId other = Require(store->CreateStudy(SampleStudy("other"), At(1)));
  Add(0), Add(1);
  ClaimNext(*store, study, "a", At(3));  // until 63
  for (const StudyId id : {study, other}) {
    const auto refused = store->ClaimTrial(id, Worker("b", "boot-2"), At(99), At(62.9));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::kBusy);
  }
  CHECK(Require(store->ClaimTrial(study, Worker("b", "boot-2"), At(99), At(63))).has_value());
}

TEST_CASE_METHOD(Fixture, "a complete trial keeps its values, its energy and the order of phases") {
  Add();
  const Claim claim = ClaimNext(*store, study, "a", At(3));
  const NamedValues values = {{"error", 0.125}, {"energy", 75.0}, {"parameters", 1e300}};
  CHECK(Finish(claim, Completed(values, 100.0)) == kNone);
  const Trial trial = Load(0);
  CHECK(trial.state == TrialState::kComplete);
  CHECK(trial.values == values);
  CHECK(trial.energy == Energy(100.0));
  CHECK(trial.attempts == 1);
  const Attempt attempt = LoadAttempt(0, 1);
  CHECK(attempt.state == AttemptState::kComplete);
  CHECK(attempt.ended == At(50));
  CHECK(attempt.energy == Energy(100.0));
}

TEST_CASE_METHOD(Fixture, "a late finish after the lease was lost changes nothing but joules") {
  Add();
  const Claim late = ClaimNext(*store, study, "a", At(3));
  Require(store->RenewLease(late, At(90), Energy(10.0)));
  CHECK(LoadAttempt(0, 1).lease_until == At(90));
  CHECK(Finish(late, Ended(AttemptState::kLost)) == kNone);  // as the reclaiming process does
  CHECK(LoadAttempt(0, 1).energy == Energy(10.0));
  const Claim next = ClaimNext(*store, study, "a", At(91));
  CHECK(next.attempt == 2);

  CHECK(Finish(late, Completed({{"error", 0.0}}, 25.0)) == ErrorCode::kLeaseLost);
  CHECK(Load(0).state == TrialState::kRunning);
  CHECK(Load(0).values.empty());
  CHECK(LoadAttempt(0, 1).state == AttemptState::kLost);
  CHECK(LoadAttempt(0, 1).energy == Energy(25.0));
  const auto renewed = store->RenewLease(late, At(200), Energy(20.0));
  REQUIRE_FALSE(renewed);
  CHECK(renewed.error().code == ErrorCode::kLeaseLost);
  CHECK(LoadAttempt(0, 1).lease_until == At(90));
  CHECK(LoadAttempt(0, 1).energy == Energy(25.0));  // never lowered
  const auto progress = store->AddProgress(late, 1, {{"error", 0.5}}, At(92));
  REQUIRE_FALSE(progress);
  CHECK(progress.error().code == ErrorCode::kLeaseLost);

  CHECK(Finish(next, Completed({{"error", 0.5}}, 30.0)) == kNone);
  CHECK(Load(0).energy == Energy(30.0));
  CHECK(Require(store->EnergySpent(study)).joules.value() == Approx(55.0));
}

TEST_CASE_METHOD(Fixture, "a finished trial never changes") {
  Add();
  const Claim claim = ClaimNext(*store, study, "a", At(3));
  CHECK(Finish(claim, Completed({{"error", 0.5}}, 30.0)) == kNone);
  const std::string before = Show(*store);
  CHECK(Finish(claim, Completed({{"error", 0.1}}, 99.0)) == ErrorCode::kLeaseLost);
  CHECK(Finish(claim, Ended(AttemptState::kFailed)) == ErrorCode::kLeaseLost);
  CHECK_FALSE(store->RenewLease(claim, At(99), Energy(99.0)));
  CHECK(Show(*store) == before);
}

TEST_CASE_METHOD(Fixture, "a claim that never was is lost and leaves no trace") {
  Add();
  Claim claim = ClaimNext(*store, study, "a", At(3));
  const std::string before = Show(*store);
  SECTION("another worker's") { claim.worker = "b"; }
  SECTION("another attempt") { claim.attempt = 2; }
  SECTION("another trial") { claim.trial = 5; }
  SECTION("another study") { claim.study = 77; }
  CHECK(Finish(claim, Completed({{"error", 0.1}}, 9.0)) == ErrorCode::kLeaseLost);
  CHECK_FALSE(store->RenewLease(claim, At(99), Energy(9.0)));
  CHECK_FALSE(store->AddProgress(claim, 1, {}, At(4)));
  CHECK(Show(*store) == before);
}

TEST_CASE_METHOD(Fixture, "progress is taken while the attempt runs, a step twice if need be") {
  Add();
  const Claim claim = ClaimNext(*store, study, "a", At(3));
  Require(store->AddProgress(claim, 1, {{"error", 0.5}}, At(4)));
  Require(store->AddProgress(claim, 1, {{"error", 0.4}, {"loss", 2.0}}, At(5)));
  Require(store->AddProgress(claim, 2, {{"error", std::nan("")}}, At(6)));
}

TEST_CASE_METHOD(Fixture, "the progress of a trial's last attempt is there to be read, by step") {
  Add(2);
  CHECK(Require(store->LoadProgress(study, 0)).empty());
  const Claim lost = ClaimNext(*store, study, "a", At(3));
  Require(store->AddProgress(lost, 7, {{"error", 0.9}}, At(4)));
  CHECK(Finish(lost, Ended(AttemptState::kInterrupted)) == kNone);
  const Claim claim = ClaimNext(*store, study, "b", At(5));
  CHECK(Require(store->LoadProgress(study, 0)).empty());
  Require(store->AddProgress(claim, 2, {{"error", std::nan("")}, {"loss", 2.0}}, At(6)));
  Require(store->AddProgress(claim, 1, {{"error", 0.5}}, At(6)));
  Require(store->AddProgress(claim, 1, {{"error", 0.4}}, At(7), Joules(2.5)));
  Require(store->AddProgress(claim, 3, {}, At(8)));
  CHECK(Finish(claim, Completed({{"error", 0.3}}, 30.0)) == kNone);
  const std::vector<ProgressReport> expected = {
      {1, {{"error", 0.4}}, Joules(2.5)}, {2, {{"loss", 2.0}}, {}}, {3, {}, {}}};
  CHECK(Require(store->LoadProgress(study, 0)) == expected);
  CHECK(Require(store->LoadProgress(study, 1)).empty());
  CHECK(Require(store->LoadProgress(study, 9)).empty());
}

TEST_CASE_METHOD(Fixture, "the latest report of joules holds while the attempt runs") {
  Add();
  const Claim claim = ClaimNext(*store, study, "a", At(3));
  Require(store->RenewLease(claim, At(90), Energy(10.0)));
  Require(store->RenewLease(claim, At(91), Energy(9.0)));
  CHECK(LoadAttempt(0, 1).energy == Energy(9.0));
  Require(store->RenewLease(claim, At(92), {}));
  CHECK(LoadAttempt(0, 1).energy == Energy(9.0));
  Require(store->RenewLease(claim, At(93), {Phase("total", std::nullopt)}));
  CHECK(LoadAttempt(0, 1).energy == Energy(9.0));
  CHECK(Require(store->EnergySpent(study)).joules.value() == 9.0);
}

TEST_CASE_METHOD(Fixture,
                 "an interrupted attempt is begun again until it was interrupted too often") {
  Add();
  for (int k = 1; k <= 11; ++k) {
    const Claim claim = ClaimNext(*store, study, "a", At(3));
    CHECK(claim.attempt == k);
    CHECK(Finish(claim, Ended(AttemptState::kInterrupted, Energy(1.0))) == kNone);
    CHECK(Load(0).state == (k <= 10 ? TrialState::kWaiting : TrialState::kFailed));
    CHECK(Load(0).message == (k <= 10 ? "" : "it ended"));
  }
  CHECK(Load(0).failure == FailureClass::kInterrupted);
  CHECK(Require(store->EnergySpent(study)).joules.value() == Approx(11.0));
}

TEST_CASE_METHOD(Fixture, "a trial fails once its workers were lost too often, the reason kept") {
  Add();
  for (int k = 1; k <= 3; ++k) {
    CHECK(Finish(ClaimNext(*store, study, "a", At(3)), Ended(AttemptState::kInterrupted)) == kNone);
    CHECK(Finish(ClaimNext(*store, study, "a", At(3)), Ended(AttemptState::kLost)) == kNone);
    CHECK(Load(0).state == (k < 3 ? TrialState::kWaiting : TrialState::kFailed));
  }
  CHECK(Load(0).failure == FailureClass::kLost);
  CHECK(Load(0).message == "it ended");
  CHECK(Require(store->CountTrials(study)).failed == 1);
}

TEST_CASE_METHOD(Fixture, "a failure and a pruning end the trial at once and keep its joules") {
  Add(0), Add(1);
  CHECK(Finish(ClaimNext(*store, study, "a", At(3)), Ended(AttemptState::kFailed, Energy(5.0))) ==
        kNone);
  CHECK(Finish(ClaimNext(*store, study, "a", At(3)), Ended(AttemptState::kPruned, Energy(6.0))) ==
        kNone);
  CHECK(Load(0).state == TrialState::kFailed);
  CHECK(Load(0).failure == FailureClass::kExitCode);
  CHECK(Load(1).state == TrialState::kPruned);
  CHECK_FALSE(Load(1).failure);
  CHECK(Load(1).energy == Energy(6.0));
  CHECK(LoadAttempt(1, 1).energy == Energy(6.0));
  CHECK(Require(store->EnergySpent(study)).joules.value() == Approx(11.0));
}

TEST_CASE_METHOD(Fixture, "an attempt without a figure is counted, never as zero joules") {
  Add(0), Add(1), Add(2);
  CHECK_FALSE(Require(store->EnergySpent(study)).weakest);
  AttemptResult unmetered = Completed({{"error", 0.5}}, 0.0);
  unmetered.energy = {Phase("train", std::nullopt), Phase("total", std::nullopt)};
  CHECK(Finish(ClaimNext(*store, study, "a", At(3)), unmetered) == kNone);
  CHECK(Load(0).energy == unmetered.energy);
  CHECK_FALSE(Require(store->EnergySpent(study)).weakest);

  Provenance measured = Estimate();
  measured.energy_class = EnergyClass::kMeasured;
  AttemptResult metered = Completed({{"error", 0.5}}, 0.0);
  metered.energy = {Phase("total", 4.0, measured)};
  CHECK(Finish(ClaimNext(*store, study, "a", At(3)), metered) == kNone);
  CHECK(Require(store->EnergySpent(study)).weakest == EnergyClass::kMeasured);
  CHECK(Finish(ClaimNext(*store, study, "a", At(3)), Completed({{"error", 0.5}}, 6.0)) == kNone);
  const auto spent = Require(store->EnergySpent(study));
  CHECK(spent.weakest == EnergyClass::kEstimated);
  CHECK(spent.joules.value() == Approx(10.0));
  CHECK(spent.attempts_without == 1);
}

TEST_CASE_METHOD(Fixture, "numbers that are not finite are refused and change nothing") {
  Add();
  const Claim claim = ClaimNext(*store, study, "a", At(3));
  const std::string before = Show(*store);
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {nan, infinity, -infinity}) {
    CHECK(Finish(claim, Completed({{"error", bad}}, 1.0)) == ErrorCode::kInvalidArgument);
    CHECK(Finish(claim, Completed({{"error", 0.5}}, bad)) == ErrorCode::kInvalidArgument);
    CHECK_FALSE(store->RenewLease(claim, At(99), Energy(bad)));
  }
  AttemptResult twice = Completed({}, 1.0);
  twice.energy = {Phase("total", 1.0), Phase("total", 1.0)};
  CHECK(Finish(claim, twice) == ErrorCode::kInvalidArgument);
  twice.energy = {Phase("total", 1.0)};
  twice.energy[0].figure->coverage = 0.0;
  CHECK(Finish(claim, twice) == ErrorCode::kInvalidArgument);
  CHECK(Show(*store) == before);
}

TEST_CASE_METHOD(Fixture, "only the trials changed after a revision are loaded, by number") {
  for (int k = 0; k < 5; ++k) Add(k);
  const auto all = Require(store->LoadTrials(study));
  REQUIRE(all.size() == 5);
  CHECK(Require(store->LoadTrials(study, all.back().revision)).empty());
  const Claim late = ClaimNext(*store, study, "a", At(3));
  const Claim early = ClaimNext(*store, study, "a", At(3));
  CHECK(Finish(early, Completed({{"error", 0.5}}, 3.0)) == kNone);
  CHECK(Finish(late, Completed({{"error", 0.25}}, 2.0)) == kNone);
  const auto changed = Require(store->LoadTrials(study, all.back().revision));
  REQUIRE(changed.size() == 2);
  CHECK(changed[0].number == 0);
  CHECK(changed[0].values.at("error") == 0.25);
  CHECK(changed[0].energy == Energy(2.0));
  CHECK(changed[1].values.at("error") == 0.5);
  CHECK(changed[0].revision > changed[1].revision);  // it changed last
  CHECK(Require(store->LoadTrials(study, changed[0].revision)).empty());
}

TEST_CASE_METHOD(Fixture, "studies in one store do not see each other") {
  const StudyId other = Require(store->CreateStudy(SampleStudy("other"), At(1)));
  Add(0);
  Require(store->AddTrial(other, SampleTrial(7), {}, At(2)));
  const Claim claim = ClaimNext(*store, other, "a", At(3));
  CHECK(claim.configuration == SampleTrial(7).configuration);
  CHECK(Finish(claim, Completed({{"error", 0.5}}, 3.0)) == kNone);
  CHECK(Load(0).state == TrialState::kWaiting);
  CHECK(Require(store->LoadAttempts(study)).empty());
  CHECK(Require(store->EnergySpent(study)).joules.value() == 0.0);
  CHECK(Require(store->EnergySpent(other)).joules.value() == 3.0);
}

TEST_CASE_METHOD(Fixture, "text that would break SQL is kept as it is") {
  const std::string nasty = "Robert'); DROP TABLE trial;-- \"`\\ \xc3\xa9\xe2\x82\xac \x01 %s {}";
  NewTrial trial = SampleTrial();
  trial.reason = nasty;
  Require(store->AddTrial(study, trial, {}, At(2)));
  const auto claim = store->ClaimTrial(study, Worker(nasty), At(60), At(3));
  REQUIRE(Require(claim).has_value());
  AttemptResult result = Completed({{nasty, 1.0}}, 1.0);
  result.message = nasty;
  result.energy[1].phase = nasty;
  CHECK(Finish(**claim, result) == kNone);
  CHECK(Load(0).reason == nasty);
  CHECK(Load(0).values == NamedValues{{nasty, 1.0}});
  CHECK(Load(0).energy[1].phase == nasty);
  CHECK(LoadAttempt(0, 1).worker.name == nasty);
  CHECK(LoadAttempt(0, 1).message == nasty);
}

TEST_CASE("every state and failure class keeps its name") {
  for (int k = 0; k < 5; ++k) {
    CHECK(TrialStateFromName(Name(TrialState{k})) == TrialState{k});
  }
  for (int k = 0; k < 6; ++k) {
    CHECK(AttemptStateFromName(Name(AttemptState{k})) == AttemptState{k});
  }
  for (int k = 0; k < 10; ++k) {
    CHECK(FailureClassFromName(Name(FailureClass{k})) == FailureClass{k});
  }
  CHECK_FALSE(TrialStateFromName("lost"));
  CHECK_FALSE(AttemptStateFromName("waiting"));
  CHECK_FALSE(FailureClassFromName(""));
}
