// What the readings of one domain mean over time: wraps are counted through, resets and gaps are
// recognised, and what is left are credits: whole microjoules for a stretch of time.
//
// A counter that cannot be read, or that does not move, credits nothing; the next good reading
// makes up for it, unless the counter may have wrapped twice or was reset meanwhile. So what is not
// credited is missing, and never zero. Pure: the same readings give the same credits.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "workers/meters/energy_source.h"
#include "workers/meters/tick_clock.h"

namespace joulefront {

/// What became of a reading.
enum class ReadingState {
  kOk,
  kWrapped,      // counted through
  kReset,        // the counter began again; the time since the last good reading is lost
  kGap,          // nothing was read
  kStale,        // the counter has not moved for so long that it is stuck
  kImplausible,  // more than the domain can draw, or beyond the counter's range
};

std::string_view Name(ReadingState state);

/// Energy that a domain used from `begin` to `end`.
struct Credit {
  Seconds begin, end;
  std::uint64_t microjoules = 0;

  bool operator==(const Credit&) const = default;
};

/// Microjoules that a counter advanced from `before` to `now` in the time `between`. Empty if that
/// cannot be told: a value beyond the range, more than `domain.most` can draw, a fall without a
/// range, or so long a time that it may have wrapped twice.
/// Example: range 65'532'610'987, from 65'532'610'000 to 13 in 1 s = 1000.
std::optional<std::uint64_t> EnergySince(const Domain& domain, std::uint64_t before,
                                         std::uint64_t now, Seconds between);

class Accumulator {
 public:
  /// Energy counts from the first reading that gives a value, `first` if it does.
  Accumulator(const Domain& domain, Seconds now, const RawReading& first);

  /// Takes a reading and gives what it credits, oldest first; credits neither overlap nor go back.
  /// `edge`: a window begins or ends now. `now` is not before that of the last call.
  std::vector<Credit> Take(Seconds now, const RawReading& reading, bool edge = false);

  /// When the next reading should come at the latest, to place an edge between two ticks of a slow
  /// counter. Empty: no hurry.
  std::optional<Seconds> WantsNext() const;

  /// Whether edges are placed between the ticks of a slow counter, by WantsNext().
  bool WaitsForTicks() const { return ticks_; }

  ReadingState state() const { return state_; }  // of the last reading
  /// Whether the last reading lost the time before it: later credits begin there.
  bool HasRestarted() const { return restarted_; }
  /// How many readings became that.
  std::int64_t Count(ReadingState state) const { return counts_[static_cast<std::size_t>(state)]; }

 private:
  struct Anchor {
    Seconds time;
    std::uint64_t value = 0;  // of the counter, or microwatts
  };
  std::vector<Credit> TakeEnergy(Seconds now, std::uint64_t value, bool edge);
  std::vector<Credit> TakePower(Seconds now, std::uint64_t microwatts);
  std::vector<Credit> Dated(Seconds now, bool edge);
  std::vector<Credit> Credited(const std::vector<DatedPoint>& points);
  std::vector<Credit> Restart(ReadingState state, Seconds now, std::uint64_t value);
  void Note(ReadingState state);

  Domain domain_;
  bool ticks_;                    // slow enough that edges lie between visible ticks
  std::optional<Anchor> anchor_;  // the last reading up to which energy is credited
  std::uint64_t total_ = 0;       // microjoules since the clock was made
  std::optional<TickClock> clock_;
  Anchor dated_;  // the last point that the clock has dated, in terms of total_
  bool restarted_ = false;
  ReadingState state_ = ReadingState::kOk;
  std::int64_t counts_[6] = {};
};

}  // namespace joulefront
