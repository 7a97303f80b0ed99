// How much a store in PostgreSQL takes: claims and finishes by many workers, how soon an idle
// worker has a trial that begins to wait, and what idle workers cost the server.
//
//   bench_shared_store postgresql://host/db                 an empty database; about a minute
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "base/check.h"
#include "study_store/open_store.h"
#include "workers/process.h"

using namespace joulefront;

namespace {

std::unique_ptr<StudyStore> Open(const std::string& url) {
  auto store = OpenStore(url, OpenMode::kCreate);
  if (!store) {
    fmt::print(stderr, "{}\n", store.error().message);
    std::exit(1);
  }
  return std::move(*store);
}

template <typename T>
T Must(Result<T> result) {
  if constexpr (std::is_void_v<T>) {
    if (result) return;
  } else if (result) {
    return std::move(*result);
  }
  fmt::print(stderr, "{}\n", result.error().message);
  _exit(1);
}

StudyId MakeStudy(StudyStore& store, const std::string& name) {
  Study study;
  study.name = name;
  study.objectives = {{.name = "error"}, {.name = "energy", .phase = "total", .unit = "J"}};
  study.space = SearchSpace::Create({{.name = "x", .low = 0.0, .high = 1.0}}).value();
  study.trainer.command = {"true"};
  return Must(store.CreateStudy(study, CalendarNow()));
}

void AddTrials(StudyStore& store, StudyId study, int count) {
  for (int k = 0; k < count; ++k) {
    Must(store.AddTrial(study,
                        {.configuration = fmt::format("{{\"x\":{}}}", k), .proposed_by = "sobol"},
                        {}, CalendarNow()));
  }
}

WorkerIdentity Self(int k) {
  return {.name = fmt::format("w{}", k), .host = "here", .boot_id = "b", .pid = getpid()};
}

AttemptResult Complete() {
  PhaseEnergy total{.phase = "total", .wall = Seconds(1), .cpu = Seconds(1)};
  total.figure = EnergyFigure{.joules = Joules(1), .coverage = 1.0};
  return {.state = AttemptState::kComplete,
          .values = {{"error", 0.5}, {"energy", 1.0}},
          .energy = {total}};
}

Claim ClaimOne(StudyStore& store, StudyId study, int worker) {
  const TimePoint now = CalendarNow();
  auto claim =
      Must(store.ClaimTrial(study, Self(worker), now + std::chrono::seconds(60), now, {}, {}));
  return claim ? *claim : Claim{.study = 0};
}

/// Runs `body` in so many processes, and waits for them.
void InProcesses(int count, const std::function<void(int)>& body) {
  for (int k = 0; k < count; ++k) {
    if (fork() == 0) {
      body(k);
      _exit(0);
    }
  }
  while (wait(nullptr) > 0) {
  }
}

void MeasureRate(const std::string& url, const std::string& name, int workers, int trials) {
  const auto store = Open(url);
  const StudyId study = MakeStudy(*store, name);
  AddTrials(*store, study, trials);
  const Seconds begin = MonotonicNow();
  InProcesses(workers, [&](int k) {
    const auto own = Open(url);
    while (true) {
      const Claim claim = ClaimOne(*own, study, k);
      if (claim.study == 0) return;
      Must(own->FinishAttempt(claim, Complete(), {}, CalendarNow()));
    }
  });
  const double seconds = (MonotonicNow() - begin).value();
  fmt::print("{} workers: {} trials claimed and finished in {:.2f} s: {:.0f} a second\n", workers,
             Must(store->CountTrials(study)).complete, seconds, trials / seconds);
}

/// Idle workers wait for news; one trial at a time is added, and claimed by whoever is first.
void MeasureLatency(const std::string& url, int workers, int trials) {
  const auto store = Open(url);
  const StudyId study = MakeStudy(*store, "latency");
  for (int k = 0; k < workers; ++k) {
    if (fork() != 0) continue;
    const auto own = Open(url);
    while (Must(own->IsOpen(study))) {
      const int fd = own->NewsFd(study);
      if (!own->TakeNews()) {
        pollfd one{fd, POLLIN, 0};
        poll(&one, 1, 1000);
      }
      const Claim claim = ClaimOne(*own, study, k);
      if (claim.study != 0) Must(own->FinishAttempt(claim, Complete(), {}, CalendarNow()));
    }
    _exit(0);
  }
  SleepFor(Seconds(1.0));
  std::vector<TimePoint> added;
  for (int k = 0; k < trials; ++k) {
    added.push_back(CalendarNow() + store->ClockAhead());
    AddTrials(*store, study, 1);
    SleepFor(Seconds(0.05));
  }
  Must(store->SetOpen(study, false));
  while (wait(nullptr) > 0) {
  }
  std::vector<double> ms;
  for (const Attempt& attempt : Must(store->LoadAttempts(study))) {
    ms.push_back(static_cast<double>(
        (attempt.started - added.at(static_cast<std::size_t>(attempt.trial))).count()));
  }
  std::sort(ms.begin(), ms.end());
  fmt::print(
      "{} idle workers: a trial is claimed {:.0f} ms after it was added (median of {}; 95 % "
      "within {:.0f} ms)\n",
      workers, ms[ms.size() / 2], ms.size(), ms[ms.size() * 95 / 100]);
}

/// CPU time of all processes of that name on this machine.
double CpuSecondsOf(const std::string& name) {
  double ticks = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream stat(entry.path() / "stat");
    std::string pid, command, skip;
    if (!(stat >> pid >> command) || command != "(" + name + ")") continue;
    for (int k = 0; k < 11; ++k) stat >> skip;
    double user = 0, system = 0;
    stat >> user >> system;
    ticks += user + system;
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

/// As workers/worker.cc idles: it looks again after 10 s where nothing is told.
void MeasureIdle(const std::string& url, int workers, double seconds) {
  const auto store = Open(url);
  const StudyId study = MakeStudy(*store, "idle");
  for (int k = 0; k < workers; ++k) {
    if (fork() != 0) continue;
    const auto own = Open(url);
    while (Must(own->IsOpen(study))) {
      ClaimOne(*own, study, k);
      const int fd = own->NewsFd(study);
      if (own->TakeNews()) continue;
      pollfd one{fd, POLLIN, 0};
      poll(&one, 1, 10'000);
    }
    _exit(0);
  }
  SleepFor(Seconds(5.0));
  const double before = CpuSecondsOf("postgres");
  SleepFor(Seconds(seconds));
  const double used = CpuSecondsOf("postgres") - before;
  fmt::print("{} idle workers: the server uses {:.2f} % of a core\n", workers,
             100.0 * used / seconds);
  Must(store->SetOpen(study, false));
  while (wait(nullptr) > 0) {
  }
}

/// What each operation of a worker takes, alone on the server: wall time, and CPU time of the
/// server.
void MeasureCosts(const std::string& url, int count) {
  const auto store = Open(url);
  const StudyId study = MakeStudy(*store, "costs");
  const auto measure = [&](const char* what, const std::function<void(int)>& body) {
    const double cpu = CpuSecondsOf("postgres");
    const Seconds begin = MonotonicNow();
    for (int k = 0; k < count; ++k) body(k);
    const double wall_ms = (MonotonicNow() - begin).value() * 1e3 / count;
    fmt::print("{:<10} {:.2f} ms, of them {:.2f} ms of CPU time of the server\n", what, wall_ms,
               (CpuSecondsOf("postgres") - cpu) * 1e3 / count);
  };
  std::vector<Claim> claims;
  const auto claim_of = [&](int k) { return claims[static_cast<std::size_t>(k)]; };
  measure("add trial", [&](int) { AddTrials(*store, study, 1); });
  measure("claim", [&](int k) { claims.push_back(ClaimOne(*store, study, k)); });
  measure("renew", [&](int k) {
    Must(store->RenewLease(claim_of(k), CalendarNow() + std::chrono::seconds(60),
                           Complete().energy));
  });
  measure("progress", [&](int k) {
    Must(store->AddProgress(claim_of(k), 1, {{"error", 0.5}}, CalendarNow(), Joules(1)));
  });
  measure("finish",
          [&](int k) { Must(store->FinishAttempt(claim_of(k), Complete(), {}, CalendarNow())); });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: bench_shared_store postgresql://host/database\n");
    return 2;
  }
  MeasureCosts(argv[1], 1000);
  MeasureRate(argv[1], "one", 1, 1000);
  MeasureRate(argv[1], "many", 32, 5000);
  MeasureLatency(argv[1], 32, 100);
  MeasureIdle(argv[1], 200, 30.0);
}
