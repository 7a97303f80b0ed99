// Minimisation of a smooth function within bounds. Private to search/.
#pragma once

#include <Eigen/Core>
#include <functional>

namespace joulefront {

/// f(x), with its gradient put into the second argument (n, allocated). Not finite: x is refused.
using SmoothFunction = std::function<double(const Eigen::VectorXd& x, Eigen::VectorXd& gradient)>;

struct Minimum {
  Eigen::VectorXd x;
  double value;
};

/// Projected L-BFGS [Nocedal2006, Alg. 7.4 and Sec. 16.7], memory 8, Armijo backtracking along the
/// projected path. Stops after `iterations`, or when neither the value nor x moves any more. `x` is
/// clamped to the bounds first; the value there must be finite, else it is returned as it is.
Minimum MinimizeWithin(const SmoothFunction& f, Eigen::VectorXd x, const Eigen::VectorXd& lower,
                       const Eigen::VectorXd& upper, int iterations);

}  // namespace joulefront
