#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "tests/workers/meters/shown_sources.h"
#include "workers/meters/tick_clock.h"

using namespace joulefront;
using namespace joulefront::testing;

namespace {

/// A GPU that draws 60 W, and 400 W from `begin` to `end`; its counter shows the energy of the last
/// multiple of the period, plus a phase.
struct SteppedGpu {
  double begin, end, phase, period = 0.1;

  double EnergyAt(double time) const {
    return 60.0 * time + 340.0 * (std::clamp(time, begin, end) - begin);
  }
  std::uint64_t Shown(double time) const {
    const double tick = std::floor((time - phase) / period) * period + phase;
    return static_cast<std::uint64_t>(EnergyAt(std::max(0.0, tick)) * 1e3) * 1000;
  }
};

/// Relative error of the window from the load's begin to its end, looked at as a worker does.
double ErrorOf(const SteppedGpu& gpu, bool naive) {
  ShownDomains machine(
      {DomainOf("gpu A", Boundary::kGpu, {}, Seconds(0.1)), DomainOf("package-0")});
  const auto show = [&](double time) {
    machine.shown = {Energy(gpu.Shown(time)), Energy(static_cast<std::uint64_t>(time * 1e6))};
  };
  show(gpu.begin);
  const double truth = gpu.EnergyAt(gpu.end) - gpu.EnergyAt(gpu.begin);
  if (naive) {
    const double first = static_cast<double>(gpu.Shown(gpu.begin));
    return std::abs((static_cast<double>(gpu.Shown(gpu.end)) - first) * 1e-6 / truth - 1.0);
  }
  PhaseLedger ledger = machine.Ledger(Exclusive(), Seconds(gpu.begin));
  double heartbeat = gpu.begin + 0.1, step = 0.1, time = gpu.begin;
  const auto wait = [&](double until) {
    while (time < until) {
      double next = std::min(heartbeat, until);
      if (const auto wants = ledger.WantsNext()) next = std::min(next, wants->value());
      time = std::max(next, time + 1e-4);
      if (time >= heartbeat) {
        step = std::min(2 * step, 1.0);
        heartbeat = time + step;
      }
      show(time);
      if (time < until) ledger.Read(Seconds(time), {});
    }
  };
  wait(gpu.end);
  ledger.End(Seconds(gpu.end), {});
  while (const auto wants = ledger.WantsNext()) {
    time = wants->value();
    show(time);
    ledger.Read(Seconds(time), {});
  }
  const auto phases = ledger.Read(Seconds(time), {}, Look::kLast);
  const EnergyFigure& figure = *phases.back().figure;
  CHECK(figure.coverage == Approx(1.0).epsilon(0.001));
  return std::abs(figure.domains[0].joules.value() / truth - 1.0);
}

}  // namespace

TEST_CASE("the edges of a GPU window of 10 s cost at most half a percent", "[figures]") {
  std::mt19937_64 random(6);
  std::uniform_real_distribution<> within(0.0, 0.1);
  double worst = 0.0, worst_naive = 0.0, sum = 0.0;
  for (int i = 0; i < 300; ++i) {
    const double begin = 2.0 + within(random);
    const SteppedGpu gpu{begin, begin + 10.0, within(random)};
    const double error = ErrorOf(gpu, false);
    worst = std::max(worst, error);
    sum += error / 300.0;
    worst_naive = std::max(worst_naive, ErrorOf(gpu, true));
  }
  INFO("worst error " << worst * 100.0 << " %, mean " << sum * 100.0 << " %; of naive readings "
                      << worst_naive * 100.0 << " %");
  CHECK(worst <= 0.005);
  CHECK(worst_naive > worst);
}

TEST_CASE("the period is learned from the ticks") {
  TickClock clock(Seconds(0.1));
  for (int i = 0; i < 400; ++i) {
    clock.Take(Seconds(i * 0.002), static_cast<std::uint64_t>(std::floor(i * 0.002 / 0.08)));
  }
  CHECK(clock.period().value() == Approx(0.08).epsilon(0.05));
}

TEST_CASE("a counter that is stuck is not asked for ever") {
  TickClock clock(Seconds(0.1));
  clock.NoteEdge(Seconds(0));
  Seconds now;
  clock.Take(now, 7);
  int samples = 0;
  while (const auto wants = clock.WantsNext()) {
    now = *wants;
    CHECK(clock.Take(now, 7).empty());
    REQUIRE(++samples < 100);
  }
  CHECK(now < Seconds(0.4));
}

TEST_CASE("joules inside of a window are behind by no more than some looks and periods") {
  for (const double period : {0.1, 0.5, 1.0}) {
    for (const double look : {0.05, 0.3, 1.0, 2.3}) {
      INFO("period " << period << " s, looks every " << look << " s");
      ShownDomains machine({DomainOf("plug", Boundary::kWall, {}, Seconds(period))});
      const auto show = [&](double time) {
        const double tick = std::floor(time / period) * period;
        machine.shown = {Energy(static_cast<std::uint64_t>(20e6 * tick))};  // 20 W
      };
      show(0.0);
      PhaseLedger ledger = machine.Ledger(Exclusive(), Seconds(0.0));
      double most_behind = 0.0;
      double next_look = look;
      for (double time = 0.0; time < 30.0;) {
        const auto wants = ledger.WantsNext();
        time = std::max(time + 1e-3, wants ? std::min(wants->value(), next_look) : next_look);
        if (time >= next_look) next_look += look;
        show(time);
        const auto figure = ledger.Read(Seconds(time), {}).back().figure;
        const double joules = figure ? figure->joules.value() : 0.0;
        CHECK(joules <= 20.0 * time + 1e-6);
        most_behind = std::max(most_behind, time - joules / 20.0);
      }
      // A tick is seen a look late, and dated half a look too late at most; its point is given at
      // the first look after one and a half periods; and the next one is a period away.
      CHECK(most_behind <= 1.5 * look + 2.5 * period);
    }
  }
}

TEST_CASE("what a slow counter counted before it was lost, or stood still, is kept") {
  for (const bool freezes : {false, true}) {
    ShownDomains machine({DomainOf("plug", Boundary::kWall, {}, Seconds(0.2))});
    const auto show = [&](double time) {
      const double shown = std::floor(std::min(time, 2.5) / 0.2) * 0.2;
      machine.shown = {freezes || time < 2.5 ? Energy(static_cast<std::uint64_t>(20e6 * shown))
                                             : Failure(2)};
    };
    show(0.0);
    PhaseLedger ledger = machine.Ledger(Exclusive(), Seconds(0.0));
    double heartbeat = 0.5;
    const auto look_until = [&](double until) {
      for (double time = 0.0; time < until;) {
        const auto wants = ledger.WantsNext();
        time = std::min({until, heartbeat, wants ? wants->value() : until});
        if (time >= heartbeat) heartbeat += 0.5;
        show(time);
        if (time < until) ledger.Read(Seconds(time), {});
      }
    };
    look_until(6.0);
    ledger.End(Seconds(6.0), {});
    for (int i = 0; i < 200 && ledger.WantsNext(); ++i) ledger.Read(*ledger.WantsNext(), {});
    const auto figure = ledger.Read(Seconds(7.0), {}, Look::kLast).back().figure;
    REQUIRE(figure);
    // Up to 48 J were seen, the last of them half a period to a look before it was lost.
    CHECK(figure->joules.value() == Approx(44.0).margin(6.0));
    CHECK(figure->coverage == Approx(figure->joules.value() / 20.0 / 6.0).margin(0.03));
  }
}

TEST_CASE("a source that is lost is not looked at without end") {
  for (const RawReading& lost : {Failure(19), Energy(kIntelRange + 1)}) {
    Accumulator accumulator(DomainOf("gpu A", Boundary::kGpu, kIntelRange, Seconds(0.1)),
                            Seconds(0), Energy(5));
    CHECK(accumulator.WantsNext());  // the first edge is not placed yet
    accumulator.Take(Seconds(0.005), lost);
    CHECK_FALSE(accumulator.WantsNext());
    accumulator.Take(Seconds(1), lost, true);
    CHECK_FALSE(accumulator.WantsNext());
  }
}

TEST_CASE("points rise in time and energy, whatever the samples") {
  CHECK(rc::check([] {
    TickClock clock(Seconds(0.1));
    Seconds now, last(-1e9);
    std::uint64_t value = 0, last_value = 0;
    const auto steps = *rc::gen::inRange(1, 60);
    for (int i = 0; i < steps; ++i) {
      now += Seconds(*rc::gen::element(0.0, 0.001, 0.005, 0.03, 0.1, 1.0, 3.0));
      if (*rc::gen::arbitrary<bool>()) value += *rc::gen::inRange<std::uint64_t>(0, 1000);
      if (*rc::gen::inRange(0, 5) == 0) clock.NoteEdge(now);
      const bool lost = *rc::gen::inRange(0, 6) == 0;
      for (const DatedPoint& point : lost ? clock.GiveUp(now) : clock.Take(now, value)) {
        RC_ASSERT(point.time > last);
        RC_ASSERT(point.time <= now);
        RC_ASSERT(point.microjoules >= last_value);
        last = point.time;
        last_value = point.microjoules;
      }
    }
  }));
}
