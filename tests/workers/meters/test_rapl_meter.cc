#include <catch2/catch.hpp>
#include <cmath>

#include "tests/workers/meters/fake_machine.h"
#include "workers/meters/phase_ledger.h"
#include "workers/meters/rapl_meter.h"

using namespace joulefront;
using namespace joulefront::testing;

namespace {

const std::string kPackage0 = "intel-rapl:0";

/// The joules that the meter gives after one second in which the counter went from `before` to
/// `after`; the covered time must be that second, or nothing.
std::optional<double> AfterOneSecond(std::uint64_t before, const std::string& after,
                                     std::uint64_t range = kRange) {
  FakeMachine machine;
  machine.AddZone(kPackage0, "package-0", before, range);
  const auto meter = MakeRaplMeter(machine.roots(), true, Seconds(0), {});
  REQUIRE(meter);
  machine.SetCounterText(kPackage0, after);
  const Reading reading = meter->Read(Seconds(1), {});
  CHECK(reading.elapsed == Seconds(1));
  if (reading.covered == Seconds(0)) {
    CHECK(reading.joules == Joules(0));
    return std::nullopt;
  }
  CHECK(reading.covered == Seconds(1));
  return reading.joules.value();
}

std::vector<std::string> ChosenIds(const FakeMachine& machine) {
  std::vector<std::string> ids;
  for (const auto& zone : ChooseRaplBoundary(FindRaplZones(machine.roots())).zones) {
    ids.push_back(zone.id);
  }
  return ids;
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("a counter that advances gives its joules") {
  CHECK(*AfterOneSecond(1'000'000, "51000000\n") == Approx(50.0));
  CHECK(*AfterOneSecond(1'000'000, "1000000") == 0.0);
}

TEST_CASE("a counter that wraps gives what it advanced by") {
  CHECK(*AfterOneSecond(kRange - 30'000'000, "20000000\n") == Approx(50.0));
  CHECK(*AfterOneSecond(kRange - 30'000'000, "0\n") == Approx(30.0));
  CHECK(*AfterOneSecond(kRange, "7000000\n") == Approx(7.0));
}

TEST_CASE("a counter at its largest value is read") {
  CHECK(*AfterOneSecond(kRange - 30'000'000, std::to_string(kRange)) == Approx(30.0));
  CHECK(*AfterOneSecond(kRange, std::to_string(kRange)) == 0.0);
}

TEST_CASE("several wraps are all counted when the counter is read in time") {
  FakeMachine machine;
  machine.AddZone(kPackage0, "package-0", 0);
  const auto meter = MakeRaplMeter(machine.roots(), true, Seconds(0), {});
  std::uint64_t used = 0;
  Reading reading;
  for (int second = 1; second <= 3000; ++second) {
    used += 300'000'000;  // 300 W: the counter wraps every 874 s
    machine.SetCounter(kPackage0, used % kRange);
    reading = meter->Read(Seconds(second), {});
  }
  CHECK(reading.joules.value() == Approx(900'000.0).epsilon(1e-12));
  CHECK(reading.covered == Seconds(3000));
}

TEST_CASE("a reset is a gap, not a wrap") {
  CHECK_FALSE(AfterOneSecond(kRange / 2, "0\n"));
  CHECK_FALSE(AfterOneSecond(5'000'000'000, "4999999999\n"));
}

TEST_CASE("a leap beyond what a package can draw is a gap") {
  CHECK_FALSE(AfterOneSecond(0, "3000000000\n"));
}

TEST_CASE("what is no value of the counter is a gap") {
  for (const std::string text : {"", "\n", "error\n", "-1\n", "12 13\n", "0x10\n", "1.5\n",
                                 "99999999999999999999999\n", "262143328851\n"}) {
    CAPTURE(text);
    CHECK_FALSE(AfterOneSecond(0, text));
  }
}

TEST_CASE("so long a time that the counter may have wrapped twice is a gap") {
  CHECK(EnergySince(0, 1'000'000'000, kRange, Seconds(100)) == 1'000'000'000U);
  CHECK_FALSE(EnergySince(0, 1'000'000'000, kRange, Seconds(132)));
  CHECK(EnergySince(65'532'610'000, 13, 65'532'610'987, Seconds(1)) == 1000U);
}

TEST_CASE("without a range a counter is read until it falls") {
  FakeMachine machine;
  machine.AddZone(kPackage0, "package-0", 1'000'000);
  const bool garbage = GENERATE(true, false);
  const std::string range_file = FakeMachine::Zone(kPackage0) + "/max_energy_range_uj";
  if (garbage) {
    machine.Write(range_file, "0\n");
  } else {
    std::filesystem::remove(machine.path(range_file));
  }
  const auto meter = MakeRaplMeter(machine.roots(), true, Seconds(0), {});
  REQUIRE(meter);
  machine.SetCounter(kPackage0, 6'000'000);
  CHECK(meter->Read(Seconds(1), {}).joules == Joules(5));
  machine.SetCounter(kPackage0, 1'000'000);
  CHECK(meter->Read(Seconds(2), {}).covered == Seconds(1));
  machine.SetCounter(kPackage0, 2'000'000);
  const Reading reading = meter->Read(Seconds(3), {});
  CHECK(reading.joules == Joules(6));
  CHECK(reading.covered == Seconds(2));
}

TEST_CASE("a reading that fails is made up for by the next good one") {
  FakeMachine machine;
  machine.AddZone(kPackage0, "package-0", kRange - 10'000'000);
  const auto meter = MakeRaplMeter(machine.roots(), true, Seconds(0), {});
  machine.SetCounterText(kPackage0, "error");
  const Reading lost = meter->Read(Seconds(1), {});
  CHECK(lost.covered == Seconds(0));
  CHECK_FALSE(FigureBetween({}, lost, meter->provenance()));
  machine.SetCounter(kPackage0, 20'000'000);
  const Reading found = meter->Read(Seconds(2), {});
  CHECK(found.joules.value() == Approx(30.0));
  CHECK(found.covered == Seconds(2));

  // The window that began in the gap holds joules of before, and says how uncertain that makes it.
  const auto figure = FigureBetween(lost, found, meter->provenance());
  CHECK(figure->coverage == 1.0);
  CHECK(figure->own_uncertainty > 0.5);
}

TEST_CASE("a single value that cannot be is made up for by the next good one") {
  for (const std::string text : {"", "garbage\n", "262143328851\n"}) {
    CAPTURE(text);
    FakeMachine machine;
    machine.AddZone(kPackage0, "package-0", 0);
    const auto meter = MakeRaplMeter(machine.roots(), true, Seconds(0), {});
    machine.SetCounterText(kPackage0, text);
    meter->Read(Seconds(1), {});
    machine.SetCounterText(kPackage0, "30000000\n");
    CHECK(meter->Read(Seconds(2), {}).joules.value() == Approx(30.0));
  }
}

TEST_CASE("a counter that stays unreadable leaves a figure of part of the time") {
  FakeMachine machine;
  machine.AddZone(kPackage0, "package-0", 0);
  const auto meter = MakeRaplMeter(machine.roots(), true, Seconds(0), {});
  machine.SetCounter(kPackage0, 40'000'000);
  meter->Read(Seconds(1), {});
  machine.SetCounterText(kPackage0, "");
  const auto figure = FigureBetween({}, meter->Read(Seconds(4), {}), meter->provenance());
  REQUIRE(figure);
  CHECK(figure->joules.value() == Approx(40.0));
  CHECK(figure->coverage == 0.25);
}

TEST_CASE("one counter of several that cannot be read is a gap of them all") {
  FakeMachine machine;
  machine.AddZone(kPackage0, "package-0", 0);
  machine.AddZone("intel-rapl:1", "package-1", 0, 65'532'610'987);
  const auto meter = MakeRaplMeter(machine.roots(), true, Seconds(0), {});
  machine.SetCounter(kPackage0, 10'000'000);
  machine.SetCounterText("intel-rapl:1", "?");
  CHECK(meter->Read(Seconds(1), {}).joules == Joules(0));
  machine.SetCounter("intel-rapl:1", 5'000'000);
  CHECK(meter->Read(Seconds(2), {}).joules.value() == Approx(15.0));
}

TEST_CASE("packages and the DRAM of each of them are added") {
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "package-1", 0);
  machine.AddZone("intel-rapl:0:0", "core", 0);
  machine.AddZone("intel-rapl:0:1", "dram", 0, 65'712'999'613);
  machine.AddZone("intel-rapl:1", "package-0", 0);
  machine.AddZone("intel-rapl:1:0", "dram", 0, 65'712'999'613);
  machine.AddZone("intel-rapl:1:1", "uncore", 0);
  machine.AddZone("intel-rapl:2", "psys", 0);
  machine.Write("sys/class/powercap/intel-rapl/enabled", "1\n");
  const auto meter = MakeRaplMeter(machine.roots(), true, Seconds(0), {});
  REQUIRE(meter);
  CHECK(meter->provenance().boundary == "package+dram");
  CHECK(meter->provenance().energy_class == EnergyClass::kMeasured);
  CHECK(meter->provenance().idle_policy == "included");
  std::uint64_t joules = 1;
  for (const std::string id : {"intel-rapl:0", "intel-rapl:0:0", "intel-rapl:0:1", "intel-rapl:1",
                               "intel-rapl:1:0", "intel-rapl:1:1", "intel-rapl:2"}) {
    machine.SetCounter(id, joules * 1'000'000);
    joules *= 2;
  }
  CHECK(meter->Read(Seconds(1), {}).joules.value() == Approx(1 + 4 + 8 + 16));
}

TEST_CASE("DRAM is left out unless every package has it") {
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "package-0", 0);
  machine.AddZone("intel-rapl:0:0", "dram", 0);
  machine.AddZone("intel-rapl:1", "package-1", 0);
  CHECK(ChosenIds(machine) == Ids{"intel-rapl:0", "intel-rapl:1"});
  machine.AddZone("intel-rapl:1:0", "dram", 0);
  CHECK(ChosenIds(machine).size() == 4);
  machine.MakeUnreadable("intel-rapl:1:0");
  CHECK(ChooseRaplBoundary(FindRaplZones(machine.roots())).boundary == "package");
}

TEST_CASE("zone numbers are hexadecimal") {
  FakeMachine machine;
  for (int i = 0; i < 18; ++i) {
    const std::string id = fmt::format("intel-rapl:{:x}", i);
    machine.AddZone(id, fmt::format("package-{}", i), 0);
  }
  const Ids ids = ChosenIds(machine);
  REQUIRE(ids.size() == 18);
  CHECK(ids[10] == "intel-rapl:a");
  CHECK(ids[17] == "intel-rapl:11");
}

TEST_CASE("zones inside the folder of their package are found, and counted once") {
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "package-0", 0);
  machine.AddZone("intel-rapl:0/intel-rapl:0:0", "dram", 0);
  CHECK(ChosenIds(machine) == Ids{"intel-rapl:0", "intel-rapl:0:0"});
  machine.AddZone("intel-rapl:0:0", "dram", 0);
  CHECK(ChosenIds(machine) == Ids{"intel-rapl:0", "intel-rapl:0:0"});
}

TEST_CASE("the same package shown by a second driver is counted once") {
  FakeMachine machine;
  machine.AddZone("intel-rapl-mmio:0", "package-0", 0);
  machine.AddZone("intel-rapl-mmio:0:0", "dram", 0);
  CHECK(ChosenIds(machine) == Ids{"intel-rapl-mmio:0", "intel-rapl-mmio:0:0"});
  machine.AddZone("intel-rapl:0", "package-0", 0);
  CHECK(ChosenIds(machine) == Ids{"intel-rapl:0"});
}

TEST_CASE("a platform counter alone is no host total") {
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "psys", 0);
  CHECK(ChosenIds(machine).empty());
  CHECK_FALSE(MakeRaplMeter(machine.roots(), true, Seconds(0), {}));
}

TEST_CASE("an AMD host has packages only") {
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "package-0", 0, 65'532'610'987);
  machine.AddZone("intel-rapl:0:0", "core", 0, 65'532'610'987);
  CHECK(ChosenIds(machine) == Ids{"intel-rapl:0"});
}

TEST_CASE("RAPL is not used when the counter of any package cannot be read") {
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "package-0", 0);
  machine.AddZone("intel-rapl:1", "package-1", 0);
  SECTION("unreadable") { machine.MakeUnreadable("intel-rapl:1"); }
  SECTION("missing") {
    std::filesystem::remove(machine.path(FakeMachine::Zone("intel-rapl:1") + "/energy_uj"));
  }
  SECTION("garbage") { machine.SetCounterText("intel-rapl:1", "garbage"); }
  SECTION("empty") { machine.SetCounterText("intel-rapl:1", ""); }
  SECTION("beyond its range") { machine.SetCounter("intel-rapl:1", kRange + 1); }
  CHECK_FALSE(MakeRaplMeter(machine.roots(), true, Seconds(0), {}));
  const auto meter = MakeMeter(machine.roots(), true, Seconds(0), {});
  CHECK(meter->provenance().energy_class == EnergyClass::kEstimated);
}

TEST_CASE("on a shared host the trainer is charged by its share of the CPU time") {
  FakeMachine machine;
  machine.AddZone(kPackage0, "package-0", 0);
  const auto meter = MakeRaplMeter(machine.roots(), false, Seconds(0), {});
  CHECK(meter->provenance().energy_class == EnergyClass::kAttributed);
  CHECK(meter->provenance().attribution == "cpu-time-share");
  CHECK(meter->provenance().idle_policy == "by-cpu-time-share");
  machine.SetCounter(kPackage0, 100'000'000);
  CHECK(meter->Read(Seconds(1), {Seconds(0.5), Seconds(2)}).joules == Joules(25));
  // More than all of it is rounding of the ticks, and nothing used by anybody is nothing.
  machine.SetCounter(kPackage0, 200'000'000);
  CHECK(meter->Read(Seconds(2), {Seconds(1.5), Seconds(2.99)}).joules == Joules(125));
  machine.SetCounter(kPackage0, 300'000'000);
  const Reading reading = meter->Read(Seconds(3), {Seconds(1.5), Seconds(2.99)});
  CHECK(reading.joules == Joules(125));
  CHECK(reading.covered == Seconds(3));
}

TEST_CASE("a share cannot be told without the host's CPU time") {
  CHECK_FALSE(CpuTimeShare({}, {Seconds(1), Seconds(0)}));
  CHECK(CpuTimeShare({}, {Seconds(0.01), Seconds(0)}) == 1.0);
  CHECK(CpuTimeShare({}, {Seconds(0), Seconds(0)}) == 0.0);
  CHECK(CpuTimeShare({}, {Seconds(0), Seconds(5)}) == 0.0);
  FakeMachine machine;
  machine.AddZone(kPackage0, "package-0", 0);
  const auto meter = MakeRaplMeter(machine.roots(), false, Seconds(0), {});
  machine.SetCounter(kPackage0, 100'000'000);
  CHECK(meter->Read(Seconds(1), {Seconds(1), Seconds(0)}).covered == Seconds(0));
}

TEST_CASE("many phases shorter than a clock tick do not make the trainer pay for the host") {
  FakeMachine machine;
  machine.AddZone(kPackage0, "package-0", 0);
  const auto meter = MakeRaplMeter(machine.roots(), false, Seconds(0), {});
  Reading reading;
  // The trainer uses one of two busy CPUs, and the meter is read every 3 ms.
  for (int i = 1; i <= 1000; ++i) {
    const double time = i * 0.003;
    machine.SetCounter(kPackage0, static_cast<std::uint64_t>(time * 100e6));
    const Seconds host(std::floor(time * 100.0) * 0.01 * 2.0);
    reading = meter->Read(Seconds(time), {Seconds(time), host});
  }
  CHECK(reading.joules.value() == Approx(150.0).epsilon(0.02));
}
