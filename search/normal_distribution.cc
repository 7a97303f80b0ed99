#include "search/normal_distribution.h"

#include <cmath>
#include <numbers>

namespace joulefront {

namespace {

constexpr double kLogSqrtTwoPi = 0.9189385332046727;
constexpr double kTail = -20.0;  // below it, direct forms cancel
constexpr int kTerms = 8;        // of continued fractions: to rounding from there on

double LogDensity(double z) { return -0.5 * z * z - kLogSqrtTwoPi; }

// Mills' ratio (1 - Phi(x)) / phi(x) of x = -z > 0 by its continued fraction 1/(x + 1/(x + 2/(x +
// ...))) [Abramowitz1964, 26.2.14].
double MillsRatio(double x) {
  double fraction = x;
  for (int k = kTerms; k >= 1; --k) fraction = x + k / fraction;
  return 1.0 / fraction;
}

// 1 - x Mills(x), without the cancellation: with Mills = 1 / (x + c), it is c / (x + c).
double ExcessOverDensity(double x) {
  double fraction = x;
  for (int k = kTerms; k >= 2; --k) fraction = x + k / fraction;
  const double c = 1.0 / fraction;
  return c / (x + c);
}

double Cdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

}  // namespace

double ExpectedExcess(double z, double& cdf) {
  cdf = Cdf(z);
  return std::exp(LogDensity(z)) + z * cdf;
}

double Normal(Random& random) {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - random.Uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * random.Uniform());
}

double LogNormalCdf(double z) {
  if (z < kTail) return LogDensity(z) + std::log(MillsRatio(-z));
  if (z > 0.0) return std::log1p(-0.5 * std::erfc(z / std::numbers::sqrt2));
  return std::log(Cdf(z));
}

double LogNormalCdfSlope(double z) {
  if (z < kTail) return 1.0 / MillsRatio(-z);
  return std::exp(LogDensity(z)) / Cdf(z);
}

double LogExpectedExcess(double z) {
  if (z < kTail) return LogDensity(z) + std::log(ExcessOverDensity(-z));
  double cdf;
  return std::log(ExpectedExcess(z, cdf));
}

double LogExpectedExcessSlope(double z) {
  if (z < kTail) return MillsRatio(-z) / ExcessOverDensity(-z);
  double cdf;
  const double excess = ExpectedExcess(z, cdf);
  return cdf / excess;
}

}  // namespace joulefront
