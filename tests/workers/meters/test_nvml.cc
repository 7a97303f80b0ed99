// NVML over its true binary interface: the library is a fake one (tests/fake_nvml), loaded as the
// driver's is.
#include <stdlib.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/workers/meters/fake_machine.h"
#include "workers/meters/meter_choice.h"
#include "workers/meters/nvml_source.h"
#include "workers/meters/phase_ledger.h"

using namespace joulefront;
using namespace joulefront::testing;

namespace {

/// A machine with the fake library and its script.
class GpuMachine : public FakeMachine {
 public:
  explicit GpuMachine(const std::string& script) {
    Script(script);
    setenv("FAKE_NVML_SCRIPT", path("nvml.txt").c_str(), 1);
    Write("proc/driver/nvidia/version", "x\n");
  }
  void Script(const std::string& text) { Write("nvml.txt", text); }
  SystemRoots roots() const {
    SystemRoots roots = FakeMachine::roots();
    roots.nvml = JOULEFRONT_FAKE_NVML;
    return roots;
  }
};

constexpr const char* kTwo =
    "gpu GPU-a NVIDIA H100 80GB HBM3\nenergy 1000\npower 70000\n"
    "gpu GPU-b NVIDIA H100 80GB HBM3\nenergy 5000\npower 80000\n";

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("every GPU is found, by its UUID, and its counter is in microjoules") {
  GpuMachine machine(kTwo);
  const auto found = FindNvml(machine.roots(), {});
  REQUIRE(found.sources.size() == 2);
  CHECK(found.sources[0]->domain().name == "gpu GPU-a");
  CHECK(found.sources[0]->domain().boundary == Boundary::kGpu);
  CHECK(found.sources[1]->domain().name == "gpu GPU-b");
  CHECK(found.sources[1]->Read().microjoules == 5'000'000U);
  machine.Script("gpu GPU-a x\nenergy 1000\ngpu GPU-b x\nenergy 18446744073709551\n");
  CHECK(found.sources[1]->Read().microjoules == 18'446'744'073'709'551'000U);
}

TEST_CASE("an attempt is metered with its own GPU, whatever number that has today") {
  GpuMachine machine(kTwo);
  for (const std::string name : {"GPU-b", "1"}) {
    const auto found = FindNvml(machine.roots(), {name});
    REQUIRE(found.sources.size() == 1);
    CHECK(found.sources[0]->domain().name == "gpu GPU-b");
  }
  const auto found = FindNvml(machine.roots(), {"GPU-b"});
  machine.Script("gpu GPU-b x\nenergy 6000\ngpu GPU-a x\nenergy 1\n");  // the order has changed
  CHECK(FindNvml(machine.roots(), {"GPU-b"}).sources[0]->Read().microjoules == 6'000'000U);
}

TEST_CASE("a GPU that is named and not there is told, not replaced") {
  GpuMachine machine(kTwo);
  const auto found = FindNvml(machine.roots(), {"GPU-c"});
  CHECK(found.sources.empty());
  REQUIRE(found.listings.size() == 1);
  CHECK(Has(found.listings[0].detail, "no such GPU"));
  for (const std::vector<std::string>& sources : {{}, std::vector<std::string>{"nvml"}}) {
    const auto meter =
        MakeMeter(machine.roots(), {.sources = sources, .gpus = {"GPU-c"}}, Seconds(0), {});
    REQUIRE_FALSE(meter);
    CHECK(meter.error().code == ErrorCode::kNoMeter);
    CHECK(Has(meter.error().message, "gpu GPU-c are asked for, but: NVML knows no such GPU"));
  }
}

TEST_CASE("a GPU that is named alone is measured alone, whatever sees the CPUs") {
  GpuMachine machine("gpu GPU-a x\nenergy 1000\n");
  const auto alone = MakeMeter(machine.roots(), {.sources = {"nvml"}}, Seconds(0), {});
  REQUIRE(alone);
  CHECK(alone->provenance().energy_class == EnergyClass::kMeasured);
  CHECK(alone->provenance().boundary == "gpu");
  const auto both = MakeMeter(machine.roots(), {.sources = {"nvml", "cpu-time"}}, Seconds(0), {});
  REQUIRE(both);
  CHECK(both->provenance().energy_class == EnergyClass::kEstimated);
  CHECK(both->provenance().boundary == "gpu+cpu");
}

TEST_CASE("where there is no energy counter, power is read, and said to be") {
  GpuMachine machine("gpu GPU-old Tesla P40\npower 123456\n");
  const auto found = FindNvml(machine.roots(), {});
  REQUIRE(found.sources.size() == 1);
  CHECK(found.sources[0]->Read().microwatts == 123'456'000U);
  CHECK(Has(found.listings[0].detail, "power only"));
}

TEST_CASE("a GPU that is lost gives no number, and the figure is partial") {
  GpuMachine machine("gpu GPU-a x\npower 100000\n");
  auto meter = MakeMeter(machine.roots(), {.exclusive = true}, Seconds(0), {});
  REQUIRE(meter);
  PhaseLedger ledger(std::move(*meter), Seconds(0));
  ledger.Read(Seconds(1), {});
  machine.Script("gpu GPU-a x\nfail 15\n");
  const auto phases = ledger.Read(Seconds(4), {}, Look::kLast);
  CHECK(ledger.meter().readings()[0].error == ENODEV);
  REQUIRE(phases.back().figure);
  CHECK(phases.back().figure->coverage == 0.25);
  CHECK(phases.back().figure->joules.value() == Approx(100.0));
}

TEST_CASE("errors of NVML are errors, and never a number") {
  GpuMachine machine("gpu GPU-a x\nenergy 1\n");
  const auto found = FindNvml(machine.roots(), {});
  for (const auto& [code, error] : {std::pair{4, EACCES},
                                    {3, EOPNOTSUPP},
                                    {10, ETIMEDOUT},
                                    {15, ENODEV},
                                    {16, ENODEV},
                                    {999, EIO}}) {
    machine.Script(fmt::format("gpu GPU-a x\nenergy 1\nfail {}\n", code));
    const RawReading reading = found.sources[0]->Read();
    CHECK_FALSE(reading.microjoules);
    CHECK_FALSE(reading.microwatts);
    CHECK(reading.error == error);
  }
  const auto broken = FindNvml(machine.roots(), {});
  CHECK(broken.sources.empty());
  CHECK_FALSE(broken.listings[0].readable);
}

TEST_CASE("a module's counter is of the module") {
  GpuMachine machine("gpu GPU-g NVIDIA GH200 480GB\nenergy 1\n");
  CHECK(FindNvml(machine.roots(), {}).sources[0]->domain().boundary == Boundary::kModule);
}

TEST_CASE("a partition of a GPU stands for the whole, once, and says so") {
  GpuMachine machine("gpu GPU-a x\nenergy 1\nmig MIG-1\n");
  const auto found = FindNvml(machine.roots(), {"MIG-1", "GPU-a"});
  REQUIRE(found.sources.size() == 1);
  CHECK(found.sources[0]->domain().name == "gpu GPU-a");
  CHECK(Has(found.listings[0].detail, "whole GPU"));
}

TEST_CASE("without a driver, a library or a start of it there is a reason") {
  FakeMachine machine;
  CHECK(Has(FindNvml(machine.roots(), {}).listings[0].detail, "no NVIDIA driver"));
  machine.Write("proc/driver/nvidia/version", "x\n");
  const auto no_library = FindNvml(machine.roots(), {});
  CHECK(Has(no_library.listings[0].detail, "cannot be loaded"));
  CHECK(Has(no_library.listings[0].remedy, "libnvidia-ml"));
  GpuMachine broken("init 9\n");
  CHECK(Has(FindNvml(broken.roots(), {}).listings[0].detail, "does not start"));
  SystemRoots other = broken.roots();
  other.nvml = "libm.so.6";  // a library, but another
  CHECK(Has(FindNvml(other, {}).listings[0].detail, "lacks functions"));
}
