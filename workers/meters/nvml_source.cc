#include "workers/meters/nvml_source.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <set>
#include <utility>

namespace joulefront {
namespace {

// The part of NVML's binary interface that is used; nvml.h is not needed to build.
using NvmlDevice = struct NvmlDeviceHandle*;
using NvmlReturn = int;
constexpr NvmlReturn kSuccess = 0, kNotSupported = 3, kNoPermission = 4, kNotFound = 6,
                     kTimeout = 10, kGpuIsLost = 15, kResetRequired = 16;
constexpr unsigned kTextSize = 96;
constexpr unsigned kMigEnabled = 1;

// NVML is accurate to a few percent, whatever the model [Yang2024].
constexpr double kUncertainty = 0.05;
constexpr Seconds kUpdatePeriod{0.1};
// What the largest module draws, and half as much again.
constexpr Watts kMost{4000.0};

/// The library, loaded and initialised; both are counted, so each source may hold its own.
class NvmlLibrary {
 public:
  explicit NvmlLibrary(const std::string& path)
      : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) {
      problem = "the NVIDIA driver's library cannot be loaded: " + std::string(dlerror());
      return;
    }
    bool whole = true;
    const auto load = [&](auto& function, const char* symbol) {
      function = reinterpret_cast<std::decay_t<decltype(function)>>(dlsym(handle_, symbol));
      whole = whole && function != nullptr;
    };
    load(init_, "nvmlInit_v2");
    load(shutdown_, "nvmlShutdown");
    load(error_, "nvmlErrorString");
    load(count, "nvmlDeviceGetCount_v2");
    load(by_index, "nvmlDeviceGetHandleByIndex_v2");
    load(by_uuid, "nvmlDeviceGetHandleByUUID");
    load(by_pci, "nvmlDeviceGetHandleByPciBusId_v2");
    load(uuid, "nvmlDeviceGetUUID");
    load(name, "nvmlDeviceGetName");
    load(energy, "nvmlDeviceGetTotalEnergyConsumption");
    load(power, "nvmlDeviceGetPowerUsage");
    if (!whole) {
      problem = "the NVIDIA driver's library is too old: it lacks functions";
      return;
    }
    load(mig_mode, "nvmlDeviceGetMigMode");                        // since Ampere
    load(parent, "nvmlDeviceGetDeviceHandleFromMigDeviceHandle");  // likewise
    const NvmlReturn result = init_();
    ready_ = result == kSuccess;
    if (!ready_) problem = fmt::format("NVML does not start: {}", Explain(result));
  }
  ~NvmlLibrary() {
    if (ready_) shutdown_();
    if (handle_ != nullptr) dlclose(handle_);
  }
  NvmlLibrary(NvmlLibrary&& other) = delete;

  bool ready() const { return ready_; }
  std::string Explain(NvmlReturn result) const { return error_(result); }

  std::string problem;
  NvmlReturn (*count)(unsigned*) = nullptr;
  NvmlReturn (*by_index)(unsigned, NvmlDevice*) = nullptr;
  NvmlReturn (*by_uuid)(const char*, NvmlDevice*) = nullptr;
  NvmlReturn (*by_pci)(const char*, NvmlDevice*) = nullptr;
  NvmlReturn (*uuid)(NvmlDevice, char*, unsigned) = nullptr;
  NvmlReturn (*name)(NvmlDevice, char*, unsigned) = nullptr;
  NvmlReturn (*energy)(NvmlDevice, unsigned long long*) = nullptr;
  NvmlReturn (*power)(NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*mig_mode)(NvmlDevice, unsigned*, unsigned*) = nullptr;
  NvmlReturn (*parent)(NvmlDevice, NvmlDevice*) = nullptr;

 private:
  void* handle_;
  bool ready_ = false;
  NvmlReturn (*init_)() = nullptr;
  NvmlReturn (*shutdown_)() = nullptr;
  const char* (*error_)(NvmlReturn) = nullptr;
};

int ErrnoOf(NvmlReturn result) {
  switch (result) {
    case kNotSupported:
      return EOPNOTSUPP;
    case kNoPermission:
      return EACCES;
    case kTimeout:
      return ETIMEDOUT;
    case kNotFound:
    case kGpuIsLost:
    case kResetRequired:
      return ENODEV;
    default:
      return EIO;
  }
}

class NvmlSource final : public EnergySource {
 public:
  NvmlSource(Domain domain, const std::string& library, bool has_counter)
      : domain_(std::move(domain)), nvml_(library), has_counter_(has_counter) {}

  /// Finds the GPU again, in this source's own hold of the library.
  bool Open(const std::string& uuid) {
    return nvml_.ready() && nvml_.by_uuid(uuid.c_str(), &device_) == kSuccess;
  }

  const Domain& domain() const override { return domain_; }

  RawReading Read() override {
    RawReading reading;
    if (has_counter_) {
      unsigned long long millijoules = 0;
      const NvmlReturn result = nvml_.energy(device_, &millijoules);
      if (result == kSuccess) reading.microjoules = millijoules * 1000;
      if (result != kSuccess) reading.error = ErrnoOf(result);
    } else {
      unsigned milliwatts = 0;
      const NvmlReturn result = nvml_.power(device_, &milliwatts);
      if (result == kSuccess) reading.microwatts = std::uint64_t{milliwatts} * 1000;
      if (result != kSuccess) reading.error = ErrnoOf(result);
    }
    return reading;
  }

 private:
  Domain domain_;
  NvmlLibrary nvml_;
  NvmlDevice device_ = nullptr;
  bool has_counter_;
};

std::string TextOf(const NvmlLibrary& nvml, NvmlDevice device,
                   NvmlReturn (*NvmlLibrary::*get)(NvmlDevice, char*, unsigned)) {
  char text[kTextSize] = {};
  if ((nvml.*get)(device, text, kTextSize - 1) != kSuccess) return "";
  return text;
}

/// Modules whose energy counter covers their processor too.
bool IsModule(std::string_view name) {
  constexpr std::string_view kModules[] = {"GH200", "GB200", "GB300", "GB10"};
  return std::any_of(std::begin(kModules), std::end(kModules), [&](std::string_view module) {
    return name.find(module) != std::string_view::npos;
  });
}

std::optional<NvmlDevice> Resolve(const NvmlLibrary& nvml, const std::string& gpu) {
  NvmlDevice device = nullptr;
  unsigned index = 0;
  const auto [end, error] = std::from_chars(gpu.data(), gpu.data() + gpu.size(), index);
  const bool is_index = error == std::errc{} && end == gpu.data() + gpu.size();
  const NvmlReturn found = is_index                    ? nvml.by_index(index, &device)
                           : gpu.find(':') != gpu.npos ? nvml.by_pci(gpu.c_str(), &device)
                                                       : nvml.by_uuid(gpu.c_str(), &device);
  if (found != kSuccess) return std::nullopt;
  if (!gpu.starts_with("MIG-")) return device;
  NvmlDevice whole = nullptr;
  if (nvml.parent == nullptr || nvml.parent(device, &whole) != kSuccess) return std::nullopt;
  return whole;
}

/// Reads what the GPU is and whether it can be metered, and opens it.
void AddGpu(const SystemRoots& roots, const NvmlLibrary& nvml, NvmlDevice device,
            FoundSources& found) {
  SourceListing listing;
  Domain& domain = listing.domain;
  const std::string uuid = TextOf(nvml, device, &NvmlLibrary::uuid);
  const std::string name = TextOf(nvml, device, &NvmlLibrary::name);
  domain.source = kNvml;
  domain.name = "gpu " + uuid;
  domain.boundary = IsModule(name) ? Boundary::kModule : Boundary::kGpu;
  domain.most = kMost;
  domain.update_period = kUpdatePeriod;
  domain.common_uncertainty = kUncertainty;
  unsigned long long millijoules = 0;
  unsigned milliwatts = 0, mig = 0, pending = 0;
  const NvmlReturn energy = nvml.energy(device, &millijoules);
  const NvmlReturn power = nvml.power(device, &milliwatts);
  listing.detail = name;
  if (energy == kSuccess) {
    listing.readable = true;
    listing.detail += ": energy counter";
  } else if (energy == kNotSupported && power == kSuccess) {
    listing.readable = true;
    listing.detail += ": power only, integrated; short windows are uncertain";
  } else {
    listing.detail += ": " + nvml.Explain(energy == kNotSupported ? power : energy);
  }
  if (nvml.mig_mode != nullptr && nvml.mig_mode(device, &mig, &pending) == kSuccess &&
      mig == kMigEnabled) {
    listing.detail += "; partitioned (MIG): the figure is of the whole GPU";
  }
  if (listing.readable) {
    auto source = std::make_unique<NvmlSource>(domain, roots.nvml, energy == kSuccess);
    if (source->Open(uuid)) found.sources.push_back(std::move(source));
  }
  found.listings.push_back(std::move(listing));
}

SourceListing Absent(const std::string& name, std::string detail, std::string remedy) {
  SourceListing listing;
  listing.domain.source = kNvml;
  listing.domain.name = name;
  listing.domain.boundary = Boundary::kGpu;
  listing.detail = std::move(detail);
  listing.remedy = std::move(remedy);
  return listing;
}

}  // namespace

FoundSources FindNvml(const SystemRoots& roots, const std::vector<std::string>& gpus) {
  FoundSources found;
  const NvmlLibrary nvml(roots.nvml);
  if (!nvml.ready()) {
    std::error_code error;
    const bool driver = std::filesystem::exists(roots.proc + "/driver/nvidia", error);
    found.listings.push_back(
        Absent("gpu", driver ? nvml.problem : "no NVIDIA driver is loaded",
               driver ? "install the libnvidia-ml.so.1 that belongs to the driver (Debian: "
                        "libnvidia-ml1), or set JOULEFRONT_NVML to it"
                      : ""));
    return found;
  }
  std::set<std::string> names = {gpus.begin(), gpus.end()};
  unsigned count = 0;
  if (gpus.empty() && nvml.count(&count) == kSuccess) {
    for (unsigned i = 0; i < count; ++i) names.insert(std::to_string(i));
  }
  std::set<NvmlDevice> added;  // two partitions of one GPU are metered once
  for (const std::string& gpu : names) {
    const auto device = Resolve(nvml, gpu);
    if (!device) {
      found.listings.push_back(Absent("gpu " + gpu, "NVML knows no such GPU",
                                      "`nvidia-smi -L` lists the UUIDs of those there are"));
    } else if (added.insert(*device).second) {
      AddGpu(roots, nvml, *device, found);
    }
  }
  return found;
}

}  // namespace joulefront
