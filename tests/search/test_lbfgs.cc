#include <Eigen/LU>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "search/lbfgs.h"

namespace joulefront {
namespace {

using Eigen::VectorXd;

VectorXd Vector(std::initializer_list<double> values) {
  VectorXd vector(static_cast<Eigen::Index>(values.size()));
  Eigen::Index i = 0;
  for (const double value : values) vector[i++] = value;
  return vector;
}

// Rosenbrock's valley in n dimensions; the minimum, 0, is at (1, ..., 1).
double Rosenbrock(const VectorXd& x, VectorXd& gradient) {
  double value = 0.0;
  gradient.setZero();
  for (Eigen::Index i = 0; i + 1 < x.size(); ++i) {
    const double bend = x[i + 1] - x[i] * x[i], rest = 1.0 - x[i];
    value += 100.0 * bend * bend + rest * rest;
    gradient[i] += -400.0 * x[i] * bend - 2.0 * rest;
    gradient[i + 1] += 200.0 * bend;
  }
  return value;
}

TEST_CASE("a curved valley is followed to its end", "[lbfgs]") {
  const VectorXd wide = VectorXd::Constant(2, 10.0);
  const Minimum two = MinimizeWithin(Rosenbrock, Vector({-1.2, 1.0}), -wide, wide, 500);
  REQUIRE((two.x - VectorXd::Ones(2)).norm() < 1e-2);
  REQUIRE(two.value < 1e-5);

  const VectorXd wider = VectorXd::Constant(10, 10.0);
  const Minimum ten = MinimizeWithin(Rosenbrock, VectorXd::Zero(10), -wider, wider, 500);
  REQUIRE((ten.x - VectorXd::Ones(10)).norm() < 1e-2);
}

TEST_CASE("where the bound cuts the valley off, the least value on the bound is found", "[lbfgs]") {
  // With x_1 <= 1/2, (1 - x_1)^2 falls up to the bound, and x_2 = x_1^2.
  const Minimum found = MinimizeWithin(Rosenbrock, Vector({-1.2, 1.0}), Vector({-2.0, -2.0}),
                                       Vector({0.5, 2.0}), 500);
  REQUIRE(found.x[0] == 0.5);
  REQUIRE(found.x[1] == Approx(0.25).margin(1e-3));
  REQUIRE(found.value == Approx(0.25).epsilon(1e-5));
}

// 1/2 x'Ax - b'x with A = [2 1 0; 1 3 1; 0 1 4], whose free minimum is A^-1 b.
double Bowl(const VectorXd& x, VectorXd& gradient) {
  Eigen::Matrix3d a;
  a << 2, 1, 0, 1, 3, 1, 0, 1, 4;
  const Eigen::Vector3d b(1, -2, 12);
  gradient = a * x - b;
  return 0.5 * x.dot(a * x) - b.dot(x);
}

TEST_CASE("a bowl's minimum is found, within the bounds and on them", "[lbfgs]") {
  const VectorXd start = VectorXd::Constant(3, 0.5);
  Eigen::Matrix3d a;
  a << 2, 1, 0, 1, 3, 1, 0, 1, 4;
  const VectorXd free = a.inverse() * Eigen::Vector3d(1, -2, 12);
  const VectorXd wide = VectorXd::Constant(3, 100.0);
  REQUIRE((MinimizeWithin(Bowl, start, -wide, wide, 100).x - free).norm() < 1e-3);

  // In [0, 1]^3: x_3 = 1 (slope 4 + x_2 - 12 < 0), x_2 = 0 (slope x_1 + 1 + 2 > 0), x_1 = 1/2.
  const Minimum held = MinimizeWithin(Bowl, start, VectorXd::Zero(3), VectorXd::Ones(3), 100);
  REQUIRE(held.x[0] == Approx(0.5).epsilon(1e-3));
  REQUIRE(held.x[1] == 0.0);
  REQUIRE(held.x[2] == 1.0);
  REQUIRE(held.value == Approx(0.25 - 0.5 + 2.0 - 12.0));
}

TEST_CASE("what is bound at first comes off the bound when it should", "[lbfgs]") {
  // From the corner the slope of x_2 is 1 - 3/2 x_1: out of the bounds at first, inward at x_1 = 1.
  const SmoothFunction f = [](const VectorXd& x, VectorXd& gradient) {
    gradient = Vector({2.0 * (x[0] - 1.0) - 1.5 * x[1], 1.0 - 1.5 * x[0] + 4.0 * x[1]});
    return (x[0] - 1.0) * (x[0] - 1.0) + x[1] - 1.5 * x[0] * x[1] + 2.0 * x[1] * x[1];
  };
  // Both slopes vanish at x_1 = (8 + 1.5 * -1) / (8 - 2.25), x_2 = (1.5 x_1 - 1) / 4.
  const Minimum found = MinimizeWithin(f, Vector({0, 0}), Vector({0, 0}), Vector({5, 5}), 100);
  const double x1 = 6.5 / 5.75;
  REQUIRE(found.x[0] == Approx(x1).epsilon(1e-3));
  REQUIRE(found.x[1] == Approx((1.5 * x1 - 1.0) / 4.0).epsilon(1e-2));
}

TEST_CASE("a function that becomes infinite or NaN is minimised where it is finite", "[lbfgs]") {
  for (const double outside :
       {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    // x - log x, steep at 0, not there from 0 down; the gradient there is left as it was.
    const SmoothFunction f = [outside](const VectorXd& x, VectorXd& gradient) {
      if (x[0] <= 0.0) return outside;
      gradient[0] = 1.0 - 1.0 / x[0];
      return x[0] - std::log(x[0]);
    };
    for (const double start : {1e-3, 0.1, 90.0}) {
      const Minimum found =
          MinimizeWithin(f, Vector({start}), Vector({-100.0}), Vector({100.0}), 200);
      CAPTURE(outside, start);
      REQUIRE(found.x[0] == Approx(1.0).epsilon(1e-2));
    }
    const Minimum refused = MinimizeWithin(f, Vector({-1.0}), Vector({-5.0}), Vector({5.0}), 200);
    REQUIRE(refused.x[0] == -1.0);
    REQUIRE_FALSE(std::isfinite(refused.value));
  }
}

TEST_CASE("a start outside the bounds is clamped, and no x outside is ever asked for", "[lbfgs]") {
  const VectorXd lower = Vector({0.0, -1.0, 2.0}), upper = Vector({1.0, 0.0, 2.5});
  const SmoothFunction f = [&](const VectorXd& x, VectorXd& gradient) {
    REQUIRE((x.array() >= lower.array()).all());
    REQUIRE((x.array() <= upper.array()).all());
    return Bowl(x, gradient);
  };
  const Minimum found = MinimizeWithin(f, Vector({-7.0, 9.0, 1e9}), lower, upper, 100);
  // x_3 in [2, 2.5] wants (12 - x_2) / 4 > 2.5; x_2 then (-2 - x_1 - 2.5) / 3 < -1; x_1 = 1.
  REQUIRE(found.x[0] == Approx(1.0).epsilon(1e-4));
  REQUIRE(found.x[1] == -1.0);
  REQUIRE(found.x[2] == 2.5);
}

TEST_CASE("no iterations return the start and its value; a flat function stays", "[lbfgs]") {
  const VectorXd wide = VectorXd::Constant(2, 10.0), start = Vector({-1.2, 1.0});
  const Minimum none = MinimizeWithin(Rosenbrock, start, -wide, wide, 0);
  REQUIRE(none.x == start);
  REQUIRE(none.value == Approx(24.2));

  int calls = 0;
  const SmoothFunction flat = [&](const VectorXd&, VectorXd& gradient) {
    ++calls;
    gradient.setZero();
    return 3.0;
  };
  REQUIRE(MinimizeWithin(flat, start, -wide, wide, 100).x == start);
  REQUIRE(calls == 1);
}

}  // namespace
}  // namespace joulefront
