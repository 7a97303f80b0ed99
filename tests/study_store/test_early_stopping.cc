#include "study_store/early_stopping.h"
#include "study_store/proposer.h"
#include "study_store/study_file.h"
#include "tests/study_store/store_contract.h"

using namespace joulefront;

namespace {

constexpr const char* kDominated = "rule = 'dominated'\n";

/// A study of one parameter, error and joules of the training.
Study StoppingStudy(const std::string& stopping, const std::string& parameter = "",
                    bool maximize = false) {
  const std::string text = fmt::format(
      "[study]\nname = 's'\n[objectives]\n{} = {{ direction = '{}' }}\n"
      "energy = {{ direction = 'minimize', phase = 'train' }}\n"
      "[space]\nx = {{ type = 'float', low = 0, high = 100 }}\n{}\n[stopping]\n{}",
      maximize ? "accuracy" : "error", maximize ? "maximize" : "minimize", parameter, stopping);
  const auto file = ParseStudyFile(text, "s.toml");
  if (!file) FAIL(file.error().message);
  return file->study;
}

std::vector<PhaseEnergy> JoulesOf(double joules, const Provenance& provenance) {
  PhaseEnergy train{.phase = "train", .wall = Seconds(1.0), .cpu = Seconds(1.0)};
  train.figure = EnergyFigure{.joules = Joules(joules), .provenance = provenance};
  PhaseEnergy total = train;
  total.phase = "total";
  return {train, total};
}

/// Trials of four steps, whose error falls from `first` to half of it and whose joules rise evenly.
class Steps {
 public:
  explicit Steps(Study study) : study_(std::move(study)) {
    id_ = Require(store_->CreateStudy(study_, At(0)));
    stopping_.emplace(*store_, id_, study_);
  }

  Claim Begin(const std::string& configuration = "{\"x\":1}") {
    Require(store_->AddTrial(id_,
                             {.configuration = configuration,
                              .proposed_by = "test",
                              .reason = "",
                              .seed = 1,
                              .continues = {}},
                             {}, At(1)));
    return ClaimNext(*store_, id_, "w", At(100));
  }

  ProgressReport Report(double first, double joules, int step) const {
    const double value = first * (1.0 - 0.5 * (step - 1) / 3.0);
    return {step,
            {{study_.objectives[0].name, value}, {"energy", joules * step / 4.0}},
            Joules(joules * step / 4.0)};
  }

  std::optional<StopVerdict> Tell(const Claim& claim, const ProgressReport& report,
                                  const Provenance& provenance = Estimate()) {
    Require(store_->AddProgress(claim, report.step, report.values, At(2), report.joules));
    return Require(stopping_->Judge(claim, report, provenance, Seconds(0)));
  }

  /// Trains to the end, whatever is said.
  void Finish(double first, double joules, const Provenance& provenance = Estimate(),
              const std::string& configuration = "{\"x\":1}") {
    const Claim claim = Begin(configuration);
    for (int step = 1; step <= 4; ++step) Tell(claim, Report(first, joules, step), provenance);
    Require(store_->FinishAttempt(
        claim,
        {.state = AttemptState::kComplete,
         .values = {{study_.objectives[0].name, first / 2.0}, {"energy", joules}},
         .energy = JoulesOf(joules, provenance)},
        RetryLimits{}, At(3)));
  }

  StudyStore& store() { return *store_; }
  StudyId id() const { return id_; }
  const Study& study() const { return study_; }

 private:
  std::unique_ptr<StudyStore> store_ = NewMemoryStore();
  Study study_;
  StudyId id_ = 0;
  std::optional<EarlyStopping> stopping_;
};

}  // namespace

TEST_CASE("an attempt whose end is dominated, as foretold, is stopped with the reason") {
  Steps steps(StoppingStudy(kDominated));
  for (int i = 0; i < 5; ++i) steps.Finish(0.4, 10.0);
  // Twice the error and twice the joules of what is there already.
  const Claim claim = steps.Begin();
  const auto verdict = steps.Tell(claim, steps.Report(0.8, 20.0, 2));
  REQUIRE(verdict);
  CHECK(verdict->reason ==
        "step 2: it would end at error 0.4 (0.4 at best), energy 20 (20 at best), and trial 0 is "
        "better");
  CHECK(verdict->foretold.at("foretold.error") == Approx(0.4));
  CHECK(verdict->foretold.at("foretold.energy") == Approx(20.0));
}

TEST_CASE("an attempt that may still reach the front goes on") {
  Steps steps(StoppingStudy(kDominated));
  for (int i = 0; i < 5; ++i) steps.Finish(0.4, 10.0);
  CHECK_FALSE(steps.Tell(steps.Begin(), steps.Report(0.3, 20.0, 2)));  // better
  CHECK_FALSE(steps.Tell(steps.Begin(), steps.Report(0.8, 5.0, 2)));   // cheaper
  CHECK_FALSE(steps.Tell(steps.Begin(), steps.Report(0.8, 20.0, 4)));  // at its end
}

TEST_CASE("with fewer than five finished trials nothing is stopped") {
  Steps steps(StoppingStudy(kDominated));
  for (int i = 0; i < 4; ++i) steps.Finish(0.4, 10.0);
  CHECK_FALSE(steps.Tell(steps.Begin(), steps.Report(0.9, 90.0, 2)));
}

TEST_CASE("joules of another key dominate nothing") {
  Steps steps(StoppingStudy(kDominated));
  for (int i = 0; i < 5; ++i) steps.Finish(0.4, 10.0);
  Provenance other = Estimate();
  other.host = "another machine";
  CHECK_FALSE(steps.Tell(steps.Begin(), steps.Report(0.9, 90.0, 2), other));
}

TEST_CASE("what is maximised is foretold and stopped alike") {
  Steps steps(StoppingStudy(kDominated, "", true));
  for (int i = 0; i < 5; ++i) steps.Finish(0.8, 10.0);  // accuracy that falls to its half
  const auto verdict = steps.Tell(steps.Begin(), steps.Report(0.4, 20.0, 3));
  REQUIRE(verdict);
  CHECK(verdict->foretold.at("foretold.accuracy") < 0.4);
  CHECK_FALSE(steps.Tell(steps.Begin(), steps.Report(1.6, 20.0, 3)));
}

TEST_CASE("longer trainings are judged by trainings that were as long") {
  Steps steps(
      StoppingStudy(kDominated, "epochs = { type = 'int', low = 1, high = 9, fidelity = true }"));
  for (int i = 0; i < 5; ++i) steps.Finish(0.4, 10.0, Estimate(), "{\"x\":1,\"epochs\":4}");
  CHECK(steps.Tell(steps.Begin("{\"x\":1,\"epochs\":4}"), steps.Report(0.8, 20.0, 2)));
  CHECK(steps.Tell(steps.Begin("{\"x\":1,\"epochs\":3}"), steps.Report(0.8, 20.0, 2)));
  CHECK_FALSE(steps.Tell(steps.Begin("{\"x\":1,\"epochs\":9}"), steps.Report(0.8, 20.0, 2)));
}

TEST_CASE("at a rung all but the best third of those that came there are stopped") {
  Steps steps(StoppingStudy("rule = 'rungs'\nfirst = 2\n"));
  steps.Finish(0.4, 10.0);
  const Claim second = steps.Begin();
  CHECK_FALSE(steps.Tell(second, steps.Report(0.9, 20.0, 2)));  // two are too few to tell
  CHECK_FALSE(steps.Tell(second, steps.Report(0.9, 20.0, 3)));  // no rung
  const Claim third = steps.Begin();
  CHECK_FALSE(steps.Tell(third, steps.Report(0.6, 30.0, 1)));  // before the rung
  const auto verdict = steps.Tell(third, steps.Report(0.6, 30.0, 2));
  REQUIRE(verdict);  // trials that still run count too
  CHECK(verdict->reason == "step 2: not among the best 1/3 of 3 that came to the rung of 2 steps");
  CHECK(verdict->foretold.empty());
  CHECK_FALSE(steps.Tell(steps.Begin(), steps.Report(0.1, 5.0, 2)));
}

TEST_CASE("rungs may be set in joules") {
  Steps steps(StoppingStudy("rule = 'rungs'\nfirst = '5 J'\nfactor = 2\n"));
  steps.Finish(0.4, 10.0);  // 5 J at step 2
  const Claim claim = steps.Begin();
  CHECK_FALSE(steps.Tell(claim, steps.Report(0.8, 16.0, 1)));  // 4 J
  const auto verdict = steps.Tell(claim, steps.Report(0.8, 16.0, 2));
  REQUIRE(verdict);
  CHECK_THAT(verdict->reason, Catch::Contains("the rung of 5 J"));
}

TEST_CASE("without [stopping] nothing is stopped") {
  Study study = StoppingStudy("rule = 'off'\n");
  Steps steps(study);
  for (int i = 0; i < 9; ++i) steps.Finish(0.4, 10.0);
  CHECK_FALSE(steps.Tell(steps.Begin(), steps.Report(0.9, 90.0, 2)));
}

TEST_CASE("the search learns where a stopped training would have ended, and the front does not") {
  Steps steps(StoppingStudy(kDominated));
  for (int i = 0; i < 5; ++i) steps.Finish(0.4, 10.0);
  const Claim claim = steps.Begin();
  const auto verdict = steps.Tell(claim, steps.Report(0.8, 20.0, 2));
  REQUIRE(verdict);
  NamedValues values{{"error", 0.6}, {"energy", 10.0}};
  values.insert(verdict->foretold.begin(), verdict->foretold.end());
  Require(steps.store().FinishAttempt(
      claim, {.state = AttemptState::kPruned, .values = values, .message = verdict->reason},
      RetryLimits{}, At(3)));
  const Trial trial = Require(steps.store().LoadTrial(steps.id(), claim.trial));
  CHECK(trial.state == TrialState::kPruned);
  CHECK(trial.values == values);
  CHECK(trial.message == verdict->reason);
  Proposer proposer(steps.store(), steps.id(), steps.study());
  Require(proposer.Refresh());
  const HistoryEntry& entry = proposer.history().entries().back();
  REQUIRE(entry.state == EntryState::kEvaluated);
  CHECK(entry.evaluation.objectives[0] == Approx(0.4));
  CHECK(entry.evaluation.objectives[1] == Approx(20.0));
}

TEST_CASE("a [stopping] that means nothing is refused with its place") {
  const auto fault = [](const std::string& lines) {
    const auto file = ParseStudyFile(
        "[study]\nname = 's'\n[objectives]\ne = { direction = 'minimize' }\n[space]\n"
        "x = { type = 'float', low = 0, high = 1 }\n[stopping]\n" +
            lines,
        "s.toml");
    return file ? std::string() : file.error().message;
  };
  const std::string rules = "[stopping] needs rule = \"dominated\", \"rungs\" or \"off\"";
  CHECK(fault("") == "s.toml:7:1: " + rules);
  CHECK(fault("rule = 'median'") == "s.toml:8:8: " + rules);
  CHECK(fault("rule = 'rungs'\nconfidence = 0.9") ==
        "s.toml:9:14: 'confidence' belongs to rule = \"dominated\"; remove it");
  CHECK(fault("rule = 'dominated'\nconfidence = 1") ==
        "s.toml:9:14: 'confidence' must be from 0.5 to 0.99999");
  CHECK(fault("rule = 'rungs'\nfactor = 1") == "s.toml:9:10: 'factor' must be from 1.5 to 100");
  CHECK(fault("rule = 'rungs'\nfirst = 0") ==
        "s.toml:9:9: 'first' must be a step above 0, or joules: \"50 J\"");
  CHECK_THAT(fault("rule = 'rungs'\nfirst = '5 m'"), Catch::StartsWith("s.toml:9:9: 'first': "));
  CHECK_THAT(fault("rule = 'off'\npatience = 3"), Catch::Contains("unknown key 'patience'"));
  CHECK(fault("rule = 'dominated'\nconfidence = 0.95").empty());
}

TEST_CASE("[stopping] is a setting: kept in the store, and free to change between runs") {
  const Study study = StoppingStudy("rule = 'rungs'\nfirst = '50 J'\nfactor = 4\n");
  const Study plain = StoppingStudy("rule = 'off'\n");
  CHECK(DefinitionJson(study) == DefinitionJson(plain));
  const Study read = Require(StudyFromJson(DefinitionJson(study), SettingsJson(study)));
  CHECK(read.stopping.rule == StoppingRule::kRungs);
  CHECK(read.stopping.first_rung == 50.0);
  CHECK(read.stopping.rungs_in_joules);
  CHECK(read.stopping.factor == 4.0);
  CHECK(Require(StudyFromJson(DefinitionJson(plain), SettingsJson(plain))).stopping.rule ==
        StoppingRule::kOff);
}
