// How workers are started elsewhere.
#include "tests/workers/whole_studies.h"
#include "workers/launcher.h"

#ifdef JOULEFRONT_POSTGRESQL
#include "tests/study_store/postgres_database.h"
#endif

using namespace joulefront;

using Words = std::vector<std::string>;

TEST_CASE("a launch command has the worker's words, or their text for a shell, and the slot") {
  const Words worker = {"/opt/joule front", "worker", "postgresql://h/d?sslmode=require", "it's"};
  CHECK(FillLaunchCommand({"kubectl", "exec", "pod-{slot}", "--", "{worker}"}, worker, 3) ==
        Words{"kubectl", "exec", "pod-3", "--", worker[0], worker[1], worker[2], worker[3]});
  CHECK(FillLaunchCommand({"ssh", "node{slot}", "cd /shared && {worker}"}, worker, 0) ==
        Words{"ssh", "node0",
              "cd /shared && '/opt/joule front' worker 'postgresql://h/d?sslmode=require' "
              "'it'\\''s'"});
}

namespace {

/// Stand-ins for Slurm's commands, which write down how they were called.
class FakeSlurm {
 public:
  FakeSlurm() : path_(std::getenv("PATH")) {
    Answer("sbatch", "echo 17");
    Answer("squeue", "true");
    Answer("scancel", "true");
    setenv("PATH", (folder_.path() + ":" + path_).c_str(), 1);
  }
  ~FakeSlurm() { setenv("PATH", path_.c_str(), 1); }
  FakeSlurm(const FakeSlurm&) = delete;
  FakeSlurm& operator=(const FakeSlurm&) = delete;

  void Answer(const std::string& command, const std::string& script) {
    WriteAll(
        folder_ / command,
        "#!/bin/sh\necho \"" + command + " $*\" >> " + (folder_ / "calls") + "\n" + script + "\n",
        true);
  }
  std::string calls() const { return ReadAll(folder_ / "calls"); }

 private:
  ScratchFolder folder_;
  std::string path_;
};

LaunchPlan SlurmPlan(std::vector<std::string>& said) {
  return {.worker = {"/opt/joulefront", "worker", "postgresql://h/d?sslmode=require"},
          .study = "digits",
          .folder = "/shared/d.work",
          .most = 4,
          .threads = 2,
          .say = [&said](const std::string& line) { said.push_back(line); }};
}

}  // namespace

TEST_CASE(
    "as many jobs are submitted to Slurm as there is work for, with what the study file says") {
  FakeSlurm slurm;
  std::vector<std::string> said;
  const auto launcher = MakeSlurmLauncher(
      SlurmPlan(said),
      {.partition = "gpu", .time = "4:00:00", .gpus = 1, .options = {"--qos=low"}});
  REQUIRE(launcher->Keep(3));
  for (const char* option :
       {"--job-name=joulefront-digits", "--array=0-2 ", "--partition=gpu", "--time=4:00:00",
        "--cpus-per-task=2", "--gres=gpu:1", "--qos=low", "--requeue",
        "--wrap=exec /opt/joulefront worker 'postgresql://h/d?sslmode=require' --idle 5min "
        "--slot "}) {
    CHECK_THAT(slurm.calls(), Catch::Contains(option));
  }
  CHECK(launcher->HasAny());
  launcher->Stop();
  CHECK_THAT(slurm.calls(), Catch::Contains("scancel --name=joulefront-digits"));
}

TEST_CASE(
    "jobs that wait in Slurm's queue are told with Slurm's reason, and what sbatch refuses too") {
  FakeSlurm slurm;
  std::vector<std::string> said;
  slurm.Answer("squeue", "echo 'PENDING PartitionConfig'; echo 'PENDING PartitionConfig'");
  const auto launcher = MakeSlurmLauncher(SlurmPlan(said), {});
  REQUIRE(launcher->Keep(2));
  CHECK(said == Words{"workers wait in Slurm's queue: PartitionConfig"});
  CHECK(slurm.calls().find("sbatch") == std::string::npos);  // they are enough
  slurm.Answer("squeue", "true");
  slurm.Answer("sbatch", "echo 'invalid partition'; echo 'no job' >&2; exit 1");
  const auto refused = MakeSlurmLauncher(SlurmPlan(said), {})->Keep(2);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Catch::StartsWith("sbatch: invalid partition"));
}

TEST_CASE("jobs of a study that another process launches for now are left to it") {
  FakeSlurm slurm;
  std::vector<std::string> said;
  const auto launcher = MakeSlurmLauncher(SlurmPlan(said), {});
  REQUIRE(launcher->Keep(2));
  launcher->HandOver();
  launcher->Dismiss();
  launcher->Stop();
  CHECK_FALSE(launcher->HasAny());
  CHECK(slurm.calls().find("scancel") == std::string::npos);
}

TEST_CASE("workers elsewhere need a store that machines can share") {
  WholeStudy study(kReportNumber, "[budget]\ntrials = 3\n");
  auto run = study.Run("run", {"--launch", "slurm"});
  CHECK(run->Wait() == 2);
  CHECK_THAT(run->output(), Catch::Contains("--store postgresql://HOST/DATABASE"));
  auto unknown = study.Run("unknown", {"--launch", "rocket"});
  CHECK(unknown->Wait() == 2);
  CHECK_THAT(unknown->output(), Catch::Contains("local, command or slurm"));
}

TEST_CASE(
    "a study that requires a label is worked on by workers that have it, and refused by others") {
  WholeStudy study(kReportNumber, "[budget]\ntrials = 3\n[workers]\nrequires = { gpu = 'h100' }\n");
  auto without = study.Run("without", {"--label", "gpu=a100"});
  CHECK(without->Wait() == 1);
  CHECK_THAT(ReadAll(study.folder() / "s.work/worker-0.log"), Catch::Contains("--label gpu=h100"));
  auto with = study.Run("with", {"--label", "gpu=h100"});
  CHECK(with->Wait() == 0);
  CHECK(study.Counts().complete == 3);
  Job bad(study.folder(), "bad", {kProgram, "worker", "s.db", "--label", "h100"});
  CHECK(bad.Wait() == 2);
}

TEST_CASE("a trial that asks for a label is trained by workers that have it") {
  WholeStudy study(kReportNumber,
                   "[budget]\ntrials = 12\n[workers]\nrequires = { gpu = '{gpu}' }\n");
  std::string text = ReadAll(study.folder() / "study.toml");
  const std::string space = "[space]\n";
  text.insert(text.find(space) + space.size(),
              "gpu = { type = 'categorical', choices = ['a100', 'h100'] }\n");
  WriteAll(study.folder() / "study.toml", text);
  auto run = study.Run("run", {"--label", "gpu=a100"});
  REQUIRE(Eventually([&] { return study.Counts().complete > 0; }));
  Job other(study.folder(), "other",
            {kProgram, "worker", "s.db", "--label", "gpu=h100", "--slot", "7"});
  CHECK(run->Wait() == 0);
  CHECK(other.Wait() == 0);
  CHECK(study.Counts().complete == 12);
  const auto trials = study.Trials();
  std::size_t h100 = 0;
  for (const Attempt& attempt : study.Attempts(AttemptState::kComplete)) {
    const auto& configuration = trials.at(static_cast<std::size_t>(attempt.trial)).configuration;
    const bool asks = configuration.find("h100") != std::string::npos;
    CHECK(asks == attempt.worker.name.ends_with(":7"));
    h100 += asks;
  }
  CHECK(h100 > 0);
  Job wrong(study.folder(), "wrong", {kProgram, "worker", "s.db", "--label", "cpu=any"});
  CHECK(wrong.Wait() == 2);
}

TEST_CASE("a worker for all studies works on each, on those that are made later too, until told") {
  WholeStudy study(kReportNumber, "");
  const auto store = Require(OpenSqliteStore(study.store_path(), OpenMode::kCreate));
  const auto add = [&](const std::string& name) {
    Study made = MakeStudy(ReadAll(study.folder() / "study.toml"), study.folder().path());
    made.name = name;
    const StudyId id = Require(store->CreateStudy(made, CalendarNow()));
    Require(store->AddTrial(id, {.configuration = "{\"x\":0.5}", .proposed_by = "sobol"}, {},
                            CalendarNow()));
    return id;
  };
  const StudyId first = add("first"), second = add("second");
  Job worker(study.folder(), "worker", {kProgram, "worker", "s.db", "--all"});
  const auto done = [&](StudyId id) {
    return Eventually([&] { return Require(store->CountTrials(id)).complete == 1; });
  };
  CHECK(done(first));
  CHECK(done(second));
  CHECK(done(add("later")));
  worker.Kill(SIGTERM);
  CHECK(worker.Wait() == 143);
}

TEST_CASE("a worker for all studies goes on when one of them cannot be run here") {
  WholeStudy study(kReportNumber, "");
  const auto store = Require(OpenSqliteStore(study.store_path(), OpenMode::kCreate));
  const auto add = [&](const std::string& name, bool broken) {
    Study made = MakeStudy(ReadAll(study.folder() / "study.toml"), study.folder().path());
    made.name = name;
    if (broken) made.trainer.command = {"no-such-trainer"};
    const StudyId id = Require(store->CreateStudy(made, CalendarNow()));
    Require(store->AddTrial(id, {.configuration = "{\"x\":0.5}", .proposed_by = "sobol"}, {},
                            CalendarNow()));
    return id;
  };
  add("broken", true);
  const StudyId good = add("good", false);
  Job worker(study.folder(), "worker", {kProgram, "worker", "s.db", "--all", "--idle", "2 s"});
  CHECK(worker.Wait() == 0);
  INFO(worker.output());
  CHECK(Require(store->CountTrials(good)).complete == 1);
}

TEST_CASE("a worker ends by itself once nothing has waited for as long as it was told") {
  WholeStudy study(kReportNumber, "");
  const auto store = Require(OpenSqliteStore(study.store_path(), OpenMode::kCreate));
  Study made = MakeStudy(ReadAll(study.folder() / "study.toml"), study.folder().path());
  Require(store->CreateStudy(made, CalendarNow()));
  Job worker(study.folder(), "worker", {kProgram, "worker", "s.db", "--idle", "500 ms"});
  CHECK(worker.Wait() == 0);
  Job bad(study.folder(), "bad", {kProgram, "worker", "s.db", "--idle", "soon"});
  CHECK(bad.Wait() == 2);
}

#ifdef JOULEFRONT_POSTGRESQL
TEST_CASE("where Slurm is not installed nothing is stored") {
  PostgresDatabase database;
  WholeStudy study(kReportNumber, "[budget]\ntrials = 6\n");
  const std::string path = std::getenv("PATH");
  setenv("PATH", study.folder().path().c_str(), 1);
  Job run(study.folder(), "run",
          {kProgram, "run", "study.toml", "--store", database.url(), "--launch", "slurm"});
  setenv("PATH", path.c_str(), 1);
  CHECK(run.Wait() == 1);
  CHECK_THAT(run.output(), Catch::Contains("Slurm's sbatch was not found"));
  CHECK_FALSE(OpenStore(database.url(), OpenMode::kRead).has_value());
}

TEST_CASE("a study runs on workers that a command of the user's starts") {
  PostgresDatabase database;
  WholeStudy study(kReportNumber,
                   "[budget]\ntrials = 6\n[workers]\ncount = 2\n"
                   "[launch]\ncommand = ['sh', '-c', 'echo slot {slot} >> started; {worker}']\n");
  Job run(study.folder(), "run",
          {kProgram, "run", "study.toml", "--store", database.url(), "--launch", "command"});
  const int status = run.Wait();
  INFO(run.output());
  CHECK(status == 0);
  CHECK(Require(database.Open(OpenMode::kRead)->CountTrials(1)).complete == 6);
  CHECK_THAT(ReadAll(study.folder() / "started"), Catch::Contains("slot 0"));
}

TEST_CASE("a run whose lead another took while it was cut off ends, and leaves the study to that") {
  PostgresDatabase database;
  WholeStudy study(kGated, "[budget]\ntrials = 8\n[workers]\ncount = 1\ngrace = '1 s'\n");
  const Words command = {kProgram, "run", "study.toml", "--store", database.url()};
  Job first(study.folder(), "first", command);
  const auto store = database.Open();
  REQUIRE(Eventually([&] {
    const auto counts = store->CountTrials(1);
    return counts && counts->complete == 3 && counts->running == 1;
  }));
  first.Kill(SIGSTOP);
  Job second(study.folder(), "second", command);
  REQUIRE(Eventually([&] { return second.output().find("watching") != std::string::npos; }));
  database.Run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
      " AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')");
  // The second has started.
  REQUIRE(Eventually([&] { return Require(database.Open()->LoadEvents(1)).size() >= 2; }));
  first.Kill(SIGCONT);
  CHECK(first.Wait() == 1);
  CHECK_THAT(first.output(), Catch::Contains("took the study over"));
  study.OpenGate();
  const int status = second.Wait();
  INFO(second.output());
  CHECK(status == 0);
  CHECK(Require(database.Open()->CountTrials(1)).complete == 8);
}

TEST_CASE(
    "a second run of a study in PostgreSQL watches, and takes over when the first is killed") {
  PostgresDatabase database;
  WholeStudy study(kGated, "[budget]\ntrials = 8\n[workers]\ncount = 2\ngrace = '1 s'\n");
  const Words command = {kProgram, "run", "study.toml", "--store", database.url()};
  Job first(study.folder(), "first", command);
  const auto store = database.Open();
  REQUIRE(Eventually([&] {
    const auto counts = store->CountTrials(1);
    return counts && counts->complete == 3 && counts->running == 2;
  }));
  Job second(study.folder(), "second", command);
  REQUIRE(Eventually([&] { return second.output().find("watching") != std::string::npos; }));
  first.Kill(SIGKILL);
  first.Wait();
  study.OpenGate();
  const int status = second.Wait();
  INFO(second.output());
  CHECK(status == 0);
  CHECK(Require(store->CountTrials(1)).complete == 8);
  CHECK(ProcessesOf(study.folder().path()) == Words{});
}
#endif
