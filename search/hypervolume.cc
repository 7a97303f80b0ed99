#include "search/hypervolume.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "base/check.h"

namespace joulefront {

namespace {

// A point as its extents: how far it lies below the reference in each objective, all above 0. A
// point dominates the box from its corner to the reference, so larger extents are better.
using Extents = std::vector<double>;

double Volume(std::vector<Extents> set, std::size_t m);

// Sweeps down the third objective and keeps the staircase of the first two with its area.
double Volume3(std::vector<Extents> set) {
  std::sort(set.begin(), set.end(), [](const Extents& a, const Extents& b) { return a[2] > b[2]; });
  std::map<double, double> stairs;  // second extent by first; falling
  double volume = 0.0, area = 0.0;
  for (std::size_t i = 0; i < set.size(); ++i) {
    const double x = set[i][0], y = set[i][1];
    const double below = i + 1 < set.size() ? set[i + 1][2] : 0.0;
    auto step = stairs.lower_bound(x);
    if (step == stairs.end() || step->second < y) {
      const double base = step == stairs.end() ? 0.0 : step->second;
      // What the new step adds above each step it covers, from its own corner leftwards.
      double right = x, floor = base;
      while (step != stairs.begin()) {
        const auto left = std::prev(step);
        if (left->second > y) break;
        area += (right - left->first) * (y - floor);
        right = left->first;
        floor = left->second;
        step = stairs.erase(left);
      }
      const double end = step == stairs.begin() ? 0.0 : std::prev(step)->first;
      area += (right - end) * (y - floor);
      stairs[x] = y;
    }
    volume += area * (set[i][2] - below);
  }
  return volume;
}

// Drops those that another covers, and all but one of equal ones.
void KeepFront(std::vector<Extents>& set, std::size_t m) {
  std::vector<double> negated;
  for (const Extents& e : set) {
    for (const double extent : e) negated.push_back(-extent);
  }
  std::vector<Extents> front;
  for (const std::size_t i : ParetoFront({negated, m})) front.push_back(std::move(set[i]));
  std::sort(front.begin(), front.end());
  front.erase(std::unique(front.begin(), front.end()), front.end());
  set = std::move(front);
}

// Sorted by the last extent, rising, each point's own share beyond the later ones is a slab: those
// later ones reach as far in the last objective, so limiting them to the point leaves a problem in
// the other objectives only [While2012, Sec. III].
double VolumeBySlabs(std::vector<Extents> set, std::size_t m) {
  KeepFront(set, m);
  std::sort(set.begin(), set.end(),
            [&](const Extents& a, const Extents& b) { return a[m - 1] < b[m - 1]; });
  double volume = 0.0;
  for (std::size_t i = 0; i < set.size(); ++i) {
    double own = 1.0;
    for (std::size_t k = 0; k + 1 < m; ++k) own *= set[i][k];
    std::vector<Extents> limited;
    for (std::size_t j = i + 1; j < set.size(); ++j) {
      Extents limit(m - 1);
      for (std::size_t k = 0; k + 1 < m; ++k) limit[k] = std::min(set[i][k], set[j][k]);
      limited.push_back(std::move(limit));
    }
    volume += set[i][m - 1] * (own - Volume(std::move(limited), m - 1));
  }
  return volume;
}

// m >= 3.
double Volume(std::vector<Extents> set, std::size_t m) {
  return m == 3 ? Volume3(std::move(set)) : VolumeBySlabs(std::move(set), m);
}

double Length(Points points, double reference) {
  double least = reference;
  for (const double value : points.values) least = std::min(least, value);
  return reference - least;
}

double Area(Points points, std::span<const double> reference) {
  struct Corner {
    double x, y;
  };
  std::vector<Corner> corners;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto p = points[i];
    if (p[0] < reference[0] && p[1] < reference[1]) corners.push_back({p[0], p[1]});
  }
  std::sort(corners.begin(), corners.end(),
            [](const Corner& a, const Corner& b) { return a.x != b.x ? a.x < b.x : a.y < b.y; });
  double area = 0.0, y = reference[1];
  for (const Corner& corner : corners) {
    if (corner.y >= y) continue;
    area += (reference[0] - corner.x) * (y - corner.y);
    y = corner.y;
  }
  return area;
}

}  // namespace

double Hypervolume(Points points, std::span<const double> reference) {
  const std::size_t m = points.dimension;
  JF_CHECK(reference.size() == m);
  if (m == 1) return Length(points, reference[0]);
  if (m == 2) return Area(points, reference);
  std::vector<Extents> set;
  for (std::size_t i = 0; i < points.size(); ++i) {
    Extents extents(m);
    for (std::size_t k = 0; k < m; ++k) extents[k] = reference[k] - points[i][k];
    const auto [least, largest] = std::minmax_element(extents.begin(), extents.end());
    // Also false for NaN, which a point and a reference that are both infinite make.
    if (!(*least > 0.0)) continue;
    if (std::isinf(*largest)) return *largest;
    set.push_back(std::move(extents));
  }
  return set.empty() ? 0.0 : Volume(std::move(set), m);
}

}  // namespace joulefront
