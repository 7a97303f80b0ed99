// The meter of one attempt: reads its sources and says who is charged for what they saw.
//
// The set of sources is fixed when the meter is made: one that is lost lowers the coverage, and is
// never replaced by another. A meter must be read at least every 30 s: a counter may wrap, and what
// may have wrapped twice is not counted. Charges are whole microjoules and add up: splitting a
// window changes nothing, and in every charge
//     measured = active + idle + others + idle_of_others.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/energy.h"
#include "base/units.h"
#include "workers/meters/accumulator.h"
#include "workers/meters/energy_source.h"

namespace joulefront {

/// CPU time since the attempt began, of the trainer's process tree and of the whole host.
struct CpuUsage {
  Seconds trainer;
  Seconds host_busy;  // all CPUs, idle and I/O wait not counted; 0 if unknown

  bool operator==(const CpuUsage&) const = default;
};

/// wall = offset + slope x what the sources see, fitted to a user's readings of a wall meter.
struct Calibration {
  std::string id;  // part of the comparability key: "2026-11-26"
  Watts offset;
  double slope = 1.0;
  double residual = 0.0;         // relative half-width, 95 %, of the held-out readings
  std::string source, boundary;  // of the figures that it was made for, and is applied to alone
};

/// Whether a machine may have it: a slope from 0.5 to 4 and an offset of 0 to 100 kW, for the wall
/// sees at least what the tool sees; and a residual from 0 to 1.
bool IsPlausible(const Calibration& fit);

/// What is known before an attempt: the machine, and who else may use it.
struct MeterSetup {
  std::string host;        // fingerprint of the machine
  bool exclusive = false;  // nobody else uses the machine
  double reserved = 1.0;   // share of the machine's CPUs that is set aside for this attempt
  int gpu_users = 1;       // attempts that use each GPU at once
  bool estimate = true;    // the estimate stands in where no source sees the CPUs
  std::map<std::string, Watts> idle;       // what a domain draws when nothing runs, by its name
  std::optional<Calibration> calibration;  // heeded if exclusive, and made for this meter
};

/// What a domain used from `begin` to `end`, in microjoules, and who is charged.
struct Charge {
  std::size_t domain = 0;  // index into Meter::domains()
  Seconds begin, end;
  std::uint64_t measured = 0;        // what the counter saw; for the estimate, what it is
  std::uint64_t active = 0;          // charged to the attempt for what it did
  std::uint64_t idle = 0;            // charged to the attempt for what it reserved
  std::uint64_t others = 0;          // for what everything else did
  std::uint64_t idle_of_others = 0;  // idle that the attempt did not reserve
  std::uint64_t residual = 0;        // what the CPU times would charge beyond what was there
};

/// Why a meter is read.
enum class Look {
  kGlance,  // in passing
  kEdge,    // a window begins or ends
  kLast,    // the attempt has ended: what is still open is settled
};

class Meter {
 public:
  /// `setup.estimate` may be false only if there is a source. Joules count from `now` and `usage`.
  Meter(EnergySources sources, MeterSetup setup, Seconds now, const CpuUsage& usage);

  const std::vector<Domain>& domains() const { return domains_; }
  const Provenance& provenance() const { return provenance_; }
  const MeterSetup& setup() const { return setup_; }

  /// Reads all sources. Charges of one domain neither overlap nor go back; they may end before
  /// `now`, and begin before the last call. `now` is monotonic time, not before that of the last
  /// call.
  std::vector<Charge> Read(Seconds now, const CpuUsage& usage, Look look);

  /// When the next look should be at the latest, to place an edge. Empty: no hurry.
  std::optional<Seconds> WantsNext() const;

  /// What the sources gave at the last look, as domains(); the estimate's is empty.
  const std::vector<RawReading>& readings() const { return readings_; }

  /// What went wrong with the sources so far: "package-0: 1 reset, 3 gap". Empty: nothing.
  std::string Faults() const;

  /// How far one edge of a window may be off, in seconds of the domain's mean power: half-width,
  /// 95 %.
  Seconds EdgeError(std::size_t domain) const;

 private:
  /// Energy that waits until the CPU-time share of its time is known well enough.
  struct Unsettled {
    Seconds begin, end;
    std::uint64_t microjoules = 0;
    CpuUsage usage;  // at `begin`
  };
  bool IsShared(std::size_t domain) const;
  std::optional<Charge> Settle(std::size_t domain, const CpuUsage& usage);
  Charge Divide(std::size_t domain, const Unsettled& energy, double share) const;
  std::vector<Charge> ReadEstimate(Seconds now, const CpuUsage& usage);
  Provenance MakeProvenance() const;

  EnergySources sources_;
  MeterSetup setup_;
  std::vector<Domain> domains_;  // of the sources, then the estimate if there is one
  std::vector<Accumulator> accumulators_;
  std::vector<std::optional<Unsettled>> unsettled_;  // of the sources
  std::vector<CpuUsage> usage_at_;                   // where each source's next credit begins
  std::vector<RawReading> readings_;
  Provenance provenance_;
  Seconds then_;
  CpuUsage usage_then_;
};

/// Share of a shared host's joules that the trainer is charged for: its CPU time over the host's
/// busy time; above 1 only by rounding. Empty if the host's busy time is not known.
std::optional<double> CpuTimeShare(const CpuUsage& begin, const CpuUsage& end);

/// What the estimate claims to cover.
Domain EstimateDomain();

/// Power of one busy CPU (hardware thread) in the estimate. The convention of CodeCarbon 3.3.0 for
/// processors that are not in its table: 4 W for each hardware thread (docs/metering.md).
inline constexpr Watts kWattsPerBusyCpu{4.0};
/// Relative half-width, 95 %, of the estimate's common error.
inline constexpr double kEstimateUncertainty = 0.40;

}  // namespace joulefront
