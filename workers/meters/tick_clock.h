#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "base/units.h"
namespace joulefront {
struct DatedPoint {
  Seconds time;
  std::uint64_t microjoules = 0;
};
class TickClock {
 public:
  explicit TickClock(Seconds) {}
  void NoteEdge(Seconds) {}
  std::vector<DatedPoint> Take(Seconds now, std::uint64_t microjoules) {
    return {{now, microjoules}};
  }
  std::optional<Seconds> WantsNext() const { return std::nullopt; }
};
}  // namespace joulefront
