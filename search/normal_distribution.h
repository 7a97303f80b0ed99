// The standard normal distribution, in log space where its tails matter. Private to search/.
#pragma once

#include "base/random.h"

namespace joulefront {

/// A standard normal draw.
double Normal(Random& random);

/// log Phi(z), to full precision in both tails. z finite or infinite.
double LogNormalCdf(double z);

/// h(z) = phi(z) + z Phi(z) = E[max(z + X, 0)] of a standard normal X: what expected improvement is
/// made of. `cdf` is put to Phi(z). Below z = -20 it cancels.
/// Example: h(0) = phi(0) = 0.3989.
double ExpectedExcess(double z, double& cdf);

/// log h(z), to a relative error of 1e-9 for every finite z [Ament2023].
double LogExpectedExcess(double z);

/// Phi(z) / h(z), the derivative of LogExpectedExcess().
double LogExpectedExcessSlope(double z);

/// phi(z) / Phi(z), the derivative of LogNormalCdf().
double LogNormalCdfSlope(double z);

}  // namespace joulefront
