// How values that were measured several times spread.
#pragma once

#include <optional>
#include <vector>

namespace joulefront {

struct Spread {
  double mean = 0.0;
  /// From two values on: the standard deviation (n - 1 in the denominator), and the half-width of
  /// the 95 % interval of the mean (Student's t).
  std::optional<double> deviation, half_width;
};

/// Of at least one value. Example: {1, 2, 3} -> mean 2, deviation 1, half-width 2.484.
Spread SpreadOf(const std::vector<double>& values);

}  // namespace joulefront
