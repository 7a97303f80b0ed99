#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/workers/meters/shown_sources.h"

using namespace joulefront;
using namespace joulefront::testing;

namespace {

CpuUsage Used(double trainer) { return {Seconds(trainer), Seconds(2 * trainer)}; }

PhaseLedger EstimateLedger() {
  return PhaseLedger(Meter({}, {.host = "host"}, Seconds(0), {}), Seconds(0));
}

std::vector<std::string> Names(const std::vector<PhaseEnergy>& phases) {
  std::vector<std::string> names;
  for (const PhaseEnergy& phase : phases) names.push_back(phase.phase);
  return names;
}

double JoulesOf(const std::vector<PhaseEnergy>& phases, std::string_view name) {
  const PhaseEnergy* phase = FindPhase(phases, name);
  REQUIRE(phase);
  REQUIRE(phase->figure);
  return phase->figure->joules.value();
}

}  // namespace

TEST_CASE("an attempt without phase messages is all setup") {
  PhaseLedger ledger = EstimateLedger();
  const auto phases = ledger.Read(Seconds(3), Used(2));
  CHECK(Names(phases) == std::vector<std::string>{"setup", "total"});
  CHECK(phases[0].figure == phases[1].figure);
  CHECK(phases[0].wall == Seconds(3));
  CHECK(phases[0].cpu == Seconds(2));
  CHECK(JoulesOf(phases, "total") == Approx(8.0));
}

TEST_CASE("phases that recur are summed under their name") {
  PhaseLedger ledger = EstimateLedger();
  ledger.Enter("train", Seconds(1), Used(1));
  ledger.Enter("evaluate", Seconds(3), Used(3));
  ledger.Enter("train", Seconds(4), Used(3.5));
  ledger.Enter("train", Seconds(5), Used(4.5));
  const auto phases = ledger.Read(Seconds(6), Used(5.5));
  CHECK(Names(phases) == std::vector<std::string>{"setup", "train", "evaluate", "total"});
  CHECK(JoulesOf(phases, "setup") == Approx(4.0));
  CHECK(JoulesOf(phases, "train") == Approx(16.0));
  CHECK(JoulesOf(phases, "evaluate") == Approx(2.0));
  CHECK(JoulesOf(phases, "total") == Approx(22.0));
  CHECK(FindPhase(phases, "train")->wall == Seconds(4));
  CHECK(FindPhase(phases, "train")->cpu == Seconds(4));
  CHECK(FindPhase(phases, "train")->figure->coverage == 1.0);
}

TEST_CASE("a phase of no length is a bound") {
  PhaseLedger ledger = EstimateLedger();
  ledger.Enter("train", Seconds(0), {});
  const auto phases = ledger.Read(Seconds(1), Used(1));
  REQUIRE(FindPhase(phases, "setup")->figure);
  CHECK(IsBound(*FindPhase(phases, "setup")->figure));
  CHECK(JoulesOf(phases, "train") == Approx(4.0));
}

TEST_CASE("a phase of milliseconds in which nothing was seen is a bound, a long idle one has 0 J") {
  PhaseLedger ledger = EstimateLedger();
  ledger.Enter("train", Seconds(1), Used(1));
  ledger.Enter("evaluate", Seconds(1.008), Used(1));
  ledger.Enter("wait", Seconds(1.5), Used(1.2));
  const auto phases = ledger.Read(Seconds(2), Used(1.2));
  REQUIRE(FindPhase(phases, "train")->figure);
  CHECK(IsBound(*FindPhase(phases, "train")->figure));
  CHECK(CountedJoules(*FindPhase(phases, "train")->figure) >= Joules(4 * 0.008));
  CHECK(JoulesOf(phases, "evaluate") == Approx(0.8));
  CHECK(JoulesOf(phases, "wait") == 0.0);
  CHECK(JoulesOf(phases, "total") == Approx(4.8));
}

TEST_CASE("a phase that is called total is counted in the total only") {
  PhaseLedger ledger = EstimateLedger();
  ledger.Enter("total", Seconds(1), Used(1));
  ledger.Enter("train", Seconds(2), Used(2));
  const auto phases = ledger.Read(Seconds(3), Used(3));
  CHECK(Names(phases) == std::vector<std::string>{"setup", "train", "total"});
  CHECK(JoulesOf(phases, "total") == Approx(12.0));
}

TEST_CASE("reading a ledger twice changes nothing") {
  PhaseLedger ledger = EstimateLedger();
  ledger.Enter("train", Seconds(1), Used(1));
  const auto first = ledger.Read(Seconds(2), Used(2));
  CHECK(ledger.Read(Seconds(2), Used(2)) == first);
}

TEST_CASE("CPU time that is seen without time passing belongs to the current phase") {
  PhaseLedger ledger = EstimateLedger();
  ledger.Enter("train", Seconds(1), Used(1));
  ledger.Read(Seconds(2), Used(2));
  const auto phases = ledger.Read(Seconds(2), Used(2.5));
  CHECK(JoulesOf(phases, "train") == Approx(6.0));
  CHECK(JoulesOf(phases, "total") == Approx(10.0));
}

TEST_CASE("joules that come late go to the phases of their time") {
  ShownDomains machine({DomainOf("package-0")});
  PhaseLedger ledger = machine.Ledger(Exclusive());
  machine.shown[0] = Energy(10'000'000);
  ledger.Read(Seconds(1), {});
  machine.shown[0] = Failure(EIO);  // at the edge between setup and train
  ledger.Enter("train", Seconds(2), {});
  machine.shown[0] = Energy(50'000'000);
  const auto phases = ledger.Read(Seconds(5), {});
  CHECK(JoulesOf(phases, "setup") == Approx(20.0));  // 10, and a quarter of 40
  CHECK(JoulesOf(phases, "train") == Approx(30.0));
  CHECK(JoulesOf(phases, "total") == Approx(50.0));
  for (const PhaseEnergy& phase : phases) CHECK(phase.figure->coverage == 1.0);
}

TEST_CASE("a gap that is never made up for stays with its phase") {
  ShownDomains machine({DomainOf("package-0")});
  machine.shown[0] = Energy(kIntelRange / 2);
  PhaseLedger ledger = machine.Ledger(Exclusive());
  machine.shown[0] = Energy(0);  // a reset
  ledger.Enter("train", Seconds(1), {});
  machine.shown[0] = Energy(30'000'000);
  const auto phases = ledger.Read(Seconds(4), {});
  CHECK_FALSE(FindPhase(phases, "setup")->figure);
  CHECK(FindPhase(phases, "train")->figure->coverage == 1.0);
  CHECK(FindPhase(phases, "total")->figure->coverage == 0.75);
  CHECK(JoulesOf(phases, "total") == Approx(30.0));
}

TEST_CASE("a source that is lost leaves a partial figure, and is replaced by nothing") {
  ShownDomains machine({DomainOf("package-0"), DomainOf("gpu A", Boundary::kGpu, {})});
  PhaseLedger ledger = machine.Ledger(Exclusive());
  machine.shown = {Energy(10'000'000), Energy(100'000'000)};
  ledger.Read(Seconds(1), Used(1));
  machine.shown = {Energy(40'000'000), Failure(ENODEV)};
  const auto phases = ledger.Read(Seconds(4), Used(4), Look::kLast);
  const EnergyFigure& figure = *FindPhase(phases, "total")->figure;
  CHECK(figure.joules.value() == Approx(140.0));
  CHECK(figure.coverage == 0.25);
  CHECK(figure.provenance.source == "rapl-powercap+nvml");
  REQUIRE(figure.domains.size() == 2);
  CHECK(figure.domains[0].joules.value() == Approx(40.0));
  CHECK(figure.domains[0].coverage == 1.0);
  CHECK(figure.domains[1].domain == "gpu A");
  CHECK(figure.domains[1].coverage == 0.25);
}

TEST_CASE("a part that was never seen makes the whole unknown, not smaller") {
  ShownDomains machine({DomainOf("package-0"), DomainOf("dram of package-0", Boundary::kDram)});
  PhaseLedger ledger = machine.Ledger(Exclusive());
  machine.shown = {Energy(10'000'000), Failure(EACCES)};
  CHECK_FALSE(FindPhase(ledger.Read(Seconds(1), {}, Look::kLast), "total")->figure);
}

TEST_CASE("short phases are less certain than long ones") {
  ShownDomains machine({DomainOf("package-0")});
  PhaseLedger ledger = machine.Ledger(Exclusive());
  machine.shown[0] = Energy(1'000'000);
  ledger.Enter("train", Seconds(0.01), {});
  machine.shown[0] = Energy(1'000'000'000);
  const auto phases = ledger.Read(Seconds(10), {});
  CHECK(FindPhase(phases, "setup")->figure->own_uncertainty > 0.1);
  CHECK(FindPhase(phases, "train")->figure->own_uncertainty < 0.001);
}

TEST_CASE("a phase shorter than the meter resolves is a bound, from zero to the most it can be") {
  ShownDomains machine({DomainOf("package-0")});
  PhaseLedger ledger = machine.Ledger(Exclusive());
  machine.shown[0] = Energy(1'000'000);
  ledger.Enter("train", Seconds(1), {});
  ledger.Enter("evaluate", Seconds(1.0005), {});  // nothing was seen in between
  machine.shown[0] = Energy(2'000'000);
  const auto phases = ledger.Read(Seconds(2), {});
  REQUIRE(FindPhase(phases, "train")->figure);
  const EnergyFigure& train = *FindPhase(phases, "train")->figure;
  CHECK(IsBound(train));
  CHECK(CountedUncertainty(train) == 1.0);
  // A watt, for the half millisecond and the errors of both edges.
  CHECK(CountedJoules(train).value() > 0.0005);
  CHECK(CountedJoules(train).value() < 0.02);
  CHECK(train.provenance.energy_class == EnergyClass::kMeasured);
  const EnergyFigure& rest = *FindPhase(phases, "evaluate")->figure;
  CHECK_FALSE(IsBound(rest));
  CHECK(CountedJoules(rest) == rest.joules);
  CHECK(JoulesOf(phases, "total") == Approx(2.0));
}

TEST_CASE("joules that were hardly seen count as the upper end of their interval") {
  PhaseLedger ledger = EstimateLedger();
  ledger.Enter("train", Seconds(1), Used(1));
  ledger.Enter("evaluate", Seconds(1.001), Used(1.001));
  const auto phases = ledger.Read(Seconds(2), Used(2));
  const EnergyFigure& train = *FindPhase(phases, "train")->figure;
  CHECK(train.joules.value() == Approx(0.004));
  CHECK(IsBound(train));
  CHECK(CountedJoules(train) > train.joules * 2.0);
}

TEST_CASE("a source that saw nothing for longer than it resolves stays missing") {
  ShownDomains machine({DomainOf("package-0")});
  PhaseLedger ledger = machine.Ledger(Exclusive());
  machine.shown[0] = Energy(1'000'000);
  ledger.Enter("train", Seconds(1), {});
  machine.shown[0] = Failure(EIO);
  ledger.Enter("evaluate", Seconds(4), {});
  const auto phases = ledger.Read(Seconds(5), {}, Look::kLast);
  CHECK_FALSE(FindPhase(phases, "evaluate")->figure);
}

TEST_CASE("what is left unseen within the error of an edge is no gap") {
  ShownDomains machine({DomainOf("package-0")});
  PhaseLedger ledger = machine.Ledger(Exclusive());
  machine.shown[0] = Energy(1'000'000);
  ledger.Read(Seconds(0.0400), {});
  auto phases = ledger.Read(Seconds(0.0410), {});  // the counter has not moved in a millisecond
  CHECK(FindPhase(phases, "total")->figure->coverage == 1.0);
  phases = ledger.Read(Seconds(0.0500), {});
  CHECK(FindPhase(phases, "total")->figure->coverage == Approx(0.8));
}

TEST_CASE("faults of the sources are told by domain") {
  ShownDomains machine({DomainOf("package-0"), DomainOf("package-1")});
  machine.shown = {Energy(kIntelRange / 2), Energy(7)};
  PhaseLedger ledger = machine.Ledger(Exclusive());
  CHECK(ledger.meter().Faults().empty());
  machine.shown = {Energy(0), Failure(EIO)};
  ledger.Read(Seconds(1), {});
  ledger.Read(Seconds(2), {});
  CHECK(ledger.meter().Faults() == "package-0: 1 reset; package-1: 2 gap");
}

TEST_CASE("a shared attempt's figure says how the counter was divided") {
  ShownDomains machine({DomainOf("package-0")});
  MeterSetup setup = Shared(0.5);
  setup.idle["package-0"] = Watts(10);
  PhaseLedger ledger = machine.Ledger(setup);
  machine.shown[0] = Energy(100'000'000);
  const auto phases = ledger.Read(Seconds(2), Used(1), Look::kLast);
  const EnergyFigure& figure = *FindPhase(phases, "total")->figure;
  REQUIRE(figure.division);
  CHECK(figure.division->measured == Joules(100));
  CHECK(figure.division->idle == Joules(10));
  CHECK(figure.division->idle_of_others == Joules(10));
  CHECK(figure.division->others == Joules(40));
  CHECK(figure.joules == Joules(50));
}

TEST_CASE("a calibrated figure is the wall's, by the fit") {
  ShownDomains machine({DomainOf("package-0")});
  MeterSetup setup = Exclusive();
  setup.calibration = Calibration{"2026-11-26", Watts(40), 1.25, 0.04, "rapl-powercap", "package"};
  PhaseLedger ledger = machine.Ledger(setup);
  machine.shown[0] = Energy(200'000'000);
  const auto phases = ledger.Read(Seconds(2), {}, Look::kLast);
  const EnergyFigure& figure = *FindPhase(phases, "total")->figure;
  CHECK(figure.joules.value() == Approx(80.0 + 250.0));
  CHECK(figure.provenance.energy_class == EnergyClass::kCalibrated);
  CHECK(figure.provenance.boundary == "wall");
  CHECK(figure.provenance.source == "rapl-powercap, calibrated 2026-11-26");
  CHECK(figure.provenance.common_uncertainty == 0.04);
}

TEST_CASE("a calibration is applied to nothing but what it was made for") {
  const auto class_of = [](const Domain& domain, const std::string& source,
                           const std::string& boundary) {
    ShownDomains machine({domain});
    MeterSetup setup = Exclusive();
    setup.calibration = Calibration{"2026-11-26", Watts(40), 1.25, 0.04, source, boundary};
    return machine.MakeMeter(setup).provenance().energy_class;
  };
  const Domain package = DomainOf("package-0"), wall = DomainOf("plug", Boundary::kWall);
  CHECK(class_of(package, "rapl-powercap", "package") == EnergyClass::kCalibrated);
  CHECK(class_of(package, "rapl-powercap", "package+dram") == EnergyClass::kMeasured);
  CHECK(class_of(package, "rapl-perf", "package") == EnergyClass::kMeasured);
  CHECK(class_of(wall, "rapl-powercap", "package") == EnergyClass::kMeasured);
}

namespace {

struct Step {
  Seconds time;
  std::uint64_t microjoules = 0;
  Seconds cpu;
  bool fault = false;
  std::string phase;  // empty: none begins
};

std::vector<Step> RandomSteps() {
  std::vector<Step> steps(*rc::gen::inRange<std::size_t>(1, 30));
  for (Step& step : steps) {
    step.time = Seconds(*rc::gen::element(0, 1, 7, 250, 500, 1000, 2999) * 1e-3);
    const auto most = static_cast<std::uint64_t>(step.time.value() * 400e6);
    step.microjoules = *rc::gen::inRange<std::uint64_t>(0, most + 1);
    step.cpu = step.time * (*rc::gen::inRange(0, 101) * 1e-2);
    step.fault = *rc::gen::inRange(0, 5) == 0;
    step.phase = *rc::gen::element<std::string>("", "setup", "train", "evaluate", "total");
  }
  return steps;
}

/// Plays the steps to a ledger, which looks after every step or, if `rarely`, at those alone where
/// a phase begins.
std::vector<PhaseEnergy> Play(const std::vector<Step>& steps, const MeterSetup& setup,
                              bool rarely) {
  ShownDomains machine({DomainOf("package-0"), DomainOf("package-1")});
  std::uint64_t used = kIntelRange - 700'000'000;
  machine.shown = {Energy(used), Energy(used / 2)};
  PhaseLedger ledger = machine.Ledger(setup);
  Seconds now;
  CpuUsage usage;
  const auto show = [&](bool fault) {
    machine.shown = {Energy(used % kIntelRange), Energy(used / 2 % kIntelRange)};
    if (fault) machine.shown[1] = Failure(EIO);
  };
  for (const Step& step : steps) {
    now += step.time;
    used += step.microjoules;
    usage.trainer += step.cpu;
    usage.host_busy += step.time * 1.5;
    show(step.fault);
    if (!step.phase.empty()) {
      ledger.Enter(step.phase, now, usage);
    } else if (!rarely) {
      ledger.Read(now, usage);
    }
  }
  show(false);
  return ledger.Read(now, usage, Look::kLast);
}

}  // namespace

TEST_CASE("phases sum to the total, to the microjoule, whatever happens") {
  CHECK(rc::check([] {
    const MeterSetup setup = *rc::gen::arbitrary<bool>() ? Exclusive() : Shared();
    const auto phases = Play(RandomSteps(), setup, false);
    double joules = 0.0, bounds = 0.0, wall = 0.0;
    for (const PhaseEnergy& phase : phases) {
      if (!phase.figure) continue;
      RC_ASSERT(phase.figure->coverage > 0.0);
      RC_ASSERT(phase.figure->coverage <= 1.0);
      RC_ASSERT(phase.figure->own_uncertainty >= 0.0);
      if (phase.phase == kTotalPhase) continue;
      joules += phase.figure->joules.value();
      // Nothing of it may have been seen.
      if (IsBound(*phase.figure)) bounds += phase.figure->joules.value();
      wall += phase.wall.value();
    }
    const PhaseEnergy& total = phases.back();
    RC_ASSERT(total.phase == kTotalPhase);
    // All time and all joules are in named phases unless one is called "total" or has no figure.
    if (std::abs(total.wall.value() - wall) < 1e-9 && total.figure) {
      RC_ASSERT(total.figure->joules.value() < joules + 2e-6);
      RC_ASSERT(total.figure->joules.value() > joules - bounds - 2e-6);
    }
  }));
}

TEST_CASE("looking more often changes no figure by more than a microjoule") {
  CHECK(rc::check([] {
    auto steps = RandomSteps();
    for (Step& step : steps) step.fault = false;
    const auto often = Play(steps, Exclusive(), false), rarely = Play(steps, Exclusive(), true);
    RC_ASSERT(often.size() == rarely.size());
    for (std::size_t i = 0; i < often.size(); ++i) {
      RC_ASSERT(often[i].figure.has_value() == rarely[i].figure.has_value());
      if (!often[i].figure) continue;
      for (std::size_t d = 0; d < 2; ++d) {
        const Joules difference =
            often[i].figure->domains[d].joules - rarely[i].figure->domains[d].joules;
        RC_ASSERT(std::abs(difference.value()) < 1.5e-6);
      }
    }
  }));
}
