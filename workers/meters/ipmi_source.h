// The power of the whole machine as its management controller tells it: DCMI Get Power Reading over
// the kernel's IPMI device. Whole watts, updated every second or slower.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "workers/meters/energy_source.h"

namespace joulefront {

inline constexpr std::string_view kIpmi = "ipmi";

/// The machine's controller. Its answer to one reading's question comes with the next reading, so
/// that nothing waits for it.
FoundSources FindIpmi(const SystemRoots& roots);

/// Watts of a DCMI answer (completion code first). Empty for an error, a short or a foreign answer,
/// and while the controller says that it does not measure.
std::optional<std::uint32_t> ParseDcmiPower(std::span<const std::uint8_t> answer);

}  // namespace joulefront
