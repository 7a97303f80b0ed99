// NVIDIA GPUs, through NVML, the driver's library, which is loaded when it is there.
//
// A GPU is known by its UUID: NVML's order of devices is not CUDA's, and CUDA_VISIBLE_DEVICES
// renumbers. The total-energy counter (Volta and later) is read; where a GPU has none, its power.
// Both cover the card with its memory; on modules that join GPU and processor (Grace Hopper) the
// counter covers the module. One partition of a GPU (MIG) cannot be metered alone.
#pragma once

#include <string>
#include <vector>

#include "workers/meters/energy_source.h"

namespace joulefront {

inline constexpr std::string_view kNvml = "nvml";

/// The GPUs that `gpus` names, or all: each entry is a UUID ("GPU-..."), a partition's ("MIG-...":
/// the whole GPU is meant), a PCI bus id, or an index in NVML's order, which is that of PCI bus
/// ids. A name that no GPU has is a listing that says so. Without a driver, a listing that says
/// why.
FoundSources FindNvml(const SystemRoots& roots, const std::vector<std::string>& gpus);

}  // namespace joulefront
