#include "base/spread.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace joulefront {

Spread SpreadOf(const std::vector<double>& values) {
  Spread spread;
  const double n = static_cast<double>(values.size());
  for (const double value : values) spread.mean += value / n;
  if (values.size() < 2) return spread;
  // Equal values have no spread, and their mean is no rounding of it.
  if (std::equal(values.begin() + 1, values.end(), values.begin())) {
    return {.mean = values.front(), .deviation = 0.0, .half_width = 0.0};
  }
  double squares = 0.0;
  for (const double value : values) squares += (value - spread.mean) * (value - spread.mean);
  spread.deviation = std::sqrt(squares / (n - 1.0));
  const boost::math::students_t student(n - 1.0);
  spread.half_width = boost::math::quantile(student, 0.975) * *spread.deviation / std::sqrt(n);
  return spread;
}

}  // namespace joulefront
