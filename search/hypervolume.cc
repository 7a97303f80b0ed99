#include "search/hypervolume.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/check.h"

namespace joulefront {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Points as their extents, row by row: how far each lies below the reference in each objective, all
// above 0. A point dominates the box from its corner to the reference, so larger extents are
// better.
using Rows = std::vector<double>;

// The area that boxes from the origin cover: their corners by rising x, and so falling y.
class Staircase {
 public:
  void Clear() { corners_.assign({{0.0, kInfinity}, {kInfinity, 0.0}}); }

  // By how much the box to (x, y) enlarges the area.
  double Add(double x, double y) {
    const auto by_x = [](const Corner& corner, double at) { return corner.x < at; };
    auto right = std::lower_bound(corners_.begin() + 1, corners_.end(), x, by_x);
    if (right->y >= y) return 0.0;
    // What the box adds above each corner it covers, from its own leftwards.
    double gain = 0.0, end = x, floor = right->y;
    auto left = right - 1;
    for (; left->y <= y; --left) {
      gain += (end - left->x) * (y - floor);
      end = left->x;
      floor = left->y;
    }
    gain += (end - left->x) * (y - floor);
    if (right->x == x) ++right;
    if (++left == right) {
      corners_.insert(left, {x, y});
    } else {
      *left = {x, y};
      corners_.erase(left + 1, right);
    }
    return gain;
  }

 private:
  struct Corner {
    double x, y;
  };
  std::vector<Corner> corners_;  // between two that are never covered
};

// Volumes of three and more objectives; keeps its memory from one to the next.
class Volumes {
 public:
  explicit Volumes(std::size_t m) : limited_(m), scratch_(m) {}

  // Reorders the rows, which are of m extents, and drops some.
  double Of(Rows& rows, std::size_t m) {
    if (m == 3) return OfThree(rows);
    KeepFront(rows, m);
    return m == 4 ? OfFour(rows) : OfMore(rows, m);
  }

 private:
  // Sweeps down the third objective.
  double OfThree(const Rows& rows) {
    OrderBy(2, rows, 3);
    stairs_.Clear();
    double volume = 0.0;
    for (const Place& place : order_) {
      const double* row = rows.data() + place.row;
      volume += stairs_.Add(row[0], row[1]) * row[2];
    }
    return volume;
  }

  // As OfMore; the sweeps of the slabs share one order of the third objective.
  double OfFour(const Rows& rows) {
    OrderBy(2, rows, 4);
    double volume = 0.0;
    for (std::size_t i = 0; i < rows.size(); i += 4) {
      const double *point = rows.data() + i, own = point[0] * point[1];
      stairs_.Clear();
      double shared = 0.0;
      for (const Place& place : order_) {
        if (place.row >= i) continue;
        const double* row = rows.data() + place.row;
        const double x = std::min(point[0], row[0]), y = std::min(point[1], row[1]);
        shared += stairs_.Add(x, y) * std::min(point[2], row[2]);
        if (x == point[0] && y == point[1]) break;  // nothing is left to gain
      }
      volume += point[3] * (own * point[2] - shared);
    }
    return volume;
  }

  // By falling last extent, each point's own share beyond the earlier ones is a slab: those earlier
  // ones reach as far in the last objective, so limiting them to the point leaves a problem in the
  // other objectives only [While2012, Sec. III].
  double OfMore(const Rows& rows, std::size_t m) {
    Rows& limited = limited_[m - 1];
    double volume = 0.0;
    for (std::size_t i = 0; i < rows.size(); i += m) {
      const double* point = rows.data() + i;
      double own = 1.0;
      for (std::size_t k = 0; k + 1 < m; ++k) own *= point[k];
      limited.clear();
      for (std::size_t j = 0; j < i; j += m) {
        for (std::size_t k = 0; k + 1 < m; ++k) limited.push_back(std::min(point[k], rows[j + k]));
      }
      volume += point[m - 1] * (own - Of(limited, m - 1));
    }
    return volume;
  }

  // Drops what another row covers or equals, and sorts by the last extent, falling. By falling sum,
  // rows that cover others come before them. (Where sums round to a tie they may not, and a row too
  // many stays: slower, not wrong.)
  void KeepFront(Rows& rows, std::size_t m) {
    if (rows.size() <= m) return;
    order_.clear();
    for (std::size_t i = 0; i < rows.size(); i += m) {
      double sum = 0.0;
      for (std::size_t k = 0; k < m; ++k) sum += rows[i + k];
      order_.push_back({sum, i});
    }
    // The largest alone covers many: they need no sorting.
    const auto largest = std::max_element(
        order_.begin(), order_.end(), [](const Place& a, const Place& b) { return a.key < b.key; });
    Rows& front = scratch_[m - 1];
    front.assign(rows.data() + largest->row, rows.data() + largest->row + m);
    std::erase_if(order_,
                  [&](const Place& place) { return IsCovered(rows.data() + place.row, front, m); });
    SortOrder();
    for (const Place& place : order_) {
      const double* row = rows.data() + place.row;
      if (!IsCovered(row, front, m)) front.insert(front.end(), row, row + m);
    }
    OrderBy(m - 1, front, m);
    rows.clear();
    for (const Place& place : order_) {
      const double* row = front.data() + place.row;
      rows.insert(rows.end(), row, row + m);
    }
  }

  static bool IsCovered(const double* row, const Rows& front, std::size_t m) {
    for (std::size_t i = 0; i < front.size(); i += m) {
      const double* other = front.data() + i;
      bool covered = true;
      for (std::size_t k = 0; k < m; ++k) covered &= row[k] <= other[k];
      if (covered) return true;
    }
    return false;
  }

  // Fills order_ by extent k, falling.
  void OrderBy(std::size_t k, const Rows& rows, std::size_t m) {
    order_.clear();
    for (std::size_t i = 0; i < rows.size(); i += m) order_.push_back({rows[i + k], i});
    SortOrder();
  }

  struct Place {
    double key;
    std::size_t row;  // where it begins
  };
  void SortOrder() {
    std::sort(order_.begin(), order_.end(),
              [](const Place& a, const Place& b) { return a.key > b.key; });
  }

  Staircase stairs_;
  std::vector<Place> order_;
  std::vector<Rows> limited_, scratch_;  // by objectives
};

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
  Rows rows;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto row = static_cast<std::ptrdiff_t>(rows.size());
    for (std::size_t k = 0; k < m; ++k) rows.push_back(reference[k] - points[i][k]);
    const auto [least, largest] = std::minmax_element(rows.begin() + row, rows.end());
    // Also for NaN, which a point and a reference that are both infinite make.
    if (!(*least > 0.0)) {
      rows.erase(rows.begin() + row, rows.end());
    } else if (std::isinf(*largest)) {
      return *largest;
    }
  }
  return Volumes(m).Of(rows, m);
}

}  // namespace joulefront
