#include <catch2/catch.hpp>

#include "tests/workers/meters/fake_machine.h"
#include "workers/meters/host.h"
#include "workers/meters/kernel_file.h"
#include "workers/meters/meter_choice.h"
#include "workers/meters/phase_ledger.h"
#include "workers/meters/powercap_source.h"

using namespace joulefront;
using namespace joulefront::testing;

namespace {

using Names = std::vector<std::string>;

const SourceListing& Find(const FoundSources& found, const std::string& domain) {
  for (const SourceListing& listing : found.listings) {
    if (listing.domain.name == domain) return listing;
  }
  FAIL("no domain " << domain);
  return found.listings.front();
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Names of the domains that an attempt is metered with.
Names Chosen(const FakeMachine& machine) {
  auto meter = MakeMeter(machine.roots(), {.exclusive = true}, Seconds(0), {});
  if (!meter) FAIL(meter.error().message);
  Names names;
  for (const Domain& domain : meter->domains()) names.push_back(domain.name);
  return names;
}

}  // namespace

TEST_CASE("packages and the DRAM of each of them are added, and nothing else") {
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "package-1", 0);
  machine.AddZone("intel-rapl:0:0", "core", 0);
  machine.AddZone("intel-rapl:0:1", "dram", 0, 65'712'999'613);
  machine.AddZone("intel-rapl:1", "package-0", 0);
  machine.AddZone("intel-rapl:1:0", "dram", 0, 65'712'999'613);
  machine.AddZone("intel-rapl:1:1", "uncore", 0);
  machine.AddZone("intel-rapl:2", "psys", 0);
  machine.Write("sys/class/powercap/intel-rapl/enabled", "1\n");
  auto meter = MakeMeter(machine.roots(), {.exclusive = true}, Seconds(0), {});
  REQUIRE(meter);
  CHECK(meter->provenance().boundary == "package+dram");
  CHECK(meter->provenance().energy_class == EnergyClass::kMeasured);
  PhaseLedger ledger(std::move(*meter), Seconds(0));
  std::uint64_t joules = 1;
  for (const std::string id : {"intel-rapl:0", "intel-rapl:0:0", "intel-rapl:0:1", "intel-rapl:1",
                               "intel-rapl:1:0", "intel-rapl:1:1", "intel-rapl:2"}) {
    machine.SetCounter(id, joules * 1'000'000);
    joules *= 2;
  }
  const auto phases = ledger.Read(Seconds(1), {}, Look::kLast);
  CHECK(phases.back().figure->joules == Joules(1 + 4 + 8 + 16));
}

TEST_CASE("DRAM is left out unless every package has it") {
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "package-0", 0);
  machine.AddZone("intel-rapl:0:0", "dram", 0);
  machine.AddZone("intel-rapl:1", "package-1", 0);
  CHECK(Chosen(machine) == Names{"package-0", "package-1"});
  machine.AddZone("intel-rapl:1:0", "dram", 0);
  CHECK(Chosen(machine) ==
        Names{"package-0", "package-1", "dram of package-0", "dram of package-1"});
  machine.MakeUnreadable("intel-rapl:1:0");
  CHECK(Chosen(machine) == Names{"package-0", "package-1"});
}

TEST_CASE("zone numbers are hexadecimal, and any number of zones is read") {
  FakeMachine machine;
  for (int i = 0; i < 128; ++i) {
    machine.AddZone(fmt::format("intel-rapl:{:x}", i), fmt::format("package-{}", i), 0);
  }
  const Names names = Chosen(machine);
  REQUIRE(names.size() == 128);
  CHECK(names[10] == "package-10");
  CHECK(names[127] == "package-127");
}

TEST_CASE("zones inside the folder of their package are found, and counted once") {
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "package-0", 0);
  machine.AddZone("intel-rapl:0/intel-rapl:0:0", "dram", 0);
  CHECK(Chosen(machine) == Names{"package-0", "dram of package-0"});
  machine.AddZone("intel-rapl:0:0", "dram", 0);
  CHECK(Chosen(machine) == Names{"package-0", "dram of package-0"});
}

TEST_CASE("the same package shown by a second driver is counted once") {
  FakeMachine machine;
  machine.AddZone("intel-rapl-mmio:0", "package-0", 0);
  machine.AddZone("intel-rapl-mmio:0:0", "dram", 0);
  CHECK(Chosen(machine) == Names{"package-0", "dram of package-0"});
  machine.AddZone("intel-rapl:0", "package-0", 0);
  CHECK(Chosen(machine) == Names{"package-0"});
  CHECK(FindPowercap(machine.roots()).listings.size() == 1);
}

TEST_CASE("two dies that mirror one counter are counted once, and two that do not twice") {
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "package-0-die-0", 1'000'000'000);
  machine.AddZone("intel-rapl:1", "package-0-die-1", 1'000'500'000);
  machine.AddZone("intel-rapl:2", "package-1-die-0", 1'000'000'000);  // another socket
  CHECK(Chosen(machine) == Names{"package-0-die-0", "package-1-die-0"});
  CHECK(Has(Find(FindPowercap(machine.roots()), "package-0-die-0").detail, "mirrors"));
  machine.SetCounter("intel-rapl:1", 5'000'000'000);
  CHECK(Chosen(machine).size() == 3);
}

TEST_CASE("counters are told to be one only after they have moved together for ten seconds") {
  MirrorCheck same, other, still;
  for (int second = 0; second <= 10; ++second) {
    CHECK_FALSE(same.AreOne());
    const auto value = static_cast<std::uint64_t>(second) * 90'000'000;
    same.Take(Seconds(second), value, value + (second % 2 == 0 ? 150'000U : 0U));
    other.Take(Seconds(second), value, value * 2);
    still.Take(Seconds(second), 77, 77);
  }
  CHECK(same.AreOne() == true);
  CHECK(other.AreOne() == false);
  CHECK_FALSE(still.AreOne());
}

TEST_CASE("a platform counter alone is no host total") {
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "psys", 0);
  CHECK(Chosen(machine) == Names{"cpu"});
  CHECK(Has(Find(FindPowercap(machine.roots()), "psys").detail, "never added"));
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
  const auto meter = MakeMeter(machine.roots(), {.exclusive = true}, Seconds(0), {});
  REQUIRE(meter);
  CHECK(meter->provenance().energy_class == EnergyClass::kEstimated);
}

TEST_CASE("what is no value of the counter is no reading") {
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "package-0", 0);
  const auto found = FindPowercap(machine.roots());
  REQUIRE(found.sources.size() == 1);
  for (const std::string text :
       {"", "\n", "error\n", "-1\n", "12 13\n", "0x10\n", "1.5\n", "99999999999999999999999\n"}) {
    CAPTURE(text);
    machine.SetCounterText("intel-rapl:0", text);
    CHECK_FALSE(found.sources[0]->Read().microjoules);
  }
  machine.SetCounterText("intel-rapl:0", "12\n");
  CHECK(found.sources[0]->Read().microjoules == 12U);
}

TEST_CASE("a range of zero, or none, is no range") {
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "package-0", 1'000'000, 0);
  CHECK_FALSE(Find(FindPowercap(machine.roots()), "package-0").domain.range);
  std::filesystem::remove(machine.path(FakeMachine::Zone("intel-rapl:0") + "/max_energy_range_uj"));
  CHECK_FALSE(Find(FindPowercap(machine.roots()), "package-0").domain.range);
}

TEST_CASE("a machine without counters says so, and what may mend it") {
  FakeMachine machine;
  const auto found = FindPowercap(machine.roots());
  REQUIRE(found.listings.size() == 1);
  CHECK_FALSE(found.listings[0].readable);
  CHECK(Has(found.listings[0].remedy, "modprobe"));
  machine.Write("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu hypervisor\nbugs\t: x\n");
  const auto guest = FindPowercap(machine.roots());
  CHECK(Has(guest.listings[0].detail, "virtual machine"));
  CHECK(guest.listings[0].remedy.empty());
}

TEST_CASE("counters that a container hides are told from missing ones") {
  FakeMachine machine;
  std::filesystem::create_symlink("../../devices/virtual/powercap/intel-rapl/intel-rapl:0",
                                  machine.path("sys/class/powercap/intel-rapl:0"));
  CHECK(Has(Find(FindPowercap(machine.roots()), "package").detail, "container"));
}

TEST_CASE("a counter that cannot be read is listed with the reason") {
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "package-0", 0);
  machine.AddZone("intel-rapl:1", "package-1", 0);
  machine.MakeUnreadable("intel-rapl:1");
  const auto found = FindPowercap(machine.roots());
  CHECK(Find(found, "package-0").readable);
  CHECK(Has(Find(found, "package-0").detail, "262 kJ"));
  CHECK_FALSE(Find(found, "package-1").readable);
  CHECK(Has(Find(found, "package-1").detail, "Is a directory"));
}

TEST_CASE("a counter without permission names the command that gives it, once") {
  if (geteuid() == 0) return;  // root may read everything
  FakeMachine machine;
  for (const int i : {0, 1}) {
    const std::string id = fmt::format("intel-rapl:{}", i);
    machine.AddZone(id, fmt::format("package-{}", i), 0);
    std::filesystem::permissions(machine.path(FakeMachine::Zone(id) + "/energy_uj"),
                                 std::filesystem::perms::none);
  }
  const auto found = FindPowercap(machine.roots());
  CHECK(Has(found.listings[0].detail, "CVE-2020-8694"));
  CHECK(Has(found.listings[0].remedy, "sudo chmod"));
  CHECK(Has(found.listings[0].remedy, "docs/99-joulefront-rapl.rules"));
  CHECK(found.listings[1].remedy.empty());
}

TEST_CASE("the fingerprint names processor, CPUs and kernel") {
  FakeMachine machine;
  CHECK(HostFingerprint(machine.roots()) == "Example CPU 9, 2 CPUs, Linux 6.1.0-test");
  machine.Write("proc/cpuinfo",
                "processor\t: 0\nBogoMIPS\t: 50.0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n");
  CHECK(HostFingerprint(machine.roots()) == "processor 0x41/0xd0c, 1 CPUs, Linux 6.1.0-test");
  const SystemRoots nowhere{"/nonexistent/sys", "/nonexistent/proc", "/nonexistent/dev", "none.so"};
  CHECK(HostFingerprint(nowhere) == "unknown processor, 0 CPUs, Linux unknown");
}

TEST_CASE("a count is digits and nothing else") {
  CHECK(ParseCount(" 12\n") == 12U);
  CHECK(ParseCount("18446744073709551615") == 18446744073709551615U);
  for (const char* text : {"", " ", "+1", "-1", "1 2", "1e3", "18446744073709551616"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseCount(text));
  }
}
