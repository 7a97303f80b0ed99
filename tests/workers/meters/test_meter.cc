#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cmath>

#include "tests/workers/meters/shown_sources.h"

using namespace joulefront;
using namespace joulefront::testing;

namespace {

std::uint64_t Active(const std::vector<Charge>& charges) {
  std::uint64_t sum = 0;
  for (const Charge& charge : charges) sum += charge.active;
  return sum;
}

CpuUsage Used(double trainer, double host) { return {Seconds(trainer), Seconds(host)}; }

}  // namespace

TEST_CASE("an exclusive attempt is charged the whole counter, idle power included") {
  ShownDomains machine({DomainOf("package-0"), DomainOf("dram of package-0", Boundary::kDram)});
  Meter meter = machine.MakeMeter(Exclusive());
  CHECK(meter.provenance().energy_class == EnergyClass::kMeasured);
  CHECK(meter.provenance().source == "rapl-powercap");
  CHECK(meter.provenance().boundary == "package+dram");
  CHECK(meter.provenance().attribution == "exclusive");
  CHECK(meter.provenance().idle_policy == "included");
  machine.shown = {Energy(70), Energy(5)};
  CHECK(Active(meter.Read(Seconds(1), {}, Look::kGlance)) == 75);
}

TEST_CASE("on a shared host the trainer is charged by its share of the CPU time") {
  ShownDomains machine({DomainOf("package-0")});
  Meter meter = machine.MakeMeter(Shared());
  CHECK(meter.provenance().energy_class == EnergyClass::kAttributed);
  CHECK(meter.provenance().attribution == "cpu-time-share");
  CHECK(meter.provenance().idle_policy == "by-cpu-time-share");
  machine.shown[0] = Energy(100);
  auto charges = meter.Read(Seconds(1), Used(0.5, 2), Look::kGlance);
  REQUIRE(charges.size() == 1);
  CHECK(charges[0].active == 25);
  CHECK(charges[0].others == 75);
  // A little more than all of it is rounding of the ticks, and nothing used by anybody is nothing.
  machine.shown[0] = Energy(200);
  charges = meter.Read(Seconds(2), Used(1.5, 2.99), Look::kGlance);
  CHECK(charges[0].active == 100);
  CHECK(charges[0].residual == 0);
  machine.shown[0] = Energy(300);
  charges = meter.Read(Seconds(3), Used(1.5, 2.99), Look::kGlance);
  CHECK(charges[0].active == 0);
  CHECK(charges[0].others == 100);
}

TEST_CASE("with an idle baseline, idle power goes by what is reserved, and the rest by CPU time") {
  ShownDomains machine({DomainOf("package-0")});
  MeterSetup setup = Shared(0.25);
  setup.idle["package-0"] = Watts(40e-6);
  Meter meter = machine.MakeMeter(setup);
  CHECK(meter.provenance().idle_policy == "by-reserved-cpus");
  machine.shown[0] = Energy(100);
  auto charges = meter.Read(Seconds(1), Used(0.5, 1.0), Look::kGlance);
  REQUIRE(charges.size() == 1);
  CHECK(charges[0].idle == 10);
  CHECK(charges[0].idle_of_others == 30);
  CHECK(charges[0].active == 30);
  CHECK(charges[0].others == 30);
  machine.shown[0] = Energy(120);  // less than the baseline: all of it is idle
  charges = meter.Read(Seconds(2), Used(1.5, 2.0), Look::kGlance);
  CHECK(charges[0].idle == 5);
  CHECK(charges[0].active == 0);
}

TEST_CASE("CPU time beyond the host's is charged no more than there is, and told") {
  ShownDomains machine({DomainOf("package-0")});
  Meter meter = machine.MakeMeter(Shared());
  machine.shown[0] = Energy(100);
  const auto charges = meter.Read(Seconds(1), Used(1.5, 1.0), Look::kGlance);
  CHECK(charges[0].active == 100);
  CHECK(charges[0].residual == 50);
}

TEST_CASE("a share cannot be told without the host's CPU time") {
  CHECK_FALSE(CpuTimeShare({}, Used(1, 0)));
  CHECK(CpuTimeShare({}, Used(0.01, 0)) == 1.0);
  CHECK(CpuTimeShare({}, Used(0, 0)) == 0.0);
  CHECK(CpuTimeShare({}, Used(0, 5)) == 0.0);
  ShownDomains machine({DomainOf("package-0")});
  Meter meter = machine.MakeMeter(Shared());
  machine.shown[0] = Energy(100);
  CHECK(meter.Read(Seconds(1), Used(1, 0), Look::kLast).empty());
}

TEST_CASE("many phases shorter than a clock tick do not make the trainer pay for the host") {
  ShownDomains machine({DomainOf("package-0")});
  Meter meter = machine.MakeMeter(Shared());
  std::uint64_t charged = 0;
  // The trainer uses one of two busy CPUs, and the meter is read every 3 ms.
  for (int i = 1; i <= 1000; ++i) {
    const double time = i * 0.003;
    machine.shown[0] = Energy(static_cast<std::uint64_t>(time * 100e6));
    const double host = std::floor(time * 100.0) * 0.01 * 2.0;
    charged +=
        Active(meter.Read(Seconds(time), Used(time, host), i == 1000 ? Look::kLast : Look::kEdge));
  }
  CHECK(static_cast<double>(charged) * 1e-6 == Approx(150.0).epsilon(0.02));
}

TEST_CASE("the share of a gap is that of its own time") {
  ShownDomains machine({DomainOf("package-0")});
  Meter meter = machine.MakeMeter(Shared());
  machine.shown[0] = Energy(100);
  CHECK(Active(meter.Read(Seconds(1), Used(1, 1), Look::kGlance)) == 100);
  machine.shown[0] = Failure(EIO);
  CHECK(meter.Read(Seconds(2), Used(1, 2), Look::kGlance).empty());
  machine.shown[0] = Energy(300);
  CHECK(Active(meter.Read(Seconds(3), Used(2, 3), Look::kGlance)) == 100);  // a half of 200
}

TEST_CASE("a GPU of its own is measured, and one that is shared is divided evenly and says so") {
  ShownDomains machine({DomainOf("package-0"), DomainOf("gpu A", Boundary::kGpu, {})});
  Meter own = machine.MakeMeter(Exclusive());
  CHECK(own.provenance().energy_class == EnergyClass::kMeasured);
  CHECK(own.provenance().source == "rapl-powercap+nvml");
  CHECK(own.provenance().boundary == "package+gpu");
  MeterSetup setup = Exclusive();
  setup.gpu_users = 4;
  Meter shared = machine.MakeMeter(setup);
  CHECK(shared.provenance().energy_class == EnergyClass::kAttributed);
  CHECK(shared.provenance().attribution == "exclusive+equal-share");
  machine.shown = {Energy(10), Energy(400)};
  CHECK(Active(own.Read(Seconds(1), {}, Look::kGlance)) == 410);
  CHECK(Active(shared.Read(Seconds(1), {}, Look::kGlance)) == 110);
}

TEST_CASE("where nothing sees the CPUs the estimate stands in, and the sum is an estimate") {
  ShownDomains machine({DomainOf("gpu A", Boundary::kGpu, {})});
  Meter meter = machine.MakeMeter(Exclusive(), Seconds(0), Used(2, 3));
  CHECK(meter.provenance().energy_class == EnergyClass::kEstimated);
  CHECK(meter.provenance().source == "nvml+cpu-time");
  CHECK(meter.provenance().boundary == "gpu+cpu");
  CHECK(meter.provenance().common_uncertainty == kEstimateUncertainty);
  machine.shown[0] = Energy(1'000'000);
  CHECK(Active(meter.Read(Seconds(1), Used(2.5, 4), Look::kGlance)) == 3'000'000);
}

TEST_CASE("an estimate is never called measured") {
  CHECK(rc::check([] {
    MeterSetup setup{.host = "host", .exclusive = *rc::gen::arbitrary<bool>()};
    setup.gpu_users = *rc::gen::inRange(1, 3);
    if (*rc::gen::arbitrary<bool>()) {
      setup.calibration = Calibration{"today", Watts(10), 1.2, 0.05};
    }
    std::vector<Domain> domains;
    if (*rc::gen::arbitrary<bool>()) domains.push_back(DomainOf("gpu A", Boundary::kGpu, {}));
    ShownDomains machine(domains);
    const Meter meter = machine.MakeMeter(setup);
    RC_ASSERT(meter.provenance().energy_class == EnergyClass::kEstimated);
  }));
}

TEST_CASE("what two trainers and the others are charged for is what the host used") {
  CHECK(rc::check([] {
    ShownDomains machine({DomainOf("package-0")});
    machine.shown[0] = Energy(kIntelRange - 5'000'000);
    const bool baseline = *rc::gen::arbitrary<bool>();
    std::vector<CpuUsage> usage(3);
    std::vector<Meter> meters;
    for (const double reserved : {0.5, 0.25, 0.25}) {
      MeterSetup setup = Shared(reserved);
      if (baseline) setup.idle["package-0"] = Watts(30);
      meters.push_back(machine.MakeMeter(setup));
    }
    std::uint64_t used = 0, charged = 0;
    const auto steps = *rc::gen::inRange(1, 20);
    for (int i = 1; i <= steps; ++i) {
      used += *rc::gen::inRange<std::uint64_t>(1, 300'000'000);
      machine.shown[0] = Energy((kIntelRange - 5'000'000 + used) % kIntelRange);
      std::vector<double> cpu;
      for (int k = 0; k < 3; ++k) cpu.push_back(*rc::gen::inRange(1, 100) * 1e-2);
      for (std::size_t k = 0; k < 3; ++k) {
        usage[k].trainer += Seconds(cpu[k]);
        usage[k].host_busy += Seconds(cpu[0] + cpu[1] + cpu[2]);
        for (const Charge& c : meters[k].Read(Seconds(i), usage[k], Look::kGlance)) {
          RC_ASSERT(c.measured == c.active + c.idle + c.others + c.idle_of_others);
          charged += c.active + c.idle;
        }
      }
    }
    // Each charge is rounded once, to half a microjoule.
    const auto difference = static_cast<std::int64_t>(charged) - static_cast<std::int64_t>(used);
    RC_ASSERT(std::abs(difference) <= 6 * steps);
  }));
}
