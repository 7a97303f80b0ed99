#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "base/files.h"
#include "tests/workers/meters/fake_machine.h"
#include "workers/meters/meter_choice.h"
#include "workers/meters/user_source.h"

using namespace joulefront;
using namespace joulefront::testing;

namespace {

/// The first value that the source gives within some seconds.
RawReading Await(EnergySource& source) {
  RawReading reading;
  for (int i = 0; i < 500 && !reading.microwatts && !reading.microjoules; ++i) {
    poll(nullptr, 0, 10);
    reading = source.Read();
  }
  return reading;
}

}  // namespace

TEST_CASE("a file of joules is a source, and what is no number is no reading") {
  FakeMachine machine;
  machine.Write("plug", "12.5\n");
  const UserSource plug{.name = "plug", .file = machine.path("plug").string(), .command = {}};
  const auto found = FindUserSources({plug});
  REQUIRE(found.sources.size() == 1);
  CHECK(found.sources[0]->Read().microjoules == 12'500'000U);
  for (const std::string text :
       {"", "\n", "twelve\n", "-1\n", "nan\n", "inf\n", "1e99\n", "1 2\n", "12,5\n", "0x10\n"}) {
    CAPTURE(text);
    machine.Write("plug", text);
    CHECK_FALSE(found.sources[0]->Read().microjoules);
  }
  std::filesystem::remove(machine.path("plug"));
  CHECK(found.sources[0]->Read().error == ENOENT);
  const auto gone = FindUserSources({plug});
  CHECK(gone.sources.empty());
  CHECK_THAT(gone.listings[0].detail, Catch::Contains("No such file"));
}

TEST_CASE("what a meter's program writes to stderr is bounded: the first and the last lines") {
  FakeMachine machine;
  machine.Write("log", "");
  const std::string path = machine.path("log").string();
  const int kept = dup(STDERR_FILENO), log = open(path.c_str(), O_WRONLY | O_APPEND);
  REQUIRE(dup2(log, STDERR_FILENO) == STDERR_FILENO);
  {
    const UserSource meter{
        .name = "loud",
        .file = "",
        .command = {"sh", "-c",
                    "echo first >&2; i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i >&2;"
                    " done; echo last >&2; echo 7; exec sleep 100"},
        .gives_power = true,
        .boundary = Boundary::kNode,
        .period = Seconds(5.0)};
    const auto found = FindUserSources({meter});
    CHECK(Await(*found.sources.at(0)).microwatts == 7'000'000U);  // it is not in its own way
  }
  dup2(kept, STDERR_FILENO);
  close(kept);
  close(log);
  const std::string text = ReadFile(path).value();
  CHECK(text.size() < 5000);
  CHECK(text.starts_with("first\nline 1\n"));
  CHECK(text.find("bytes of the meter's stderr left out here") != std::string::npos);
  CHECK(text.ends_with("line 3000\nlast\n"));
}

TEST_CASE("a program that prints watts is a source as long as it prints") {
  const UserSource meter{.name = "board",
                         .file = "",
                         .command = {"sh", "-c", "echo nonsense; echo 41.5; exec sleep 100"},
                         .gives_power = true,
                         .boundary = Boundary::kNode,
                         .period = Seconds(0.1)};
  const auto found = FindUserSources({meter});
  REQUIRE(found.sources.size() == 1);
  CHECK(Await(*found.sources[0]).microwatts == 41'500'000U);
  RawReading reading;
  for (int i = 0; i < 500 && reading.error != ETIMEDOUT; ++i) {
    poll(nullptr, 0, 10);
    reading = found.sources[0]->Read();
  }
  CHECK(reading.error == ETIMEDOUT);  // it has printed nothing for long
  CHECK_FALSE(reading.microwatts);
}

TEST_CASE("a pipe or a device is no file of numbers, and is not waited for") {
  FakeMachine machine;
  const std::string pipe = machine.path("pipe").string();
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  for (const std::string& file : {pipe, std::string("/dev/zero")}) {
    const auto found = FindUserSources({{.name = "p", .file = file, .command = {}}});
    CHECK(found.sources.empty());
    CHECK_THAT(found.listings.at(0).detail, Catch::Contains("is no plain file"));
  }
}

TEST_CASE("a program that prints without end is read in parts, and waits for its reader") {
  const auto found =
      FindUserSources({{.name = "p", .file = {}, .command = {"yes", "20"}, .gives_power = true}});
  REQUIRE(found.sources.size() == 1);
  CHECK(Await(*found.sources[0]).microwatts == 20'000'000U);
  poll(nullptr, 0, 50);
  CHECK(found.sources[0]->Read().microwatts == 20'000'000U);
}

TEST_CASE("a program that cannot be started is told") {
  const auto found = FindUserSources({{.name = "x", .file = "", .command = {"/no/such/program"}}});
  CHECK(found.sources.empty());
  CHECK_THAT(found.listings[0].detail, Catch::Contains("cannot be started"));
}

TEST_CASE(
    "a look at all sources tells a program that prints no numbers; one that has not printed yet is "
    "in order") {
  const auto listing = [](const std::vector<std::string>& command) {
    const auto found =
        FindUserSources({{.name = "p", .file = {}, .command = command}}, Seconds(0.3));
    return found.listings.at(0);
  };
  CHECK(listing({"echo", "12.5"}).readable);
  CHECK(listing({"sleep", "5"}).readable);
  const SourceListing words = listing({"echo", "watts:", "12.5"});
  CHECK_FALSE(words.readable);
  CHECK(words.detail == "the program echo does not print a number a line");
}

TEST_CASE("a study is metered with the user's source where it names it, and only then") {
  FakeMachine machine;
  machine.Write("plug", "100\n");
  machine.AddZone("intel-rapl:0", "package-0", 0);
  MeterPlan plan{.exclusive = true};
  plan.own = {{.name = "plug", .file = machine.path("plug").string(), .command = {}}};
  CHECK(MakeMeter(machine.roots(), plan, Seconds(0), {})->provenance().source == "rapl-powercap");
  plan.sources = {"plug"};
  const auto meter = MakeMeter(machine.roots(), plan, Seconds(0), {});
  REQUIRE(meter);
  CHECK(meter->provenance().source == "plug");
  CHECK(meter->provenance().boundary == "wall");
  CHECK(meter->provenance().energy_class == EnergyClass::kMeasured);
}
