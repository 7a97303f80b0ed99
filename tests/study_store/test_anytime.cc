#include "study_store/anytime.h"
#include "study_store/front.h"
#include "study_store/study_file.h"
#include "tests/study_store/store_contract.h"

using namespace joulefront;

namespace {

Study AnytimeStudy(const std::string& trainer = "anytime = true") {
  const auto file = ParseStudyFile(
      "[study]\nname = 's'\n[objectives]\nerror = { direction = 'minimize' }\n"
      "energy = { direction = 'minimize', phase = 'train' }\n"
      "[space]\nx = { type = 'int', low = 0, high = 9 }\n"
      "epochs = { type = 'int', low = 2, high = 8, fidelity = true }\n"
      "[trainer]\ncommand = ['train']\n" +
          trainer,
      "s.toml");
  if (!file) FAIL(file.error().message);
  return file->study;
}

std::vector<PhaseEnergy> Train(double joules) {
  PhaseEnergy train{.phase = "train", .wall = Seconds(1.0), .cpu = Seconds(1.0), .figure = {}};
  train.figure = EnergyFigure{
      .joules = Joules(joules), .provenance = Estimate(), .division = {}, .domains = {}};
  return {train};
}

struct Reported {
  std::int64_t step;
  NamedValues values;
};

/// A store with the study and one trial of 8 epochs that reported so and ended so.
struct OneTrial {
  OneTrial(Study of, const std::vector<Reported>& reports, const AttemptResult& result)
      : study(std::move(of)) {
    id = Require(store->CreateStudy(study, At(0)));
    Require(store->AddTrial(id,
                            {.configuration = "{\"x\":3,\"epochs\":8}",
                             .proposed_by = "test",
                             .reason = "",
                             .seed = 1,
                             .continues = {}},
                            {}, At(1)));
    const Claim claim = ClaimNext(*store, id, "w", At(100));
    for (const Reported& report : reports) {
      Require(store->AddProgress(claim, report.step, report.values, At(2)));
    }
    Require(store->FinishAttempt(claim, result, RetryLimits{}, At(3)));
  }

  AnytimeTrials All() {
    return Require(WithReports(*store, id, study, Require(store->LoadTrials(id))));
  }

  std::unique_ptr<StudyStore> store = NewMemoryStore();
  Study study;
  StudyId id = 0;
};

const std::vector<Reported> kReports = {{1, {{"error", 0.9}, {"energy", 1.0}}},
                                        {2, {{"error", 0.5}, {"energy", 2.0}}},
                                        {4, {{"error", 0.4}}},
                                        {6, {{"error", 0.3}, {"energy", 6.0}}},
                                        {8, {{"error", 0.2}, {"energy", 8.0}}}};
const AttemptResult kComplete{.state = AttemptState::kComplete,
                              .values = {{"error", 0.2}, {"energy", 8.5}},
                              .energy = Train(8.5),
                              .failure = {},
                              .message = {}};

}  // namespace

TEST_CASE("each report that tells all objectives is a trial with the joules until then") {
  OneTrial one(AnytimeStudy(), kReports, kComplete);
  const AnytimeTrials all = one.All();
  // Step 1 is below the fidelity, step 4 lacks joules, step 8 is the trial itself.
  REQUIRE(all.trials.size() == 3);
  CHECK(all.steps == std::vector<std::optional<std::int64_t>>{std::nullopt, 2, 6});
  CHECK(all.trials[0].values == kComplete.values);
  const Trial& two = all.trials[1];
  CHECK(two.number == 0);
  CHECK(two.configuration == "{\"x\":3,\"epochs\":2}");
  CHECK(two.values == kReports[1].values);
  CHECK(FindPhase(two.energy, "train")->figure->joules == Joules(2.0));
  CHECK(FindPhase(two.energy, "train")->figure->provenance == Estimate());
  const Front front = ComputeFront(one.study, all.trials);
  CHECK(front.points.size() == 3);
  CHECK(front.complete == 3);
}

TEST_CASE("a training that was stopped early has its reports on an anytime front") {
  AttemptResult pruned{.state = AttemptState::kPruned,
                       .values = {{"error", 0.5}, {"energy", 2.0}, {"foretold.error", 0.4}},
                       .energy = Train(3.0),
                       .failure = {},
                       .message = "dominated"};
  OneTrial one(AnytimeStudy(), {kReports[0], kReports[1]}, pruned);
  const AnytimeTrials all = one.All();
  REQUIRE(all.trials.size() == 2);
  CHECK(all.trials[1].state == TrialState::kComplete);
  CHECK(ComputeFront(one.study, all.trials).points.size() == 1);
}

TEST_CASE("failed trials have no reports on the front, nor have studies that are not anytime") {
  AttemptResult failed = Ended(AttemptState::kFailed, Train(3.0));
  CHECK(OneTrial(AnytimeStudy(), kReports, failed).All().trials.size() == 1);
  CHECK(OneTrial(AnytimeStudy(""), kReports, kComplete).All().trials.size() == 1);
}

TEST_CASE("anytime needs steps to count, is part of the definition and kept in the store") {
  const Study study = AnytimeStudy();
  CHECK(DefinitionJson(study) != DefinitionJson(AnytimeStudy("")));
  CHECK(Require(StudyFromJson(DefinitionJson(study), SettingsJson(study))).trainer.anytime);
  const auto file = ParseStudyFile(
      "[study]\nname = 's'\n[objectives]\nerror = { direction = 'minimize' }\n"
      "[space]\nx = { type = 'float', low = 0.1, high = 9, fidelity = true }\n"
      "[trainer]\ncommand = ['train']\nanytime = true",
      "s.toml");
  REQUIRE_FALSE(file);
  CHECK(
      file.error().message ==
      "s.toml:9:11: anytime = true needs an int parameter with fidelity = true: the steps that the "
      "trainer reports");
}
