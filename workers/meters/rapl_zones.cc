// Finding the RAPL zones, and choosing those that add up to the host.
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>

#include "workers/meters/kernel_file.h"
#include "workers/meters/rapl_meter.h"

namespace joulefront {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMsr = "intel-rapl:";
constexpr std::string_view kMmio = "intel-rapl-mmio:";

/// Where a zone stands in the list: the driver, then its numbers.
struct ZoneOrder {
  bool mmio = false;
  std::vector<unsigned> numbers;
  auto operator<=>(const ZoneOrder&) const = default;
};

/// Empty for what is no zone: the folder of the driver itself, other powercap drivers.
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

RaplKind KindOf(std::string_view name) {
  if (name.starts_with("package")) return RaplKind::kPackage;
  if (name == "dram") return RaplKind::kDram;
  if (name == "psys") return RaplKind::kPlatform;
  return RaplKind::kInside;
}

RaplZone ReadZone(const fs::path& path) {
  RaplZone zone;
  zone.id = path.filename().string();
  zone.path = path.string();
  zone.name = ReadKernelLine(zone.path + "/name").value_or("");
  zone.kind = KindOf(zone.name);
  const auto range = ReadKernelLine(zone.path + "/max_energy_range_uj");
  if (range) zone.range = ParseCount(*range);
  if (zone.range == 0U) zone.range = std::nullopt;
  const CounterReading reading = CounterFile(zone.path + "/energy_uj").Read();
  zone.error = reading.error;
  if (reading.error != 0) {
    zone.problem = std::string("energy_uj cannot be read: ") + std::strerror(reading.error);
  } else if (!reading.value) {
    zone.problem = "energy_uj does not hold a number";
  } else if (zone.range && *reading.value > *zone.range) {
    zone.problem = "energy_uj is larger than max_energy_range_uj";
  }
  return zone;
}

}  // namespace

std::vector<RaplZone> FindRaplZones(const SystemRoots& roots) {
  std::map<ZoneOrder, fs::path> folders = ZoneFolders(roots.sys + "/class/powercap");
  for (const auto& [order, path] : std::map(folders)) folders.merge(ZoneFolders(path));
  std::vector<RaplZone> zones;
  std::set<std::string> packages;
  std::map<ZoneOrder, std::string> package_of;
  for (const auto& [order, path] : folders) {
    RaplZone zone = ReadZone(path);
    ZoneOrder parent = order;
    parent.numbers.pop_back();
    const auto above = package_of.find(parent);
    if (order.numbers.size() == 1) {
      // Another driver's zone of the same name is the same counter once more.
      if (zone.kind == RaplKind::kPackage && !packages.insert(zone.name).second) continue;
      zone.package = zone.name;
    } else if (above == package_of.end()) {
      continue;  // below a zone that was left out
    } else {
      zone.package = above->second;
    }
    package_of[order] = zone.package;
    zones.push_back(std::move(zone));
  }
  return zones;
}

RaplBoundary ChooseRaplBoundary(const std::vector<RaplZone>& zones) {
  RaplBoundary packages{{}, "package"}, drams{{}, "package+dram"};
  std::set<std::string> with_dram;
  for (const RaplZone& zone : zones) {
    if (zone.kind == RaplKind::kPackage) {
      if (!zone.problem.empty()) return {};  // a missing package is missing, never zero
      packages.zones.push_back(zone);
    } else if (zone.kind == RaplKind::kDram && zone.problem.empty()) {
      with_dram.insert(zone.package);
      drams.zones.push_back(zone);
    }
  }
  if (packages.zones.empty()) return {};
  const bool all = std::all_of(packages.zones.begin(), packages.zones.end(),
                               [&](const RaplZone& zone) { return with_dram.contains(zone.name); });
  if (!all) return packages;
  drams.zones.insert(drams.zones.begin(), packages.zones.begin(), packages.zones.end());
  return drams;
}

}  // namespace joulefront
