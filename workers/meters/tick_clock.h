// When a counter that is updated a few times a second stood at what value.
//
// Such a counter (NVML: about every 100 ms) shows at any time what it was at its last tick. Naive
// windows lose or gain up to an update at each edge. Here a tick that is seen between two samples
// close to each other dates its value, and the value before it dates from one period earlier:
// between dated points energy is taken to grow evenly. So an edge is placed within a part of an
// update, by sampling fast for at most one update after it, and without waiting at it.
//
// Samples far apart date their value too, within half a period, since the last tick was within the
// last period. Such a point is given once no edge can lie close to it: joules inside of a window
// follow by a period or two, and edges stay where they are.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/units.h"

namespace joulefront {

struct DatedPoint {
  Seconds time;
  std::uint64_t microjoules = 0;
};

class TickClock {
 public:
  /// `period`: of the counter's updates, as far as it is known. It is refined from ticks that are
  /// seen.
  explicit TickClock(Seconds period) : period_(period) {}

  /// A window begins or ends: its place is wanted well.
  void NoteEdge(Seconds now);

  /// There is no sample to be had: edges that are not placed yet are given up. Gives the points
  /// that were kept back, as Take() does.
  std::vector<DatedPoint> GiveUp(Seconds now);

  /// Takes a sample; gives the points that it dates, later than all before, oldest first.
  std::vector<DatedPoint> Take(Seconds now, std::uint64_t microjoules);

  /// When the next sample should be at the latest. Empty: no hurry.
  std::optional<Seconds> WantsNext() const;

  Seconds period() const { return period_; }

 private:
  void Refine(Seconds tick);
  void Give(const DatedPoint& point, std::vector<DatedPoint>& points);
  void GiveKept(Seconds now, std::vector<DatedPoint>& points);

  Seconds period_;
  std::optional<DatedPoint> last_;     // the last sample
  std::optional<Seconds> last_dated_;  // time of the last point given
  std::optional<Seconds> last_tick_;   // of the last tick that was seen
  std::optional<Seconds> edge_;        // not placed yet
  std::vector<DatedPoint> kept_;       // within half a period, not given yet
};

}  // namespace joulefront
