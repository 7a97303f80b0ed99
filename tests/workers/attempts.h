// Runs one attempt of a trainer that a test writes down, and judges it.
#pragma once

#include "tests/workers/running.h"
#include "workers/attempt_runner.h"
#include "workers/metering_plan.h"

namespace joulefront {

struct Outcome {
  AttemptEnd end;
  AttemptResult result;
  Seconds wall;
  std::string log;  // the file
  std::vector<ProgressMessage> progress;
};

/// How a test meddles with an attempt.
struct Meddling {
  std::function<bool(SignalWatch&)> on_heartbeat = {};  // false: the lease is lost
  std::optional<std::int64_t> stops_at = {};            // the verdict on the report of this step
};

/// Runs a command in the study's folder, with these settings in the study file.
inline Outcome RunCommand(const ScratchFolder& folder, const std::vector<std::string>& command,
                          const std::string& settings = "", const Meddling& meddling = {}) {
  const Study study = MakeStudy(StudyText(command, settings), folder.path());
  const Claim claim{.study = 1, .trial = 0, .attempt = 1, .worker = "w", .configuration = "{}"};
  auto prepared = PrepareTrainer(study, claim, folder / "work", 0);
  if (!prepared) FAIL(prepared.error().message);
  auto patterns = MetricPatterns::Create(study.trainer.metrics);
  if (!patterns) FAIL(patterns.error().message);
  SignalWatch signals;
  BecomeSubreaper();
  Outcome outcome;
  const AttemptCallbacks callbacks{
      .on_progress =
          [&](const std::vector<MeteredReport>& reports) {
            for (const auto& report : reports) {
              outcome.progress.push_back(report.message);
            }
            return !meddling.stops_at || reports.back().message.step != *meddling.stops_at;
          },
      .on_heartbeat =
          [&](const std::vector<PhaseEnergy>&) {
            return !meddling.on_heartbeat || meddling.on_heartbeat(signals);
          }};
  const Seconds begin = MonotonicNow();
  outcome.end = RunAttempt(study, *prepared, *patterns,
                           Metering{.machine = {}, .plan = PlanOf(study, 0)}, signals, callbacks);
  outcome.wall = MonotonicNow() - begin;
  outcome.result = Judge(study, outcome.end);
  outcome.log = ReadAll(folder / "work/trainer.log");
  CHECK(ProcessesOf(folder.path()) == std::vector<std::string>{});
  return outcome;
}

inline Outcome RunShell(const ScratchFolder& folder, const std::string& script,
                        const std::string& settings = "", const Meddling& meddling = {}) {
  WriteAll(folder / "trainer.sh", script);
  return RunCommand(folder, {"sh", "trainer.sh"}, settings, meddling);
}

inline Outcome RunPython(const ScratchFolder& folder, const std::string& script,
                         const std::string& settings = "", const Meddling& meddling = {}) {
  WriteAll(folder / "trainer.py", script);
  return RunCommand(folder, {"python3", "trainer.py"}, settings, meddling);
}

/// A line of shell that reports error = 0.5.
inline constexpr const char* kReport =
    "echo '{\"joulefront\": \"result\", \"values\": {\"error\": 0.5}}'\n";

inline void CheckFailure(const Outcome& outcome, FailureClass failure, const std::string& message) {
  CHECK(Name(outcome.result.state) == "failed");
  REQUIRE(outcome.result.failure);
  CHECK(Name(*outcome.result.failure) == Name(failure));
  CHECK_THAT(outcome.result.message, Catch::Contains(message));
}

}  // namespace joulefront
