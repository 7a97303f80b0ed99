// kill -9 of anything at any moment: run again, and nothing finished is lost or changed, no trainer
// is left, and no joule dropped.
#include "tests/workers/whole_studies.h"
#include "workers/trainer_command.h"
#include "workers/worker.h"

using namespace joulefront;

namespace {

constexpr const char* kSettings = "[budget]\ntrials = 8\n[workers]\ncount = 2\ngrace = '1 s'\n";

/// Starts a study and waits until three trials are complete and two are in the midst of training,
/// with joules recorded.
std::unique_ptr<Job> RunToMidStudy(WholeStudy& study) {
  auto run = study.Run();
  const bool there = Eventually([&] {
    const auto running = study.Attempts(AttemptState::kRunning);
    return study.Finished().size() == 3 && running.size() == 2 && AllHaveJoules(running);
  });
  INFO(run->output());
  REQUIRE(there);
  return run;
}

/// Opens the gate, runs the study to its end, and checks what must be right then.
void RunAgainAndCheck(WholeStudy& study, const std::vector<Trial>& finished_before) {
  study.OpenGate();
  auto again = study.Run("again");
  const int status = again->Wait();
  INFO(again->output());
  CHECK(status == 0);
  const auto trials = study.Trials();
  CHECK(trials.size() == 8);
  CHECK(study.Counts().complete == 8);
  CheckUnchanged(finished_before, trials);
  CHECK(study.Attempts(AttemptState::kRunning).empty());
  CHECK(AllHaveJoules(study.Attempts(AttemptState::kLost)));
  CHECK(AllHaveJoules(study.Attempts(AttemptState::kInterrupted)));
  CHECK(ProcessesOf(study.folder().path()) == std::vector<std::string>{});
}

}  // namespace

TEST_CASE("kill -9 of a worker: its trial is tried again at once, in the same run") {
  WholeStudy study(kGated, kSettings);
  auto run = RunToMidStudy(study);
  const auto finished = study.Finished();
  const Attempt victim = study.Attempts(AttemptState::kRunning).front();
  kill(static_cast<pid_t>(victim.worker.pid), SIGKILL);
  CHECK(Eventually([&] {
    const auto running = study.Attempts(AttemptState::kRunning);
    return study.Attempts(AttemptState::kLost).size() == 1 && running.size() == 2 &&
           AllHaveJoules(running);
  }));
  const auto lost = study.Attempts(AttemptState::kLost);
  REQUIRE(lost.size() == 1);
  CHECK(lost[0].trial == victim.trial);
  CHECK(lost[0].message == "its worker " + victim.worker.name + " vanished");
  CHECK(AllHaveJoules(lost));
  CHECK(FindPhase(lost[0].energy, kTotalPhase)->figure->joules >=
        FindPhase(victim.energy, kTotalPhase)->figure->joules);
  // Nothing works in the folder of the killed attempt, not even what left the trainer's session.
  CHECK(ProcessesOf(WorkDirOf(study.store_path(), "s", victim.trial, victim.number)).empty());
  study.OpenGate();
  const int status = run->Wait();
  INFO(run->output());
  CHECK(status == 0);
  CHECK(study.Counts().complete == 8);
  CHECK(study.Trials().at(static_cast<std::size_t>(victim.trial)).attempts == 2);
  CheckUnchanged(finished, study.Trials());
  CHECK(ProcessesOf(study.folder().path()) == std::vector<std::string>{});
}

TEST_CASE("kill -9 of a worker leaves nothing, even of trainers that hide their children") {
  WholeStudy study("env -i setsid sleep 600 &\nwhile true; do sleep 0.05; done\n",
                   "[budget]\ntrials = 1\n[workers]\nattempts = 2\ngrace = '1 s'\n");
  auto run = study.Run();
  const auto running = [&] { return study.Attempts(AttemptState::kRunning); };
  REQUIRE(Eventually([&] { return running().size() == 1 && AllHaveJoules(running()); }));
  const Attempt victim = running().front();
  kill(static_cast<pid_t>(victim.worker.pid), SIGKILL);
  const std::string folder = WorkDirOf(study.store_path(), "s", victim.trial, victim.number);
  CHECK(Eventually([&] { return ProcessesOf(folder).empty(); }));
  run->Kill(SIGTERM);
  CHECK(run->Wait() == 143);
}

TEST_CASE("kill -9 of run: its workers stop by themselves, and running again goes on") {
  WholeStudy study(kGated, kSettings);
  auto run = RunToMidStudy(study);
  const auto finished = study.Finished();
  run->Kill(SIGKILL);
  CHECK(run->Wait() == 1000 + SIGKILL);
  // Its workers are told by the kernel; with them end their trainers and those trainers' children.
  CHECK(Eventually([&] { return ProcessesOf(study.folder().path()).empty(); }));
  CHECK(study.Attempts(AttemptState::kRunning).empty());
  CHECK(study.Attempts(AttemptState::kInterrupted).size() == 2);
  RunAgainAndCheck(study, finished);
}

TEST_CASE("kill -9 of run and of its workers: running again finds what is left and goes on") {
  WholeStudy study(kGated, kSettings);
  auto run = RunToMidStudy(study);
  const auto finished = study.Finished();
  const auto running = study.Attempts(AttemptState::kRunning);
  run->Kill(SIGKILL);
  for (const Attempt& attempt : running) kill(static_cast<pid_t>(attempt.worker.pid), SIGKILL);
  CHECK(run->Wait() == 1000 + SIGKILL);
  RunAgainAndCheck(study, finished);
  CHECK(study.Attempts(AttemptState::kLost).size() +
            study.Attempts(AttemptState::kInterrupted).size() ==
        2);
}

TEST_CASE("a trial whose workers are killed again and again fails when its attempts are spent") {
  WholeStudy study("kill -9 $PPID\nsleep 60\n", "[budget]\ntrials = 1\n[workers]\nattempts = 2\n");
  auto run = study.Run();
  const int status = run->Wait();
  INFO(run->output());
  CHECK(status == 4);
  const auto trials = study.Trials();
  REQUIRE(trials.size() == 1);
  CHECK(Name(trials[0].state) == "failed");
  CHECK(trials[0].failure == FailureClass::kLost);
  CHECK(trials[0].attempts == 2);
}

TEST_CASE("SIGINT stops cleanly with 130 and SIGTERM with 143; the next run completes the study") {
  for (const auto& [signal, code] : {std::pair(SIGINT, 130), std::pair(SIGTERM, 143)}) {
    WholeStudy study(kGated, kSettings);
    auto run = RunToMidStudy(study);
    const auto finished = study.Finished();
    run->Kill(signal);
    const int status = run->Wait();
    INFO(run->output());
    CHECK(status == code);
    CHECK_THAT(run->output(), Catch::Contains("interrupted; run it again to go on"));
    const TrialCounts counts = study.Counts();
    CHECK(counts.running == 0);
    CHECK(counts.failed == 0);
    CHECK(counts.waiting >= 2);
    CHECK(ProcessesOf(study.folder().path()) == std::vector<std::string>{});
    CHECK(study.Attempts(AttemptState::kInterrupted).size() == 2);
    RunAgainAndCheck(study, finished);
  }
}

TEST_CASE("a second SIGINT waits for no grace") {
  WholeStudy study("trap '' TERM INT\nwhile true; do sleep 0.02; done\n",
                   "[budget]\ntrials = 2\n[workers]\ngrace = '10 min'\n");
  auto run = study.Run();
  REQUIRE(Eventually([&] { return study.Attempts(AttemptState::kRunning).size() == 1; }));
  run->Kill(SIGINT);
  REQUIRE(Eventually([&] { return run->output().find("stopping") != std::string::npos; }));
  run->Kill(SIGINT);
  CHECK(run->Wait(Seconds(20.0)) == 130);
  CHECK(study.Counts().waiting >= 1);
  CHECK(ProcessesOf(study.folder().path()) == std::vector<std::string>{});
}

TEST_CASE("a worker that hangs does not hold up a run that is told twice to stop") {
  WholeStudy study(kGated, kSettings);
  auto run = RunToMidStudy(study);
  const auto worker = static_cast<pid_t>(study.Attempts(AttemptState::kRunning).front().worker.pid);
  kill(worker, SIGSTOP);
  run->Kill(SIGTERM);
  CHECK(run->Wait(Seconds(20.0)) == 143);
  CHECK(study.Attempts(AttemptState::kRunning).empty());
  CHECK(ProcessesOf(study.folder().path()) == std::vector<std::string>{});
}

TEST_CASE("a run under nohup outlives its terminal") {
  WholeStudy study(kGated, kSettings);
  auto run = study.RunAfter("trap '' HUP");
  REQUIRE(Eventually([&] { return study.Finished().size() == 3; }));
  run->Kill(SIGHUP);
  study.OpenGate();
  const int status = run->Wait();
  INFO(run->output());
  CHECK(status == 0);
  CHECK(study.Counts().complete == 8);
}

TEST_CASE("a result that comes after its lease was lost changes nothing") {
  WholeStudy study(std::string("while [ ! -e \"$1/go\" ]; do sleep 0.02; done\n") + kReportNumber,
                   "[budget]\ntrials = 1\n");
  auto store = Require(OpenSqliteStore(study.store_path(), OpenMode::kCreate));
  const Study parsed = MakeStudy(ReadAll(study.folder() / "study.toml"), study.folder().path());
  const StudyId id = Require(store->CreateStudy(parsed, CalendarNow()));
  Require(store->AddTrial(id,
                          {.configuration = R"({"x":0.5})", .proposed_by = "test", .reason = {}},
                          {}, CalendarNow()));
  const pid_t worker = fork();
  if (worker == 0) {
    SignalWatch signals;
    auto own = OpenSqliteStore(study.store_path(), OpenMode::kWrite);
    if (!own) _exit(3);
    const WorkerOptions options{.store_path = study.store_path(), .lease = Seconds(1.2)};
    _exit(Work(**own, id, options, signals) ? 0 : 4);
  }
  REQUIRE(Eventually([&] {
    const auto running = study.Attempts(AttemptState::kRunning);
    return running.size() == 1 && AllHaveJoules(running);
  }));

  // The worker is stopped while its trainer comes to a good end, and its lease runs out meanwhile.
  kill(worker, SIGSTOP);
  study.OpenGate();
  int reclaimed = 0;
  CHECK(Eventually([&] {
    return (reclaimed = Require(ReclaimLostAttempts(*store, id, parsed, study.store_path()))) > 0;
  }));
  CHECK(reclaimed == 1);
  CHECK(study.Counts().waiting == 1);

  // Somebody else takes the trial, and finishes it.
  const auto claim = Require(
      store->ClaimTrial(id, ThisWorker(9), CalendarNow() + std::chrono::hours(1), CalendarNow()));
  REQUIRE(claim);
  CHECK(claim->attempt == 2);
  const auto finished = store->FinishAttempt(
      *claim, {.state = AttemptState::kComplete, .values = {{"error", 0.75}, {"energy", 1.0}}}, {},
      CalendarNow());
  REQUIRE(finished);
  const auto before = study.Trials();

  kill(worker, SIGCONT);
  CHECK(Eventually([&] { return ProcessesOf(WorkDirOf(study.store_path(), "s", 0, 1)).empty(); }));
  REQUIRE(store->SetOpen(id, false));
  int status = -1;
  CHECK(Eventually([&] { return waitpid(worker, &status, WNOHANG) == worker; }));
  CHECK(status == 0);
  CheckUnchanged(before, study.Trials());
  CHECK(study.Trials()[0].values.at("error") == 0.75);
  const auto lost = study.Attempts(AttemptState::kLost);
  CHECK(lost.size() == 1);
  CHECK(AllHaveJoules(lost));
}
