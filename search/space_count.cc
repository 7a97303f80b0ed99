// Counting the configurations of a conditional space. Only parents branch, and over runs of levels
// that open the same children; the levels of all other parameters multiply.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "search/space.h"

namespace joulefront {

/// Counts by walking over the parents' runs, at most `limit` ends of branches.
class SpaceCount {
 public:
  SpaceCount(const SearchSpace& space, std::uint64_t limit)
      : space_(space), limit_(limit), runs_(space.size()), configuration_(space.size()) {
    for (std::size_t i = 0; i < space.size(); ++i) {
      if (space.IsParent(i) && space.Levels(i)) runs_[i] = RunsOf(i);
    }
  }

  std::optional<std::uint64_t> Count() {
    if (!CountFrom(0, 1)) return std::nullopt;
    return total_;
  }

 private:
  /// Consecutive levels that every condition treats alike.
  struct Run {
    double coordinate;  // of its first level
    std::uint64_t levels;
  };

  // The first level of parameter i whose coordinate is at least `bound` (or above it).
  std::uint64_t FirstLevel(std::size_t i, double bound, bool above) const {
    std::uint64_t low = 0, high = *space_.Levels(i);
    while (low < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      const double coordinate = space_.LevelAt(i, middle);
      if (above ? coordinate > bound : coordinate >= bound) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  std::vector<Run> RunsOf(std::size_t parent) const {
    const std::uint64_t levels = *space_.Levels(parent);
    std::vector<std::uint64_t> cuts = {0, levels};
    for (const auto& conditions : space_.conditions_) {
      for (const auto& condition : conditions) {
        if (condition.parent != parent) continue;
        for (const double c : condition.coordinates) {
          cuts.push_back(FirstLevel(parent, c, false));
          cuts.push_back(FirstLevel(parent, c, true));
        }
        if (!condition.coordinates.empty()) continue;
        cuts.push_back(FirstLevel(parent, condition.min, false));
        cuts.push_back(FirstLevel(parent, condition.max, true));
      }
    }
    std::sort(cuts.begin(), cuts.end());
    std::vector<Run> runs;
    for (std::size_t k = 0; k + 1 < cuts.size(); ++k) {
      if (cuts[k] < cuts[k + 1]) {
        runs.push_back({space_.LevelAt(parent, cuts[k]), cuts[k + 1] - cuts[k]});
      }
    }
    return runs;
  }

  // Adds the configurations that share the coordinates before i, `product` of them so far; false
  // once there are more than the limit. Every branch ends in at least one configuration, so a
  // product beyond the limit settles it.
  bool CountFrom(std::size_t i, std::uint64_t product) {
    for (; i < space_.size(); ++i) {
      configuration_[i].reset();
      if (!space_.IsActive(i, configuration_)) continue;
      const auto levels = space_.Levels(i);
      if (!levels) return false;
      if (space_.IsParent(i)) {
        return std::all_of(runs_[i].begin(), runs_[i].end(), [&](const Run& run) {
          if (run.levels > limit_ / product) return false;
          configuration_[i] = run.coordinate;
          return CountFrom(i + 1, product * run.levels);
        });
      }
      if (*levels > limit_ / product) return false;
      product *= *levels;
    }
    if (product > limit_ - total_) return false;
    total_ += product;
    return true;
  }

  const SearchSpace& space_;
  std::uint64_t limit_;
  std::uint64_t total_ = 0;
  std::vector<std::vector<Run>> runs_;  // by parameter; only parents have any
  Configuration configuration_;
};

std::optional<std::uint64_t> SearchSpace::CountConfigurations(std::uint64_t limit) const {
  return SpaceCount(*this, limit).Count();
}

}  // namespace joulefront
