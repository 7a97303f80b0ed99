#include "workers/meters/perf_source.h"

#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "base/shortage.h"
#include "workers/meters/kernel_file.h"

namespace joulefront {
namespace {

constexpr double kUncertainty = 0.05;  // as for powercap: the counters are the same

struct Event {
  std::string_view file;
  Boundary boundary;
};

// energy-cores and energy-gpu are inside the package.
constexpr Event kEvents[] = {{"energy-pkg", Boundary::kPackage},
                             {"energy-ram", Boundary::kDram},
                             {"energy-psys", Boundary::kPlatform}};

class PerfSource final : public EnergySource {
 public:
  PerfSource(Domain domain, int descriptor, double scale)
      : domain_(std::move(domain)), descriptor_(descriptor), scale_(scale) {}
  ~PerfSource() override { close(descriptor_); }
  PerfSource(const PerfSource&) = delete;

  const Domain& domain() const override { return domain_; }

  RawReading Read() override {
    RawReading reading;
    std::uint64_t count = 0;
    const ssize_t size = read(descriptor_, &count, sizeof count);
    if (size == sizeof count) {
      reading.microjoules = ScaleToMicrojoules(count, scale_);
    } else {
      reading.error = size < 0 ? errno : ENODATA;
    }
    return reading;
  }

 private:
  Domain domain_;
  int descriptor_;
  double scale_;
};

/// What the kernel tells of one event.
struct EventFacts {
  std::uint64_t config = 0;
  double scale = 0.0;
};

std::optional<EventFacts> ReadEvent(const std::string& path) {
  const auto config = ReadKernelLine(path), scale = ReadKernelLine(path + ".scale"),
             unit = ReadKernelLine(path + ".unit");
  if (!config || !scale || unit != "Joules") return std::nullopt;
  const auto number = ParsePerfConfig(*config);
  EventFacts facts;
  const auto [end, error] =
      std::from_chars(scale->data(), scale->data() + scale->size(), facts.scale);
  const bool good = error == std::errc{} && end == scale->data() + scale->size();
  if (!number || !good || !std::isfinite(facts.scale) || facts.scale <= 0.0) return std::nullopt;
  facts.config = *number;
  return facts;
}

std::string PackageOf(const SystemRoots& roots, int cpu) {
  const auto id = ReadKernelLine(
      fmt::format("{}/devices/system/cpu/cpu{}/topology/physical_package_id", roots.sys, cpu));
  const auto die =
      ReadKernelLine(fmt::format("{}/devices/system/cpu/cpu{}/topology/die_id", roots.sys, cpu));
  std::string name = fmt::format("package-{}", id.value_or(fmt::format("of-cpu-{}", cpu)));
  if (die && die != "0") name += "-die-" + *die;
  return name;
}

std::string NameOf(Boundary boundary, const std::string& package) {
  if (boundary == Boundary::kDram) return "dram of " + package;
  return boundary == Boundary::kPlatform ? "psys" : package;
}

void AddEvent(const SystemRoots& roots, const Event& event, std::uint32_t type,
              const std::vector<int>& cpus, const OpenPerfEvent& open, FoundSources& found) {
  const std::string path =
      fmt::format("{}/bus/event_source/devices/power/events/{}", roots.sys, event.file);
  if (!ReadKernelLine(path)) return;  // this processor has no such counter
  const auto facts = ReadEvent(path);
  for (const int cpu : cpus) {
    SourceListing listing;
    Domain& domain = listing.domain;
    domain.source = kPerf;
    domain.name = NameOf(event.boundary, PackageOf(roots, cpu));
    domain.boundary = event.boundary;
    domain.common_uncertainty = kUncertainty;
    const int descriptor = facts ? open(type, facts->config, cpu) : -EINVAL;
    if (descriptor >= 0) {
      listing.readable = true;
      listing.detail = fmt::format("event {} on CPU {}, 64 bits", event.file, cpu);
      found.sources.push_back(std::make_unique<PerfSource>(domain, descriptor, facts->scale));
    } else if (!facts) {
      listing.detail = fmt::format("{} does not describe a counter of joules", path);
    } else {
      listing.shortage = IsShortage(-descriptor);
      listing.detail =
          fmt::format("perf event {} cannot be opened: {}", event.file, std::strerror(-descriptor));
      if (descriptor == -EACCES || descriptor == -EPERM) {
        listing.remedy =
            "sudo sysctl kernel.perf_event_paranoid=0 (until the next boot), or sudo "
            "setcap cap_perfmon=ep on the joulefront program";
      }
    }
    found.listings.push_back(std::move(listing));
    if (event.boundary == Boundary::kPlatform) break;  // one for the whole machine
  }
}

}  // namespace

int OpenPerfEventOfKernel(std::uint32_t type, std::uint64_t config, int cpu) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = type;
  attributes.config = config;
  const long descriptor =
      syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
  return descriptor < 0 ? -errno : static_cast<int>(descriptor);
}

FoundSources FindPerf(const SystemRoots& roots, const OpenPerfEvent& open) {
  FoundSources found;
  const std::string pmu = roots.sys + "/bus/event_source/devices/power";
  const auto type = ReadKernelLine(pmu + "/type"), mask = ReadKernelLine(pmu + "/cpumask");
  const std::uint64_t number = ParseCount(type.value_or("")).value_or(UINT64_MAX);
  const auto cpus = mask ? ParseCpuList(*mask) : std::nullopt;
  if (!cpus || number > UINT32_MAX) return found;
  for (const Event& event : kEvents) {
    AddEvent(roots, event, static_cast<std::uint32_t>(number), *cpus, open, found);
  }
  return found;
}

std::optional<std::uint64_t> ParsePerfConfig(std::string_view text) {
  constexpr std::string_view kPrefix = "event=0x";
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  std::uint64_t config = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), config, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return config;
}

std::optional<std::vector<int>> ParseCpuList(std::string_view text) {
  constexpr int kMostCpus = 1 << 16;
  std::vector<int> cpus;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (true) {
    int first = 0;
    auto [next, error] = std::from_chars(at, end, first);
    if (error != std::errc{} || first < 0 || first >= kMostCpus) return std::nullopt;
    int last = first;
    if (next != end && *next == '-') {
      const auto range = std::from_chars(next + 1, end, last);
      if (range.ec != std::errc{} || last < first || last >= kMostCpus) return std::nullopt;
      next = range.ptr;
    }
    for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
    if (next == end) return cpus;
    if (*next != ',') return std::nullopt;
    at = next + 1;
  }
}

std::uint64_t ScaleToMicrojoules(std::uint64_t count, double scale) {
  return static_cast<std::uint64_t>(static_cast<long double>(count) *
                                    (static_cast<long double>(scale) * 1e6L));
}

}  // namespace joulefront
