// Attempts that are stopped early, and joules that a trainer tells itself.
#include <limits>

#include "tests/workers/attempts.h"
#include "tests/workers/whole_studies.h"
#include "workers/told_joules.h"

using namespace joulefront;

namespace {

// Reports an error that falls from $1 to its half in four steps, with $2 joules a step.
constexpr const char* kTrainer =
    "say() { echo \"{\\\"joulefront\\\": $1}\"; }\n"
    "say '\"phase\", \"name\": \"train\"'\n"
    "for step in 1 2 3 4; do\n"
    "  error=$(awk \"BEGIN { print $1 * (1 - 0.5 * ($step - 1) / 3) }\")\n"
    "  say \"\\\"energy\\\", \\\"joules\\\": $(($2 * step))\"\n"
    "  say \"\\\"progress\\\", \\\"step\\\": $step, \\\"values\\\": {\\\"error\\\": $error}\"\n"
    "done\n"
    "say \"\\\"result\\\", \\\"values\\\": {\\\"error\\\": $error}\"\n";

constexpr const char* kTakesTold = "[metering]\nsources = ['trainer']\n";

}  // namespace

TEST_CASE("joules that the trainer tells are replayed, phase by phase") {
  ToldJoules told;
  CHECK(told.Tell(2.0));
  told.EnterPhase("train");
  CHECK(told.Tell(5.0));
  CHECK(told.Tell(7.5));
  CHECK_FALSE(told.Tell(7.0));
  CHECK_FALSE(told.Tell(std::numeric_limits<double>::infinity()));
  told.EnterPhase("inference");
  std::vector<PhaseEnergy> phases;
  for (const char* name : {"setup", "train", "inference", "total"}) {
    phases.push_back({.phase = name, .wall = Seconds(1.0), .cpu = Seconds(1.0), .figure = {}});
  }
  told.Fill(phases);
  CHECK(phases[0].figure->joules == Joules(2.0));
  CHECK(phases[1].figure->joules == Joules(5.5));
  CHECK_FALSE(phases[2].figure);  // nothing was told of it: that is not 0 J
  CHECK(phases[3].figure->joules == Joules(7.5));
  CHECK(phases[3].figure->provenance.energy_class == EnergyClass::kReplayed);
  CHECK(phases[3].figure->coverage == 1.0);
}

TEST_CASE("a trainer's own joules count only for a study that takes them") {
  ScratchFolder folder;
  WriteAll(folder / "trainer.sh", kTrainer);
  const Outcome told = RunCommand(folder, {"sh", "trainer.sh", "0.8", "3"}, kTakesTold);
  CHECK(Name(told.result.state) == "complete");
  const PhaseEnergy* train = FindPhase(told.result.energy, "train");
  REQUIRE((train != nullptr && train->figure));
  CHECK(train->figure->joules == Joules(12.0));
  CHECK(Name(train->figure->provenance.energy_class) == "replayed");
  const Outcome metered = RunCommand(folder, {"sh", "trainer.sh", "0.8", "3000"});
  const PhaseEnergy* total = FindPhase(metered.result.energy, "total");
  REQUIRE((total != nullptr && total->figure));
  CHECK(Name(total->figure->provenance.energy_class) != "replayed");
  CHECK(total->figure->joules < Joules(3000.0));
}

TEST_CASE("joules that fall or are none are refused, and said") {
  ScratchFolder folder;
  const Outcome falling = RunShell(folder,
                                   "echo '{\"joulefront\": \"energy\", \"joules\": 5}'\n"
                                   "echo '{\"joulefront\": \"energy\", \"joules\": 4}'\nexit 3\n",
                                   kTakesTold);
  CheckFailure(falling, FailureClass::kExitCode, "the joules of an attempt cannot fall");
  const Outcome negative =
      RunShell(folder, "echo '{\"joulefront\": \"energy\", \"joules\": -5}'\nexit 3\n", kTakesTold);
  CheckFailure(negative, FailureClass::kExitCode, "an energy message needs \"joules\"");
  const Outcome well = RunShell(folder,
                                std::string("echo '{\"joulefront\": \"energy\", \"joules\": 5}'\n"
                                            "echo '{\"joulefront\": \"energy\", \"joules\": 4}'\n"
                                            "echo '{\"joulefront\": \"energy\", \"joules\": "
                                            "1e308}'\n") +
                                    kReport,
                                kTakesTold);
  CHECK(Name(well.result.state) == "complete");
  CHECK(well.result.values.at("energy") == 5.0);
  CHECK_THAT(well.result.message, Catch::Contains("the joules of an attempt cannot fall"));
}

TEST_CASE("a trainer that is stopped early is pruned, and what it says after that counts no more") {
  // Five good trainings of 40 J, then three that would cost twice as much and be twice as bad.
  const std::string trainer =
      "if [ $JOULEFRONT_TRIAL -lt 5 ]; then set 0.4 10; else set 0.8 20; fi\n" +
      std::string(kTrainer);
  WholeStudy study(
      trainer, std::string(kTakesTold) + "[budget]\ntrials = 8\n[stopping]\nrule = 'dominated'\n");
  auto run = study.Run();
  CHECK(run->Wait() == 0);
  INFO(run->output());
  CHECK(study.Counts().complete == 5);
  CHECK(study.Counts().pruned == 3);
  for (const Trial& trial : study.Trials()) {
    if (trial.state != TrialState::kPruned) continue;
    CHECK_THAT(trial.message, Catch::StartsWith("step 1: it would end at error 0.4"));
    CHECK(trial.values.at("error") == 0.8);
    CHECK(trial.values.at("energy") == 20.0);  // not the 80 J that it told in the end
    CHECK(trial.values.at("foretold.energy") == Approx(80.0));
  }
  for (const Attempt& attempt : study.Attempts(AttemptState::kPruned)) {
    CHECK(FindPhase(attempt.energy, kTotalPhase)->figure->joules == Joules(20.0));
  }
}
