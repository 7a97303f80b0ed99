#include "search/ranking.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "search/history.h"

namespace joulefront {

void Ranking::Insert(Placed placed, Line& line) {
  const auto place = std::partition_point(line.begin(), line.end(), [&](const Placed& other) {
    return other.value != placed.value ? other.value < placed.value : other.number < placed.number;
  });
  line.insert(place, placed);
}

// Equal values share a rank; `crowding` is of the first of them, the others have 0.
void Ranking::Append(const Line& line, double crowding, std::size_t count,
                     std::vector<RankedTrial>& best) {
  std::uint32_t rank = best.empty() ? 0 : best.back().rank + 1;
  for (std::size_t i = 0; i < std::min(count, line.size()); ++i) {
    const bool is_equal = i > 0 && line[i].value == line[i - 1].value;
    if (i > 0 && !is_equal) ++rank;
    best.push_back({line[i].number, rank, is_equal ? 0.0 : crowding});
  }
}

void Ranking::Add(std::size_t number, std::span<const double> objectives, double violation) {
  JF_CHECK(objectives_ > 0 && number < std::numeric_limits<std::uint32_t>::max());
  const auto trial = static_cast<std::uint32_t>(number);
  if (violation > 0.0) {
    Insert({violation, trial}, infeasible_);
  } else if (objectives_ == 1) {
    Insert({objectives[0], trial}, feasible_);
  } else {
    fronts_.Insert(number, objectives);
  }
}

std::vector<RankedTrial> Ranking::Best(std::size_t count) const {
  std::vector<RankedTrial> best;
  if (objectives_ == 1) {
    Append(feasible_, std::numeric_limits<double>::infinity(), count, best);
  } else {
    fronts_.AppendBest(count, best);
  }
  Append(infeasible_, 0.0, count - best.size(), best);
  return best;
}

std::vector<RankedTrial> BestTrials(const History& history, std::size_t count) {
  return history.ranking().Best(count);
}

}  // namespace joulefront
