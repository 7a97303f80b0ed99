// What is known of the machine itself: its fingerprint, and the record of what was measured on it.
//
// The record is a JSON file of the user's, written by `joulefront meters --probe` and --calibrate.
// Its figures hold for one fingerprint: another processor or kernel, and it is as if it were empty.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "workers/meters/energy_source.h"
#include "workers/meters/meter.h"

namespace joulefront {

/// Text that stays the same as long as joules of this machine may be compared: processor model,
/// number of CPUs, kernel release.
std::string HostFingerprint(const SystemRoots& roots);

bool IsVirtualMachine(const SystemRoots& roots);

/// What a domain draws when nothing runs.
struct IdleBaseline {
  Watts power;
  double variation = 0.0;  // coefficient of variation of its seconds
  Seconds measured_for;
  Seconds update_period;  // as seen; 0 if nothing moved
};

/// Two sources of one boundary of which both saw most of a probe: the ratio of their joules, over
/// all domains of that boundary.
struct CrossCheck {
  std::string first, second;  // sources
  Boundary boundary = Boundary::kPackage;
  double ratio = 1.0;  // first to second
};

struct HostRecord {
  std::string host;                          // fingerprint
  std::string probed;                        // date, "2026-11-26"; empty: never
  std::map<std::string, IdleBaseline> idle;  // by the domain's name
  std::vector<CrossCheck> checks;            // of the last probe
  std::optional<Calibration> calibration;
};

/// The record of that host. Without a file, or with the figures of another host, an empty one.
/// Errors: kCorrupt, kUnavailable.
Result<HostRecord> LoadHostRecord(const std::string& path, const std::string& host);

/// Replaces the file in one step. Errors: kUnavailable.
Result<void> SaveHostRecord(const std::string& path, const HostRecord& record);

}  // namespace joulefront
