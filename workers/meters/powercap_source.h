// RAPL, the energy counters of Intel and AMD processors, through the kernel's powercap files.
//
// What a zone covers is told by its `name`, never by its number. `core` and `uncore` are inside the
// package and not listed; `dram` is listed below a package and outside of it; `psys` contains the
// packages. A package that two drivers show (intel-rapl and intel-rapl-mmio), or that two dies
// mirror, is there once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "workers/meters/energy_source.h"

namespace joulefront {

inline constexpr std::string_view kPowercap = "rapl-powercap";

/// The zones of this machine; where there is none, a listing that says why.
FoundSources FindPowercap(const SystemRoots& roots);

/// Whether two counters are one that is shown twice. Fed with their values, read back to back, for
/// as long as there is doubt: counters of two packages part within seconds, as their loads do.
class MirrorCheck {
 public:
  /// Values in microjoules at the time `now`.
  void Take(Seconds now, std::uint64_t first, std::uint64_t second);

  /// True once they have stayed within one update of each other for ten seconds in which they
  /// advanced; false once they have not; empty while neither is sure.
  std::optional<bool> AreOne() const;

 private:
  struct Sample {
    Seconds time;
    std::uint64_t value;
  };
  std::optional<Sample> begin_;
  Sample last_{};
  bool parted_ = false;
};

/// Whether two values that were read back to back can be of one counter: within what a package
/// draws between two updates.
bool AreWithinOneUpdate(std::uint64_t first, std::uint64_t second);

}  // namespace joulefront
