// All sorts here are one sweep: points in lexicographic order, so that nothing later can dominate
// anything earlier, each put into the first front that does not dominate it. Fronts dominate in
// order (what front k dominates, front k - 1 does), so that front is found by bisection
// [Zhang2015]. Only the front's own structure depends on m: what must be asked is whether it holds
// a point that is no worse in the objectives after the first.
#include "search/pareto.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <type_traits>

#include "base/check.h"
#include "search/scale.h"

namespace joulefront {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// m = 1: any earlier point is better.
class OnePointFront {
 public:
  bool Covers(const double*, std::size_t) const { return true; }
  void Insert(const double*) {}
};

// m = 2: the least second objective says it all [Jensen2003].
class TwoObjectiveFront {
 public:
  bool Covers(const double* point, std::size_t) const { return least_ <= point[1]; }
  void Insert(const double* point) { least_ = point[1]; }

 private:
  double least_ = kInfinity;
};

// m = 3: the staircase of the last two objectives, third by second, falling.
class ThreeObjectiveFront {
 public:
  bool Covers(const double* point, std::size_t) const {
    const auto after = stairs_.upper_bound(point[1]);
    return after != stairs_.begin() && std::prev(after)->second <= point[2];
  }
  void Insert(const double* point) {
    auto next = stairs_.insert_or_assign(point[1], point[2]).first;
    for (++next; next != stairs_.end() && next->second >= point[2];) next = stairs_.erase(next);
  }

 private:
  std::map<double, double> stairs_;
};

// m >= 4: all of them, the newest first, as those are nearest in the first objective.
class ListFront {
 public:
  bool Covers(const double* point, std::size_t m) const {
    return std::any_of(members_.rbegin(), members_.rend(), [&](const double* member) {
      for (std::size_t k = 1; k < m; ++k) {
        if (member[k] > point[k]) return false;
      }
      return true;
    });
  }
  void Insert(const double* point) { members_.push_back(point); }

 private:
  std::vector<const double*> members_;
};

struct Place {
  double first;  // objective, beside the index: most comparisons look no further
  std::uint32_t index;
};

std::vector<Place> LexicographicOrder(Points points) {
  const double* values = points.values.data();
  const std::size_t m = points.dimension;
  std::vector<Place> order(points.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = {values[i * m], i};
  std::sort(order.begin(), order.end(), [=](const Place& a, const Place& b) {
    if (a.first != b.first) return a.first < b.first;
    for (std::size_t k = 1; k < m; ++k) {
      const double x = values[a.index * m + k], y = values[b.index * m + k];
      if (x != y) return x < y;
    }
    return a.index < b.index;
  });
  return order;
}

// Fronts cover a point up to the first that does not.
template <typename Front>
std::uint32_t FirstNotCovering(const std::vector<Front>& fronts, const double* point,
                               std::size_t m) {
  if constexpr (!std::is_same_v<Front, TwoObjectiveFront>) {
    const auto found = std::partition_point(fronts.begin(), fronts.end(),
                                            [&](const Front& f) { return f.Covers(point, m); });
    return static_cast<std::uint32_t>(found - fronts.begin());
  }
  // Where asking costs next to nothing, a branch that is anyone's guess would cost most.
  std::size_t first = 0;
  for (std::size_t left = fronts.size(); left > 0;) {
    const std::size_t half = (left + 1) / 2;
    first += half * static_cast<std::size_t>(fronts[first + half - 1].Covers(point, m));
    left -= half;
  }
  return static_cast<std::uint32_t>(first);
}

// Ranks below `limit`; all other points get `limit`.
template <typename Front>
std::vector<std::uint32_t> Sweep(Points points, std::uint32_t limit) {
  const std::size_t m = points.dimension;
  std::vector<std::uint32_t> ranks(points.size());
  std::vector<Front> fronts;
  const double* previous = nullptr;
  std::uint32_t rank = 0;
  for (const auto& [first, i] : LexicographicOrder(points)) {
    const double* point = points.values.data() + i * m;
    // A duplicate follows its equal and shares its rank.
    if (previous == nullptr || !std::equal(point, point + m, previous)) {
      rank = FirstNotCovering(fronts, point, m);
      if (rank < limit) {
        if (rank == fronts.size()) fronts.emplace_back();
        fronts[rank].Insert(point);
      }
    }
    ranks[i] = rank;
    previous = point;
  }
  return ranks;
}

std::vector<std::uint32_t> RanksBelow(Points points, std::uint32_t limit) {
  JF_CHECK(points.size() < std::numeric_limits<std::uint32_t>::max());
  switch (points.dimension) {
    case 0:
      return {};
    case 1:
      return Sweep<OnePointFront>(points, limit);
    case 2:
      return Sweep<TwoObjectiveFront>(points, limit);
    case 3:
      return Sweep<ThreeObjectiveFront>(points, limit);
    default:
      return Sweep<ListFront>(points, limit);
  }
}

}  // namespace

bool Dominates(std::span<const double> a, std::span<const double> b) {
  JF_CHECK(a.size() == b.size());
  bool better = false;
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (a[k] > b[k]) return false;
    if (a[k] < b[k]) better = true;
  }
  return better;
}

std::vector<std::uint32_t> NonDominatedRanks(Points points) {
  return RanksBelow(points, std::numeric_limits<std::uint32_t>::max());
}

std::vector<std::size_t> ParetoFront(Points points) {
  const auto ranks = RanksBelow(points, 1);
  std::vector<std::size_t> front;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (ranks[i] == 0) front.push_back(i);
  }
  return front;
}

std::vector<double> CrowdingDistances(Points points, std::span<const std::size_t> members) {
  std::vector<double> distances(members.size(), 0.0);
  // Positions in `members` of the distinct points, each by its first occurrence.
  std::vector<std::size_t> distinct(members.size());
  std::iota(distinct.begin(), distinct.end(), std::size_t{0});
  std::stable_sort(distinct.begin(), distinct.end(), [&](std::size_t i, std::size_t j) {
    const auto a = points[members[i]], b = points[members[j]];
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
  });
  const auto equal = [&](std::size_t i, std::size_t j) {
    const auto a = points[members[i]], b = points[members[j]];
    return std::equal(a.begin(), a.end(), b.begin());
  };
  distinct.erase(std::unique(distinct.begin(), distinct.end(), equal), distinct.end());
  if (distinct.size() == 1) distances[distinct[0]] = kInfinity;
  std::sort(distinct.begin(), distinct.end());

  for (std::size_t k = 0; k < points.dimension; ++k) {
    const auto coordinate = [&](std::size_t i) { return points[members[i]][k]; };
    Scale scale;
    for (const std::size_t i : distinct) scale.Cover(coordinate(i));
    // By the coordinates themselves: rounding makes neighbours equal on the scale.
    std::vector<std::size_t> order = distinct;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t i, std::size_t j) { return coordinate(i) < coordinate(j); });
    if (order.empty() || coordinate(order.front()) == coordinate(order.back())) continue;
    distances[order.front()] = kInfinity;
    distances[order.back()] = kInfinity;
    for (std::size_t r = 1; r + 1 < order.size(); ++r) {
      distances[order[r]] += scale(coordinate(order[r + 1])) - scale(coordinate(order[r - 1]));
    }
  }
  return distances;
}

}  // namespace joulefront
