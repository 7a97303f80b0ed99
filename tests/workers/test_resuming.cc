// Trials that go on with shorter ones.
#include "study_store/study_file.h"
#include "tests/workers/attempts.h"
#include "tests/workers/whole_studies.h"
#include "workers/earlier_attempts.h"
#include "workers/study_runner.h"
#include "workers/trainer_command.h"

using namespace joulefront;

namespace {

// Trains up to $1 steps, from where the shorter trial left off, and works some 20 ms.
constexpr const char* kTrainer =
    "steps=$(cat \"$JOULEFRONT_RESUME_DIR/steps\" 2>/dev/null || echo 0)\n"
    "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done\n"
    "echo $1 > steps\n"
    "echo \"{\\\"joulefront\\\": \\\"result\\\", \\\"values\\\": {\\\"error\\\": 0.1, "
    "\\\"from\\\": $steps}}\"\n";

/// Two steps, then six that go on with them, then eighteen.
class LongerAndLonger : public Sampler {
 public:
  Proposed Propose(const SearchSpace&, const History& history, const Terms& terms) const override {
    REQUIRE(terms.resumes);
    if (history.size() > history.evaluated() || history.size() == 3) {
      return tl::unexpected(NoProposal::kTooDear);
    }
    const double steps[] = {2.0, 6.0, 18.0};
    Proposal proposal{{steps[history.size()]}, "test", "longer"};
    if (history.size() > 0) proposal.continues = history.size() - 1;
    return proposal;
  }
};

std::vector<Trial> RunLonger(const ScratchFolder& folder, bool drop_folders,
                             const std::string& trainer = kTrainer) {
  WriteAll(folder / "trainer.sh", trainer);
  WriteAll(folder / "study.toml",
           "[study]\nname = 's'\n[objectives]\nerror = { direction = 'minimize' }\n"
           "energy = { direction = 'minimize', phase = 'total' }\n"
           "[space]\nsteps = { type = 'int', low = 2, high = 18, fidelity = true }\n"
           "[trainer]\ncommand = ['sh', 'trainer.sh', '{steps}']\nresumes = true\n"
           "[budget]\nenergy = '1 MJ'\n");
  const auto file = Require(ReadStudyFile(folder / "study.toml"));
  const std::string path = folder / "s.db";
  const auto store = Require(OpenSqliteStore(path, OpenMode::kCreate));
  const auto id = Require(store->CreateStudy(file.study, CalendarNow()));
  std::filesystem::create_directories(WorkRootOf(path));
  SignalWatch signals;
  StudyRunner runner(*store, file.study,
                     {.store_path = path,
                      .id = id,
                      .worker_command = {kProgram, "worker", path, "--study", "s"},
                      .on_progress =
                          [&](const Progress& progress) {
                            if (drop_folders && progress.counts.complete > 0) {
                              std::filesystem::remove_all(WorkDirOf(path, "s", 0, 1));
                            }
                          }},
                     signals, std::make_unique<LongerAndLonger>());
  CHECK(Require(runner.Run()) == RunEnd::kTooDear);
  return Require(store->LoadTrials(id));
}

double TotalOf(const Trial& trial) {
  return FindPhase(trial.energy, kTotalPhase)->figure->joules.value();
}

}  // namespace

TEST_CASE("a trial that goes on with a shorter one has its folder, and costs what both cost") {
  const ScratchFolder folder;
  const auto trials = RunLonger(folder, false);
  REQUIRE(trials.size() == 3);
  CHECK_FALSE(trials[0].continues);
  CHECK(trials[1].continues == 0);
  CHECK(trials[0].values.at("from") == 0);
  CHECK(trials[1].values.at("from") == 2);
  CHECK(trials[2].values.at("from") == 6);
  double sum = 0.0;
  for (const Trial& trial : trials) {
    if (trial.continues) CHECK(trial.values.at("resumed_j") == Approx(sum));
    sum += TotalOf(trial);
    CHECK(trial.values.at("energy") == Approx(sum));
  }
}

TEST_CASE("a trial whose shorter one left no folder begins anew, and costs its own joules") {
  const ScratchFolder folder;
  const auto trials = RunLonger(folder, true);
  REQUIRE(trials.size() == 3);
  CHECK(trials[1].values.at("from") == 0);
  CHECK_FALSE(trials[1].values.contains("resumed_j"));
  CHECK(trials[1].values.at("energy") == Approx(TotalOf(trials[1])));
}

TEST_CASE("a trainer that says that it begins anew has its own joules, and no others") {
  const ScratchFolder folder;
  const auto trials = RunLonger(
      folder, false,
      std::string("echo '{\"joulefront\": \"anew\", \"reason\": \"no checkpoint\"}'\n") + kTrainer);
  REQUIRE(trials.size() == 3);
  for (const Trial& trial : trials) {
    CHECK(Name(trial.state) == "complete");
    CHECK_FALSE(trial.values.contains(std::string(kResumedJoules)));
    CHECK(trial.values.at("energy") == Approx(TotalOf(trial)));
  }
}

TEST_CASE("joules of another key are not added: such a trial has failed") {
  const ScratchFolder folder;
  const Study study = MakeStudy(StudyText({"true"}), folder.path());
  const auto phase = [](const std::string& host) {
    return PhaseEnergy{.phase = "total",
                       .wall = Seconds(1),
                       .cpu = Seconds(1),
                       .figure = EnergyFigure{.joules = Joules(2),
                                              .coverage = 1.0,
                                              .own_uncertainty = 0.0,
                                              .provenance = {.host = host},
                                              .division = {},
                                              .domains = {}}};
  };
  Origin origin{.trial = 4, .named = "attempt 1 of this trial"};
  origin.values = {{"error", 0.5}, {"energy", 2.0}};
  origin.energy = {phase("a")};
  AttemptResult same{.state = AttemptState::kComplete,
                     .values = {{"error", 0.1}, {"energy", 2.0}},
                     .energy = {phase("a")}};
  AddOrigin(study, origin, same);
  CHECK(same.values.at("energy") == 4.0);
  AttemptResult other = same;
  other.energy = {phase("b")};
  AddOrigin(study, origin, other);
  CHECK(Name(other.state) == "failed");
  CHECK_THAT(other.message,
             Catch::Contains("it went on with attempt 1 of this trial, whose joules"));
}

TEST_CASE(
    "an attempt that was interrupted is gone on with from its checkpoint, and its joules count") {
  const ScratchFolder folder;
  WriteAll(folder / "trainer.sh",
           "from=$(cat \"$JOULEFRONT_RESUME_DIR/checkpoint\" 2>/dev/null || echo 0)\n"
           "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done\n"
           "echo $((from+1)) > checkpoint\n"
           "[ $from -lt 2 ] && exit 143\n"
           "echo \"{\\\"joulefront\\\": \\\"result\\\", \\\"values\\\": {\\\"error\\\": 0.1, "
           "\\\"from\\\": $from}}\"\n");
  WriteAll(folder / "study.toml",
           "[study]\nname = 's'\n[objectives]\nerror = { direction = 'minimize' }\n"
           "energy = { direction = 'minimize', phase = 'total' }\n"
           "[space]\nsteps = { type = 'int', low = 2, high = 18, fidelity = true }\n"
           "[trainer]\ncommand = ['sh', 'trainer.sh']\nresumes = true\n"
           "[budget]\ntrials = 1\n");
  const auto file = Require(ReadStudyFile(folder / "study.toml"));
  const std::string path = folder / "s.db";
  const auto store = Require(OpenSqliteStore(path, OpenMode::kCreate));
  const auto id = Require(store->CreateStudy(file.study, CalendarNow()));
  std::filesystem::create_directories(WorkRootOf(path));
  SignalWatch signals;
  StudyRunner runner(
      *store, file.study,
      {.store_path = path, .id = id, .worker_command = {kProgram, "worker", path, "--study", "s"}},
      signals);
  CHECK(Require(runner.Run()) == RunEnd::kBudgetSpent);
  const Trial trial = Require(store->LoadTrial(id, 0));
  CHECK(trial.values.at("from") == 2);
  double sum = 0.0;
  for (const Attempt& attempt : Require(store->LoadAttempts(id, 0))) {
    sum += FindPhase(attempt.energy, kTotalPhase)->figure->joules.value();
  }
  CHECK(trial.attempts == 3);
  CHECK(trial.values.at("energy") == Approx(sum));
  CHECK(trial.values.at("resumed_j") == Approx(sum - TotalOf(trial)));
}

TEST_CASE("an attempt without a checkpoint, or with unknown joules, is begun anew") {
  const ScratchFolder folder;
  const Study study = MakeStudy(StudyText({"true"}), folder.path());
  Attempt attempt;
  attempt.state = AttemptState::kInterrupted;
  attempt.energy = {{"total", Seconds(1), Seconds(1), EnergyFigure{.joules = Joules(2)}}};
  const auto in = [&](int) { return folder / "work"; };
  CHECK_FALSE(EarlierAttempts(study, {attempt}, 2, in));
  std::filesystem::create_directories(folder / "work");
  WriteAll(folder / "work/checkpoint.pt", "state");
  REQUIRE(EarlierAttempts(study, {attempt}, 2, in));
  CHECK(EarlierAttempts(study, {attempt}, 2, in)->energy[0].figure->joules == Joules(2));
  Attempt never_begun;
  never_begun.number = 2;
  never_begun.state = AttemptState::kInterrupted;
  REQUIRE(EarlierAttempts(study, {attempt, never_begun}, 3, in));
  CHECK(EarlierAttempts(study, {attempt, never_begun}, 3, in)->attempt == 1);
  attempt.state = AttemptState::kLost;
  CHECK_FALSE(EarlierAttempts(study, {attempt}, 2, in));
  attempt.state = AttemptState::kInterrupted;
  attempt.energy[0].figure.reset();
  CHECK_FALSE(EarlierAttempts(study, {attempt}, 2, in));
}
