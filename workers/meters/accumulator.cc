#include "workers/meters/accumulator.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace joulefront {
namespace {

// Counters are updated with jitter; a short window may hold the joules of the time just before it.
constexpr Seconds kLateUpdate{0.1};
// Slower than this, and what a window may gain or lose at its edges is worth looking for the ticks.
constexpr Seconds kSlow{0.02};
// A counter that has not moved for so long, and for so many of its periods, is stuck.
constexpr Seconds kStuck{10.0};
constexpr double kStuckPeriods = 20.0;
// Power between two samples is taken to be a straight line for no longer than this, and no more
// than so many of its periods.
constexpr Seconds kLongestLine{3.0};
constexpr double kLinePeriods = 5.0;

constexpr std::array<std::string_view, 6> kNames = {"ok",  "wrapped", "reset",
                                                    "gap", "stale",   "implausible"};

}  // namespace

std::string_view Name(ReadingState state) { return kNames[static_cast<std::size_t>(state)]; }

std::optional<std::uint64_t> EnergySince(const Domain& domain, std::uint64_t before,
                                         std::uint64_t now, Seconds between) {
  const auto range = domain.range;
  if (range && (before > *range || now > *range)) return std::nullopt;
  if (now < before && !range) return std::nullopt;
  const std::uint64_t advance = now >= before ? now - before : now + *range - before;
  const double most = (domain.most * between).value() * 1e6;
  const double late = (domain.most * std::max(kLateUpdate, domain.update_period)).value() * 1e6;
  if (range && most >= static_cast<double>(*range)) return std::nullopt;
  if (static_cast<double>(advance) > most + late) return std::nullopt;
  return advance;
}

Accumulator::Accumulator(const Domain& domain, Seconds now, const RawReading& first)
    : domain_(domain), ticks_(domain.update_period >= kSlow) {
  Take(now, first, true);
}

std::vector<Credit> Accumulator::Take(Seconds now, const RawReading& reading, bool edge) {
  restarted_ = false;
  const bool within =
      !reading.microjoules || !domain_.range || *reading.microjoules <= *domain_.range;
  if (reading.microjoules && within) return TakeEnergy(now, *reading.microjoules, edge);
  if (reading.microwatts) return TakePower(now, *reading.microwatts);
  Note(within ? ReadingState::kGap : ReadingState::kImplausible);
  if (!clock_) return {};
  // Else a source that is lost would be looked at without end.
  return Credited(clock_->GiveUp(now));
}

std::optional<Seconds> Accumulator::WantsNext() const {
  return clock_ ? clock_->WantsNext() : std::nullopt;
}

void Accumulator::Note(ReadingState state) {
  state_ = state;
  ++counts_[static_cast<std::size_t>(state)];
}

/// Begins again from `value`: what was before is lost.
std::vector<Credit> Accumulator::Restart(ReadingState state, Seconds now, std::uint64_t value) {
  Note(state);
  restarted_ = true;
  anchor_ = {now, value};
  if (ticks_) {
    clock_.emplace(domain_.update_period);
    dated_ = {now, total_};
  }
  return Dated(now, true);
}

std::vector<Credit> Accumulator::TakeEnergy(Seconds now, std::uint64_t value, bool edge) {
  if (!anchor_) return Restart(ReadingState::kOk, now, value);
  const Seconds span = now - anchor_->time;
  if (value == anchor_->value) {
    const Seconds stuck = std::max(kStuck, domain_.update_period * kStuckPeriods);
    Note(span > stuck ? ReadingState::kStale : ReadingState::kOk);
    return Dated(now, edge);
  }
  const auto advance = EnergySince(domain_, anchor_->value, value, span);
  if (!advance) {
    return Restart(value < anchor_->value ? ReadingState::kReset : ReadingState::kImplausible, now,
                   value);
  }
  Note(value < anchor_->value ? ReadingState::kWrapped : ReadingState::kOk);
  const Seconds begin = anchor_->time;
  total_ += *advance;
  anchor_ = {now, value};
  if (ticks_) return Dated(now, edge);
  return {{begin, now, *advance}};
}

/// For a counter that ticks slowly: what lies between the points whose time is known by now.
std::vector<Credit> Accumulator::Dated(Seconds now, bool edge) {
  if (!clock_) return {};
  if (edge) clock_->NoteEdge(now);
  return Credited(clock_->Take(now, total_));
}

std::vector<Credit> Accumulator::Credited(const std::vector<DatedPoint>& points) {
  std::vector<Credit> credits;
  std::optional<DatedPoint> before;  // the time from when the clock was made on
  for (const DatedPoint& point : points) {
    if (point.time <= dated_.time) {
      before = point;
      continue;
    }
    std::uint64_t since = point.microjoules - dated_.value;
    if (before) {  // the tick began before: only its later part counts
      const double part = (point.time - dated_.time) / (point.time - before->time);
      since = static_cast<std::uint64_t>(std::llround(static_cast<double>(since) * part));
      before.reset();
    }
    credits.push_back({dated_.time, point.time, since});
    dated_ = {point.time, point.microjoules};
  }
  return credits;
}

std::vector<Credit> Accumulator::TakePower(Seconds now, std::uint64_t microwatts) {
  if (static_cast<double>(microwatts) > domain_.most.value() * 1e6) {
    Note(ReadingState::kImplausible);
    return {};
  }
  const auto before = anchor_;
  anchor_ = {now, microwatts};
  const Seconds longest = std::max(kLongestLine, domain_.update_period * kLinePeriods);
  if (!before || now - before->time > longest) {
    restarted_ = true;
    Note(before ? ReadingState::kGap : ReadingState::kOk);
    return {};
  }
  Note(ReadingState::kOk);
  const double mean = (static_cast<double>(before->value) + static_cast<double>(microwatts)) / 2.0;
  const double microjoules = mean * (now - before->time).value();
  return {{before->time, now, static_cast<std::uint64_t>(std::llround(microjoules))}};
}

}  // namespace joulefront
