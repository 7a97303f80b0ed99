#include <cmath>
#include <csignal>
#include <limits>

#include "tests/workers/trainers.h"
#include "workers/attempt_runner.h"

using namespace joulefront;

namespace {

PhaseEnergy Phase(const std::string& name, std::optional<double> joules) {
  PhaseEnergy phase{name, Seconds(1.0), Seconds(0.5), {}};
  if (joules) phase.figure = EnergyFigure{.joules = Joules(*joules)};
  return phase;
}

/// A trainer that did everything right.
AttemptEnd GoodEnd() {
  AttemptEnd end;
  end.exit_status = 0;
  end.reported_result = true;
  end.values = {{"error", 0.25}, {"weights", 650.0}};
  end.energy = {Phase("setup", 1.0), Phase("train", 6.0), Phase("total", 7.0)};
  return end;
}

/// Objectives: error, reported; energy, joules of "train". Constraint: size, reported.
Study SampleStudy() {
  ScratchFolder folder;
  return MakeStudy(
      "[study]\nname = 's'\n[objectives]\nerror = { direction = 'minimize' }\n"
      "energy = { direction = 'minimize', phase = 'train' }\n"
      "[constraints]\nweights = { max = 1000 }\ntotal = { max = '1 kJ', phase = 'total' }\n"
      "[space]\nx = { type = 'float', low = 0.0, high = 1.0 }\n[trainer]\ncommand = ['true']\n",
      folder.path());
}

AttemptResult JudgeOf(const AttemptEnd& end) { return Judge(SampleStudy(), end); }

void CheckFailed(const AttemptEnd& end, FailureClass failure, const std::string& message) {
  const AttemptResult result = JudgeOf(end);
  CHECK(result.state == AttemptState::kFailed);
  REQUIRE(result.failure);
  CHECK(Name(*result.failure) == Name(failure));
  CHECK(result.message == message);
  CHECK(result.energy == end.energy);
  CHECK(result.values.empty());
}

}  // namespace

TEST_CASE("exit status 0 with all values is complete, and joules of phases become objectives") {
  const AttemptResult result = JudgeOf(GoodEnd());
  CHECK(result.state == AttemptState::kComplete);
  CHECK_FALSE(result.failure);
  CHECK(result.message.empty());
  CHECK(result.values ==
        NamedValues{{"energy", 6.0}, {"error", 0.25}, {"total", 7.0}, {"weights", 650.0}});
  CHECK(result.energy == GoodEnd().energy);
}

TEST_CASE("joules per work are the phase's over what the trainer says it did") {
  ScratchFolder folder;
  const Study study = MakeStudy(
      "[study]\nname = 's'\n[objectives]\nerror = { direction = 'minimize' }\n"
      "use = { direction = 'minimize', phase = 'train', per = 'weights' }\n"
      "[space]\nx = { type = 'float', low = 0.0, high = 1.0 }\n[trainer]\ncommand = ['true']\n",
      folder.path());
  CHECK(study.objectives[1].unit == "J/weights");
  CHECK(Judge(study, GoodEnd()).values.at("use") == Approx(6.0 / 650.0));
  AttemptEnd none = GoodEnd();
  none.values.erase("weights");
  CHECK(Judge(study, none).state == AttemptState::kFailed);
  none.values["weights"] = 0.0;
  CHECK(Judge(study, none).message == "'use' is joules per \"weights\", which is 0");
}

TEST_CASE("values that nobody asked for are kept if they are numbers and dropped if not") {
  AttemptEnd end = GoodEnd();
  end.values["loss"] = 3.0;
  end.values["odd"] = std::numeric_limits<double>::quiet_NaN();
  const AttemptResult result = JudgeOf(end);
  CHECK(result.state == AttemptState::kComplete);
  CHECK(result.values.at("loss") == 3.0);
  CHECK_FALSE(result.values.contains("odd"));
}

TEST_CASE("a trainer that could not be started is a failure with the reason") {
  AttemptEnd end;
  end.not_started = Error{ErrorCode::kNotFound, "the program 'trian' was not found"};
  CheckFailed(end, FailureClass::kNotStarted, "the program 'trian' was not found");
}

TEST_CASE("another exit status than 0 is a failure, whatever was reported before it") {
  AttemptEnd end = GoodEnd();
  end.exit_status = 3;
  CheckFailed(end, FailureClass::kExitCode, "exit status 3");
  end.last_line = "ValueError: no";
  CheckFailed(end, FailureClass::kExitCode, "exit status 3; its last line: ValueError: no");
}

TEST_CASE("a signal that was not ours is a failure with its name") {
  AttemptEnd end = GoodEnd();
  end.exit_status.reset();
  end.signal = SIGSEGV;
  CheckFailed(end, FailureClass::kSignal, "killed by signal 11 (SIGSEGV)");
  end.signal = SIGKILL;
  CheckFailed(end, FailureClass::kSignal, "killed by signal 9 (SIGKILL)");
  end.signal = 40;
  CheckFailed(end, FailureClass::kSignal, "killed by signal 40 (SIG?)");
}

TEST_CASE("lack of memory is told from other ends") {
  AttemptEnd end = GoodEnd();
  end.ran_out_of_memory = true;
  end.exit_status = 1;
  CheckFailed(end, FailureClass::kOutOfMemory, "out of memory");
  end.exit_status.reset();
  end.signal = SIGKILL;
  CheckFailed(end, FailureClass::kOutOfMemory, "out of memory");
}

TEST_CASE("a time limit is a failure however the trainer then ends, unless it ends well") {
  AttemptEnd end = GoodEnd();
  end.crossed = AttemptLimit::kTime;
  end.exit_status.reset();
  for (const int signal : {SIGTERM, SIGKILL}) {
    end.signal = signal;
    CheckFailed(end, FailureClass::kTimeout, "it ran into [workers] timeout");
  }
  end.signal.reset();
  end.exit_status = 143;
  CheckFailed(end, FailureClass::kTimeout, "it ran into [workers] timeout");
  end.exit_status = 0;
  CHECK(JudgeOf(end).state == AttemptState::kComplete);
}

TEST_CASE("a missing value is a failure that says what to print") {
  AttemptEnd end = GoodEnd();
  end.values.erase("error");
  CheckFailed(end, FailureClass::kNoResult, "the trainer's result has no value \"error\"");
  end.reported_result = false;
  CheckFailed(end, FailureClass::kNoResult,
              "the trainer ended well but reported no \"error\": it should print "
              "{\"joulefront\": \"result\", \"values\": {\"error\": ...}}");
  end.remark = "a message of it was not accepted: it is not valid JSON";
  CheckFailed(end, FailureClass::kNoResult,
              "the trainer ended well but reported no \"error\": it should print "
              "{\"joulefront\": \"result\", \"values\": {\"error\": ...}} (a message of it was not "
              "accepted: it is not valid JSON)");
}

TEST_CASE("what was wrong with the messages of a trainer that ended well is kept with its result") {
  AttemptEnd end = GoodEnd();
  end.remark = "a message of it was not accepted: the joules of an attempt cannot fall";
  CHECK(JudgeOf(end).state == AttemptState::kComplete);
  CHECK(JudgeOf(end).message == end.remark);
}

TEST_CASE("a missing value of a constraint is a failure like one of an objective") {
  AttemptEnd end = GoodEnd();
  end.values.erase("weights");
  CheckFailed(end, FailureClass::kNoResult, "the trainer's result has no value \"weights\"");
}

TEST_CASE("values that are not finite are failures, never scores") {
  AttemptEnd end = GoodEnd();
  for (const auto& [value, text] : std::vector<std::pair<double, std::string>>{
           {std::numeric_limits<double>::quiet_NaN(), "nan"},
           {std::numeric_limits<double>::infinity(), "inf"},
           {-std::numeric_limits<double>::infinity(), "-inf"}}) {
    end.values["error"] = value;
    CheckFailed(end, FailureClass::kNonFinite, "\"error\" is " + text);
  }
}

TEST_CASE("joules of a phase that never began, or could not be metered, are missing and not zero") {
  AttemptEnd end = GoodEnd();
  end.energy = {Phase("setup", 1.0), Phase("total", 1.0)};
  CheckFailed(end, FailureClass::kNoResult,
              "'energy' is the joules of phase 'train', which the trainer never began: it should "
              "print {\"joulefront\": \"phase\", \"name\": \"train\"}, or the study file say phase "
              "= \"total\"");
  end.energy = {Phase("train", std::nullopt), Phase("total", std::nullopt)};
  CheckFailed(end, FailureClass::kNoResult,
              "the joules of phase 'train' could not be metered: no source of joules showed any in "
              "its time");
  end.meter_faults = "plug: 3 gap";
  CheckFailed(end, FailureClass::kNoResult,
              "the joules of phase 'train' could not be metered: faults of the meter: plug: 3 gap");
}

TEST_CASE("130, 143, SIGINT and SIGTERM are interruptions, and keep their joules") {
  AttemptEnd end = GoodEnd();
  const auto check = [&] {
    const AttemptResult result = JudgeOf(end);
    CHECK(result.state == AttemptState::kInterrupted);
    CHECK_FALSE(result.failure);
    CHECK(result.message == "it was interrupted");
    CHECK(result.energy == end.energy);
  };
  for (const int status : {130, 143}) {
    end.exit_status = status;
    check();
  }
  end.exit_status.reset();
  for (const int signal : {SIGINT, SIGTERM}) {
    end.signal = signal;
    check();
  }
}

TEST_CASE("what we stopped is interrupted, also where it ignored TERM or failed on it") {
  AttemptEnd end = GoodEnd();
  end.stopped = true;
  end.exit_status.reset();
  end.signal = SIGKILL;
  CHECK(JudgeOf(end).state == AttemptState::kInterrupted);
  CHECK(JudgeOf(end).message == "stopped with its worker");
  end.signal.reset();
  end.exit_status = 1;
  CHECK(JudgeOf(end).state == AttemptState::kInterrupted);
  end.stopped = false;
  end.lease_lost = true;
  CHECK(JudgeOf(end).state == AttemptState::kInterrupted);
}

TEST_CASE("a finish at the moment of a stop is a finish") {
  AttemptEnd end = GoodEnd();
  end.stopped = true;
  CHECK(JudgeOf(end).state == AttemptState::kComplete);
}

namespace {

/// Objectives: error, reported; time, seconds of "train"; constraint: seconds per weight.
Study TimedStudy() {
  ScratchFolder folder;
  return MakeStudy(
      "[study]\nname = 's'\n[objectives]\nerror = { direction = 'minimize' }\n"
      "time = { direction = 'minimize', phase = 'train', unit = 's' }\n"
      "[constraints]\nall = { max = '10 min', phase = 'total' }\n"
      "each = { max = '1 s', phase = 'total', per = 'weights' }\n"
      "[space]\nx = { type = 'float', low = 0.0, high = 1.0 }\n[trainer]\ncommand = ['true']\n",
      folder.path());
}

}  // namespace

TEST_CASE("seconds of a phase, of the whole, and per reported count are values like joules") {
  AttemptEnd end = GoodEnd();
  end.energy[1].figure.reset();  // seconds need no meter
  const AttemptResult result = Judge(TimedStudy(), end);
  CHECK(result.state == AttemptState::kComplete);
  CHECK(
      result.values ==
      NamedValues{
          {"all", 1.0}, {"each", 1.0 / 650.0}, {"error", 0.25}, {"time", 1.0}, {"weights", 650.0}});
  end.energy.erase(end.energy.begin() + 1);
  const AttemptResult missing = Judge(TimedStudy(), end);
  CHECK(missing.failure == FailureClass::kNoResult);
  CHECK_THAT(missing.message, Catch::Contains("'time' is the seconds of phase 'train', which the "
                                              "trainer never began"));
}

TEST_CASE("a training that goes on adds the seconds before it") {
  AttemptResult result = Judge(TimedStudy(), GoodEnd());
  const Origin origin{
      .named = "trial 4", .values = {{"time", 5.0}, {"all", 7.0}}, .energy = GoodEnd().energy};
  AddOrigin(TimedStudy(), origin, result);
  CHECK(result.values.at("time") == 6.0);
  CHECK(result.values.at("all") == 8.0);
  CHECK(result.values.at("each") == 1.0 / 650.0);
}

TEST_CASE("a value that was hardly seen is the upper end of what it may be") {
  AttemptEnd end = GoodEnd();
  end.energy[1].figure->own_uncertainty = 1.5;
  CHECK(JudgeOf(end).values.at("energy") == 15.0);
}
