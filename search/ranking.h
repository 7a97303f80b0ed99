// The evaluated trials of a history, best first. Private to search/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "search/history.h"

namespace joulefront {

struct RankedTrial {
  std::size_t number;
  std::uint32_t rank;  // of its front; infeasible trials come behind all fronts, by violation
  double crowding;     // within its front; 0 for the infeasible
};

/// Whether a comes before b: lower rank, or equal rank and more room around it [Deb2002, Sec.
/// III-B].
bool IsBetter(const RankedTrial& a, const RankedTrial& b);

/// The best `count` evaluated trials, best first. Feasible trials go by rank and crowding, then
/// come the infeasible ones by violation [Deb2000]; ties by trial number.
std::vector<RankedTrial> BestTrials(const History& history, std::size_t count);

}  // namespace joulefront
