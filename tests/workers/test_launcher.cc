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
