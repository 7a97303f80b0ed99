#include <catch2/catch.hpp>

#include "tests/workers/meters/fake_machine.h"
#include "tests/workers/meters/meter_contract.h"
#include "workers/meters/estimate_meter.h"
#include "workers/meters/rapl_meter.h"

using namespace joulefront;
using namespace joulefront::testing;

namespace {

class EstimateWorld : public MeterWorld {
 public:
  std::unique_ptr<Meter> Make() override { return MakeEstimateMeter("host", now, usage); }
  void Pass(Seconds time, Watts, Seconds trainer_cpu, bool) override {
    now += time;
    usage.trainer += trainer_cpu;
    usage.host_busy += time;
  }
};

/// Two packages with DRAM; one counter is about to wrap, and a fault hits one of the four.
class RaplWorld : public MeterWorld {
 public:
  explicit RaplWorld(bool exclusive) : exclusive_(exclusive) { Show(-1); }
  std::unique_ptr<Meter> Make() override {
    auto meter = MakeMeter(machine_.roots(), exclusive_, now, usage);
    RC_ASSERT(meter->provenance().boundary == "package+dram");
    return meter;
  }
  void Pass(Seconds time, Watts power, Seconds trainer_cpu, bool fault) override {
    now += time;
    usage.trainer += trainer_cpu;
    usage.host_busy += time * 1.5;
    for (std::uint64_t& counter : counters_) {
      const double microjoules = (power * time).value() * 1e6 / 4.0;
      counter = (counter + static_cast<std::uint64_t>(microjoules)) % kRange;
    }
    Show(fault ? faults_++ % 4 : -1);
  }

 private:
  void Show(int faulty) {
    static const std::vector<std::pair<std::string, std::string>> kZones = {
        {"intel-rapl:0", "package-0"},
        {"intel-rapl:1", "package-1"},
        {"intel-rapl:0:0", "dram"},
        {"intel-rapl:1:0", "dram"}};
    for (std::size_t i = 0; i < kZones.size(); ++i) {
      if (!made_) machine_.AddZone(kZones[i].first, kZones[i].second, counters_[i]);
      if (static_cast<int>(i) == faulty) {
        machine_.SetCounterText(kZones[i].first, i % 2 == 0 ? "" : "error");
      } else {
        machine_.SetCounter(kZones[i].first, counters_[i]);
      }
    }
    made_ = true;
  }

  FakeMachine machine_;
  bool exclusive_, made_ = false;
  int faults_ = 0;
  std::vector<std::uint64_t> counters_ = {kRange - 100'000'000, 0, 5'000, kRange - 1};
};

class ExclusiveRaplWorld : public RaplWorld {
 public:
  ExclusiveRaplWorld() : RaplWorld(true) {}
};
class SharedRaplWorld : public RaplWorld {
 public:
  SharedRaplWorld() : RaplWorld(false) {}
};

}  // namespace

TEST_CASE("the estimate keeps the contract of a meter") { CheckMeterContract<EstimateWorld>(true); }

TEST_CASE("RAPL on an exclusive host keeps the contract of a meter") {
  CheckMeterContract<ExclusiveRaplWorld>(true);
}

TEST_CASE("RAPL on a shared host keeps the contract of a meter") {
  CheckMeterContract<SharedRaplWorld>(false);
}

TEST_CASE("what two trainers and the others are charged for is what the host used") {
  CHECK(rc::check([] {
    FakeMachine machine;
    machine.AddZone("intel-rapl:0", "package-0", kRange - 5'000'000);
    CpuUsage a, b, others;
    Seconds now;
    const auto make = [&](const CpuUsage& usage) {
      return MakeRaplMeter(machine.roots(), false, now, usage);
    };
    const auto meter_a = make(a), meter_b = make(b), meter_others = make(others);
    std::uint64_t used = 0;
    const auto steps = *rc::gen::inRange(1, 20);
    for (int i = 0; i < steps; ++i) {
      now += Seconds(1.0);
      const std::uint64_t step = *rc::gen::inRange<std::uint64_t>(0, 300'000'000);
      used += step;
      machine.SetCounter("intel-rapl:0", (kRange - 5'000'000 + used) % kRange);
      const double cpu_a = *rc::gen::inRange(1, 100) * 1e-2;
      const double cpu_b = *rc::gen::inRange(0, 100) * 1e-2;
      const double rest = *rc::gen::inRange(0, 100) * 1e-2;
      const Seconds busy(cpu_a + cpu_b + rest);
      a = {a.trainer + Seconds(cpu_a), a.host_busy + busy};
      b = {b.trainer + Seconds(cpu_b), b.host_busy + busy};
      others = {others.trainer + Seconds(rest), others.host_busy + busy};
      meter_a->Read(now, a);
      meter_b->Read(now, b);
      meter_others->Read(now, others);
    }
    const double sum = (meter_a->Read(now, a).joules + meter_b->Read(now, b).joules +
                        meter_others->Read(now, others).joules)
                           .value();
    RC_ASSERT(std::abs(sum - static_cast<double>(used) * 1e-6) < 1e-6);
  }));
}

TEST_CASE("an estimate is never called measured") {
  CHECK(rc::check([] {
    const bool exclusive = *rc::gen::arbitrary<bool>();
    FakeMachine machine;  // no RAPL
    const auto meter = MakeMeter(machine.roots(), exclusive, Seconds(0), {});
    RC_ASSERT(meter->provenance().energy_class == EnergyClass::kEstimated);
    const CpuUsage usage{Seconds(*rc::gen::inRange(0, 1000)), Seconds(1000)};
    const auto figure = FigureBetween({}, meter->Read(Seconds(1000), usage), meter->provenance());
    RC_ASSERT(figure.has_value());
    RC_ASSERT(figure->provenance.energy_class == EnergyClass::kEstimated);
    RC_ASSERT(figure->provenance.source == "cpu-time");
    RC_ASSERT(figure->provenance.common_uncertainty == kEstimateUncertainty);
  }));
}

TEST_CASE("the estimate is four watts for each CPU second of the trainer") {
  const auto meter = MakeEstimateMeter("host", Seconds(10), {Seconds(2), Seconds(50)});
  const Reading reading = meter->Read(Seconds(20), {Seconds(7), Seconds(90)});
  CHECK(reading.joules.value() == Approx(20.0));
  CHECK(reading.elapsed.value() == 10.0);
  CHECK(reading.covered == reading.elapsed);
  const Provenance& provenance = meter->provenance();
  CHECK(provenance.boundary == "cpu");
  CHECK(provenance.attribution == "process-tree");
  CHECK(provenance.idle_policy == "excluded");
}
