// The evaluated trials of a history, best first. Private to search/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "search/ranked_fronts.h"

namespace joulefront {

class History;

/// The best `count` evaluated trials, best first. Feasible trials go by rank and crowding [Deb2002,
/// Sec. III-B], then come the infeasible ones by violation [Deb2000]; ties by trial number. What it
/// takes grows with `count` and the front on which the last of them is, not with the history.
std::vector<RankedTrial> BestTrials(const History& history, std::size_t count);

/// The order behind BestTrials, which a history keeps as trials are evaluated.
class Ranking {
 public:
  explicit Ranking(std::size_t objectives) : objectives_(objectives), fronts_(objectives) {}

  /// Adds an evaluated trial that is not in it: m >= 1 finite objectives and the violation.
  void Add(std::size_t number, std::span<const double> objectives, double violation);
  /// As BestTrials.
  std::vector<RankedTrial> Best(std::size_t count) const;

 private:
  struct Placed {
    double value;
    std::uint32_t number;
  };
  using Line = std::vector<Placed>;  // rising, ties by number

  static void Insert(Placed placed, Line& line);
  static void Append(const Line& line, double crowding, std::size_t count,
                     std::vector<RankedTrial>& best);

  std::size_t objectives_;
  RankedFronts fronts_;  // the feasible, of several objectives
  Line feasible_;        // the feasible, of one objective, by it
  Line infeasible_;      // by violation
};

}  // namespace joulefront
