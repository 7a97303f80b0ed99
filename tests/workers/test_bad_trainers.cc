// Every way that a trainer is known to misbehave: the class of failure, a message that helps, and
// nothing left behind. RunCommand checks the last in each.
#include "tests/workers/attempts.h"

using namespace joulefront;

namespace {

/// Resident memory of this process, in bytes.
std::size_t ResidentBytes() {
  std::ifstream stream("/proc/self/statm");
  std::size_t size = 0, resident = 0;
  stream >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

constexpr std::size_t kMost = 60 << 20;  // what an attempt may add to it, sanitizers included

}  // namespace

TEST_CASE("a trainer that is not found is a failure that names it") {
  ScratchFolder folder;
  const Outcome outcome = RunCommand(folder, {"no-such-trainer", "--fast"});
  CheckFailure(outcome, FailureClass::kNotStarted,
               "the program 'no-such-trainer' was not found; give its full path");
  CHECK_THAT(outcome.log, Catch::Contains("'no-such-trainer' was not found"));
  CHECK(outcome.result.energy.empty());
}

TEST_CASE("a trainer whose interpreter is not found is a failure that says so") {
  ScratchFolder folder;
  WriteAll(folder / "trainer", "#!/no/such/python\n", true);
  CheckFailure(RunCommand(folder, {"./trainer"}), FailureClass::kNotStarted,
               "check that it and its interpreter are installed");
}

TEST_CASE("a trainer that may not be executed is a failure that says chmod") {
  ScratchFolder folder;
  WriteAll(folder / "trainer.sh", "#!/bin/sh\n");
  CheckFailure(RunCommand(folder, {"./trainer.sh"}), FailureClass::kNotStarted,
               "may not be executed; try: chmod +x " + (folder / "trainer.sh"));
}

TEST_CASE("a trainer that exits at once is a failure with its status") {
  ScratchFolder folder;
  CheckFailure(RunShell(folder, "exit 3\n"), FailureClass::kExitCode, "exit status 3");
  const Outcome outcome = RunPython(folder, "import no_such_module\n");
  CheckFailure(outcome, FailureClass::kExitCode,
               "exit status 1; its last line: ModuleNotFoundError: No module named "
               "'no_such_module'");
}

TEST_CASE("a trainer that prints no result is a failure that says what to print") {
  ScratchFolder folder;
  CheckFailure(RunShell(folder, "echo error is 0.5\n"), FailureClass::kNoResult,
               "it should print {\"joulefront\": \"result\", \"values\": {\"error\": ...}}; its "
               "last line: error is 0.5");
  CheckFailure(RunShell(folder, "echo '{\"joulefront\": \"result\", \"values\": {\"eror\": 1}}'\n"),
               FailureClass::kNoResult, "the trainer's result has no value \"error\"");
  CheckFailure(RunShell(folder, "echo '{\"joulefront\": \"result\", \"values\": {\"error\": }}'\n"),
               FailureClass::kNoResult, "(a message of it was not accepted: it is not valid JSON)");
}

TEST_CASE("of two results of a trainer the last counts, and it is said that there were two") {
  ScratchFolder folder;
  const Outcome two =
      RunShell(folder, std::string("echo '{\"joulefront\": \"result\", \"values\": {\"error\": "
                                   "0.75}}'\n") +
                           kReport);
  CHECK(two.result.values.at("error") == 0.5);
  CHECK(two.result.message == "it reported \"error\" more than once, and the last one counts");
  CHECK(RunShell(folder, std::string(kReport) + kReport).result.message.empty());
}

TEST_CASE("a trainer that prints NaN is a failure, not a score") {
  ScratchFolder folder;
  CheckFailure(RunPython(folder,
                         "import json\n"
                         "print(json.dumps({'joulefront': 'result', 'values': {'error': "
                         "float('nan')}}))\n"),
               FailureClass::kNonFinite, "\"error\" is nan");
  CheckFailure(RunShell(folder, "echo error=nan\n", "[trainer.metrics]\nerror = 'error=(\\S+)'\n"),
               FailureClass::kNonFinite, "\"error\" is nan");
}

TEST_CASE("a trainer that prints 100 MB is taken, its log capped, and no memory filled") {
  ScratchFolder folder;
  const std::size_t before = ResidentBytes();
  std::size_t most = 0;
  const Meddling look{.on_heartbeat = [&](SignalWatch&) {
    most = std::max(most, ResidentBytes());
    return true;
  }};
  const Outcome outcome =
      RunShell(folder, std::string("yes some words of a log | head -c 100000000\necho\n") + kReport,
               "", look);
  CHECK(Name(outcome.result.state) == "complete");
  CHECK(std::max(most, ResidentBytes()) - std::min(before, ResidentBytes()) < kMost);
  CHECK(outcome.log.size() < (9 << 20));
  CHECK_THAT(outcome.log, Catch::Contains("bytes left out here"));
  CHECK_THAT(outcome.log, Catch::EndsWith("{\"error\": 0.5}}\n"));
}

TEST_CASE("a trainer that prints 100 MB in one line is taken like any other") {
  ScratchFolder folder;
  const std::size_t before = ResidentBytes();
  const Outcome outcome = RunShell(
      folder, std::string("head -c 100000000 /dev/zero | tee /dev/stderr\necho\n") + kReport);
  CHECK(Name(outcome.result.state) == "complete");
  CHECK(ResidentBytes() - std::min(before, ResidentBytes()) < kMost);
}

TEST_CASE("a trainer that never stops printing still runs into its time limit") {
  ScratchFolder folder;
  const Outcome outcome =
      RunShell(folder, "yes '{\"joulefront\": \"phase\", \"name\": \"train\"}'\n",
               "[workers]\ntimeout = '500 ms'\ngrace = '500 ms'\n");
  CheckFailure(outcome, FailureClass::kTimeout, "timeout");
  CHECK(outcome.wall < Seconds(10.0));
}

TEST_CASE("a trainer that prints binary is taken, and its last line is fit to be shown") {
  ScratchFolder folder;
  CHECK(Name(RunShell(folder, std::string("head -c 1000000 /dev/urandom\necho\n") + kReport)
                 .result.state) == "complete");
  const Outcome outcome = RunShell(folder, "printf 'a\\000\\377\\033[2Jb\\n'\nexit 1\n");
  CheckFailure(outcome, FailureClass::kExitCode, "exit status 1; its last line: a???[2Jb");
}

TEST_CASE("a trainer that closes its outputs and goes on is waited for") {
  ScratchFolder folder;
  const Outcome outcome =
      RunShell(folder, std::string(kReport) + "exec >&- 2>&-\nsleep 0.4\nexit 5\n");
  CheckFailure(outcome, FailureClass::kExitCode, "exit status 5");
  CHECK(outcome.wall >= Seconds(0.4));
}

TEST_CASE("a trainer that ignores TERM is killed when its grace is over") {
  ScratchFolder folder;
  const Outcome outcome = RunShell(folder, "trap '' TERM\nwhile true; do sleep 0.02; done\n",
                                   "[workers]\ntimeout = '200 ms'\ngrace = '300 ms'\n");
  CheckFailure(outcome, FailureClass::kTimeout, "timeout");
  CHECK(outcome.end.signal == SIGKILL);
  CHECK(outcome.wall >= Seconds(0.5));
  CHECK(outcome.wall < Seconds(5.0));
}

TEST_CASE("a trainer that left its process group is killed all the same") {
  ScratchFolder folder;
  const Outcome outcome = RunPython(folder,
                                    "import os, signal, time\n"
                                    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                                    "os.setpgid(0, os.getpgid(os.getppid()))\n"
                                    "time.sleep(60)\n",
                                    "[workers]\ntimeout = '500 ms'\ngrace = '200 ms'\n");
  CheckFailure(outcome, FailureClass::kTimeout, "timeout");
  CHECK(outcome.wall < Seconds(5.0));
}

TEST_CASE("a trainer that has stopped itself still runs into its time limit") {
  ScratchFolder folder;
  const Outcome outcome = RunShell(folder, "kill -STOP $$\nsleep 60\n",
                                   "[workers]\ntimeout = '300 ms'\ngrace = '5 s'\n");
  CheckFailure(outcome, FailureClass::kTimeout, "timeout");
  CHECK(outcome.end.signal == SIGTERM);
}

TEST_CASE("children that a trainer leaves behind are killed, and it is not waited for them") {
  ScratchFolder folder;
  for (const char* child : {"sleep 60 &\n", "sleep 60 >/dev/null 2>&1 </dev/null &\n",
                            "setsid sleep 60 &\n", "(setsid sh -c 'sleep 60 & sleep 60' &)\n",
                            "trap '' TERM HUP\nsleep 60 &\n", "env -i setsid sleep 60 &\n"}) {
    INFO(child);
    const Outcome outcome = RunShell(folder, std::string(child) + kReport);
    CHECK(Name(outcome.result.state) == "complete");
    CHECK(outcome.wall < Seconds(5.0));
  }
}

TEST_CASE("children that a trainer leaves behind when it runs into its time limit are killed") {
  ScratchFolder folder;
  const Outcome outcome = RunShell(folder, "setsid sleep 60 &\nsleep 60 &\nsleep 60\n",
                                   "[workers]\ntimeout = '300 ms'\n");
  CheckFailure(outcome, FailureClass::kTimeout, "timeout");
}

TEST_CASE("a trainer that dies by a signal is a failure with the signal's name") {
  ScratchFolder folder;
  CheckFailure(RunShell(folder, "kill -SEGV $$\n"), FailureClass::kSignal,
               "killed by signal 11 (SIGSEGV)");
  CheckFailure(RunShell(folder, std::string(kReport) + "kill -KILL $$\n"), FailureClass::kSignal,
               "killed by signal 9 (SIGKILL)");
}

TEST_CASE("a trainer that somebody else interrupts is interrupted, not failed") {
  ScratchFolder folder;
  CHECK(Name(RunShell(folder, "kill -TERM $$\n").result.state) == "interrupted");
  CHECK(Name(RunShell(folder, "exit 130\n").result.state) == "interrupted");
}

TEST_CASE("a trainer that runs out of memory is told from one that fails") {
  ScratchFolder folder;
  CheckFailure(RunPython(folder,
                         "import resource\n"
                         "resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20))\n"
                         "bytearray(1 << 30)\n"),
               FailureClass::kOutOfMemory, "out of memory; its last line: MemoryError");
  CheckFailure(RunShell(folder,
                        "echo \"terminate called after throwing an instance of 'std::bad_alloc'\" "
                        ">&2\nkill -ABRT $$\n"),
               FailureClass::kOutOfMemory, "out of memory");
  CheckFailure(RunShell(folder, "echo 'CUDA out of memory.' >&2\nexit 1\n"),
               FailureClass::kOutOfMemory, "CUDA out of memory");
}
