// What this machine can measure, what not, why, and what would mend it.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "workers/meters/estimate_meter.h"
#include "workers/meters/kernel_file.h"
#include "workers/meters/meter.h"
#include "workers/meters/rapl_meter.h"

namespace joulefront {
namespace {

namespace fs = std::filesystem;

bool IsVirtualMachine(const SystemRoots& roots) {
  const std::string cpuinfo = ReadKernelFile(roots.proc + "/cpuinfo").value_or("");
  const std::size_t flags = cpuinfo.find("\nflags");
  if (flags == std::string::npos) return false;
  const std::string line = cpuinfo.substr(flags, cpuinfo.find('\n', flags + 1) - flags) + " ";
  return line.find(" hypervisor ") != std::string::npos;
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

MeterInfo NoRapl(const SystemRoots& roots) {
  MeterInfo info{"rapl-powercap", "package", "package", false, "", "", EnergyClass::kMeasured};
  if (IsVirtualMachine(roots)) {
    info.detail = "a virtual machine, and its host does not pass the counters on";
  } else if (AreZonesHidden(roots)) {
    info.detail = "the counters are hidden from this container";
    info.remedy = "docker run --security-opt systempaths=unconfined ...";
  } else {
    info.detail =
        fmt::format("no RAPL zone in {}/class/powercap: no driver, or no such counters", roots.sys);
    info.remedy = "sudo modprobe intel_rapl_msr";
  }
  return info;
}

/// What a reading counter is told about: whether it is added, and why not.
std::string DetailOf(const RaplZone& zone, const RaplBoundary& choice) {
  if (zone.kind == RaplKind::kPlatform) {
    return "the whole board, packages included; shown only, never added to them";
  }
  const bool added = std::any_of(choice.zones.begin(), choice.zones.end(),
                                 [&](const RaplZone& chosen) { return chosen.path == zone.path; });
  if (added && zone.range) {
    return fmt::format("counter of {}; wraps after {}", zone.id,
                       FormatJoules(Joules(static_cast<double>(*zone.range) * 1e-6)));
  }
  if (added) return fmt::format("counter of {}; no range, so a wrap is a gap", zone.id);
  if (zone.kind == RaplKind::kDram && !choice.zones.empty()) {
    return "readable, but left out: not every package has a DRAM counter that can be read";
  }
  return "readable, but left out: another package's counter cannot be read";
}

MeterInfo InfoOf(const RaplZone& zone, const RaplBoundary& choice) {
  MeterInfo info;
  info.source = "rapl-powercap";
  info.energy_class = EnergyClass::kMeasured;
  info.boundary = zone.kind == RaplKind::kPackage ? "package"
                  : zone.kind == RaplKind::kDram  ? "dram"
                                                  : "platform";
  info.domain = zone.kind == RaplKind::kDram ? fmt::format("dram of {}", zone.package) : zone.name;
  if (zone.problem.empty()) {
    info.detail = DetailOf(zone, choice);
    info.usable = zone.kind != RaplKind::kPlatform &&
                  std::any_of(choice.zones.begin(), choice.zones.end(),
                              [&](const RaplZone& chosen) { return chosen.path == zone.path; });
  } else if (zone.error == EACCES || zone.error == EPERM) {
    info.detail = "energy_uj is readable by root only since Linux 5.10 (CVE-2020-8694)";
    info.remedy = fmt::format(
        "sudo chmod a+r {}/intel-rapl*:*/*energy*_uj (until the next boot), or install "
        "docs/99-joulefront-rapl.rules",
        fs::path(zone.path).parent_path().string());
  } else {
    info.detail = zone.problem;
  }
  return info;
}

void AddRapl(const SystemRoots& roots, std::vector<MeterInfo>& meters) {
  const std::vector<RaplZone> zones = FindRaplZones(roots);
  const RaplBoundary choice = ChooseRaplBoundary(zones);
  const std::size_t before = meters.size();
  bool any_package = false;
  for (const RaplZone& zone : zones) {
    any_package = any_package || zone.kind == RaplKind::kPackage;
    if (zone.kind == RaplKind::kInside) continue;
    MeterInfo info = InfoOf(zone, choice);
    // One command mends all zones; it is told once.
    const bool told = std::any_of(meters.begin(), meters.end(),
                                  [&](const MeterInfo& m) { return m.remedy == info.remedy; });
    if (told) info.remedy.clear();
    meters.push_back(std::move(info));
  }
  if (!any_package) {
    meters.insert(meters.begin() + static_cast<std::ptrdiff_t>(before), NoRapl(roots));
  }
}

MeterInfo Nvml(const SystemRoots& roots) {
  std::error_code error;
  MeterInfo info{"nvml", "gpu", "gpu", false, "", "", EnergyClass::kMeasured};
  info.detail = fs::exists(roots.proc + "/driver/nvidia", error)
                    ? "not built yet: GPUs are not metered in this version; joules leave them out"
                    : "no NVIDIA driver is loaded";
  return info;
}

MeterInfo Estimate() {
  MeterInfo info{"cpu-time", "cpu", "cpu", true, "", "", EnergyClass::kEstimated};
  info.detail = fmt::format(
      "CPU time x {} W, +-{} %: a model for want of a counter, for comparisons on this machine",
      kWattsPerBusyCpu.value(), kEstimateUncertainty * 100.0);
  return info;
}

}  // namespace

std::vector<MeterInfo> ListMeters(const SystemRoots& roots) {
  std::vector<MeterInfo> meters;
  AddRapl(roots, meters);
  meters.push_back(Nvml(roots));
  meters.push_back(Estimate());
  return meters;
}

}  // namespace joulefront
