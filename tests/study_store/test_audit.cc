// What an audit finds, and where it says that joules went.
#include "study_store/audit.h"
#include "study_store/proposal_replay.h"
#include "study_store/proposer.h"
#include "tests/study_store/store_contract.h"

using namespace joulefront;

namespace {

/// Error and joules over one parameter; x may not exceed a limit on "parameters".
Study AuditedStudy() {
  Study study = SampleStudy();
  study.objectives = {{.name = "error"}, {.name = "energy", .phase = "total", .unit = "J"}};
  return study;
}

std::vector<PhaseEnergy> Whole(double total) {
  return {Phase("setup", 0.25 * total), Phase("train", 0.75 * total), Phase("total", total)};
}

AttemptResult Done(double error, double joules, double parameters = 10) {
  return {.state = AttemptState::kComplete,
          .values = {{"error", error}, {"energy", joules}, {"parameters", parameters}},
          .energy = Whole(joules)};
}

/// A study with a trial of every fate.
struct Audited {
  std::unique_ptr<StudyStore> store = NewMemoryStore();
  StudyId id = Require(store->CreateStudy(AuditedStudy(), At(0)));

  Audited() {
    Finish(Done(0.1, 4.0));                                 // 0: front
    Finish(Done(0.2, 8.0));                                 // 1: dominated
    Finish(Done(0.01, 2.0, 2000));                          // 2: infeasible
    Finish(Ended(AttemptState::kFailed, Whole(1.0)));       // 3
    Finish(Ended(AttemptState::kInterrupted, Whole(0.5)));  // 4: again, and then
    FinishNext(Done(0.05, 16.0));                           //    front
    AttemptResult pruned{.state = AttemptState::kPruned, .energy = Whole(3.0)};
    Finish(pruned);  // 5
    const Claim again = Require(store->ClaimConfirmation(id, 0, 9, Worker("w"), At(60), At(3)));
    Require(store->FinishAttempt(again, Done(0.12, 4.5), {}, At(4)));
    Require(store->AddSearchEnergy(id, Phase("search", 0.25)));
  }

  void Finish(const AttemptResult& result) {
    Require(store->AddTrial(id, SampleTrial(), {}, At(1)));
    FinishNext(result);
  }
  void FinishNext(const AttemptResult& result) {
    Require(store->FinishAttempt(ClaimNext(*store, id, "w", At(2)), result, {}, At(3)));
  }
  Records Read() {
    return {.study = Require(store->LoadStudy(id)),
            .trials = Require(store->LoadTrials(id)),
            .attempts = Require(store->LoadAttempts(id)),
            .spent = Require(store->EnergySpent(id))};
  }
};

using Lines = std::vector<std::string>;

PhaseEnergy Seen(const std::string& name, double joules) {
  PhaseEnergy phase = Phase(name, joules);
  phase.figure->coverage = 1.0;  // what was seen in part is not learnt from
  return phase;
}

}  // namespace

TEST_CASE("records that hold together are found to, and joules by fate add up") {
  Audited audited;
  const Records records = audited.Read();
  CHECK(FindBrokenLives(records) == Lines{});
  CHECK(FindImbalances(records) == Lines{});
  std::map<std::string, std::pair<std::int64_t, double>> fates;
  Joules sum;
  for (const FateShare& share : JoulesByFate(records)) {
    fates[std::string(Name(share.fate))] = {share.attempts, share.joules.value()};
    sum += share.joules;
  }
  CHECK(fates["front"] == std::pair<std::int64_t, double>(2, 20.0));
  CHECK(fates["dominated"] == std::pair<std::int64_t, double>(1, 8.0));
  CHECK(fates["infeasible"] == std::pair<std::int64_t, double>(1, 2.0));
  CHECK(fates["failed"] == std::pair<std::int64_t, double>(1, 1.0));
  CHECK(fates["retried"] == std::pair<std::int64_t, double>(1, 0.5));
  CHECK(fates["pruned"] == std::pair<std::int64_t, double>(1, 3.0));
  CHECK(fates["repeated"] == std::pair<std::int64_t, double>(1, 4.5));
  CHECK(fates["search"] == std::pair<std::int64_t, double>(0, 0.25));
  CHECK(sum == records.spent.joules);
}

TEST_CASE("a life that cannot have been is told") {
  Audited audited;
  Records records = audited.Read();
  SECTION("a trial is missing") {
    records.trials.erase(records.trials.begin() + 1);
    CHECK(FindBrokenLives(records) == Lines{"trial 1 is missing"});
  }
  SECTION("an attempt is missing") {
    std::erase_if(records.attempts, [](const Attempt& a) { return a.trial == 4 && a.number == 1; });
    CHECK(FindBrokenLives(records) == Lines{"trial 4 has no attempt 1"});
  }
  SECTION("a trial went on after it was complete") {
    records.attempts.at(4).state = AttemptState::kComplete;
    records.attempts.at(4).trial = 4;
    REQUIRE(records.attempts.at(5).number == 1);
    records.attempts.at(5).state = AttemptState::kComplete;
    CHECK_FALSE(FindBrokenLives(records).empty());
  }
  SECTION("a complete trial lacks a value") {
    records.trials[1].values.erase("error");
    CHECK(FindBrokenLives(records) ==
          Lines{"trial 1 is complete, and lacks a value of an objective or a constraint"});
  }
  SECTION("a failed attempt gave a complete trial") {
    records.trials[3].state = TrialState::kComplete;
    CHECK(FindBrokenLives(records).at(0) == "trial 3 is complete, and its last attempt failed");
  }
}

TEST_CASE("a ledger that does not balance is told") {
  Audited audited;
  Records records = audited.Read();
  SECTION("phases that do not add up") {
    records.attempts[0].energy[0].figure->joules = Joules(1.5);
    CHECK(FindImbalances(records).at(0) ==
          "trial 0 attempt 1: its phases are 4.50 J, and their total says 4.00 J");
  }
  SECTION("a shared counter that saw less than it gave") {
    records.attempts[0].energy[2].figure->division =
        Division{.measured = Joules(5.0), .idle = {}, .others = Joules(2.0), .idle_of_others = {}};
    CHECK(FindImbalances(records) ==
          Lines{"trial 0 attempt 1: 5.00 J were measured, but its share, others' and idle make "
                "6.00 J"});
  }
  SECTION("joules that the study has not counted") {
    records.spent.joules = records.spent.joules - Joules(1.0);
    CHECK(FindImbalances(records).size() == 1);
  }
  SECTION("a metered value that is not the joules of its phase") {
    records.trials[0].values["energy"] = 3.0;
    CHECK(FindImbalances(records) == Lines{"trial 0: energy is 3.00 J, and phase total took "
                                           "4.00 J"});
  }
}

TEST_CASE("a proposal is made again from what it was made from, whatever ended since") {
  const auto sampler = GENERATE("random", "sobol", "nsga2", "surrogate", "auto");
  CAPTURE(sampler);
  Study study = SampleStudy();
  study.constraints.clear();
  study.sampler = sampler;
  study.budget.energy = Joules(1000);
  const auto store = NewMemoryStore();
  const StudyId id = Require(store->CreateStudy(study, At(0)));
  Proposer proposer(*store, id, study);
  std::vector<Claim> running;
  for (int k = 0; k < 25; ++k) {
    // Three at once, which end in another order than they began.
    Require(proposer.Refresh());
    const Joules spent = Require(store->EnergySpent(id)).joules;
    REQUIRE(Require(proposer.Propose({}, spent, At(1))));
    running.push_back(ClaimNext(*store, id, "w", At(2)));
    if (running.size() < 3) continue;
    const auto which = running.begin() + (k % 3);
    const double x = 0.01 * static_cast<double>((which->trial * 37) % 100);
    Require(store->FinishAttempt(*which,
                                 {.state = AttemptState::kComplete,
                                  .values = {{"error", 1 - x * x}, {"energy", 1 + x}},
                                  .energy = {Seen("train", 1 + x), Seen("total", 1 + x)}},
                                 {}, At(3)));
    running.erase(which);
  }
  // Confirmed meanwhile, and gone on with.
  for (const double error : {0.4, 0.6}) {
    const Claim again = Require(store->ClaimConfirmation(id, 3, 9, Worker("w"), At(60), At(4)));
    Require(store->FinishAttempt(again,
                                 {.state = AttemptState::kComplete,
                                  .values = {{"error", error}, {"energy", 1.5}},
                                  .energy = {}},
                                 {}, At(5)));
  }
  Proposer later(*store, id, study);
  Require(later.Refresh());
  CHECK(later.history().entries()[3].replicates.size() == 2);
  REQUIRE(Require(later.Propose({}, Require(store->EnergySpent(id)).joules, At(6))));
  auto trials = Require(store->LoadTrials(id));
  const Replay replay = Require(ReplayProposals(*store, id, study, trials, 100));
  CHECK(replay.replayed == 26);
  CHECK(replay.without_basis == 0);
  CHECK(replay.different.empty());
  CHECK(Require(ReplayProposals(*store, id, study, trials, 5)).replayed == 5);
  trials[20].configuration = "{\"x\":0.5}";
  const Replay changed = Require(ReplayProposals(*store, id, study, trials, 100));
  REQUIRE_FALSE(changed.different.empty());
  CHECK(changed.different.at(0).trial == 20);
}
