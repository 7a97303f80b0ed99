#include "workers/meters/rapl_meter.h"

#include <algorithm>
#include <cmath>

#include "workers/meters/kernel_file.h"

namespace joulefront {
namespace {

// No package draws more: what looks like more is a reset. The zone's own power limits would be
// tighter, but they can be changed while a trial runs.
constexpr Watts kMostWatts{2000.0};
// Counters are updated about every millisecond, with jitter; a short window may hold the joules of
// the time just before it.
constexpr Seconds kLateUpdate{0.1};
constexpr Seconds kUpdatePeriod{0.002};
// The smallest range there is (32 bits of 2^-16 J), for a zone that does not tell its own.
constexpr std::uint64_t kSmallestRange = 65'532'610'987;
// Host CPU time is counted in ticks of 10 ms. Over a shorter time than this the share would be
// noise, so it is not settled until then.
constexpr Seconds kShortestShare{0.5};
constexpr Seconds kTwoTicks{0.02};

constexpr double kCounterUncertainty = 0.05;
// The counter's own 5 %, and 15 % for dividing it by CPU time between unlike loads, in quadrature.
constexpr double kSharedUncertainty = 0.16;

class RaplMeter final : public Meter {
 public:
  RaplMeter(const RaplBoundary& boundary, std::string host, bool exclusive, Seconds now)
      : exclusive_(exclusive), made_(now) {
    provenance_.energy_class = exclusive ? EnergyClass::kMeasured : EnergyClass::kAttributed;
    provenance_.source = "rapl-powercap";
    provenance_.boundary = boundary.boundary;
    provenance_.attribution = exclusive ? "exclusive" : "cpu-time-share";
    provenance_.idle_policy = exclusive ? "included" : "by-cpu-time-share";
    provenance_.host = std::move(host);
    provenance_.common_uncertainty = exclusive ? kCounterUncertainty : kSharedUncertainty;
    for (const RaplZone& zone : boundary.zones) {
      counters_.push_back({CounterFile(zone.path + "/energy_uj"), zone.range});
    }
  }

  /// False if the counters cannot be read.
  bool Begin(Seconds now, const CpuUsage& usage) {
    auto values = ReadCounters();
    if (!values) return false;
    anchor_ = {std::move(*values), now, usage};
    return true;
  }

  const Provenance& provenance() const override { return provenance_; }

  Reading Read(Seconds now, const CpuUsage& usage) override {
    total_.elapsed = now - made_;
    auto values = ReadCounters();
    if (!values) return total_;  // a gap, until a later reading closes it
    const Seconds span = now - anchor_.time;
    const auto energy = EnergyOf(*values, span);
    if (!energy) {
      settled_ = total_;
      anchor_ = {std::move(*values), now, usage};
      return total_;
    }
    const auto share = exclusive_ ? 1.0 : CpuTimeShare(anchor_.usage, usage);
    if (!share) return total_;
    const Joules joules = *energy * *share;
    total_.joules = std::max(total_.joules, settled_.joules + joules);
    total_.covered = std::max(total_.covered, settled_.covered + span);
    if (total_.covered > Seconds(0)) {
      total_.own_error_joules = (total_.joules / total_.covered * kUpdatePeriod).value();
    }
    if (exclusive_ || span >= kShortestShare) {
      settled_ = total_;
      anchor_ = {std::move(*values), now, usage};
    }
    return total_;
  }

 private:
  struct Counter {
    CounterFile file;
    std::optional<std::uint64_t> range;
  };
  /// The state at the last reading up to which the joules are settled.
  struct Anchor {
    std::vector<std::uint64_t> values;
    Seconds time;
    CpuUsage usage;
  };

  /// All counters, or nothing.
  std::optional<std::vector<std::uint64_t>> ReadCounters() const {
    std::vector<std::uint64_t> values;
    for (const Counter& counter : counters_) {
      const CounterReading reading = counter.file.Read();
      if (!reading.value || (counter.range && *reading.value > *counter.range)) return std::nullopt;
      values.push_back(*reading.value);
    }
    return values;
  }

  std::optional<Joules> EnergyOf(const std::vector<std::uint64_t>& values, Seconds span) const {
    std::uint64_t microjoules = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto advance = EnergySince(anchor_.values[i], values[i], counters_[i].range, span);
      if (!advance) return std::nullopt;
      microjoules += *advance;
    }
    return Joules(static_cast<double>(microjoules) * 1e-6);
  }

  Provenance provenance_;
  bool exclusive_;
  Seconds made_;
  std::vector<Counter> counters_;
  Anchor anchor_;
  Reading settled_, total_;
};

}  // namespace

std::optional<std::uint64_t> EnergySince(std::uint64_t before, std::uint64_t now,
                                         std::optional<std::uint64_t> range, Seconds between) {
  if (range && (before > *range || now > *range)) return std::nullopt;
  if (now < before && !range) return std::nullopt;
  const std::uint64_t advance = now >= before ? now - before : now + *range - before;
  const double most = (kMostWatts * between).value() * 1e6;
  const double late = (kMostWatts * kLateUpdate).value() * 1e6;
  if (most >= static_cast<double>(range.value_or(kSmallestRange))) return std::nullopt;
  if (static_cast<double>(advance) > most + late) return std::nullopt;
  return advance;
}

std::optional<double> CpuTimeShare(const CpuUsage& begin, const CpuUsage& end) {
  const Seconds trainer = end.trainer - begin.trainer;
  const Seconds host = end.host_busy - begin.host_busy;
  if (trainer <= Seconds(0)) return 0.0;
  // No tick of the host yet: rounding, if the trainer used little; else /proc/stat was not read.
  if (host <= Seconds(0) && trainer > kTwoTicks) return std::nullopt;
  return trainer >= host ? 1.0 : trainer / host;
}

std::unique_ptr<Meter> MakeRaplMeter(const SystemRoots& roots, bool exclusive, Seconds now,
                                     const CpuUsage& usage) {
  const RaplBoundary boundary = ChooseRaplBoundary(FindRaplZones(roots));
  if (boundary.zones.empty()) return nullptr;
  auto meter = std::make_unique<RaplMeter>(boundary, HostFingerprint(roots), exclusive, now);
  if (!meter->Begin(now, usage)) return nullptr;
  return meter;
}

}  // namespace joulefront
