#include <catch2/catch.hpp>

#include "tests/workers/meters/fake_machine.h"
#include "workers/meters/estimate_meter.h"
#include "workers/meters/phase_ledger.h"
#include "workers/meters/rapl_meter.h"

using namespace joulefront;
using namespace joulefront::testing;

namespace {

CpuUsage Used(double trainer) { return {Seconds(trainer), Seconds(2 * trainer)}; }

PhaseLedger EstimateLedger() {
  return PhaseLedger(MakeEstimateMeter("host", Seconds(0), {}), Seconds(0), {});
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

TEST_CASE("a phase of no length has no figure") {
  PhaseLedger ledger = EstimateLedger();
  ledger.Enter("train", Seconds(0), {});
  auto phases = ledger.Read(Seconds(0), {});
  CHECK_FALSE(FindPhase(phases, "total")->figure);
  phases = ledger.Read(Seconds(1), Used(1));
  CHECK_FALSE(FindPhase(phases, "setup")->figure);
  CHECK(JoulesOf(phases, "train") == Approx(4.0));
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
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "package-0", 0);
  PhaseLedger ledger(MakeRaplMeter(machine.roots(), true, Seconds(0), {}), Seconds(0), {});
  machine.SetCounter("intel-rapl:0", 10'000'000);
  ledger.Read(Seconds(1), {});
  machine.SetCounterText("intel-rapl:0", "error");  // at the edge between setup and train
  ledger.Enter("train", Seconds(2), {});
  machine.SetCounter("intel-rapl:0", 50'000'000);
  const auto phases = ledger.Read(Seconds(5), {});
  CHECK(JoulesOf(phases, "setup") == Approx(20.0));  // 10, and a quarter of 40
  CHECK(JoulesOf(phases, "train") == Approx(30.0));
  CHECK(JoulesOf(phases, "total") == Approx(50.0));
  for (const PhaseEnergy& phase : phases) CHECK(phase.figure->coverage == 1.0);
}

TEST_CASE("a gap that is never made up for stays with its phase") {
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "package-0", kRange / 2);
  PhaseLedger ledger(MakeRaplMeter(machine.roots(), true, Seconds(0), {}), Seconds(0), {});
  machine.SetCounter("intel-rapl:0", 0);  // a reset
  ledger.Enter("train", Seconds(1), {});
  machine.SetCounter("intel-rapl:0", 30'000'000);
  const auto phases = ledger.Read(Seconds(4), {});
  CHECK_FALSE(FindPhase(phases, "setup")->figure);
  CHECK(FindPhase(phases, "train")->figure->coverage == 1.0);
  CHECK(FindPhase(phases, "total")->figure->coverage == 0.75);
  CHECK(JoulesOf(phases, "total") == Approx(30.0));
}

TEST_CASE("short phases are less certain than long ones") {
  FakeMachine machine;
  machine.AddZone("intel-rapl:0", "package-0", 0);
  PhaseLedger ledger(MakeRaplMeter(machine.roots(), true, Seconds(0), {}), Seconds(0), {});
  machine.SetCounter("intel-rapl:0", 1'000'000);
  ledger.Enter("train", Seconds(0.01), {});
  machine.SetCounter("intel-rapl:0", 1'000'000'000);
  const auto phases = ledger.Read(Seconds(10), {});
  CHECK(FindPhase(phases, "setup")->figure->own_uncertainty > 0.1);
  CHECK(FindPhase(phases, "train")->figure->own_uncertainty < 0.001);
}
