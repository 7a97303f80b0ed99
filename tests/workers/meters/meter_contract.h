// The contract of every Meter, checked over random histories: totals never fall, coverage is a
// share, windows add up, and reading more often changes nothing.
#pragma once

#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "workers/meters/meter.h"
#include "workers/meters/phase_ledger.h"

namespace joulefront::testing {

/// A machine whose time passes when told to.
class MeterWorld {
 public:
  virtual ~MeterWorld() = default;
  virtual std::unique_ptr<Meter> Make() = 0;
  /// `fault`: the source cannot be read at the end of the step.
  virtual void Pass(Seconds time, Watts power, Seconds trainer_cpu, bool fault) = 0;

  Seconds now{1000.0};
  CpuUsage usage;
};

struct Step {
  Seconds time;
  Watts power;
  Seconds trainer_cpu;
  bool fault = false;
  std::string phase;
};

/// Steps of 0 to 3 s, of 0 to 400 W. Steps in which the trainer is as busy as it can be are among
/// them, and steps of no length. With faults, every fourth step or so ends in one.
inline std::vector<Step> RandomSteps(bool faults) {
  const auto count = *rc::gen::inRange<std::size_t>(1, 30);
  std::vector<Step> steps;
  for (std::size_t i = 0; i < count; ++i) {
    Step step;
    step.time = Seconds(*rc::gen::element(0, 1, 7, 250, 500, 1000, 2999) * 1e-3);
    step.power = Watts(*rc::gen::inRange(0, 400));
    step.trainer_cpu = step.time * (*rc::gen::inRange(0, 101) * 1e-2);
    step.fault = faults && *rc::gen::inRange(0, 4) == 0;
    step.phase = *rc::gen::element<std::string>("setup", "train", "evaluate", "total");
    steps.push_back(step);
  }
  return steps;
}

inline void TotalsNeverFall(MeterWorld& world, const std::vector<Step>& steps) {
  const auto meter = world.Make();
  const Provenance before = meter->provenance();
  const Seconds made = world.now;
  Reading last = meter->Read(world.now, world.usage);
  for (const Step& step : steps) {
    world.Pass(step.time, step.power, step.trainer_cpu, step.fault);
    const Reading reading = meter->Read(world.now, world.usage);
    RC_ASSERT(reading.joules >= last.joules);
    RC_ASSERT(reading.covered >= last.covered);
    RC_ASSERT(std::abs((reading.elapsed - (world.now - made)).value()) < 1e-9);
    RC_ASSERT(reading.covered <= reading.elapsed + Seconds(1e-9));
    last = reading;
  }
  RC_ASSERT(meter->provenance() == before);
}

inline void WindowsAddUp(MeterWorld& world, const std::vector<Step>& steps) {
  const auto meter = world.Make();
  const Reading first = meter->Read(world.now, world.usage);
  Reading last = first;
  double sum = 0.0;
  for (const Step& step : steps) {
    world.Pass(step.time, step.power, step.trainer_cpu, step.fault);
    const Reading reading = meter->Read(world.now, world.usage);
    const auto figure = FigureBetween(last, reading, meter->provenance());
    if (figure) {
      RC_ASSERT(figure->coverage > 0.0);
      RC_ASSERT(figure->coverage <= 1.0);
      RC_ASSERT(figure->own_uncertainty >= 0.0);
      sum += figure->joules.value();
    } else if (reading.elapsed == last.elapsed) {
      sum += (reading.joules - last.joules).value();  // late joules of an earlier gap
    }
    // A window of no length has no figure, not a figure of zero.
    RC_ASSERT(!FigureBetween(reading, reading, meter->provenance()));
    last = reading;
  }
  const auto whole = FigureBetween(first, last, meter->provenance());
  if (whole) RC_ASSERT(std::abs(whole->joules.value() - sum) < 1e-6);
}

inline void PhasesSumToTheTotal(MeterWorld& world, const std::vector<Step>& steps) {
  PhaseLedger ledger(world.Make(), world.now, world.usage);
  const Seconds begin = world.now;
  for (const Step& step : steps) {
    world.Pass(step.time, step.power, step.trainer_cpu, step.fault);
    ledger.Enter(step.phase, world.now, world.usage);
  }
  const auto phases = ledger.Read(world.now, world.usage);
  RC_ASSERT(phases.back().phase == kTotalPhase);
  RC_ASSERT(phases.front().phase == kFirstPhase);
  double joules = 0.0, wall = 0.0;
  for (const PhaseEnergy& phase : phases) {
    if (phase.phase == kTotalPhase) continue;
    wall += phase.wall.value();
    if (phase.figure) joules += phase.figure->joules.value();
    if (phase.figure) RC_ASSERT(phase.figure->coverage <= 1.0);
  }
  const PhaseEnergy& total = phases.back();
  const double unnamed = total.wall.value() - wall;  // time of a phase that is called "total"
  RC_ASSERT(unnamed > -1e-9);
  RC_ASSERT(std::abs((total.wall - (world.now - begin)).value()) < 1e-9);
  if (unnamed < 1e-9 && total.figure) {
    RC_ASSERT(std::abs(total.figure->joules.value() - joules) < 1e-6);
  }
}

/// Two meters, one of which is read after every step and the other at the end only.
inline void ReadingOftenChangesNothing(MeterWorld& world, const std::vector<Step>& steps) {
  const auto often = world.Make(), once = world.Make();
  Seconds time;
  for (const Step& step : steps) {
    if (time + step.time > Seconds(60)) break;  // longer, and a counter may wrap twice
    time += step.time;
    world.Pass(step.time, step.power, step.trainer_cpu, step.fault);
    often->Read(world.now, world.usage);
  }
  world.Pass(Seconds(0.1), Watts(10), Seconds(0.1), false);
  const Reading a = often->Read(world.now, world.usage), b = once->Read(world.now, world.usage);
  RC_ASSERT(std::abs((a.joules - b.joules).value()) < 1e-6);
  RC_ASSERT(std::abs((a.covered - b.covered).value()) < 1e-9);
}

/// Runs the suite. `World` is made anew for every case. `additive`: reading more often changes
/// nothing, which holds unless joules are divided interval by interval.
template <typename World>
void CheckMeterContract(bool additive) {
  for (const bool faults : {false, true}) {
    CHECK(rc::check("totals never fall", [&] {
      World world;
      TotalsNeverFall(world, RandomSteps(faults));
    }));
    CHECK(rc::check("windows add up", [&] {
      World world;
      WindowsAddUp(world, RandomSteps(faults));
    }));
    CHECK(rc::check("phases sum to the total", [&] {
      World world;
      PhasesSumToTheTotal(world, RandomSteps(faults));
    }));
    if (!additive) continue;
    CHECK(rc::check("reading often changes nothing", [&] {
      World world;
      ReadingOftenChangesNothing(world, RandomSteps(faults));
    }));
  }
}

}  // namespace joulefront::testing
