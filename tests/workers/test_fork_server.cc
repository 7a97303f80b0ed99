// [trainer] preload = true of a Python script: its imports are made once, and each attempt is a
// fork.
#include <set>

#include "tests/workers/whole_studies.h"
#include "workers/fork_server.h"

using namespace joulefront;

namespace {

// Installed, as far as the server can see: it leaves a line for each time that it is run.
constexpr const char* kInstalled =
    "import os, random\n"
    "pid, chance = os.getpid(), random.random()\n"
    "given = [name for name in os.environ if name.startswith('JOULEFRONT_')]\n"
    "open(os.path.join(os.path.dirname(__file__), 'runs'), 'a').write('%d\\n' % pid)\n";

// The user's own: it goes by the attempt.
constexpr const char* kOwn =
    "import os, installed\n"
    "trial = int(os.environ['JOULEFRONT_TRIAL'])\n"
    "at_home = os.getcwd() == os.environ['JOULEFRONT_WORK_DIR']\n";

constexpr const char* kScript =
    "import json, os, random, sys\n"
    "import own\n"
    "try:\n"
    "    import nowhere\n"
    "except ImportError:\n"
    "    nowhere = None\n"
    "def main():\n"
    "    if sys.argv[1] == 'raise' and own.trial == 2: raise ValueError('no luck')\n"
    "    if sys.argv[1] == 'kill' and own.trial == 2: os.kill(own.installed.pid, 9)\n"
    "    if sys.argv[1] == 'leave': os.system('setsid sleep 600 &')\n"
    "    if sys.argv[1] == 'wait':\n"
    "        import time\n"
    "        while True: time.sleep(1)\n"
    "    values = {'error': own.trial / 10, 'trial': own.trial, 'server': own.installed.pid,\n"
    "              'apart': int(own.installed.pid != os.getpid()), 'at_home': int(own.at_home),\n"
    "              'leads': int(os.getpgrp() == os.getpid()), 'given': len(own.installed.given),\n"
    "              'arguments': len(sys.argv), 'chance': random.random(),\n"
    "              'input': len(sys.stdin.read()), 'files': len([f for f in "
    "os.listdir('/proc/self/fd')\n"
    "              if 'socket:' in os.path.realpath('/proc/self/fd/' + f)]),\n"
    "              'main': int(sys.modules['__main__'].main is main and __file__ == sys.argv[0])}\n"
    "    print(json.dumps({'joulefront': 'result', 'values': values}))\n"
    "if __name__ == '__main__': main()\n";

/// A study of six trials in one worker.
class PythonStudy : public WholeStudy {
 public:
  explicit PythonStudy(const std::string& what, const std::string& settings = "")
      : WholeStudy("", "") {
    std::filesystem::create_directories(folder() / "site-packages");
    WriteAll(folder() / "site-packages/installed.py", kInstalled);
    WriteAll(folder() / "own.py", kOwn);
    WriteAll(folder() / "train.py", kScript);
    std::string text =
        StudyText({"python3", "-u", "train.py", what}, "[budget]\ntrials = 6\n" + settings);
    text.replace(text.find("[trainer]\n"), 10, "[trainer]\npreload = true\n");
    WriteAll(folder() / "study.toml", text);
    setenv("PYTHONPATH", (folder() / "site-packages").c_str(), 1);
    setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
  }
  ~PythonStudy() { unsetenv("PYTHONPATH"); }

  std::size_t Loads() const {
    const std::string runs = ReadAll(folder() / "site-packages/runs");
    return static_cast<std::size_t>(std::count(runs.begin(), runs.end(), '\n'));
  }
};

}  // namespace

TEST_CASE("what a Python script imports is imported once, and each attempt is as any other") {
  PythonStudy study("go");
  auto run = study.Run();
  const int status = run->Wait();
  INFO(run->output());
  REQUIRE(status == 0);
  CHECK(study.Loads() == 1);
  const auto trials = study.Finished();
  REQUIRE(trials.size() == 6);
  std::set<double> chances;
  for (const Trial& trial : trials) {
    INFO("trial " << trial.number << " " << trial.message);
    REQUIRE(trial.state == TrialState::kComplete);
    CHECK(trial.values.at("trial") == static_cast<double>(trial.number));
    for (const char* holds : {"apart", "at_home", "leads", "main"}) {
      INFO(holds);
      CHECK(trial.values.at(holds) == 1);
    }
    CHECK(trial.values.at("arguments") == 2);
    CHECK(trial.values.at("given") == 0);  // no attempt's variables were there to go by
    CHECK(trial.values.at("input") == 0);
    CHECK(trial.values.at("files") == 0);  // no socket of its worker
    chances.insert(trial.values.at("chance"));
  }
  CHECK(chances.size() == 6);
  CHECK(AllHaveJoules(study.Attempts(AttemptState::kComplete)));
  CHECK(ProcessesOf(study.folder().path()).empty());
}

TEST_CASE("an exception in a preloaded script fails its trial alone, and is told as ever") {
  PythonStudy study("raise");
  auto run = study.Run();
  REQUIRE(run->Wait() == 0);
  CHECK(study.Counts().complete == 5);
  CHECK(study.Counts().failed == 1);
  CHECK(study.Loads() == 1);
  const std::string log = ReadAll(study.folder() / "s.work/s/2.1/trainer.log");
  CHECK_THAT(log, Catch::StartsWith("Traceback (most recent call last):\n  File \"" +
                                    (study.folder() / "train.py") + "\", line 22, in <module>"));
  CHECK_THAT(log, Catch::EndsWith("ValueError: no luck\n"));
}

TEST_CASE("a process that has imported is started again where it was killed") {
  PythonStudy study("kill");
  auto run = study.Run();
  REQUIRE(run->Wait() == 0);
  CHECK(study.Counts().complete == 6);
  CHECK(study.Loads() == 2);
}

TEST_CASE("what a preloaded script leaves behind is killed, and what has imported is not") {
  PythonStudy study("leave");
  auto run = study.Run();
  REQUIRE(run->Wait() == 0);
  CHECK(study.Counts().complete == 6);
  CHECK(study.Loads() == 1);
  CHECK(ProcessesOf(study.folder().path()).empty());
}

TEST_CASE("limits hold for a preloaded script") {
  PythonStudy study("wait", "[workers]\ntimeout = '300 ms'\ngrace = '1 s'\n");
  auto run = study.Run();
  CHECK(run->Wait() == 4);
  CHECK(study.Counts().failed == 6);
  for (const Trial& trial : study.Finished()) CHECK(trial.failure == FailureClass::kTimeout);
  CHECK(study.Loads() == 1);
}

TEST_CASE("kill -9 of a worker takes along the script that was forked, and what has imported") {
  PythonStudy study("wait");
  auto run = study.Run();
  REQUIRE(Eventually([&] { return study.Attempts(AttemptState::kRunning).size() == 1; }));
  REQUIRE(Eventually([&] { return study.Loads() == 1; }));
  const pid_t server = std::atoi(ReadAll(study.folder() / "site-packages/runs").c_str());
  REQUIRE(Eventually([&] { return !ProcessesOf(study.folder() / "s.work/s").empty(); }));
  run->Kill(SIGKILL);
  run->Wait();
  CHECK(Eventually([&] { return ProcessesOf(study.folder().path()).empty(); }));
  CHECK(Eventually([&] { return kill(server, 0) != 0; }));
}

TEST_CASE("a script to preload is only looked at before anything runs") {
  PythonStudy study("go");
  auto check = study.Run("check", {"--check"});
  const int status = check->Wait();
  INFO(check->output());
  CHECK(status == 0);
  CHECK(study.Loads() == 0);
  CHECK(ForkServer::ScriptIn({"python3", "-u", "t.py", "x"}) == 2);
  CHECK(ForkServer::ScriptIn({"/venv/bin/python3.11", "t"}) == 1);
  for (const std::vector<std::string>& other : {std::vector<std::string>{"python3"},
                                                {"python3", "-m", "x"},
                                                {"python3", "-c", "x"},
                                                {"pythonic", "t.py"},
                                                {"./t.py"}}) {
    CHECK_FALSE(ForkServer::ScriptIn(other));
  }
}
