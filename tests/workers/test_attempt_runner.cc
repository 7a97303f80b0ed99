// One attempt with trainers that do as they should, and the ways to stop one.
#include <sys/resource.h>

#include "tests/workers/attempts.h"

using namespace joulefront;

namespace {

Seconds OwnCpuTime() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return Seconds(seconds(usage.ru_utime) + seconds(usage.ru_stime));
}

std::vector<std::string> PhaseNames(const Outcome& outcome) {
  std::vector<std::string> names;
  for (const PhaseEnergy& phase : outcome.end.energy) names.push_back(phase.phase);
  return names;
}

/// Reports, and says that it goes, when it is told to stop.
constexpr const char* kStopsWell =
    "trap 'echo stopping; exit 143' TERM\n"
    "echo ready\n"
    "while true; do sleep 0.02; done\n";

}  // namespace

TEST_CASE("values, progress, phases and joules of a trainer that speaks the protocol are taken") {
  ScratchFolder folder;
  const Outcome outcome =
      RunShell(folder,
               "echo hello\n"
               "echo '{\"joulefront\": \"phase\", \"name\": \"train\"}'\n"
               "echo '{\"joulefront\": \"progress\", \"step\": 1, \"values\": {\"error\": 0.75}}'\n"
               "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done\n"
               "echo '{\"joulefront\": \"phase\", \"name\": \"evaluate\"}'\n"
               "echo '{\"joulefront\": \"result\", \"values\": {\"error\": 0.5, \"n\": 3}}'\n"
               "echo to stderr >&2\n");
  CHECK(Name(outcome.result.state) == "complete");
  CHECK(outcome.result.values.at("error") == 0.5);
  CHECK(outcome.result.values.at("n") == 3.0);
  CHECK(outcome.result.values.contains("energy"));
  REQUIRE(outcome.progress.size() == 1);
  CHECK(outcome.progress[0].step == 1);
  CHECK(outcome.progress[0].values == NamedValues{{"error", 0.75}});
  CHECK(PhaseNames(outcome) == std::vector<std::string>{"setup", "train", "evaluate", "total"});
  const PhaseEnergy& total = outcome.end.energy.back();
  CHECK(total.cpu > Seconds(0));
  CHECK(total.wall <= outcome.wall);
  for (const char* line : {"hello\n", "\"name\": \"train\"", "\"error\": 0.5", "to stderr\n"}) {
    CHECK_THAT(outcome.log, Catch::Contains(line));
  }
}

TEST_CASE("expressions read both outputs, also of last lines without an end") {
  ScratchFolder folder;
  const std::string metrics =
      "[trainer.metrics]\nerror = 'error=(\\S+)'\nloss = 'loss=(\\S+)'\nsize = 'size=(\\S+)'\n";
  const Outcome outcome = RunShell(
      folder, "echo size=3; echo loss=9 >&2; printf error=0.125; printf loss=0.25 >&2\n", metrics);
  CHECK(Name(outcome.result.state) == "complete");
  CHECK(outcome.end.values == NamedValues{{"error", 0.125}, {"loss", 0.25}, {"size", 3.0}});
}

TEST_CASE("of matches on both outputs the last one in time counts, whenever its line ends") {
  ScratchFolder folder;
  const std::string metrics = "[trainer.metrics]\nerror = 'err=([0-9.]+)'\n";
  // A bar on stderr whose line ends after the value on stdout.
  const Outcome bar =
      RunShell(folder,
               "printf '\\r50%% err=0.9' >&2; sleep 0.1; printf '\\r100%% err=0.7' >&2; sleep 0.1\n"
               "echo err=0.25; sleep 0.1; echo >&2\n",
               metrics);
  CHECK(bar.result.values.at("error") == 0.25);
  const Outcome other = RunShell(folder, "echo err=0.25; sleep 0.1; echo err=0.5 >&2\n", metrics);
  CHECK(other.result.values.at("error") == 0.5);
}

TEST_CASE("a bar that is redrawn for hours is many short lines, and its last state counts") {
  ScratchFolder folder;
  const Outcome outcome = RunShell(
      folder,
      "awk 'BEGIN{for(i=0;i<=300000;i++) printf \"\\r%6d/300000 err=0.%06d\", i, 1000000-i-(i==0);"
      " printf \"\\n\"}'\n",
      "[trainer.metrics]\nerror = 'err=([0-9.]+)'\n");
  CHECK(outcome.result.values.at("error") == 0.7);
}

TEST_CASE("CR LF ends a line, also for an expression that is anchored to its end") {
  ScratchFolder folder;
  const Outcome outcome = RunShell(folder, "printf 'err=0.25\\r\\n'\n",
                                   "[trainer.metrics]\nerror = '^err=([0-9.]+)$'\n");
  CHECK(outcome.result.values.at("error") == 0.25);
}

TEST_CASE("a result behind an unfinished bar on its line is taken") {
  ScratchFolder folder;
  const Outcome outcome = RunShell(folder, std::string("printf '\\rstep 2/3'; ") + kReport);
  CHECK(outcome.result.values.at("error") == 0.5);
}

TEST_CASE(
    "a metric that is no number, or was cut off, fails the trial as no result, and is shown") {
  ScratchFolder folder;
  CheckFailure(RunShell(folder, "echo 'Accuracy: 71.59% of all'\n",
                        "[trainer.metrics]\nerror = 'Accuracy: ([^ ]+)'\n"),
               FailureClass::kNoResult,
               "the expression for \"error\" matched \"71.59%\", which is no number");
  CheckFailure(RunShell(folder, "echo val_error=9.97e-05\n",
                        "[trainer.metrics]\nerror = 'val_error=([0-9.]+)'\n"),
               FailureClass::kNoResult, "which is only a part of \"9.97e-05\"");
  CheckFailure(
      RunShell(folder, "echo val_error=nan\n", "[trainer.metrics]\nerror = 'val_error={number}'\n"),
      FailureClass::kNonFinite, "\"error\" is nan");
  // One that nobody asked for is a remark.
  const Outcome more = RunShell(folder, std::string("echo loss=oops\n") + kReport,
                                "[trainer.metrics]\nloss = 'loss=(\\S+)'\n");
  CHECK(Name(more.result.state) == "complete");
  CHECK(more.result.message == "the expression for \"loss\" matched \"oops\", which is no number");
}

TEST_CASE("expressions read the progress of a program that cannot be changed") {
  ScratchFolder folder;
  const std::string metrics = "[trainer.metrics]\nerror = 'val_error={number}'\n";
  const std::string script =
      "for i in 1 2 3; do echo \"epoch $i/3\"; echo loss=9; echo val_error=0.$((9-i)); done\n";
  const Outcome headed =
      RunShell(folder, script, metrics + "[trainer.progress]\nstep = 'epoch {number}'\n");
  REQUIRE(headed.progress.size() == 3);
  CHECK(headed.progress[2].step == 3);
  CHECK(headed.progress[2].values == NamedValues{{"error", 0.6}});
  CHECK(headed.result.values.at("error") == 0.6);
  const Outcome counted =
      RunShell(folder, script, metrics + "[trainer.progress]\nerror = 'val_error={number}'\n");
  REQUIRE(counted.progress.size() == 3);
  CHECK(counted.progress[0].step == 1);
  // Two values on two lines make one report; a later value of the same step replaces it.
  const Outcome two = RunShell(
      folder, "echo 'epoch 5: a=1'; echo b=2; echo b=3; echo 'epoch 6: a=4 b=5'; echo 'epoch 7'\n",
      "[trainer.progress]\nstep = 'epoch {number}'\nx = 'a={number}'\ny = 'b={number}'\n");
  REQUIRE(two.progress.size() == 3);
  CHECK(two.progress[0].step == 5);
  CHECK(two.progress[0].values == NamedValues{{"x", 1.0}, {"y", 2.0}});
  CHECK(two.progress[1].values == NamedValues{{"x", 1.0}, {"y", 3.0}});
  CHECK(two.progress[2].values == NamedValues{{"x", 4.0}, {"y", 5.0}});
}

TEST_CASE("a flood of reports holds no trainer up, and its last one is kept") {
  ScratchFolder folder;
  const std::string flood =
      "awk 'BEGIN{for(i=1;i<=200000;i++) printf "
      "\"{\\\"joulefront\\\":\\\"progress\\\",\\\"step\\\":%d,\\\"values\\\":{\\\"error\\\":%g}}"
      "\\n\","
      "i,1/i}'\n";
  const Outcome outcome = RunShell(folder, flood + kReport);
  CHECK(Name(outcome.result.state) == "complete");
  CHECK(outcome.progress.size() < 1200);
  REQUIRE(outcome.progress.size() > 100);
  CHECK(outcome.progress[99].step == 100);
  CHECK(outcome.progress.back().step == 200'000);
  // What comes after the end is recorded, and stops nothing.
  const std::string both =  // in one write, so that nothing is looked at in between
      flood.substr(0, flood.rfind("}'")) +
      "; printf \"{\\\"joulefront\\\":\\\"result\\\",\\\"values\\\":{\\\"error\\\":0.5}}\\n\"}'\n";
  const Outcome late = RunShell(folder, both, "", {.stops_at = 200'000});
  CHECK(late.progress.back().step == 200'000);
  CHECK(Name(late.result.state) == "complete");
}

TEST_CASE(
    "a phase that has the name of the whole attempt is refused, and its joules count before") {
  ScratchFolder folder;
  const Outcome outcome =
      RunShell(folder, std::string("echo '{\"joulefront\":\"phase\",\"name\":\"train\"}'\n"
                                   "echo '{\"joulefront\":\"phase\",\"name\":\"total\"}'\n"
                                   "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done\n") +
                           kReport);
  CHECK(PhaseNames(outcome) == std::vector<std::string>{"setup", "train", "total"});
  CHECK_THAT(outcome.result.message, Catch::Contains("\"total\" is the name of the whole attempt"));
  const PhaseEnergy &train = outcome.end.energy[1], &total = outcome.end.energy[2];
  CHECK(train.cpu > total.cpu * 0.5);
}

TEST_CASE("joules per a number too small to divide by fail the trial, and are kept") {
  ScratchFolder folder;
  WriteAll(folder / "trainer.sh",
           "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done\n"
           "echo '{\"joulefront\":\"result\",\"values\":{\"error\":0.5,\"n\":1e-320}}'\n");
  const Outcome outcome =
      RunCommand(folder, {"sh", "trainer.sh"},
                 "[constraints]\nper_n = { phase = 'total', per = 'n', max = '1 J' }\n");
  CheckFailure(outcome, FailureClass::kNonFinite, "joules per \"n\"");
  REQUIRE(!outcome.result.energy.empty());
  CHECK(outcome.result.energy.back().figure);
}

TEST_CASE("a message of the protocol goes before what an expression found") {
  ScratchFolder folder;
  const Outcome outcome =
      RunShell(folder, std::string("echo error=9\n") + kReport + "echo error=8\n",
               "[trainer.metrics]\nerror = 'error=(\\S+)'\n");
  CHECK(outcome.result.values.at("error") == 0.5);
}

TEST_CASE("of the phases that a trainer invents a hundred are told apart, and all joules counted") {
  ScratchFolder folder;
  const std::string phases =
      "i=0; while [ $i -lt 300 ]; do i=$((i+1));"
      " echo \"{\\\"joulefront\\\": \\\"phase\\\", \\\"name\\\": \\\"p$i\\\"}\"; done\n";
  const Outcome outcome = RunShell(folder, phases + kReport + "exit 1\n");
  REQUIRE(outcome.end.energy.size() == 102);  // with setup and total
  CHECK(outcome.end.energy[0].phase == "setup");
  CHECK(outcome.end.energy[100].phase == "p100");
  Seconds wall;
  for (std::size_t i = 0; i < 101; ++i) wall += outcome.end.energy[i].wall;
  CHECK(wall.value() == Approx(outcome.end.energy[101].wall.value()));
  CheckFailure(outcome, FailureClass::kExitCode,
               "(a message of it was not accepted: it names more than 100 different phases)");
  const Outcome again = RunShell(folder, phases +
                                             "echo '{\"joulefront\": \"phase\", \"name\": "
                                             "\"p7\"}'\n" +
                                             kReport);
  CHECK(Name(again.result.state) == "complete");
}

TEST_CASE("of the values that a trainer invents a thousand are kept") {
  ScratchFolder folder;
  const Outcome outcome = RunPython(
      folder,
      "import json\n"
      "for i in range(3000):\n"
      "    print(json.dumps({'joulefront': 'result', 'values': {'v%d' % i: i, 'error': 0.5}}))\n"
      "raise SystemExit(1)\n");
  CHECK(outcome.end.values.size() == 1000);
  CHECK(outcome.end.values.at("error") == 0.5);
  CheckFailure(outcome, FailureClass::kExitCode, "more than 1000 different values");
}

TEST_CASE(
    "a trainer that runs into its time limit is stopped, and what it reported is in the log") {
  ScratchFolder folder;
  const Outcome outcome = RunShell(folder, kStopsWell, "[workers]\ntimeout = '300 ms'\n");
  CheckFailure(outcome, FailureClass::kTimeout, "timeout");
  CHECK(outcome.end.exit_status == 143);
  CHECK_THAT(outcome.log, Catch::Contains("stopping\n"));
  CHECK(outcome.wall >= Seconds(0.3));
  CHECK(outcome.wall < Seconds(5.0));
  REQUIRE(!outcome.result.energy.empty());
}

TEST_CASE("a trainer that ends well when its time is over is complete") {
  ScratchFolder folder;
  const std::string finish = std::string("finish() {\n") + kReport + "exit 0\n}\n";
  const Outcome outcome =
      RunShell(folder, finish + "trap finish TERM\nwhile true; do sleep 0.02; done\n",
               "[workers]\ntimeout = '300 ms'\n");
  CHECK(outcome.end.crossed == AttemptLimit::kTime);
  CHECK(Name(outcome.result.state) == "complete");
}

TEST_CASE("a trainer that says nothing for too long has stalled; any output is a sign of life") {
  ScratchFolder folder;
  const std::string limits = "[limits]\nattempt_silence = '400 ms'\n";
  const Outcome hung = RunShell(folder, "echo begun\nsleep 60\n", limits);
  CHECK(hung.end.crossed == AttemptLimit::kSilence);
  CHECK(hung.result.failure == FailureClass::kStalled);
  CHECK(hung.result.message ==
        "it printed nothing for [limits] attempt_silence, 400 ms; its last line: begun");
  CHECK(hung.wall < Seconds(5.0));
  const Outcome slow = RunShell(
      folder, std::string("for i in 1 2 3 4 5 6; do sleep 0.15; echo $i >&2; done\n") + kReport,
      limits);
  CHECK(Name(slow.result.state) == "complete");
}

TEST_CASE("a trainer whose processes take more memory than they may is killed at once") {
  ScratchFolder folder;
  const Outcome greedy = RunShell(
      folder,
      "trap '' TERM\npython3 -c 'import time\nx = b\"x\" * (200 << 20)\ntime.sleep(60)' &\nwait\n",
      "[limits]\nattempt_memory = '100 MiB'\n");
  CHECK(greedy.result.failure == FailureClass::kOutOfMemory);
  CHECK(greedy.result.message == "it used more memory than [limits] attempt_memory, 100 MiB");
  CHECK(greedy.wall < Seconds(5.0));
  const Outcome modest = RunShell(folder, kReport, "[limits]\nattempt_memory = '100 MiB'\n");
  CHECK(Name(modest.result.state) == "complete");
}

TEST_CASE("a request to stop interrupts the trainer cleanly") {
  ScratchFolder folder;
  const Meddling stop{.on_heartbeat = [](SignalWatch& signals) {
    if (signals.stop_requests() == 0) signals.RequestStop(SIGTERM);
    return true;
  }};
  const Outcome outcome = RunShell(folder, kStopsWell, "", stop);
  CHECK(Name(outcome.result.state) == "interrupted");
  CHECK(outcome.end.stopped);
  CHECK_THAT(outcome.log, Catch::Contains("stopping\n"));
  CHECK(outcome.wall < Seconds(5.0));
}

TEST_CASE("a second request to stop waits for no grace") {
  ScratchFolder folder;
  const Meddling stop{.on_heartbeat = [](SignalWatch& signals) {
    signals.RequestStop(SIGTERM);
    return true;
  }};
  const Outcome outcome =
      RunShell(folder, "trap '' TERM\nwhile true; do sleep 0.02; done\n", "", stop);
  CHECK(Name(outcome.result.state) == "interrupted");
  CHECK(outcome.end.signal == SIGKILL);
  CHECK(outcome.wall < Seconds(5.0));
}

TEST_CASE("a lost lease stops the trainer, and the joules are there to be recorded") {
  ScratchFolder folder;
  const Meddling lose{.on_heartbeat = [](SignalWatch&) { return false; }};
  const Outcome outcome = RunShell(folder, kStopsWell, "", lose);
  CHECK(outcome.end.lease_lost);
  CHECK(Name(outcome.result.state) == "interrupted");
  REQUIRE(!outcome.result.energy.empty());
  CHECK(outcome.result.energy.back().phase == "total");
}

TEST_CASE("waiting for a silent trainer, or one that closed its outputs, costs no CPU time") {
  ScratchFolder folder;
  const Seconds before = OwnCpuTime();
  const Outcome outcome =
      RunShell(folder, std::string(kReport) + "exec >&- 2>&-\nexec sleep 1.5\n");
  CHECK(Name(outcome.result.state) == "complete");
  CHECK(outcome.wall >= Seconds(1.5));
  CHECK(OwnCpuTime() - before < Seconds(0.3));
}
