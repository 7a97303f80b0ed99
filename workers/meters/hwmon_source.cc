#include "workers/meters/hwmon_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "workers/meters/kernel_file.h"

namespace joulefront {
namespace {

namespace fs = std::filesystem;

constexpr double kSensorUncertainty = 0.10;
constexpr Seconds kSensorPeriod{0.1};
constexpr Seconds kBatteryPeriod{5.0};
constexpr Watts kMostOfLaptop{500.0};

/// A file in microjoules or microwatts.
class SensorSource final : public EnergySource {
 public:
  SensorSource(Domain domain, const std::string& path, bool is_energy)
      : domain_(std::move(domain)), file_(path), is_energy_(is_energy) {}
  const Domain& domain() const override { return domain_; }
  RawReading Read() override {
    const CounterReading found = file_.Read();
    RawReading reading;
    (is_energy_ ? reading.microjoules : reading.microwatts) = found.value;
    reading.error = found.error;
    return reading;
  }

 private:
  Domain domain_;
  CounterFile file_;
  bool is_energy_;
};

/// power_now, or current_now x voltage_now, while the battery discharges.
class BatterySource final : public EnergySource {
 public:
  BatterySource(Domain domain, std::string folder)
      : domain_(std::move(domain)), folder_(std::move(folder)) {}
  const Domain& domain() const override { return domain_; }
  RawReading Read() override {
    RawReading reading;
    if (ReadKernelLine(folder_ + "/status") != "Discharging") {
      reading.error = ENODATA;  // its power is not the machine's now
      return reading;
    }
    reading.microwatts = Count("power_now");
    const auto current = Count("current_now"), voltage = Count("voltage_now");
    if (!reading.microwatts && current && voltage) {  // in millionths of amperes and volts
      reading.microwatts = static_cast<std::uint64_t>(static_cast<double>(*current) * 1e-6 *
                                                      static_cast<double>(*voltage));
    }
    if (!reading.microwatts) reading.error = EIO;
    return reading;
  }

 private:
  std::optional<std::uint64_t> Count(const char* file) const {
    const auto line = ReadKernelLine(folder_ + "/" + file);
    return line ? ParseCount(*line) : std::nullopt;
  }

  Domain domain_;
  std::string folder_;
};

std::vector<fs::path> FoldersOf(const std::string& path) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    folders.push_back(entry->path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

/// "0000:03:00.0": the name of the device behind a chip; the chip's own folder without one.
std::string DeviceOf(const fs::path& chip) {
  std::error_code error;
  const fs::path device = fs::canonical(chip / "device", error);
  return error ? chip.filename().string() : device.filename().string();
}

/// The first of these files that the chip has, energy before power.
struct SensorFile {
  std::string name;
  bool is_energy;
};
std::vector<SensorFile> SensorsOf(const fs::path& chip) {
  std::vector<SensorFile> energy, power;
  for (int n = 1; n <= 32; ++n) {
    std::error_code error;
    const std::string counter = fmt::format("energy{}_input", n);
    if (fs::exists(chip / counter, error)) energy.push_back({counter, true});
    for (const char* kind : {"average", "input"}) {
      const std::string sensor = fmt::format("power{}_{}", n, kind);
      if (!fs::exists(chip / sensor, error)) continue;
      power.push_back({sensor, false});
      break;
    }
  }
  return energy.empty() ? power : energy;
}

void AddSensor(const fs::path& chip, const std::string& name, const SensorFile& sensor,
               std::optional<Boundary> boundary, FoundSources& found) {
  const std::string stem = sensor.name.substr(0, sensor.name.find('_'));
  const std::string label = ReadKernelLine((chip / (stem + "_label")).string()).value_or(stem);
  SourceListing listing;
  Domain& domain = listing.domain;
  domain.source = kHwmon;
  domain.name = boundary == Boundary::kGpu
                    ? "gpu " + DeviceOf(chip)
                    : fmt::format("{} of {} {}", label, name, DeviceOf(chip));
  domain.boundary = boundary.value_or(Boundary::kPlatform);
  domain.update_period = kSensorPeriod;
  domain.common_uncertainty = kSensorUncertainty;
  auto source =
      std::make_unique<SensorSource>(domain, (chip / sensor.name).string(), sensor.is_energy);
  const RawReading reading = source->Read();
  const bool readable = reading.microjoules || reading.microwatts;
  listing.readable = readable && boundary.has_value();
  listing.detail = fmt::format("{} {} ({})", name, sensor.name, label);
  if (!readable) {
    listing.detail += reading.error != 0 ? std::string(": ") + std::strerror(reading.error)
                                         : ": does not hold a number";
  } else if (!boundary) {
    listing.detail += ": what it covers is not known, so it is not used";
  }
  if (listing.readable) found.sources.push_back(std::move(source));
  found.listings.push_back(std::move(listing));
}

}  // namespace

FoundSources FindHwmon(const SystemRoots& roots) {
  FoundSources found;
  for (const fs::path& chip : FoldersOf(roots.sys + "/class/hwmon")) {
    const std::string name = ReadKernelLine((chip / "name").string()).value_or("");
    std::optional<Boundary> boundary;
    if (name == "amdgpu") boundary = Boundary::kGpu;
    if (name == "power_meter" || name.starts_with("acpi")) boundary = Boundary::kNode;
    const auto sensors = SensorsOf(chip);
    for (const SensorFile& sensor : sensors) {
      AddSensor(chip, name, sensor, boundary, found);
      if (boundary) break;  // one sensor is the whole card, or the machine
    }
  }
  return found;
}

FoundSources FindBatteries(const SystemRoots& roots) {
  FoundSources found;
  for (const fs::path& folder : FoldersOf(roots.sys + "/class/power_supply")) {
    if (ReadKernelLine((folder / "type").string()) != "Battery") continue;
    SourceListing listing;
    Domain& domain = listing.domain;
    domain.source = kBattery;
    domain.name = folder.filename().string();
    domain.boundary = Boundary::kBattery;
    domain.update_period = kBatteryPeriod;
    domain.most = kMostOfLaptop;
    domain.common_uncertainty = kSensorUncertainty;
    auto source = std::make_unique<BatterySource>(domain, folder.string());
    listing.readable = source->Read().microwatts.has_value();
    listing.detail = listing.readable ? "discharges: it feeds the machine"
                                      : "can be read only while it discharges";
    if (!listing.readable) listing.remedy = "unplug the charger";
    if (listing.readable) found.sources.push_back(std::move(source));
    found.listings.push_back(std::move(listing));
  }
  return found;
}

}  // namespace joulefront
