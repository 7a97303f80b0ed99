// How a study comes to its end, and what it does when nothing goes well.
#include "study_store/study_file.h"
#include "tests/workers/whole_studies.h"
#include "workers/study_runner.h"
#include "workers/trainer_command.h"

using namespace joulefront;

namespace {

/// Runs to the end and gives the exit status.
int RunAndWait(WholeStudy& study, std::string* output = nullptr) {
  auto run = study.Run();
  const int status = run->Wait();
  if (output != nullptr) *output = run->output();
  return status;
}

/// Some 20 ms of work, so that there are joules.
const std::string kWorks =
    "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done\n" + std::string(kReportNumber);

/// Two points, a third when both are evaluated, and nothing cheap enough beyond.
class OneAfterAnother : public Sampler {
 public:
  Proposed Propose(const SearchSpace&, const History& history, const Terms& terms) const override {
    REQUIRE(terms.cost_budget == 1e6);
    REQUIRE(terms.cost_left);
    const bool fits = history.size() < 2 || (history.size() == 2 && history.evaluated() == 2);
    if (!fits) return tl::unexpected(NoProposal::kTooDear);
    return Proposal{{0.25 * static_cast<double>(history.size())}, "test", "next"};
  }
};

}  // namespace

TEST_CASE("a budget of trials is met exactly, by any number of workers") {
  WholeStudy study(kReportNumber, "[budget]\ntrials = 23\n[workers]\ncount = 4\n");
  CHECK(RunAndWait(study) == 0);
  CHECK(study.Trials().size() == 23);
  CHECK(study.Counts().complete == 23);
  const auto before = study.Trials();
  CHECK(RunAndWait(study) == 0);  // nothing is left to do
  CHECK(study.Trials().size() == 23);
  study.WriteStudy("[budget]\ntrials = 25\n[workers]\ncount = 1\n");
  CHECK(RunAndWait(study) == 0);
  CHECK(study.Counts().complete == 25);
  CheckUnchanged(before, study.Trials());
}

TEST_CASE("a budget of joules stops the study") {
  WholeStudy study(kWorks, "[budget]\nenergy = '2 J'\n[workers]\ncount = 2\n");
  std::string output;
  CHECK(RunAndWait(study, &output) == 0);
  INFO(output);
  const auto store = Require(OpenSqliteStore(study.store_path(), OpenMode::kRead));
  const auto spent = Require(store->EnergySpent(1));
  const TrialCounts counts = study.Counts();
  CHECK(counts.complete > 0);
  CHECK(counts.running == 0);
  // Two trials may be under way when it is spent.
  const double mean = spent.joules.value() / static_cast<double>(counts.complete);
  // Attempts' joules, and those of the search, which stand beside them.
  CHECK(spent.search.value() > 0.0);
  CHECK(spent.joules.value() <= 2.0 + 3.0 * mean);
  CHECK(spent.joules.value() >= 2.0 - 6.0 * mean);
  const auto before = study.Trials();
  CHECK(RunAndWait(study) == 0);
  CheckUnchanged(study.Finished(), before);
}

TEST_CASE(
    "a sampler that finds all too dear is asked again when something ended, then it is over") {
  WholeStudy study(kReportNumber, "[budget]\nenergy = '1 MJ'\n[workers]\ncount = 2\n");
  const auto file = Require(ReadStudyFile(study.folder() / "study.toml"));
  const auto store = Require(OpenSqliteStore(study.store_path(), OpenMode::kCreate));
  const auto id = Require(store->CreateStudy(file.study, CalendarNow()));
  SignalWatch signals;
  StudyRunner runner(
      *store, file.study,
      {.store_path = study.store_path(),
       .id = id,
       .worker_command = {kProgram, "worker", study.store_path(), "--study", file.study.name}},
      signals, std::make_unique<OneAfterAnother>());
  std::filesystem::create_directories(WorkRootOf(study.store_path()));
  CHECK(Require(runner.Run()) == RunEnd::kTooDear);
  CHECK(study.Counts().complete == 3);  // the third only when both before it had ended
  CHECK(study.Counts().total() == 3);
}

TEST_CASE("a budget of time stops the study; what runs then is finished") {
  WholeStudy study(std::string("sleep 0.2\n") + kReportNumber,
                   "[budget]\ntime = '1 s'\n[workers]\ncount = 2\n");
  const Seconds begin = MonotonicNow();
  std::string output;
  CHECK(RunAndWait(study, &output) == 0);
  INFO(output);
  CHECK(MonotonicNow() - begin >= Seconds(1.0));
  CHECK(MonotonicNow() - begin < Seconds(10.0));
  const TrialCounts counts = study.Counts();
  CHECK(counts.complete >= 2);
  CHECK(counts.running == 0);
  CHECK(counts.failed == 0);
}

TEST_CASE("a space with few configurations is tried out, each once, and the study ends well") {
  WholeStudy study(kReportNumber, "");
  std::string text = StudyText({"sh", "trainer.sh"}, "[budget]\ntrials = 100\n");
  const std::string was = "x = { type = 'float', low = 0.0, high = 1.0 }";
  text.replace(text.find(was), was.size(), "x = { type = 'int', low = 1, high = 5 }");
  WriteAll(study.folder() / "study.toml", text);
  std::string output;
  CHECK(RunAndWait(study, &output) == 0);
  CHECK_THAT(output, Catch::Contains("every configuration of the space has been tried"));
  CHECK(study.Counts().complete == 5);
  CHECK(study.Trials().size() == 5);
}

TEST_CASE("a study in which all fails stops early, with the reason, and may be tried again") {
  WholeStudy study("echo no such data >&2\nexit 3\n",
                   "[budget]\ntrials = 200\n[workers]\ncount = 2\n");
  std::string output;
  CHECK(RunAndWait(study, &output) == 1);
  CHECK_THAT(output, Catch::Contains("trials all failed"));
  CHECK_THAT(output, Catch::Contains("exit status 3; its last line: no such data"));
  const auto failed = study.Counts().failed;
  CHECK(failed >= 10);
  CHECK(failed < 20);
  CHECK(RunAndWait(study, &output) == 1);  // it is still no good
  CHECK(study.Counts().failed >= failed + 10);
  study.WriteTrainer(kReportNumber);
  study.WriteStudy("[budget]\ntrials = 45\n[workers]\ncount = 2\n");
  CHECK(RunAndWait(study, &output) == 0);
  CHECK(study.Counts().total() == 45);
}

TEST_CASE("a study without a complete trial ends with 4") {
  WholeStudy study("exit 3\n", "[budget]\ntrials = 2\n");
  CHECK(RunAndWait(study) == 4);
  CHECK(study.Counts().failed == 2);
}

TEST_CASE("a trainer that asks for an interruption is run again, and it counts as no failure") {
  WholeStudy study(std::string("[ $JOULEFRONT_ATTEMPT -ge 3 ] || exit 143\n") + kReportNumber,
                   "[budget]\ntrials = 2\n[workers]\nattempts = 1\n");
  CHECK(RunAndWait(study) == 0);
  const auto trials = study.Trials();
  REQUIRE(trials.size() == 2);
  CHECK(trials[0].attempts == 3);
  CHECK(study.Counts().complete == 2);
  CHECK(study.Attempts(AttemptState::kInterrupted).size() == 4);
}

TEST_CASE("a trainer that asks for interruptions without end fails after some") {
  WholeStudy study("exit 130\n", "[budget]\ntrials = 1\n");
  CHECK(RunAndWait(study) == 4);
  const auto trials = study.Trials();
  REQUIRE(trials.size() == 1);
  CHECK(Name(trials[0].state) == "failed");
  CHECK(trials[0].failure == FailureClass::kInterrupted);
  CHECK(trials[0].attempts == 1 + RetryLimits{}.interruptions);
}

TEST_CASE("a trial that we interrupt more often than that is none the worse for it") {
  WholeStudy study(std::string("while [ ! -e \"$1/go\" ]; do sleep 0.01; done\n") + kReportNumber,
                   "[budget]\ntrials = 1\n");
  for (std::size_t k = 1; k <= 12; ++k) {
    auto run = study.Run();
    REQUIRE(Eventually([&] { return study.Attempts(AttemptState::kRunning).size() == 1; }));
    run->Kill(SIGINT);
    REQUIRE(run->Wait() == 130);
    REQUIRE(study.Attempts(AttemptState::kInterrupted).size() == k);
  }
  study.OpenGate();
  CHECK(RunAndWait(study) == 0);
  CHECK(study.Counts().complete == 1);
}
