#include "workers/meters/tick_clock.h"

#include <algorithm>
#include <cmath>

namespace joulefront {
namespace {

constexpr double kSamplesAnUpdate = 20.0;
// Two samples so many parts of a period apart, or nearer, show where the tick between them was.
constexpr double kNear = 5.0;
// What is dated within half a period is given only if it lies so many periods before any edge: the
// edge will date a point one period before it.
constexpr double kClear = 1.5;
// An edge after which nothing has ticked for so many periods is given up: the counter is stuck.
constexpr double kPatience = 3.0;
// Ticks this many periods apart, at most, refine the period.
constexpr double kCountable = 3.0;

}  // namespace

void TickClock::NoteEdge(Seconds now) { edge_ = now; }

void TickClock::Give(const DatedPoint& point, std::vector<DatedPoint>& points) {
  if (last_dated_ && point.time <= *last_dated_) return;
  points.push_back(point);
  last_dated_ = point.time;
}

/// Gives what lies clear of the edge that is not placed yet, or of any that may come.
void TickClock::GiveKept(Seconds now, std::vector<DatedPoint>& points) {
  const Seconds clear = edge_.value_or(now) - period_ * kClear;
  const auto end = std::find_if(kept_.begin(), kept_.end(),
                                [&](const DatedPoint& point) { return point.time > clear; });
  for (auto point = kept_.begin(); point != end; ++point) Give(*point, points);
  kept_.erase(kept_.begin(), end);
}

std::vector<DatedPoint> TickClock::GiveUp(Seconds now) {
  edge_.reset();
  std::vector<DatedPoint> points;
  GiveKept(now, points);
  return points;
}

std::vector<DatedPoint> TickClock::Take(Seconds now, std::uint64_t microjoules) {
  std::vector<DatedPoint> points;
  GiveKept(now, points);
  if (last_ && microjoules != last_->microjoules) {
    const Seconds apart = now - last_->time;
    if (apart <= period_ / kNear) {
      const Seconds tick = last_->time + apart / 2.0;
      Refine(tick);
      Give({tick - period_, last_->microjoules}, points);
      Give({tick, microjoules}, points);
      kept_.clear();
      edge_.reset();
    } else {
      kept_.push_back({now - std::min(apart, period_) / 2.0, microjoules});
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
