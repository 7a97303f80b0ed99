// What joules are read from: a counter of energy or a sensor of power, one object for each domain.
//
// A source only reads: it turns what the kernel, a driver or a program shows into whole microjoules
// or microwatts, or says that there was nothing to read. What the numbers mean over time (wraps,
// resets, gaps) is the Accumulator's; who is charged for them is the Meter's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace joulefront {

/// What a domain covers, innermost first. Domains of the kinds package to module may be added to
/// one another; platform, node and wall contain them, and are never added to anything.
enum class Boundary {
  kCpu,       // busy CPUs, as the estimate has them
  kPackage,   // a processor package: cores, caches, memory controller
  kDram,      // memory of a package; outside of the package
  kGpu,       // a graphics card, its memory included
  kModule,    // GPU and CPU of one module (Grace Hopper)
  kPlatform,  // psys: the board as its maker drew the line
  kBattery,   // everything that a battery feeds
  kNode,      // a whole machine, behind its power supplies (IPMI)
  kWall,      // a whole machine, before its power supplies (a plug)
};

std::string_view Name(Boundary boundary);  // "package"
std::optional<Boundary> BoundaryFromName(std::string_view name);

struct Domain {
  std::string source;  // "rapl-powercap", "rapl-perf", "nvml", "hwmon", ..., or the user's name
  std::string name;    // unique within the machine and stable over boots: "dram of package-0"
  Boundary boundary = Boundary::kPackage;
  /// Largest value of the counter in microjoules, after which it starts again from 0. Empty: it is
  /// not known, or the counter has 64 bits; then a fall is a reset.
  std::optional<std::uint64_t> range;
  Watts most{2000.0};             // more than this is a reset or nonsense
  Seconds update_period{0.002};   // how often what is read changes; its edge error in time
  double common_uncertainty = 0;  // relative half-width, 95 %, of the source's own bias
};

/// One reading: a value, or the error why there is none.
struct RawReading {
  std::optional<std::uint64_t> microjoules;  // of a counter, running
  std::optional<std::uint64_t> microwatts;   // of a sensor, now or a short mean
  int error = 0;                             // errno; 0 if something was read, be it nonsense

  bool operator==(const RawReading&) const = default;
};

class EnergySource {
 public:
  virtual ~EnergySource() = default;
  virtual const Domain& domain() const = 0;
  /// Reads at once, in well under a millisecond; never waits for anything.
  virtual RawReading Read() = 0;
};

using EnergySources = std::vector<std::unique_ptr<EnergySource>>;

/// One thing that could measure joules here, for `joulefront meters`.
struct SourceListing {
  Domain domain;
  bool readable = false;
  std::string detail;     // what was found, or why it cannot be read
  std::string remedy;     // the command that would mend it, or empty
  bool shortage = false;  // unreadable for want of what the machine lacks now (base/shortage.h)
};

/// What one kind of source found on this machine. `listings` names every domain, readable or not;
/// `sources` those that can be read, opened.
struct FoundSources {
  std::vector<SourceListing> listings;
  EnergySources sources;
};

/// Where the kernel's files and drivers' libraries are; tests give their own.
struct SystemRoots {
  std::string sys = "/sys";
  std::string proc = "/proc";
  std::string dev = "/dev";
  std::string nvml = "libnvidia-ml.so.1";  // for dlopen
};

}  // namespace joulefront
