#include "workers/meters/tick_clock.h"

#include <cmath>

namespace joulefront {
namespace {

constexpr double kSamplesAnUpdate = 20.0;
// Two samples so many parts of a period apart, or nearer, show where the tick between them was.
constexpr double kNear = 5.0;
// So many periods apart, it no longer matters where in the last of them the tick was.
constexpr double kFar = 10.0;
// An edge after which nothing has ticked for so many periods is given up: the counter is stuck.
constexpr double kPatience = 3.0;
// Ticks this many periods apart, at most, refine the period.
constexpr double kCountable = 3.0;

}  // namespace

void TickClock::NoteEdge(Seconds now) { edge_ = now; }

std::vector<DatedPoint> TickClock::Take(Seconds now, std::uint64_t microjoules) {
  std::vector<DatedPoint> points;
  const auto give = [&](Seconds time, std::uint64_t value) {
    if (last_dated_ && time <= *last_dated_) return;
    points.push_back({time, value});
    last_dated_ = time;
  };
  if (last_ && microjoules != last_->microjoules) {
    const Seconds apart = now - last_->time;
    if (apart <= period_ / kNear) {
      const Seconds tick = last_->time + apart / 2.0;
      Refine(tick);
      give(tick - period_, last_->microjoules);
      give(tick, microjoules);
      edge_.reset();
    } else if (!edge_ && apart >= period_ * kFar) {
      give(now - period_ / 2.0, microjoules);
    }
  }
  last_ = DatedPoint{now, microjoules};
  if (edge_ && now - *edge_ > period_ * kPatience) edge_.reset();
  return points;
}

std::optional<Seconds> TickClock::WantsNext() const {
  if (!edge_ || !last_) return std::nullopt;
  return last_->time + period_ / kSamplesAnUpdate;
}

/// The period is that of ticks a few periods apart, half of it old: samples have jitter.
void TickClock::Refine(Seconds tick) {
  if (last_tick_) {
    const Seconds span = tick - *last_tick_;
    const double count = std::round(span / period_);
    if (count >= 1.0 && count <= kCountable) period_ = (period_ + span / count) / 2.0;
  }
  last_tick_ = tick;
}

}  // namespace joulefront
