// Several processes on one study, and machines that refuse.
#include <sys/stat.h>

#include "tests/workers/whole_studies.h"

using namespace joulefront;

TEST_CASE("of two runs at once the second ends with 6 and disturbs nothing") {
  WholeStudy study(kGated, "[budget]\ntrials = 5\n");
  auto run = study.Run();
  REQUIRE(Eventually([&] { return study.Finished().size() == 3; }));
  auto second = study.Run("second");
  CHECK(second->Wait() == 6);
  CHECK_THAT(
      second->output(),
      Catch::Contains("another `joulefront run`, `confirm` or `ask-tell` is at work on 's.db'"));
  study.OpenGate();
  const int status = run->Wait();
  INFO(run->output());
  CHECK(status == 0);
  CHECK(study.Counts().complete == 5);
}

TEST_CASE("a worker that is started by hand takes its part, and ends with the study") {
  WholeStudy study(kGated, "[budget]\ntrials = 8\n[workers]\ncount = 1\n");
  auto run = study.Run();
  REQUIRE(Eventually([&] { return study.Finished().size() == 3; }));
  Job worker(study.folder(), "worker", {kProgram, "worker", "s.db", "--slot", "5"});
  CHECK(Eventually([&] { return study.Attempts(AttemptState::kRunning).size() == 2; }));
  const auto running = study.Attempts(AttemptState::kRunning);
  CHECK(std::count_if(running.begin(), running.end(), [&](const Attempt& attempt) {
          return attempt.worker.pid == worker.pid() && attempt.worker.name.ends_with(":5");
        }) == 1);
  study.OpenGate();
  CHECK(run->Wait() == 0);
  CHECK(worker.Wait() == 0);
  CHECK(study.Counts().complete == 8);
  CHECK_THAT(worker.output(), Catch::Contains("attempt 1: complete"));
}

TEST_CASE("a worker that is told to stop puts its trial back, and others take it") {
  WholeStudy study(kGated, "[budget]\ntrials = 6\n[workers]\ncount = 1\n");
  auto run = study.Run();
  REQUIRE(Eventually([&] { return study.Finished().size() == 3; }));
  Job worker(study.folder(), "worker", {kProgram, "worker", "s.db", "--slot", "5"});
  REQUIRE(Eventually([&] { return study.Attempts(AttemptState::kRunning).size() == 2; }));
  worker.Kill(SIGTERM);
  CHECK(worker.Wait() == 143);
  CHECK(study.Attempts(AttemptState::kInterrupted).size() == 1);
  study.OpenGate();
  CHECK(run->Wait() == 0);
  CHECK(study.Counts().complete == 6);
}

TEST_CASE("a store that can grow no more ends the run with the reason, and loses nothing") {
  WholeStudy study(kReportNumber, "[budget]\ntrials = 5\n");
  CHECK(study.Run()->Wait() == 0);
  const auto before = study.Finished();
  REQUIRE(before.size() == 5);
  study.WriteStudy("[budget]\ntrials = 600\n");
  auto run = study.RunAfter("ulimit -f 300");
  const int status = run->Wait(Seconds(60.0));
  INFO(run->output());
  CHECK(status == 1);
  CHECK_THAT(run->output(), Catch::Contains("s.db"));
  CHECK_THAT(run->output(),
             Catch::Contains("full") || Catch::Contains("too large") || Catch::Contains("disk"));
  CHECK(ProcessesOf(study.folder().path()) == std::vector<std::string>{});
  const auto after = study.Finished();
  CHECK(after.size() >= before.size());
  CHECK(after.size() < 600);
  CheckUnchanged(before, study.Trials());

  study.WriteStudy(fmt::format("[budget]\ntrials = {}\n", study.Trials().size() + 3));
  auto again = study.Run("again");
  CHECK(again->Wait() == 0);
  CheckUnchanged(after, study.Trials());
  CHECK(study.Counts().waiting + study.Counts().running + study.Counts().failed == 0);
}

TEST_CASE("the log of a worker follows no symbolic link, and is no pipe") {
  WholeStudy study(kReportNumber, "[budget]\ntrials = 2\n");
  const std::string log = study.folder() / "s.work/worker-0.log";
  const std::string victim = study.folder() / "precious";
  WriteAll(victim, "precious\n");
  std::filesystem::create_directories(study.folder() / "s.work");
  std::filesystem::create_symlink(victim, log);
  auto run = study.Run();
  CHECK(run->Wait() == 1);
  CHECK_THAT(run->output(), Catch::Contains("cannot write the log '" + log + "'"));
  CHECK(ReadAll(victim) == "precious\n");
  std::filesystem::remove(log);
  REQUIRE(mkfifo(log.c_str(), 0600) == 0);
  CHECK(study.Run("again")->Wait() == 1);
  std::filesystem::remove(log);
  CHECK(study.Run("then")->Wait() == 0);
  CHECK(study.Counts().failed == 0);
}

TEST_CASE("attempts' folders that cannot be made end the run with the reason, and fail no trial") {
  WholeStudy study(kReportNumber, "[budget]\ntrials = 3\n");
  CHECK(study.Run()->Wait() == 0);
  study.WriteStudy("[budget]\ntrials = 6\n");
  const std::string folders = study.folder() / "s.work/s";
  std::filesystem::rename(folders, folders + ".kept");
  WriteAll(folders, "a file in their place");
  auto run = study.Run();
  CHECK(run->Wait() == 1);
  CHECK_THAT(run->output(), Catch::Contains("times in vain"));
  CHECK_THAT(ReadAll(study.folder() / "s.work/worker-0.log"),
             Catch::Contains("cannot make the attempt's folder"));
  CHECK(study.Counts().failed == 0);
  std::filesystem::remove(folders);
  CHECK(study.Run()->Wait() == 0);
  CHECK(study.Counts().complete == 6);
}

TEST_CASE("a run whose standard files are closed runs like any other") {
  WholeStudy study(kReportNumber, "[budget]\ntrials = 3\n");
  CHECK(study.RunAfter("true", "<&- >&- 2>&-")->Wait() == 0);
  CHECK(study.Counts().complete == 3);
}
