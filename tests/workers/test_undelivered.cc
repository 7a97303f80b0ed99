// Results that the store could not take while the worker lived.
#include "tests/workers/whole_studies.h"
#include "workers/trainer_command.h"
#include "workers/undelivered.h"
#include "workers/worker.h"

using namespace joulefront;

namespace {

AttemptResult SampleResult() {
  PhaseEnergy total{.phase = "total", .wall = Seconds(2.5), .cpu = Seconds(1.0 / 3.0)};
  total.figure =
      EnergyFigure{.joules = Joules(0.1),
                   .coverage = 0.75,
                   .own_uncertainty = 0.01,
                   .provenance = {.energy_class = EnergyClass::kAttributed,
                                  .source = "rapl-perf",
                                  .boundary = "package",
                                  .attribution = "cpu-time",
                                  .idle_policy = "reserved",
                                  .host = "a \"machine\"",
                                  .common_uncertainty = 0.02},
                   .division = Division{Joules(5), Joules(1), Joules(2), Joules(0.5), Joules(0.25)},
                   .domains = {{"package-0", "package", Joules(0.1), 1.0}}};
  return {.state = AttemptState::kComplete,
          .values = {{"error", 1.0 / 3.0}, {"energy", 0.1}},
          .energy = {PhaseEnergy{.phase = "train", .wall = Seconds(1), .cpu = Seconds(1)}, total},
          .message = "said so"};
}

}  // namespace

TEST_CASE("a result that is kept comes back as it was, to its worker's attempt alone") {
  ScratchFolder folder;
  const AttemptResult result = SampleResult();
  REQUIRE(KeepUndelivered(folder.path(), {.worker = "w"}, result));
  const auto found = Require(FindUndelivered(folder.path(), "w"));
  REQUIRE(found);
  CHECK(found->state == result.state);
  CHECK(found->values == result.values);
  CHECK(found->energy == result.energy);
  CHECK(found->message == result.message);
  CHECK_FALSE(Require(FindUndelivered(folder.path(), "another")));
  WriteAll(folder / "undelivered.json", "{\"worker\": \"w\"");
  CHECK_FALSE(Require(FindUndelivered(folder.path(), "w")));
  ForgetUndelivered(folder.path());
  CHECK_FALSE(std::filesystem::exists(folder / "undelivered.json"));
}

TEST_CASE("a finished result of a worker that died while the store was away is not lost") {
  WholeStudy whole(kReportNumber, "");
  const auto store = Require(OpenSqliteStore(whole.store_path(), OpenMode::kCreate));
  const Study study = MakeStudy(ReadAll(whole.folder() / "study.toml"), whole.folder().path());
  const TimePoint now = CalendarNow();
  const StudyId id = Require(store->CreateStudy(study, now));
  Require(store->AddTrial(id, {.configuration = "{\"x\":0.5}", .proposed_by = "sobol"}, {}, now));
  WorkerIdentity dead = ThisWorker(0);
  dead.pid = 1;
  dead.start_ticks = 4711;  // no such process
  const auto claim = Require(store->ClaimTrial(id, dead, now + std::chrono::seconds(60), now));
  REQUIRE(claim);
  const std::string work_dir = WorkDirOf(whole.store_path(), "s", 0, 1);
  std::filesystem::create_directories(work_dir);
  REQUIRE(KeepUndelivered(work_dir, *claim, SampleResult()));
  CHECK(Require(ReclaimLostAttempts(*store, id, study, whole.store_path())) == 1);
  const Trial trial = Require(store->LoadTrial(id, 0));
  CHECK(trial.state == TrialState::kComplete);
  CHECK(trial.values == SampleResult().values);
  CHECK(trial.energy == SampleResult().energy);
  CHECK_FALSE(Require(FindUndelivered(work_dir, dead.name)));
}
