#include "workers/meters/powercap_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "base/shortage.h"
#include "workers/meters/host.h"
#include "workers/meters/kernel_file.h"

namespace joulefront {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMsr = "intel-rapl:";
constexpr std::string_view kMmio = "intel-rapl-mmio:";
// Of the counter's own boundary, 95 % (docs/metering.md).
constexpr double kUncertainty = 0.05;
// Two readings of one counter: 2 kW for 2 ms, and a unit's rounding.
constexpr std::uint64_t kOneUpdate = 4'020'000;
constexpr Seconds kMirrorTime{10.0};
constexpr std::uint64_t kMirrorAdvance = 1'000'000;

/// Where a zone stands in the list: the driver, then its numbers.
struct ZoneOrder {
  bool mmio = false;
  std::vector<unsigned> numbers;
  auto operator<=>(const ZoneOrder&) const = default;
};

struct Zone {
  std::string id;       // "intel-rapl:0:2"
  std::string path;     // its folder
  std::string package;  // name of the package that it is, or belongs to
  std::string name;
  SourceListing listing;
  int error = 0;                       // errno of what cannot be read
  std::optional<std::uint64_t> value;  // when it was found
};

/// Empty for what is no zone: the folder of the driver itself, other powercap drivers. The numbers
/// are hexadecimal.
std::optional<ZoneOrder> OrderOf(std::string_view id) {
  ZoneOrder order;
  order.mmio = id.starts_with(kMmio);
  if (!order.mmio && !id.starts_with(kMsr)) return std::nullopt;
  const char* at = id.data() + id.find(':');
  const char* end = id.data() + id.size();
  while (at != end) {
    if (*at != ':') return std::nullopt;
    unsigned number = 0;
    const auto [next, error] = std::from_chars(at + 1, end, number, 16);
    if (error != std::errc{}) return std::nullopt;
    order.numbers.push_back(number);
    at = next;
  }
  if (order.numbers.empty()) return std::nullopt;
  return order;
}

/// Zones of a folder by their order. Zones of zones are listed beside them in /sys/class/powercap,
/// and once more inside of them.
std::map<ZoneOrder, fs::path> ZoneFolders(const fs::path& folder) {
  std::map<ZoneOrder, fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (const auto order = OrderOf(entry->path().filename().string())) {
      found.emplace(*order, entry->path());
    }
  }
  return found;
}

std::optional<Boundary> BoundaryOf(std::string_view name) {
  if (name.starts_with("package")) return Boundary::kPackage;
  if (name == "dram") return Boundary::kDram;
  if (name == "psys") return Boundary::kPlatform;
  return std::nullopt;  // core, uncore: inside the package
}

std::string DescribeCounter(const Zone& zone) {
  if (zone.listing.domain.boundary == Boundary::kPlatform) {
    return "the whole board, packages included; never added to them";
  }
  const auto range = zone.listing.domain.range;
  if (!range) return fmt::format("counter of {}; no range, so a wrap is a gap", zone.id);
  return fmt::format("counter of {}; wraps after {}", zone.id,
                     FormatJoules(Joules(static_cast<double>(*range) * 1e-6)));
}

/// Reads what the zone is and whether its counter can be read.
Zone ReadZone(const fs::path& path, const std::string& package, const std::string& name,
              Boundary boundary) {
  Zone zone{
      .id = path.filename().string(), .path = path.string(), .package = package, .name = name};
  Domain& domain = zone.listing.domain;
  domain.source = kPowercap;
  domain.name = boundary == Boundary::kDram ? fmt::format("dram of {}", package) : name;
  domain.boundary = boundary;
  domain.common_uncertainty = kUncertainty;
  const auto range = ReadKernelLine(zone.path + "/max_energy_range_uj");
  if (range) domain.range = ParseCount(*range);
  if (domain.range == 0U) domain.range = std::nullopt;
  const CounterReading reading = CounterFile(zone.path + "/energy_uj").Read();
  zone.error = reading.error;
  zone.listing.shortage = IsShortage(reading.error);
  zone.value = reading.value;
  std::string& detail = zone.listing.detail;
  if (reading.error == EACCES || reading.error == EPERM) {
    detail = "energy_uj is readable by root only since Linux 5.10 (CVE-2020-8694)";
    zone.listing.remedy = fmt::format(
        "sudo chmod a+r {}/intel-rapl*:*/*energy*_uj (until the next boot), or install "
        "docs/99-joulefront-rapl.rules",
        path.parent_path().string());
  } else if (reading.error != 0) {
    detail = std::string("energy_uj cannot be read: ") + std::strerror(reading.error);
  } else if (!reading.value) {
    detail = "energy_uj does not hold a number";
  } else if (domain.range && *reading.value > *domain.range) {
    detail = "energy_uj is larger than max_energy_range_uj";
  } else {
    zone.listing.readable = true;
    detail = DescribeCounter(zone);
  }
  return zone;
}

std::vector<Zone> FindZones(const SystemRoots& roots) {
  std::map<ZoneOrder, fs::path> folders = ZoneFolders(roots.sys + "/class/powercap");
  for (const auto& [order, path] : std::map(folders)) folders.merge(ZoneFolders(path));
  std::vector<Zone> zones;
  std::set<std::string> packages;
  std::map<ZoneOrder, std::string> package_of;
  for (const auto& [order, path] : folders) {
    const std::string name = ReadKernelLine(path.string() + "/name").value_or("");
    const auto boundary = BoundaryOf(name);
    std::string package = name;
    if (order.numbers.size() > 1) {
      ZoneOrder parent = order;
      parent.numbers.pop_back();
      const auto above = package_of.find(parent);
      if (above == package_of.end()) continue;  // below a zone that was left out
      package = above->second;
    } else if (boundary == Boundary::kPackage && !packages.insert(name).second) {
      continue;  // another driver's zone of the same name is the same counter once more
    }
    package_of[order] = package;
    if (boundary) zones.push_back(ReadZone(path, package, name, *boundary));
  }
  return zones;
}

/// "package-0-die-1" -> "package-0"; empty for a package of one die.
std::string SocketOf(std::string_view name) {
  const std::size_t die = name.find("-die-");
  return die == std::string_view::npos ? "" : std::string(name.substr(0, die));
}

bool MirrorEachOther(const Zone& kept, const Zone& zone) {
  if (kept.listing.domain.boundary != Boundary::kPackage ||
      zone.listing.domain.boundary != Boundary::kPackage) {
    return false;
  }
  const std::string socket = SocketOf(zone.name);
  if (socket.empty() || SocketOf(kept.name) != socket) return false;
  // Values of before would be stale by now: both are read again, back to back.
  for (int look = 0; look < 2; ++look) {
    const auto first = CounterFile(kept.path + "/energy_uj").Read().value;
    const auto second = CounterFile(zone.path + "/energy_uj").Read().value;
    if (!first || !second || !AreWithinOneUpdate(*first, *second)) return false;
  }
  return true;
}

/// Dies of one socket that show one counter: only the first is kept, and says so.
void DropMirrors(std::vector<Zone>& zones) {
  std::vector<Zone> kept;
  for (Zone& zone : zones) {
    const auto same = std::find_if(kept.begin(), kept.end(),
                                   [&](const Zone& k) { return MirrorEachOther(k, zone); });
    if (same == kept.end()) {
      kept.push_back(std::move(zone));
    } else {
      same->listing.detail += fmt::format("; {} mirrors it and is left out", zone.id);
    }
  }
  zones = std::move(kept);
}

/// The links of the zones are there, but not what they point to: container engines hide it.
bool AreZonesHidden(const SystemRoots& roots) {
  std::error_code error;
  for (fs::directory_iterator entry(roots.sys + "/class/powercap", error), end;
       !error && entry != end; entry.increment(error)) {
    std::error_code missing;
    if (entry->is_symlink(missing) && !fs::exists(entry->path(), missing)) return true;
  }
  return false;
}

SourceListing NoZones(const SystemRoots& roots) {
  SourceListing listing;
  listing.domain.source = kPowercap;
  listing.domain.name = "package";
  if (IsVirtualMachine(roots)) {
    listing.detail = "a virtual machine, and its host does not pass the counters on";
  } else if (AreZonesHidden(roots)) {
    listing.detail = "the counters are hidden from this container";
    listing.remedy = "docker run --security-opt systempaths=unconfined ...";
  } else {
    listing.detail =
        fmt::format("no RAPL zone in {}/class/powercap: no driver, or no such counters", roots.sys);
    listing.remedy = "sudo modprobe intel_rapl_msr";
  }
  return listing;
}

class PowercapSource final : public EnergySource {
 public:
  PowercapSource(Domain domain, const std::string& path)
      : domain_(std::move(domain)), file_(path + "/energy_uj") {}
  const Domain& domain() const override { return domain_; }
  RawReading Read() override {
    const CounterReading reading = file_.Read();
    return {.microjoules = reading.value, .microwatts = {}, .error = reading.error};
  }

 private:
  Domain domain_;
  CounterFile file_;
};

}  // namespace

FoundSources FindPowercap(const SystemRoots& roots) {
  std::vector<Zone> zones = FindZones(roots);
  DropMirrors(zones);
  FoundSources found;
  const bool any_package = std::any_of(zones.begin(), zones.end(), [](const Zone& zone) {
    return zone.listing.domain.boundary == Boundary::kPackage;
  });
  if (!any_package) found.listings.push_back(NoZones(roots));
  std::set<std::string> told;  // one command mends all zones; it is told once
  for (Zone& zone : zones) {
    if (!told.insert(zone.listing.remedy).second) zone.listing.remedy.clear();
    if (zone.listing.readable) {
      found.sources.push_back(std::make_unique<PowercapSource>(zone.listing.domain, zone.path));
    }
    found.listings.push_back(std::move(zone.listing));
  }
  return found;
}

bool AreWithinOneUpdate(std::uint64_t first, std::uint64_t second) {
  return (first > second ? first - second : second - first) <= kOneUpdate;
}

void MirrorCheck::Take(Seconds now, std::uint64_t first, std::uint64_t second) {
  if (!begin_ || first < begin_->value) begin_ = Sample{now, first};  // a wrap begins it anew
  last_ = {now, first};
  parted_ = parted_ || !AreWithinOneUpdate(first, second);
}

std::optional<bool> MirrorCheck::AreOne() const {
  if (parted_) return false;
  if (!begin_ || last_.time - begin_->time < kMirrorTime) return std::nullopt;
  if (last_.value - begin_->value < kMirrorAdvance) return std::nullopt;
  return true;
}

}  // namespace joulefront
