// [trainer] preload = true: a worker loads a trainer once, and forks a process an attempt.
#include <set>

#include "tests/workers/whole_studies.h"

using namespace joulefront;

namespace {

/// A study of six trials in one worker, whose trainer is counting_trainer.cc, told to do something.
class PreloadedStudy : public WholeStudy {
 public:
  explicit PreloadedStudy(const std::string& what) : WholeStudy("", "") {
    std::string text =
        StudyText({JOULEFRONT_BIN_DIR "/counting-trainer", what}, "[budget]\ntrials = 6\n");
    text.replace(text.find("[trainer]\n"), 10, "[trainer]\npreload = true\n");
    WriteAll(folder() / "study.toml", text);
  }
};

}  // namespace

TEST_CASE(
    "a trainer that is kept loaded is loaded once, and each attempt is a process of its own") {
  PreloadedStudy study("go");
  auto run = study.Run();
  const int status = run->Wait();
  INFO(run->output());
  REQUIRE(status == 0);
  const auto trials = study.Finished();
  REQUIRE(trials.size() == 6);
  for (const Trial& trial : trials) {
    CHECK(trial.state == TrialState::kComplete);
    CHECK(trial.values.at("loads") == 1);
    CHECK(trial.values.at("calls") == 1);  // nothing of an earlier attempt is left
  }
  CHECK(AllHaveJoules(study.Attempts(AttemptState::kComplete)));
}

TEST_CASE("a trainer that is kept loaded has what any has, and no file of its worker") {
  PreloadedStudy study("go");
  auto run = study.Run();
  REQUIRE(run->Wait() == 0);
  for (const Trial& trial : study.Finished()) {
    CHECK(trial.values.at("at_home") == 1);
    CHECK(trial.values.at("arguments") == 2);
    CHECK(trial.values.at("files") == 0);
  }
}

TEST_CASE("a crash of a trainer that is kept loaded costs its trial alone") {
  PreloadedStudy study("crash-at-3");
  auto run = study.Run();
  REQUIRE(run->Wait() == 0);
  CHECK(study.Counts().complete == 5);
  CHECK(study.Counts().failed == 1);
  std::set<std::string> workers;
  for (const Attempt& attempt : study.Attempts(AttemptState::kComplete)) {
    workers.insert(attempt.worker.name);
  }
  CHECK(workers.size() == 1);
}

TEST_CASE("kill -9 of a worker takes the trainer along that it forked") {
  PreloadedStudy study("wait");
  auto run = study.Run();
  REQUIRE(Eventually([&] {
    const auto running = study.Attempts(AttemptState::kRunning);
    return running.size() == 1 && AllHaveJoules(running);
  }));
  run->Kill(SIGKILL);
  run->Wait();
  CHECK(Eventually([&] { return ProcessesOf(study.folder().path()).empty(); }));
}

TEST_CASE("preload = true is refused before anything runs where there is nothing to load") {
  WholeStudy study(kReportNumber, "");
  std::string text = StudyText({"sh", "trainer.sh"}, "[budget]\ntrials = 6\n");
  text.replace(text.find("[trainer]\n"), 10, "[trainer]\npreload = true\n");
  WriteAll(study.folder() / "study.toml", text);
  auto run = study.Run();
  CHECK(run->Wait() == 2);
  CHECK_THAT(run->output(), Catch::Contains("there is no 'sh.so' to load"));
  CHECK(study.Trials().empty());
}

TEST_CASE("the library of a program that is a link lies where the link leads") {
  namespace fs = std::filesystem;
  WholeStudy study("", "");
  fs::create_directories(study.folder() / "lib");
  fs::copy_file(JOULEFRONT_BIN_DIR "/counting-trainer.so", study.folder() / "lib/trainer.so");
  WriteAll(study.folder() / "lib/trainer", "");
  fs::create_symlink("lib/trainer", study.folder() / "linked");
  std::string text = StudyText({"./linked", "go"}, "[budget]\ntrials = 2\n");
  text.replace(text.find("[trainer]\n"), 10, "[trainer]\npreload = true\n");
  WriteAll(study.folder() / "study.toml", text);
  auto run = study.Run();
  const int status = run->Wait();
  INFO(run->output());
  CHECK(status == 0);
  CHECK(study.Counts().complete == 2);
}

TEST_CASE("what a trainer says that cannot be loaded is told, and its trials wait") {
  PreloadedStudy study("go");
  setenv("TEST_PRELOAD_FAILS", "1", 1);
  auto run = study.Run();
  unsetenv("TEST_PRELOAD_FAILS");
  CHECK(run->Wait() == 1);
  CHECK_THAT(ReadAll(study.folder() / "s.work/worker-0.log"),
             Catch::Contains("its disk is on fire"));
  CHECK(study.Counts().complete + study.Counts().failed == 0);
}
