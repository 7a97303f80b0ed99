// Coordinates of one objective on the scale on which those of a set span [0, 1]. Private to
// search/.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace joulefront {

/// Halved throughout, since the range of two doubles may not fit one.
/// Example: over 2, 6 and infinity: 2 -> 0, 3 -> 0.25, infinity -> 2.
class Scale {
 public:
  /// Makes c, if finite, one of the coordinates that span the scale.
  void Cover(double c) {
    if (!std::isfinite(c)) return;
    low_ = std::min(low_, c / 2);
    high_ = std::max(high_, c / 2);
  }

  /// Whether no two coordinates that span it differ.
  bool is_flat() const { return !(high_ > low_); }

  /// An infinite coordinate lies one range beyond the finite ones; a range of 0 counts as 1.
  double operator()(double c) const {
    return std::isfinite(c) ? OfFinite(c) : (c > 0 ? 2.0 : -1.0);
  }
  double OfFinite(double c) const { return (c / 2 - low_) / (is_flat() ? 1.0 : high_ - low_); }

 private:
  double low_ = std::numeric_limits<double>::infinity(), high_ = -low_;
};

}  // namespace joulefront
