// The Meter interface. A meter turns counters, or a model, into joules of one attempt.
//
// Read() returns running totals since the meter was made; a window is a pair of readings, and its
// figure their difference (FigureBetween). So windows nest, and splitting one changes nothing. The
// set of sources is fixed when the meter is made: a source that is lost lowers the coverage, and is
// never replaced by another. A meter must be read at least every 30 s: a counter may wrap, and what
// may have wrapped twice is not counted.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/energy.h"
#include "base/result.h"
#include "base/units.h"
#include "workers/meters/energy_source.h"

namespace joulefront {

/// CPU time since the attempt began, of the trainer's process tree and of the whole host.
struct CpuUsage {
  Seconds trainer;
  Seconds host_busy;  // all CPUs, idle and I/O wait not counted; 0 if unknown
};

/// Running totals at one instant. Both only grow.
struct Reading {
  Joules joules;                  // used in the covered time
  Seconds covered;                // time for which the source could be read
  Seconds elapsed;                // time since the meter was made
  double own_error_joules = 0.0;  // half-width, 95 %, of one reading (an edge of a window)
};

class Meter {
 public:
  virtual ~Meter() = default;
  virtual const Provenance& provenance() const = 0;
  /// Reads the source. `now` is monotonic time, not before that of the last call.
  virtual Reading Read(Seconds now, const CpuUsage& usage) = 0;
};

/// The figure of the window between two readings of one meter; empty if nothing of it was covered,
/// and so for a window of no length. Its own uncertainty is that of its two edges, in quadrature,
/// at most 1; a window that begins in a gap that was made up for later adds the share of its joules
/// that may be of before.
std::optional<EnergyFigure> FigureBetween(const Reading& begin, const Reading& end,
                                          const Provenance& provenance);

/// One thing that could measure joules here, for `joulefront meters`.
struct MeterInfo {
  std::string source;    // "rapl-powercap"
  std::string domain;    // "package-0", "dram of package-0", "cpu"
  std::string boundary;  // "package", ...
  bool usable = false;
  std::string detail;                                  // what was found, or why it is not usable
  std::string remedy;                                  // the command that would mend it, or empty
  EnergyClass energy_class = EnergyClass::kEstimated;  // of its figures when used alone
};

/// Every source that joulefront knows, found or not, in order of preference.
std::vector<MeterInfo> ListMeters(const SystemRoots& roots);

/// A new meter for one attempt: RAPL where it can be read, else the estimate. `exclusive`: nobody
/// else uses the machine, so the counter is the attempt's own.
std::unique_ptr<Meter> MakeMeter(const SystemRoots& roots, bool exclusive, Seconds now,
                                 const CpuUsage& usage);

/// Text that stays the same as long as joules of this machine may be compared: processor model,
/// number of CPUs, kernel release.
std::string HostFingerprint(const SystemRoots& roots);

}  // namespace joulefront
