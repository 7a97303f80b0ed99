// What this machine lacks for a while is no trial's fault.
#include <fcntl.h>
#include <sys/resource.h>

#include "base/shortage.h"
#include "tests/workers/attempts.h"
#include "tests/workers/whole_studies.h"

using namespace joulefront;

namespace {

/// Lets this process, and what it starts, open `more` files than it has open, for a while.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t more) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(next);
    const rlimit few{static_cast<rlim_t>(next) + more, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE(
    "without descriptors an attempt is not started, and neither fails nor changes its meter") {
  const ScratchFolder folder;
  WriteAll(folder / "trainer.sh", kReport);
  const Study study = MakeStudy(StudyText({"sh", "trainer.sh"}), folder.path());
  const Claim claim{.study = 1, .trial = 0, .attempt = 1, .worker = "w", .configuration = "{}"};
  auto prepared = Require(PrepareTrainer(study, claim, folder / "work", 0));
  const auto patterns = Require(MetricPatterns::Create(study.trainer.metrics));
  SignalWatch signals;
  BecomeSubreaper();
  const auto run = [&] {
    return RunAttempt(study, prepared, patterns, Metering{.machine = {}, .plan = PlanOf(study, 0)},
                      signals, {});
  };
  const AttemptEnd usual = run();
  REQUIRE_FALSE(usual.not_started);
  bool ran = false;
  for (rlim_t more = 0; !ran; ++more) {
    INFO(more << " descriptors");
    REQUIRE(more < 40);
    const AttemptEnd end = [&] {
      const FewDescriptors few(more);
      return run();
    }();
    ran = !end.not_started;
    if (ran) {
      CHECK(Name(Judge(study, end).state) == "complete");
      CHECK(end.energy.back().figure->provenance == usual.energy.back().figure->provenance);
    } else {
      INFO(end.not_started->message);
      CHECK(end.not_started->code == ErrorCode::kShortage);
      CHECK_FALSE(IsOfCommand(*end.not_started));
      if (more == 0) CHECK_THAT(end.not_started->message, Catch::Contains("Too many open files"));
    }
  }
  CHECK(ProcessesOf(folder.path()) == std::vector<std::string>{});
}

TEST_CASE("only a command that cannot be executed is the fault of its trial") {
  const ScratchFolder folder;
  WriteAll(folder / "plain", "#!/bin/sh\n");
  WriteAll(folder / "no_interpreter", "#!/nowhere/sh\n", true);
  for (const char* command : {"./plain", "./no_interpreter", "./none"}) {
    const Outcome outcome = RunCommand(folder, {command});
    REQUIRE(outcome.end.not_started);
    CHECK(IsOfCommand(*outcome.end.not_started));
    CHECK(outcome.result.failure == FailureClass::kNotStarted);
  }
}

TEST_CASE("a program that is being written is waited for, and no trial fails for it") {
  WholeStudy study("", "[budget]\ntrials = 2\n");
  const std::string program = study.folder() / "trainer";
  std::filesystem::copy_file("/bin/echo", program);
  WriteAll(study.folder() / "study.toml",
           StudyText({"./trainer", R"({{"joulefront": "result", "values": {{"error": 0.5}})"},
                     "[budget]\ntrials = 2\n"));
  FileDescriptor writer(open(program.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  auto run = study.Run();
  const std::string log = study.folder() / "s.work/worker-0.log";
  REQUIRE(Eventually([&] { return ReadAll(log).find("its trial waits") != std::string::npos; }));
  CHECK_THAT(ReadAll(log), Catch::Contains("busy"));
  writer.Close();
  CHECK(run->Wait() == 0);
  CHECK(study.Counts().complete == 2);
  CHECK(study.Counts().failed == 0);
}

TEST_CASE("a run that this machine has no descriptors for ends or waits, and its trials wait") {
  // Fewer, and not even the store can be opened; more, and all goes well.
  for (const int limit : {9, 12, 14, 16, 18, 20}) {
    INFO("ulimit -n " << limit);
    WholeStudy study(kReportNumber, "[budget]\ntrials = 2\n");
    auto run = study.RunAfter(fmt::format("ulimit -n {}", limit));
    const std::string log = study.folder() / "s.work/worker-0.log";
    int code = -1;
    REQUIRE(Eventually([&] {
      code = run->Wait(Seconds(0.05));
      return code >= 0 || ReadAll(log).find("its trial waits") != std::string::npos;
    }));
    if (code < 0) {
      run->Kill(SIGINT);
      code = run->Wait();
    }
    const TrialCounts counts = study.Counts();
    CHECK(counts.failed == 0);
    CHECK((code == 0) == (counts.complete == 2));
    CHECK(study.Run("again")->Wait() == 0);
    CHECK(study.Counts().complete == 2);
  }
}
