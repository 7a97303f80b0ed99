#include <catch2/catch.hpp>

#include "tests/workers/meters/fake_machine.h"
#include "workers/meters/kernel_file.h"
#include "workers/meters/meter.h"

using namespace joulefront;
using namespace joulefront::testing;

namespace {

const MeterInfo& Find(const std::vector<MeterInfo>& meters, const std::string& domain) {
  for (const MeterInfo& meter : meters) {
    if (meter.domain == domain) return meter;
  }
  FAIL("no domain " << domain);
  return meters.front();
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a machine without counters says so, and what may mend it") {
  FakeMachine machine;
  const auto meters = ListMeters(machine.roots());
  REQUIRE(meters.size() == 3);
  CHECK(meters[0].source == "rapl-powercap");
  CHECK_FALSE(meters[0].usable);
  CHECK(Has(meters[0].remedy, "modprobe"));
  CHECK(meters[1].source == "nvml");
  CHECK_FALSE(meters[1].usable);
  CHECK(meters[2].source == "cpu-time");
  CHECK(meters[2].usable);
  CHECK(meters[2].energy_class == EnergyClass::kEstimated);
}

TEST_CASE("a virtual machine is told from a missing driver") {
  FakeMachine machine;
  machine.Write("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu hypervisor\nbugs\t: x\n");
  const auto meters = ListMeters(machine.roots());
  CHECK(Has(meters[0].detail, "virtual machine"));
  CHECK(meters[0].remedy.empty());
}

TEST_CASE("counters that a container hides are told from missing ones") {
  FakeMachine machine;
  std::filesystem::create_symlink("../../devices/virtual/powercap/intel-rapl/intel-rapl:0",
                                  machine.path("sys/class/powercap/intel-rapl:0"));
  const auto meters = ListMeters(machine.roots());
  CHECK(Has(Find(meters, "package").detail, "container"));
}

TEST_CASE("every counter is listed, and psys is never added") {
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "package-0", 0);
  machine.AddZone("intel-rapl:0:0", "core", 0);
  machine.AddZone("intel-rapl:0:1", "dram", 0);
  machine.AddZone("intel-rapl:1", "psys", 0);
  const auto meters = ListMeters(machine.roots());
  REQUIRE(meters.size() == 5);
  CHECK(Find(meters, "package-0").usable);
  CHECK(Has(Find(meters, "package-0").detail, "262 kJ"));
  CHECK(Find(meters, "package-0").energy_class == EnergyClass::kMeasured);
  CHECK(Find(meters, "dram of package-0").usable);
  CHECK_FALSE(Find(meters, "psys").usable);
  CHECK(Has(Find(meters, "psys").detail, "never added"));
}

TEST_CASE(
    "a counter that cannot be read is listed with the reason, and what is left out says why") {
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "package-0", 0);
  machine.AddZone("intel-rapl:0:0", "dram", 0);
  machine.AddZone("intel-rapl:1", "package-1", 0);
  CHECK(Has(Find(ListMeters(machine.roots()), "dram of package-0").detail, "not every package"));
  machine.MakeUnreadable("intel-rapl:1");
  const auto meters = ListMeters(machine.roots());
  CHECK_FALSE(Find(meters, "package-1").usable);
  CHECK(Has(Find(meters, "package-1").detail, "Is a directory"));
  CHECK_FALSE(Find(meters, "package-0").usable);
  CHECK(Has(Find(meters, "package-0").detail, "another package"));
}

TEST_CASE("a counter without permission names the command that gives it") {
  if (geteuid() == 0) return;  // root may read everything
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "package-0", 0);
  machine.AddZone("intel-rapl:1", "package-1", 0);
  for (const std::string id : {"intel-rapl:0", "intel-rapl:1"}) {
    std::filesystem::permissions(machine.path(FakeMachine::Zone(id) + "/energy_uj"),
                                 std::filesystem::perms::none);
  }
  const auto meters = ListMeters(machine.roots());
  CHECK_FALSE(meters[0].usable);
  CHECK(Has(meters[0].detail, "CVE-2020-8694"));
  CHECK(Has(meters[0].remedy, "sudo chmod"));
  CHECK(Has(meters[0].remedy, "docs/99-joulefront-rapl.rules"));
  CHECK(meters[1].domain == "package-1");
  CHECK(Has(meters[1].detail, "CVE-2020-8694"));
  CHECK(meters[1].remedy.empty());  // told once
}

TEST_CASE("a GPU that is there is said not to be metered") {
  FakeMachine machine;
  machine.Write("proc/driver/nvidia/version", "x\n");
  CHECK(Has(Find(ListMeters(machine.roots()), "gpu").detail, "not metered in this version"));
}

TEST_CASE("the fingerprint names processor, CPUs and kernel") {
  FakeMachine machine;
  CHECK(HostFingerprint(machine.roots()) == "Example CPU 9, 2 CPUs, Linux 6.1.0-test");
  machine.Write("proc/cpuinfo",
                "processor\t: 0\nBogoMIPS\t: 50.0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n");
  CHECK(HostFingerprint(machine.roots()) == "processor 0x41/0xd0c, 1 CPUs, Linux 6.1.0-test");
  const SystemRoots nowhere{"/nonexistent/sys", "/nonexistent/proc", "/nonexistent/dev", "none.so"};
  CHECK(HostFingerprint(nowhere) == "unknown processor, 0 CPUs, Linux unknown");
  CHECK(ListMeters(nowhere).size() == 3);
}

TEST_CASE("a count is digits and nothing else") {
  CHECK(ParseCount(" 12\n") == 12U);
  CHECK(ParseCount("18446744073709551615") == 18446744073709551615U);
  for (const char* text : {"", " ", "+1", "-1", "1 2", "1e3", "18446744073709551616"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseCount(text));
  }
}
