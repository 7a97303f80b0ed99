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

#include "base/check.h"

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

std::vector<std::uint32_t> LexicographicOrder(Points points) {
  std::vector<std::uint32_t> order(points.size());
  std::iota(order.begin(), order.end(), 0U);
  const double* values = points.values.data();
  const std::size_t m = points.dimension;
  std::sort(order.begin(), order.end(), [=](std::uint32_t i, std::uint32_t j) {
    const double* a = values + i * m;
    const double* b = values + j * m;
    for (std::size_t k = 0; k < m; ++k) {
      if (a[k] != b[k]) return a[k] < b[k];
    }
    return i < j;
  });
  return order;
}

// Ranks below `limit`; all other points get `limit`.
template <typename Front>
std::vector<std::uint32_t> Sweep(Points points, std::uint32_t limit) {
  const std::size_t m = points.dimension;
  std::vector<std::uint32_t> ranks(points.size());
  std::vector<Front> fronts;
  const double* previous = nullptr;
  std::uint32_t rank = 0;
  for (const std::uint32_t i : LexicographicOrder(points)) {
    const double* point = points.values.data() + i * m;
    // A duplicate follows its equal and shares its rank.
    if (previous == nullptr || !std::equal(point, point + m, previous)) {
      const auto found = std::partition_point(fronts.begin(), fronts.end(),
                                              [&](const Front& f) { return f.Covers(point, m); });
      rank = static_cast<std::uint32_t>(found - fronts.begin());
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

// Coordinates on a scale on which the finite ones span [0, 1]; all 0 if they agree. Halved
// throughout, since the range of two doubles may not fit one.
std::vector<double> Scaled(std::vector<double> coordinates) {
  double low = kInfinity, high = -kInfinity;
  for (const double c : coordinates) {
    if (!std::isfinite(c)) continue;
    low = std::min(low, c / 2);
    high = std::max(high, c / 2);
  }
  const double range = high > low ? high - low : 1.0;
  for (double& c : coordinates) {
    c = std::isfinite(c) ? (c / 2 - low) / range : (c > 0 ? 2.0 : -1.0);
  }
  return coordinates;
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
    std::vector<double> coordinates;
    for (const std::size_t i : distinct) coordinates.push_back(points[members[i]][k]);
    coordinates = Scaled(std::move(coordinates));
    std::vector<std::size_t> order(distinct.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t i, std::size_t j) { return coordinates[i] < coordinates[j]; });
    if (order.empty() || coordinates[order.front()] == coordinates[order.back()]) continue;
    distances[distinct[order.front()]] = kInfinity;
    distances[distinct[order.back()]] = kInfinity;
    for (std::size_t r = 1; r + 1 < order.size(); ++r) {
      distances[distinct[order[r]]] += coordinates[order[r + 1]] - coordinates[order[r - 1]];
    }
  }
  return distances;
}

}  // namespace joulefront
