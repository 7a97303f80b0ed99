// Many processes on one store, and processes that are killed while they write.
#include <signal.h>
#include <sqlite3.h>

#include <fstream>
#include <map>
#include <set>

#include "base/files.h"
#include "tests/study_store/processes.h"
#include "tests/study_store/store_contract.h"

using namespace joulefront;

namespace {

/// What a child tells of its errors, before it exits.
int Tell(const std::string& log, const Error& error) {
  std::ofstream(log, std::ios::app) << error.message << std::endl;
  return 1;
}

/// Claims and finishes until nothing waits, and writes down what was claimed.
int Work(const std::string& path, const std::string& name, const std::string& log) {
  auto store = OpenSqliteStore(path, OpenMode::kWrite);
  if (!store) return Tell(log, store.error());
  std::ofstream claimed(log + "." + name);
  while (true) {
    auto claim = (*store)->ClaimTrial(1, Worker(name), At(1000), At(3));
    if (!claim) return Tell(log, claim.error());
    if (!*claim) return 0;
    claimed << (*claim)->trial << "\n";
    const double joules = static_cast<double>((*claim)->trial);
    auto renewed = (*store)->RenewLease(**claim, At(1001), Energy(0.5 * joules));
    if (!renewed) return Tell(log, renewed.error());
    auto done = (*store)->FinishAttempt(**claim, Completed({{"error", 0.5}}, joules), {}, At(4));
    if (!done) return Tell(log, done.error());
  }
}

/// What `PRAGMA integrity_check` and the foreign keys say: "ok" if all is well.
std::string Integrity(const std::string& path) {
  sqlite3* database = nullptr;
  std::string verdict;
  const auto append = [](void* text, int columns, char** values, char**) {
    for (int k = 0; k < columns; ++k) {
      static_cast<std::string*>(text)->append(values[k] != nullptr ? values[k] : "NULL");
    }
    return 0;
  };
  sqlite3_open(path.c_str(), &database);
  sqlite3_exec(database, "PRAGMA integrity_check", append, &verdict, nullptr);
  sqlite3_exec(database, "PRAGMA foreign_key_check", append, &verdict, nullptr);
  sqlite3_close(database);
  return verdict;
}

}  // namespace

TEST_CASE("16 processes share 2,000 trials: none is claimed twice, and no lock is refused") {
  constexpr int kProcesses = 16, kTrials = 2000;
  TestFolder folder;
  const std::string path = folder / "store.db", log = folder / "errors";
  {
    const auto store = OpenFile(path);
    Require(store->CreateStudy(SampleStudy(), At(1)));
    for (int k = 0; k < kTrials; ++k) {
      Require(store->AddTrial(1, SampleTrial(k), {}, At(2)));
    }
  }
  std::vector<pid_t> children;
  for (int k = 0; k < kProcesses; ++k) {
    children.push_back(Fork([&] { return Work(path, fmt::format("w{}", k), log); }));
  }
  for (const pid_t child : children) CHECK(Wait(child) == 0);
  CHECK(ReadFile(log).value_or("") == "");

  std::map<TrialNumber, int> times;
  for (int k = 0; k < kProcesses; ++k) {
    std::ifstream claimed(fmt::format("{}.w{}", log, k));
    for (TrialNumber trial = 0; claimed >> trial;) ++times[trial];
  }
  CHECK(times.size() == kTrials);
  for (const auto& [trial, count] : times) {
    if (count != 1) FAIL("trial " << trial << " was claimed " << count << " times");
  }
  const auto store = OpenFile(path, OpenMode::kRead);
  CHECK(Require(store->CountTrials(1)).complete == kTrials);
  CHECK(Require(store->LoadAttempts(1)).size() == kTrials);
  CHECK(Require(store->EnergySpent(1)).joules.value() == Approx(kTrials * (kTrials - 1) / 2.0));
  CHECK(Integrity(path) == "ok");
}

TEST_CASE("16 processes that make the same store at once all find it made") {
  TestFolder folder;
  const std::string path = folder / "store.db", log = folder / "errors";
  std::vector<pid_t> children;
  for (int k = 0; k < 16; ++k) {
    children.push_back(Fork([&, k] {
      auto store = OpenSqliteStore(path, OpenMode::kCreate);
      if (!store) return Tell(log, store.error());
      auto study = (*store)->CreateStudy(SampleStudy(fmt::format("study-{}", k)), At(1));
      return study ? 0 : Tell(log, study.error());
    }));
  }
  for (const pid_t child : children) CHECK(Wait(child) == 0);
  CHECK(ReadFile(log).value_or("") == "");
  CHECK(Require(OpenFile(path, OpenMode::kRead)->ListStudies()).size() == 16);
  CHECK(Integrity(path) == "ok");
}

TEST_CASE("readers that come and go disturb no writer, and see only whole trials") {
  TestFolder folder;
  const std::string path = folder / "store.db", log = folder / "errors";
  {
    const auto store = OpenFile(path);
    Require(store->CreateStudy(SampleStudy(), At(1)));
    for (int k = 0; k < 300; ++k) Require(store->AddTrial(1, SampleTrial(k), {}, At(2)));
  }
  const pid_t writer = Fork([&] { return Work(path, "w", log); });
  bool done = false;
  int torn = 0, looks = 0;
  while (!done) {
    const auto store = OpenFile(path, OpenMode::kRead);
    for (const Trial& trial : Require(store->LoadTrials(1))) {
      const bool complete = trial.state == TrialState::kComplete;
      if (complete != (trial.values.size() == 1 && trial.energy.size() == 4)) ++torn;
    }
    ++looks;
    done = Require(store->CountTrials(1)).complete == 300;
  }
  CHECK(Wait(writer) == 0);
  CHECK(ReadFile(log).value_or("") == "");
  CHECK(torn == 0);
  CHECK(looks > 1);
}

TEST_CASE("kill -9 in the middle of writing loses nothing that was finished") {
  TestFolder folder;
  const std::string path = folder / "store.db", log = folder / "errors";
  {
    const auto store = OpenFile(path);
    Require(store->CreateStudy(SampleStudy(), At(1)));
    for (int k = 0; k < 3000; ++k) Require(store->AddTrial(1, SampleTrial(k), {}, At(2)));
  }
  std::set<TrialNumber> finished;
  for (int round = 0; round < 12; ++round) {
    int pipe_fds[2];
    REQUIRE(pipe(pipe_fds) == 0);
    const pid_t child = Fork([&] {
      auto store = OpenSqliteStore(path, OpenMode::kWrite);
      if (!store) return Tell(log, store.error());
      while (true) {
        auto claim = (*store)->ClaimTrial(1, Worker("w"), At(1000), At(3));
        if (!claim || !*claim) return 1;
        auto done = (*store)->FinishAttempt(**claim, Completed({{"error", 0.5}}, 3.0), {}, At(4));
        if (!done) return Tell(log, done.error());
        const TrialNumber number = (*claim)->trial;
        if (write(pipe_fds[1], &number, sizeof number) != sizeof number) return 1;
      }
    });
    close(pipe_fds[1]);
    // Killed after a number of trials, at an arbitrary moment of the next one.
    TrialNumber number = 0;
    for (int k = 0; k < 5 + 3 * round; ++k) {
      REQUIRE(read(pipe_fds[0], &number, sizeof number) == sizeof number);
      finished.insert(number);
    }
    kill(child, SIGKILL);
    const int status = Wait(child);
    CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    while (read(pipe_fds[0], &number, sizeof number) == sizeof number) finished.insert(number);
    close(pipe_fds[0]);

    CHECK(Integrity(path) == "ok");
    const auto store = OpenFile(path, OpenMode::kWrite);
    const auto trials = Require(store->LoadTrials(1));
    for (const TrialNumber k : finished) {
      const Trial& trial = trials.at(static_cast<std::size_t>(k));
      if (trial.state != TrialState::kComplete || trial.energy != Energy(3.0)) {
        FAIL("finished, then lost:" << Show(trial));
      }
    }
    // What the killed process was at is one running attempt at most; the reclaiming process ends
    // it.
    const auto running = Require(store->LoadRunningAttempts(1));
    CHECK(running.size() <= 1);
    for (const Attempt& attempt : running) {
      Require(store->FinishAttempt({.study = 1,
                                    .trial = attempt.trial,
                                    .attempt = attempt.number,
                                    .worker = attempt.worker.name},
                                   Ended(AttemptState::kLost), RetryLimits{}, At(2000)));
    }
  }
  CHECK(ReadFile(log).value_or("") == "");
  CHECK(finished.size() > 100);
}
