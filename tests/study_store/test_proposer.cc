#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "study_store/evaluation.h"
#include "study_store/proposer.h"
#include "tests/search/spaces.h"
#include "tests/study_store/store_contract.h"

namespace joulefront {
namespace {

/// Objectives error and energy over one continuous parameter and a choice.
Study TwoObjectives(const std::string& sampler = "auto") {
  Study study = SampleStudy();
  study.space = MakeSpace({Float("x", 0, 1), Choice("c", {Text("a"), Text("b")})});
  study.constraints.clear();
  study.sampler = sampler;
  return study;
}

/// A store with one study, in which trials are proposed and ended one after another.
class Bench {
 public:
  explicit Bench(Study study)
      : study_(std::move(study)),
        store_(NewMemoryStore()),
        id_(Require(store_->CreateStudy(study_, At(0)))),
        proposer_(std::make_unique<Proposer>(*store_, id_, study_)) {}

  /// What a restarted process has: the store alone.
  void Restart() { proposer_ = std::make_unique<Proposer>(*store_, id_, study_); }

  std::optional<TrialNumber> Propose(std::optional<std::int64_t> limit = {}) {
    Require(proposer_->Refresh());
    const ProposedTrial proposed = Require(proposer_->Propose(limit, {}, At(1)));
    if (proposed) return *proposed;
    CHECK(proposed.error() == NoProposal::kExhausted);
    return std::nullopt;
  }

  /// Ends the next waiting trial: every third fails, the others get values from their x.
  void EndNext() {
    const Claim claim = ClaimNext(*store_, id_, "w", At(2));
    if (claim.trial % 3 == 2) {
      Require(store_->FinishAttempt(claim, Ended(AttemptState::kFailed), {}, At(3)));
      return;
    }
    const double x = nlohmann::json::parse(claim.configuration).at("x").get<double>();
    const AttemptResult result{.state = AttemptState::kComplete,
                               .values = {{"error", (1 - x) * (1 - x)}, {"energy", x + 0.1}}};
    Require(store_->FinishAttempt(claim, result, {}, At(3)));
  }

  std::string LastReason() { return Require(store_->LoadTrials(id_)).back().reason; }

  std::string ConfigurationOf(TrialNumber number) {
    return Require(store_->LoadTrials(id_))[static_cast<std::size_t>(number)].configuration;
  }
  std::vector<Trial> Trials() { return Require(store_->LoadTrials(id_)); }

  Proposer& proposer() { return *proposer_; }
  StudyStore& store() { return *store_; }
  StudyId id() const { return id_; }

 private:
  Study study_;
  std::unique_ptr<StudyStore> store_;
  StudyId id_;
  std::unique_ptr<Proposer> proposer_;
};

TEST_CASE("A proposal waits in the store with its sampler, its reason and a seed of its own") {
  Bench bench(TwoObjectives());
  CHECK(bench.Propose() == 0);
  CHECK(bench.Propose() == 1);
  const auto trials = bench.Trials();
  REQUIRE(trials.size() == 2);
  CHECK(trials[0].state == TrialState::kWaiting);
  CHECK(trials[0].proposed_by == "sobol");
  CHECK_FALSE(trials[0].reason.empty());
  CHECK(trials[0].seed != trials[1].seed);
  CHECK(trials[1].seed == SeedOfTrial(TwoObjectives().seed, 1));
  for (TrialNumber k = 0; k < 1000; ++k) CHECK(SeedOfTrial(0, k) <= kMostSeed);
}

TEST_CASE("A refresh takes in what has changed, finished, failed and waiting") {
  Bench bench(TwoObjectives());
  for (int i = 0; i < 4; ++i) bench.Propose();
  CHECK(bench.proposer().trials().size() == 3);  // as of the last refresh
  for (int i = 0; i < 3; ++i) bench.EndNext();
  CHECK(bench.proposer().trials()[0].state == TrialState::kWaiting);
  Require(bench.proposer().Refresh());
  const auto& trials = bench.proposer().trials();
  REQUIRE(trials.size() == 4);
  CHECK(trials[0].state == TrialState::kComplete);
  CHECK(trials[2].state == TrialState::kFailed);
  CHECK(trials[3].state == TrialState::kWaiting);
  CHECK(trials[0].values.contains("energy"));
}

TEST_CASE("A resumed study proposes what an uninterrupted one would have") {
  for (const auto sampler : kSamplerNames) {
    INFO(sampler);
    Bench straight{TwoObjectives(std::string(sampler))};
    Bench resumed{TwoObjectives(std::string(sampler))};
    for (int i = 0; i < 40; ++i) {
      for (Bench* bench : {&straight, &resumed}) {
        bench->Propose();
        if (i > 0) bench->EndNext();  // one is always pending
      }
      resumed.Restart();
    }
    for (TrialNumber number = 0; number < 40; ++number) {
      INFO(number);
      CHECK(straight.ConfigurationOf(number) == resumed.ConfigurationOf(number));
    }
  }
}

TEST_CASE("Results change what is proposed, and failures count as results") {
  // NSGA-II breeds from what is evaluated: the same history with one trial failed goes elsewhere.
  Bench good(TwoObjectives("nsga2")), bad(TwoObjectives("nsga2"));
  for (Bench* bench : {&good, &bad}) {
    for (int i = 0; i < 30; ++i) bench->Propose();
  }
  for (int i = 0; i < 30; ++i) {
    good.EndNext();
    const Claim claim = ClaimNext(bad.store(), bad.id(), "w", At(2));
    Require(bad.store().FinishAttempt(claim, Ended(AttemptState::kFailed), {}, At(3)));
  }
  const auto next_good = good.Propose(), next_bad = bad.Propose();
  REQUIRE(next_good);
  REQUIRE(next_bad);
  CHECK(good.Trials()[30].proposed_by == "nsga2");
  CHECK(good.ConfigurationOf(*next_good) != bad.ConfigurationOf(*next_bad));
}

TEST_CASE("At its limit of trials the study takes no more, and more after it was raised") {
  Bench bench(TwoObjectives());
  CHECK(bench.Propose(2) == 0);
  CHECK(bench.Propose(2) == 1);
  const auto third = bench.proposer().Propose(2, {}, At(1));
  REQUIRE_FALSE(third);
  CHECK(third.error().code == ErrorCode::kConflict);
  CHECK(bench.Trials().size() == 2);
  CHECK(bench.Propose(3) == 2);
}

TEST_CASE("An exhausted space has every configuration once, and then proposes none") {
  for (const auto sampler : kSamplerNames) {
    INFO(sampler);
    Study study = TwoObjectives(std::string(sampler));
    study.space = FiniteSpace();  // 8 configurations
    Bench bench(study);
    CHECK_FALSE(Require(bench.proposer().ProposeAgain(At(1))));  // nothing to repeat yet
    std::set<std::string> seen;
    while (const auto number = bench.Propose()) seen.insert(bench.ConfigurationOf(*number));
    CHECK(seen.size() == 8);
    CHECK(bench.Trials().size() == 8);
    CHECK_FALSE(bench.Propose());
    CHECK(Require(bench.proposer().ProposeAgain(At(1))) == 8);
    CHECK(seen.contains(bench.ConfigurationOf(8)));
    CHECK(bench.Trials()[8].proposed_by == "repeat");
  }
}

TEST_CASE("A repeat is one of the front where there is one") {
  Study study = TwoObjectives();
  study.space = MakeSpace({Int("x", 0, 3)});
  Bench bench(study);
  while (bench.Propose()) {
  }
  for (int i = 0; i < 4; ++i) {
    const Claim claim = ClaimNext(bench.store(), bench.id(), "w", At(2));
    // x = 3 beats all others in both objectives.
    const double x = nlohmann::json::parse(claim.configuration).at("x").get<double>();
    const AttemptResult result{.state = AttemptState::kComplete,
                               .values = {{"error", 3 - x}, {"energy", 3 - x}}};
    Require(bench.store().FinishAttempt(claim, result, {}, At(3)));
  }
  Require(bench.proposer().Refresh());
  for (TrialNumber number = 4; number < 8; ++number) {
    CHECK(Require(bench.proposer().ProposeAgain(At(4))) == number);
    CHECK(bench.ConfigurationOf(number) == "{\"x\":3}");
  }
}

/// Proposes points of a grid, or what `refusal` says, and shows what it was told.
struct Watched {
  std::optional<NoProposal> refusal;
  std::optional<History> history;
  Terms terms;
};
class WatchedSampler : public Sampler {
 public:
  explicit WatchedSampler(Watched& watched) : watched_(watched) {}
  Proposed Propose(const SearchSpace&, const History& history, const Terms& terms) const override {
    watched_.history = history;
    watched_.terms = terms;
    if (watched_.refusal) return tl::unexpected(*watched_.refusal);
    return Proposal{{0.01 * static_cast<double>(history.size()), 0.0}, "watched", "next"};
  }

 private:
  Watched& watched_;
};

/// A proposer of its own store, whose sampler is watched.
struct WatchedProposer {
  explicit WatchedProposer(const Study& study)
      : store(NewMemoryStore()),
        id(Require(store->CreateStudy(study, At(0)))),
        proposer(*store, id, study, std::make_unique<WatchedSampler>(watched)) {}
  ProposedTrial Propose(std::optional<Joules> spent = {}) {
    Require(proposer.Refresh());
    return Require(proposer.Propose({}, spent, At(1)));
  }
  void End(const AttemptResult& result) {
    Require(store->FinishAttempt(ClaimNext(*store, id, "w", At(2)), result, {}, At(3)));
  }

  Watched watched;
  std::unique_ptr<StudyStore> store;
  StudyId id;
  Proposer proposer;
};

TEST_CASE("A sampler sees excesses, spending and kinds of failure") {
  Study study = TwoObjectives();
  study.constraints = {{.name = "parameters", .max = 100.0}};
  WatchedProposer watched(study);
  for (int i = 0; i < 3; ++i) CHECK(watched.Propose() == i);
  watched.End({.state = AttemptState::kComplete,
               .values = {{"error", 0.5}, {"energy", 2.0}, {"parameters", 50.0}}});
  watched.End(Ended(AttemptState::kFailed));
  REQUIRE(watched.Propose());
  const auto& entries = watched.watched.history->entries();
  REQUIRE(entries.size() == 3);
  CHECK(entries[0].evaluation == Evaluation{{0.5, 2.0}, 0.0, {-0.5}});
  CHECK(entries[0].spending == Spending{.cost = 2.0, .seconds = {}});  // told: no joules metered
  CHECK(entries[1].failure == FailureKind(FailureClass::kExitCode));
  CHECK(entries[1].spending == Spending{});
  CHECK(entries[2].state == EntryState::kPending);
}

TEST_CASE("A sampler is told the study's terms, minimised, and joules where a budget binds") {
  Study study = TwoObjectives();
  study.cost_exponent = 1.25;
  study.objectives[0].direction = Direction::kMaximize;
  study.objectives[0].reference = 0.75;
  WatchedProposer free(study);
  REQUIRE(free.Propose(Joules(3)));
  CHECK(free.watched.terms.seed == study.seed);
  CHECK(free.watched.terms.cost_exponent == 1.25);
  CHECK(free.watched.terms.reference == std::vector<std::optional<double>>{-0.75, std::nullopt});
  CHECK_FALSE(free.watched.terms.cost_budget);

  study.budget.energy = Joules(50);
  WatchedProposer bound(study);
  REQUIRE(bound.Propose(Joules(20)));
  CHECK(bound.watched.terms.cost_budget == 50.0);
  CHECK(bound.watched.terms.cost_left == 30.0);
  REQUIRE(bound.Propose());  // as an ask-tell session does, which no budget binds
  CHECK_FALSE(bound.watched.terms.cost_budget);
  CHECK_FALSE(bound.watched.terms.cost_left);

  study.cost = "minutes";  // no joules, so that both cannot be compared
  WatchedProposer other(study);
  REQUIRE(other.Propose(Joules(20)));
  CHECK_FALSE(other.watched.terms.cost_budget);
}

TEST_CASE("A model's proposal says what it foretells, in the user's words and directions") {
  Study study = TwoObjectives("surrogate");
  study.objectives[0].direction = Direction::kMaximize;
  Bench bench(study);
  std::string reason;
  for (int i = 0; i < 16; ++i) {
    REQUIRE(bench.Propose());
    bench.EndNext();
    reason = bench.LastReason();
  }
  INFO(reason);
  CHECK_THAT(reason, Catch::StartsWith("largest expected gain; foretells error "));
  CHECK_THAT(reason, Catch::Contains(", energy "));
  CHECK_THAT(reason, !Catch::Contains("-"));  // errors are maximised, and above 0
}

TEST_CASE("A sampler's refusal comes with its reason and adds nothing") {
  WatchedProposer watched(TwoObjectives());
  watched.watched.refusal = NoProposal::kTooDear;
  REQUIRE_FALSE(watched.Propose());
  CHECK(watched.Propose().error() == NoProposal::kTooDear);
  CHECK(watched.proposer.history().size() == 0);
}

TEST_CASE("A trial that does not fit the study is corrupt, by its number") {
  Bench bench(TwoObjectives());
  Require(bench.store().AddTrial(bench.id(), {.configuration = R"({"y":1})"}, {}, At(0)));
  const auto refreshed = bench.proposer().Refresh();
  REQUIRE_FALSE(refreshed);
  CHECK(refreshed.error().code == ErrorCode::kCorrupt);
  CHECK(refreshed.error().message ==
        "trial 0 in the store does not fit the study: parameter 'x' has no value");
}

}  // namespace
}  // namespace joulefront
