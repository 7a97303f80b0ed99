#include "search/lbfgs.h"

#include <cmath>
#include <cstddef>
#include <deque>
#include <iterator>
#include <vector>

namespace joulefront {

namespace {

using Eigen::VectorXd;

constexpr std::size_t kMemory = 8;
constexpr int kBacktracks = 12;
constexpr double kArmijo = 1e-4;
constexpr double kLeastGain = 1e-7;  // relative; less is the end

struct Step {
  VectorXd moved, turned;  // differences of x and of the gradient
  double curvature;        // their product, above 0
};

// Two-loop recursion: the quasi-Newton direction for `gradient`.
VectorXd Direction(const std::deque<Step>& steps, VectorXd gradient) {
  std::vector<double> shares;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    shares.push_back(step->moved.dot(gradient) / step->curvature);
    gradient -= shares.back() * step->turned;
  }
  if (!steps.empty()) {
    gradient *= steps.back().curvature / steps.back().turned.squaredNorm();
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const double back = steps[i].turned.dot(gradient) / steps[i].curvature;
    gradient += (shares[shares.size() - 1 - i] - back) * steps[i].moved;
  }
  return -gradient;
}

// The gradient without the parts that point out of the bounds at x.
VectorXd Free(const VectorXd& gradient, const VectorXd& x, const VectorXd& lower,
              const VectorXd& upper) {
  const auto blocked = (x.array() <= lower.array() && gradient.array() > 0.0) ||
                       (x.array() >= upper.array() && gradient.array() < 0.0);
  return blocked.select(0.0, gradient.array()).matrix();
}

}  // namespace

Minimum MinimizeWithin(const SmoothFunction& f, VectorXd x, const VectorXd& lower,
                       const VectorXd& upper, int iterations) {
  x = x.cwiseMax(lower).cwiseMin(upper);
  VectorXd gradient(x.size()), next_gradient(x.size());
  double value = f(x, gradient);
  if (!std::isfinite(value)) return {x, value};
  std::deque<Step> steps;
  for (int iteration = 0; iteration < iterations; ++iteration) {
    const VectorXd free = Free(gradient, x, lower, upper);
    if (free.lpNorm<Eigen::Infinity>() < 1e-9) break;
    VectorXd direction = Direction(steps, free);
    direction = (free.array() == 0.0).select(0.0, direction.array()).matrix();
    if (direction.dot(free) >= 0.0) {
      direction = -free;
      steps.clear();
    }
    // Without curvature yet, a first step of at most unit length.
    double length = steps.empty() ? std::min(1.0, 1.0 / direction.norm()) : 1.0;
    VectorXd next;
    double next_value = value;
    bool moved = false;
    for (int backtrack = 0; backtrack < kBacktracks && !moved; ++backtrack, length *= 0.4) {
      next = (x + length * direction).cwiseMax(lower).cwiseMin(upper);
      next_value = f(next, next_gradient);
      moved = std::isfinite(next_value) && next_value <= value + kArmijo * free.dot(next - x);
    }
    if (!moved) break;
    Step step{next - x, next_gradient - gradient, 0.0};
    step.curvature = step.moved.dot(step.turned);
    if (step.curvature > 1e-12 * step.moved.norm() * step.turned.norm()) {
      steps.push_back(std::move(step));
      if (steps.size() > kMemory) steps.pop_front();
    }
    const double gain = value - next_value;
    x = next;
    gradient = next_gradient;
    value = next_value;
    if (gain < kLeastGain * (1.0 + std::abs(value))) break;
  }
  return {x, value};
}

}  // namespace joulefront
