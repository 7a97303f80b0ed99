// RAPL, the energy counters of Intel and AMD processors, through the kernel's powercap files.
//
// Joules of the host are those of all packages, and of all their DRAM if every package has a DRAM
// counter that can be read. `core` and `uncore` are inside the package; `psys` contains packages:
// neither is ever added. What a zone covers is told by its `name`, never by its number.
//
// A reading reads all counters or counts as none. The joules between two good readings are credited
// to the time between them, so a reading that fails is made up for by the next good one, unless the
// counters may have wrapped more than once or were reset meanwhile: then that time is not covered.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "workers/meters/meter.h"

namespace joulefront {

enum class RaplKind {
  kPackage,   // a processor package, or one die of it
  kDram,      // memory of a package; outside of it
  kInside,    // core, uncore: part of the package
  kPlatform,  // psys: contains the packages, and more
};

/// One powercap zone.
struct RaplZone {
  std::string id;       // "intel-rapl:0:2"; the numbers are hexadecimal
  std::string name;     // "dram"
  std::string package;  // name of the package that it is, or belongs to
  std::string path;     // its folder
  RaplKind kind = RaplKind::kInside;
  std::optional<std::uint64_t> range;  // largest value of the counter, in microjoules
  std::string problem;                 // why the counter cannot be used; empty if it can
  int error = 0;                       // errno of the problem, if it has one
};

/// All zones, packages before what belongs to them, in the order of their numbers. A package that
/// two drivers show (intel-rapl and intel-rapl-mmio) is there once.
std::vector<RaplZone> FindRaplZones(const SystemRoots& roots);

/// The zones that add up to the host's joules, and the name of what they cover. No zones: RAPL
/// cannot be used here.
struct RaplBoundary {
  std::vector<RaplZone> zones;
  std::string boundary;  // "package" or "package+dram"
};
RaplBoundary ChooseRaplBoundary(const std::vector<RaplZone>& zones);

/// Microjoules that a counter advanced from `before` to `now` in the time `between`; `range` is its
/// largest value. Empty if that cannot be told: a value beyond the range, more than a package can
/// draw (a reset), a fall without a known range, or so long a time that it may have wrapped twice.
/// Example: EnergySince(65'532'610'000, 13, 65'532'610'987, Seconds(1)) = 1000.
std::optional<std::uint64_t> EnergySince(std::uint64_t before, std::uint64_t now,
                                         std::optional<std::uint64_t> range, Seconds between);

/// Share of a shared host's joules that the trainer is charged for: its CPU time over the host's
/// busy time, in [0, 1]. Empty if the host's busy time is not known.
std::optional<double> CpuTimeShare(const CpuUsage& begin, const CpuUsage& end);

/// The meter; nullptr if the counters cannot be read. Not exclusive: each reading's joules are
/// multiplied by the CPU-time share, and the class is kAttributed.
std::unique_ptr<Meter> MakeRaplMeter(const SystemRoots& roots, bool exclusive, Seconds now,
                                     const CpuUsage& usage);

}  // namespace joulefront
