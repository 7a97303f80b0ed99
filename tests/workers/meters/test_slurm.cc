// Slurm's counter, by a stand-in for sstat.
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "base/files.h"
#include "tests/workers/meters/fake_machine.h"
#include "workers/meters/meter_choice.h"
#include "workers/meters/slurm_source.h"

using namespace joulefront;
using namespace joulefront::testing;

namespace {

/// A job of Slurm's that has so many of the node's CPUs, with an sstat that prints `joules`.
class FakeJob {
 public:
  FakeJob(const std::string& cpus, const std::string& joules) : path_(std::getenv("PATH")) {
    machine_.Write("sstat", "#!/bin/sh\necho \"$*\" > " + machine_.path("asked").string() +
                                "\necho '" + joules + "'\n");
    chmod(machine_.path("sstat").c_str(), 0755);
    setenv("PATH", (machine_.path("").string() + ":" + path_).c_str(), 1);
    setenv("SLURM_JOB_ID", "4711", 1);
    setenv("SLURM_CPUS_ON_NODE", cpus.c_str(), 1);
  }
  ~FakeJob() {
    setenv("PATH", path_.c_str(), 1);
    unsetenv("SLURM_JOB_ID");
    unsetenv("SLURM_CPUS_ON_NODE");
  }
  FakeJob(const FakeJob&) = delete;
  FakeJob& operator=(const FakeJob&) = delete;

  std::string asked() const { return ReadFile(machine_.path("asked").string()).value_or(""); }

 private:
  FakeMachine machine_;
  std::string path_;
};

std::string AllCpus() { return std::to_string(sysconf(_SC_NPROCESSORS_ONLN)); }

}  // namespace

TEST_CASE("in a job that has the whole node, Slurm's joules of it are a source") {
  const FakeJob job(AllCpus(), "98765");
  const auto found = FindSlurm(Seconds(5.0));
  REQUIRE(found.sources.size() == 1);
  CHECK(found.sources[0]->domain().boundary == Boundary::kNode);
  RawReading reading;
  for (int i = 0; i < 500 && !reading.microjoules; ++i) {
    reading = found.sources[0]->Read();
    poll(nullptr, 0, 10);
  }
  CHECK(reading.microjoules == 98'765'000'000U);
  CHECK_THAT(job.asked(), Catch::Contains("--jobs=4711.batch"));
}

TEST_CASE("a job that shares its node cannot use what Slurm counts of all of it") {
  const FakeJob job("0", "98765");
  const auto chosen =
      ChooseSources(FindSources({}, {.sources = {"slurm"}}).listings, {.sources = {"slurm"}});
  REQUIRE_FALSE(chosen.has_value());
  CHECK(chosen.error().code == ErrorCode::kNoMeter);
  CHECK_THAT(chosen.error().message, Catch::Contains("exclusive = true"));
}

TEST_CASE("a cluster that gathers no joules is told so, and there is nothing outside a job") {
  {
    const FakeJob job(AllCpus(), "");
    const auto found = FindSlurm(Seconds(5.0));
    CHECK(found.sources.empty());
    CHECK_THAT(found.listings.at(0).remedy, Catch::Contains("AcctGatherEnergyType"));
  }
  CHECK(FindSlurm(Seconds(0)).listings.empty());
}
