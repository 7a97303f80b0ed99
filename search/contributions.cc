#include "search/contributions.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "search/hypervolume.h"

namespace joulefront {

namespace {

bool IsInside(std::span<const double> point, std::span<const double> reference) {
  for (std::size_t k = 0; k < point.size(); ++k) {
    if (!(point[k] < reference[k])) return false;
  }
  return true;
}

// Indices of the points that lie inside, by objective k, rising.
std::vector<std::size_t> InsideBy(std::size_t k, Points points, std::span<const double> reference) {
  std::vector<std::pair<double, std::size_t>> keyed;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!IsInside(points[i], reference)) continue;
    for (const double value : points[i]) JF_CHECK(std::isfinite(value));
    keyed.emplace_back(points[i][k], i);
  }
  std::sort(keyed.begin(), keyed.end());
  std::vector<std::size_t> order;
  order.reserve(keyed.size());
  for (const auto& [key, i] : keyed) order.push_back(i);
  return order;
}

void AddLengths(Points points, std::span<const double> reference, std::vector<double>& shares) {
  const auto order = InsideBy(0, points, reference);
  if (order.empty()) return;
  const double second = order.size() > 1 ? points[order[1]][0] : reference[0];
  shares[order[0]] = second - points[order[0]][0];
}

// Sweeps along the first objective and keeps the two least of the second: between them only the
// least is.
void AddAreas(Points points, std::span<const double> reference, std::vector<double>& shares) {
  const auto order = InsideBy(0, points, reference);
  double least = reference[1], second = reference[1], from = 0.0;
  std::size_t owner = points.size();
  const auto sweep_to = [&](double x) {
    if (owner < points.size()) shares[owner] += (x - from) * (second - least);
    from = x;
  };
  for (const std::size_t i : order) {
    sweep_to(points[i][0]);
    const double y = points[i][1];
    if (y < least) {
      second = std::exchange(least, y);
      owner = i;
    } else {
      second = std::min(second, y);
    }
  }
  sweep_to(reference[0]);
}

// Sweeps along the third objective. The points so far dominate, in the first two, the area above a
// staircase, and each step's own part of it is a row of slabs on its corner, falling to the right
// as other points bound them. What a slab has filled is added whenever it is cut [Emmerich2011].
class Steps {
 public:
  Steps(std::span<const double> reference, std::vector<double>& shares)
      : right_(reference[0]), top_(reference[1]), shares_(shares), slabs_(shares.size()) {}

  void Add(std::span<const double> q, std::size_t point) {
    z_ = q[2];
    const auto by_x = [](const Step& step, double x) { return step.x < x; };
    const auto first = std::lower_bound(steps_.begin(), steps_.end(), q[0], by_x);
    const auto beyond = first != steps_.end() && first->x == q[0] ? first + 1 : first;
    if (beyond != steps_.begin() && std::prev(beyond)->y <= q[1]) {
      // What two steps dominate is nobody's own.
      const auto dominator = std::prev(beyond);
      if (dominator == steps_.begin() || std::prev(dominator)->y > q[1]) Cut(*dominator, q);
      return;
    }
    Enter(q, point, static_cast<std::size_t>(first - steps_.begin()));
  }

  void Finish(double z) {
    z_ = z;
    for (const Step& step : steps_) CloseAll(step);
  }

 private:
  struct Step {
    double x, y;
    std::size_t point;
  };
  struct Slab {
    double from, to;  // first objective
    double top;       // second objective; the bottom is the step's
    double since;     // third objective
  };

  // Adds what the slab has filled right of x.
  void Credit(const Step& step, const Slab& slab, double x) {
    shares_[step.point] += (slab.to - x) * (slab.top - step.y) * (z_ - slab.since);
  }

  void CloseAll(const Step& step) {
    for (const Slab& slab : slabs_[step.point]) Credit(step, slab, slab.from);
    slabs_[step.point].clear();
  }

  // Takes from the step all that lies beyond (x, y) in both objectives.
  void Cut(const Step& step, std::span<const double> q) {
    auto& slabs = slabs_[step.point];
    const double x = std::max(q[0], step.x), y = std::max(q[1], step.y);
    auto first =
        std::find_if(slabs.begin(), slabs.end(), [&](const Slab& slab) { return slab.to > x; });
    const auto last =
        std::find_if(first, slabs.end(), [&](const Slab& slab) { return slab.top <= y; });
    if (first == last) return;
    const Slab rest{std::max(first->from, x), std::prev(last)->to, y, z_};
    for (auto slab = first; slab != last; ++slab) Credit(step, *slab, std::max(slab->from, x));
    if (first->from < x) (first++)->to = x;
    if (y <= step.y) {
      slabs.erase(first, last);
    } else if (first == last) {
      slabs.insert(first, rest);
    } else {
      *first = rest;
      slabs.erase(first + 1, last);
    }
  }

  // A new step, and the end of those that it dominates, which bound it from now on.
  void Enter(std::span<const double> q, std::size_t point, std::size_t place) {
    auto end = place;
    double x = q[0], top = place > 0 ? steps_[place - 1].y : top_;
    for (; end < steps_.size() && steps_[end].y >= q[1]; ++end) {
      if (steps_[end].x > x) slabs_[point].push_back({x, steps_[end].x, top, z_});
      x = steps_[end].x;
      top = steps_[end].y;
      CloseAll(steps_[end]);
    }
    const double right = end < steps_.size() ? steps_[end].x : right_;
    if (top > q[1]) slabs_[point].push_back({x, right, top, z_});
    if (place > 0) Cut(steps_[place - 1], q);
    if (end < steps_.size()) Cut(steps_[end], q);
    const auto at = steps_.begin() + static_cast<std::ptrdiff_t>(place);
    if (end == place) {
      steps_.insert(at, {q[0], q[1], point});
    } else {
      *at = {q[0], q[1], point};
      steps_.erase(at + 1, steps_.begin() + static_cast<std::ptrdiff_t>(end));
    }
  }

  double right_, top_, z_ = 0.0;
  std::vector<double>& shares_;
  std::vector<Step> steps_;               // by rising x, and so falling y
  std::vector<std::vector<Slab>> slabs_;  // by point, from left to right, tops falling
};

void AddVolumes(Points points, std::span<const double> reference, std::vector<double>& shares) {
  Steps steps(reference, shares);
  for (const std::size_t i : InsideBy(2, points, reference)) steps.Add(points[i], i);
  steps.Finish(reference[2]);
}

void AddByLimiting(Points points, std::span<const double> reference, std::vector<double>& shares) {
  const std::size_t m = points.dimension;
  const auto inside = InsideBy(0, points, reference);
  std::vector<double> limited;
  for (const std::size_t i : inside) {
    limited.clear();
    for (const std::size_t j : inside) {
      if (j == i) continue;
      for (std::size_t k = 0; k < m; ++k) limited.push_back(std::max(points[i][k], points[j][k]));
    }
    const double shared = Hypervolume({limited, m}, reference);
    shares[i] = std::max(0.0, Hypervolume({points[i], m}, reference) - shared);
  }
}

}  // namespace

std::vector<double> HypervolumeContributions(Points points, std::span<const double> reference) {
  JF_CHECK(reference.size() == points.dimension);
  std::vector<double> shares(points.size(), 0.0);
  switch (points.dimension) {
    case 0:
      break;
    case 1:
      AddLengths(points, reference, shares);
      break;
    case 2:
      AddAreas(points, reference, shares);
      break;
    case 3:
      AddVolumes(points, reference, shares);
      break;
    default:
      AddByLimiting(points, reference, shares);
  }
  return shares;
}

}  // namespace joulefront
