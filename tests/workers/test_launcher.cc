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

#ifdef JOULEFRONT_POSTGRESQL
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
