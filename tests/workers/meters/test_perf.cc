#include <fcntl.h>
#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/workers/meters/fake_machine.h"
#include "workers/meters/perf_source.h"

using namespace joulefront;
using namespace joulefront::testing;

namespace {

const std::string kPmu = "sys/bus/event_source/devices/power";
constexpr const char* kScale = "2.3283064365386962890625e-10\n";

/// Two sockets, whose events are files of 8 bytes named CONFIG-CPU.
class PerfMachine : public FakeMachine {
 public:
  PerfMachine() {
    Write(kPmu + "/type", "23\n");
    Write(kPmu + "/cpumask", "0,18\n");
    AddEvent("energy-pkg", "event=0x02");
    Write("sys/devices/system/cpu/cpu0/topology/physical_package_id", "0\n");
    Write("sys/devices/system/cpu/cpu18/topology/physical_package_id", "1\n");
  }
  void AddEvent(const std::string& name, const std::string& config) {
    Write(kPmu + "/events/" + name, config + "\n");
    Write(kPmu + "/events/" + name + ".scale", kScale);
    Write(kPmu + "/events/" + name + ".unit", "Joules\n");
  }
  void SetCount(std::uint64_t config, int cpu, std::uint64_t count) {
    Write(fmt::format("events/{}-{}", config, cpu),
          std::string(reinterpret_cast<const char*>(&count), sizeof count));
  }
  FoundSources Find() const {
    return FindPerf(roots(), [this](std::uint32_t type, std::uint64_t config, int cpu) {
      if (type != 23) return -EINVAL;
      const int file =
          open(path(fmt::format("events/{}-{}", config, cpu)).c_str(), O_RDONLY | O_CLOEXEC);
      return file < 0 ? -EACCES : file;
    });
  }
};

}  // namespace

TEST_CASE("perf's energy events are read for each package, in microjoules") {
  PerfMachine machine;
  machine.AddEvent("energy-ram", "event=0x03");
  machine.AddEvent("energy-cores", "event=0x01");  // inside the package
  machine.SetCount(2, 0, std::uint64_t{1} << 32);
  machine.SetCount(2, 18, std::uint64_t{5} << 31);
  machine.SetCount(3, 0, 4'295);  // a microjoule is 4294.97 counts
  machine.SetCount(3, 18, 0);
  const auto found = machine.Find();
  REQUIRE(found.sources.size() == 4);
  CHECK(found.sources[0]->domain().name == "package-0");
  CHECK(found.sources[1]->domain().name == "package-1");
  CHECK(found.sources[2]->domain().name == "dram of package-0");
  CHECK(found.sources[0]->Read().microjoules == 1'000'000U);
  CHECK(found.sources[1]->Read().microjoules == 2'500'000U);
  CHECK(found.sources[2]->Read().microjoules == 1U);
}

TEST_CASE("an event that may not be opened says what would mend that") {
  PerfMachine machine;
  const auto found = machine.Find();
  CHECK(found.sources.empty());
  REQUIRE(found.listings.size() == 2);
  CHECK_FALSE(found.listings[0].readable);
  CHECK_THAT(found.listings[0].remedy, Catch::Contains("perf_event_paranoid"));
}

TEST_CASE("an event that ends gives an error and no number") {
  PerfMachine machine;
  machine.SetCount(2, 0, 77);
  const auto found = machine.Find();
  REQUIRE(found.sources.size() == 1);
  found.sources[0]->Read();
  CHECK_FALSE(found.sources[0]->Read().microjoules);  // the end of the file
  CHECK(found.sources[0]->Read().error == ENODATA);
}

TEST_CASE("an event that is not in joules, or nonsense, is not opened") {
  for (const auto& [file, text] : {std::pair{".unit", "Watts\n"},
                                   {".unit", ""},
                                   {".scale", "-1\n"},
                                   {".scale", "nan\n"},
                                   {".scale", "1e-10x\n"},
                                   {"", "event=2\n"},
                                   {"", "umask=0x02\n"}}) {
    PerfMachine machine;
    machine.SetCount(2, 0, 77);
    machine.Write(kPmu + "/events/energy-pkg" + file, text);
    CHECK(machine.Find().sources.empty());
  }
  PerfMachine machine;
  machine.Write(kPmu + "/cpumask", "0-\n");
  CHECK(machine.Find().listings.empty());
}

TEST_CASE("counts are scaled without losing a microjoule, however large") {
  CHECK(rc::check([] {
    const auto joules = *rc::gen::inRange<std::uint64_t>(0, 4'000'000'000);
    const double scale = 2.3283064365386962890625e-10;
    RC_ASSERT(ScaleToMicrojoules(joules << 32, scale) == joules * 1'000'000);
    RC_ASSERT(ScaleToMicrojoules((joules << 32) + 4'295, scale) == joules * 1'000'000 + 1);
  }));
}

TEST_CASE("lists of CPUs are read as the kernel writes them, and refused otherwise") {
  CHECK(ParseCpuList("0,18") == std::vector<int>{0, 18});
  CHECK(ParseCpuList("0-2,8") == std::vector<int>{0, 1, 2, 8});
  for (const char* text : {"", ",", "0,", "-1", "3-1", "0-", "a", "99999999", "0;1"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseCpuList(text));
  }
}
