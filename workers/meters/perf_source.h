// RAPL through the kernel's perf events (PMU "power"): the same counters as powercap, extended to
// 64 bits by the kernel, open to whoever may use perf events, with no file that only root may read.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "workers/meters/energy_source.h"

namespace joulefront {

inline constexpr std::string_view kPerf = "rapl-perf";

/// Opens an event of a PMU on one CPU, counting for all processes, and gives its descriptor, from
/// which 8 bytes can be read at any time; or -errno.
using OpenPerfEvent = std::function<int(std::uint32_t type, std::uint64_t config, int cpu)>;

/// perf_event_open(2).
int OpenPerfEventOfKernel(std::uint32_t type, std::uint64_t config, int cpu);

/// The events energy-pkg, energy-ram and energy-psys, one for each CPU that the kernel names for
/// the PMU (one a package). Empty without the PMU.
FoundSources FindPerf(const SystemRoots& roots, const OpenPerfEvent& open = OpenPerfEventOfKernel);

/// "event=0x02" -> 2. Empty for everything else.
std::optional<std::uint64_t> ParsePerfConfig(std::string_view text);

/// "0,18" or "0-3,8" -> the CPUs. Empty for everything else.
std::optional<std::vector<int>> ParseCpuList(std::string_view text);

/// count x scale joules in whole microjoules; for the kernel's scale, 2^-32 J, exact but for the
/// last rounding.
std::uint64_t ScaleToMicrojoules(std::uint64_t count, double scale);

}  // namespace joulefront
