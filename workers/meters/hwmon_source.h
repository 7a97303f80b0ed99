// Sensors of the kernel's hwmon class: energy counters and power meters of graphics cards (amdgpu)
// and boards. A sensor is known by its device and label; the numbers of hwmon change at each boot.
#pragma once

#include <string_view>

#include "workers/meters/energy_source.h"

namespace joulefront {

inline constexpr std::string_view kHwmon = "hwmon";

/// Graphics cards by amdgpu, and the machine by an ACPI power meter. Other chips that show energy
/// or power are listed, and not used: what they cover is not known.
FoundSources FindHwmon(const SystemRoots& roots);

inline constexpr std::string_view kBattery = "battery";

/// Batteries. Each can be read while it discharges: then it feeds the whole machine.
FoundSources FindBatteries(const SystemRoots& roots);

}  // namespace joulefront
