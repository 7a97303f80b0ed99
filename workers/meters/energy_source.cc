#include "workers/meters/energy_source.h"

#include <array>
#include <utility>

namespace joulefront {
namespace {

constexpr std::array<std::pair<Boundary, std::string_view>, 9> kBoundaries = {
    {{Boundary::kCpu, "cpu"},
     {Boundary::kPackage, "package"},
     {Boundary::kDram, "dram"},
     {Boundary::kGpu, "gpu"},
     {Boundary::kModule, "module"},
     {Boundary::kPlatform, "platform"},
     {Boundary::kBattery, "battery"},
     {Boundary::kNode, "node"},
     {Boundary::kWall, "wall"}}};

}  // namespace

std::string_view Name(Boundary boundary) {
  for (const auto& [known, name] : kBoundaries) {
    if (known == boundary) return name;
  }
  return "";
}

std::optional<Boundary> BoundaryFromName(std::string_view name) {
  for (const auto& [boundary, known] : kBoundaries) {
    if (known == name) return boundary;
  }
  return std::nullopt;
}

}  // namespace joulefront
