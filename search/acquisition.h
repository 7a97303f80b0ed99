// Expected hypervolume improvement in log space. Private to search/.
#pragma once

#include <Eigen/Core>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace joulefront {

/// The expected gain in hypervolume, over a front and up to a reference point, of an outcome whose
/// m objectives (minimised) are independent and normal.
///   m = 1: expected improvement on the best.
///   m = 2: exact. With the front's points (a_i, b_i) in increasing order of a, a_0 = -infinity,
///          a_(k+1) = r_1, b_0 = r_2: the sum over i = 0 ... k of [psi_1(a_(i+1)) - psi_1(a_i)]
///          psi_2(b_i), psi(c) = E[max(c - Y, 0)] [Emmerich2016; Yang2019].
///   m = 3: exact. What the front leaves is cut into at most 2 k + 1 boxes; the sum over them of
///          the product, over the objectives, of psi(upper end) - psi(lower end) [Yang2019].
///   m > 3: the integral, over the part below the reference that no point of the front dominates,
///          of the probability that the outcome dominates there, along rays from the reference
///          [Zhang2020]; quasi-random directions, Gauss-Legendre along each.
/// All in log space, so that hopeless outcomes are still ordered [Ament2023].
/// Example: no front, reference (0, 0), means 0 and deviations 1: log(phi(0)^2) = -1.8379.
class ExpectedGain {
 public:
  /// `front`: k x m, any order; what is dominated or beyond the reference is left out. `seed` turns
  /// the rays of m > 3.
  ExpectedGain(const Eigen::MatrixXd& front, const Eigen::VectorXd& reference, std::uint64_t seed);

  /// log of the expected gain at these means and standard deviations, m each; deviations > 0.
  double Log(const double* means, const double* sds) const { return Evaluate(means, sds, nullptr); }

  /// Adds to `slopes`, 2 m: the derivatives of Log() by the means, then by the deviations.
  double LogWithSlopes(const double* means, const double* sds, double* slopes) const {
    return Evaluate(means, sds, slopes);
  }

 private:
  struct Side {
    std::size_t from, to;  // cuts
  };
  using Box = std::array<Side, 3>;

  double Evaluate(const double* means, const double* sds, double* slopes) const;
  double EvaluateSteps(const double* means, const double* sds, double* slopes) const;
  double EvaluateBoxes(const double* means, const double* sds, double* slopes) const;
  double EvaluateNodes(const double* means, const double* sds, double* slopes) const;
  void SetBoxes(const Eigen::MatrixXd& front, const Eigen::VectorXd& reference);
  void SetNodes(const Eigen::MatrixXd& front, const Eigen::VectorXd& reference, std::uint64_t seed);

  std::size_t objectives_;
  // m <= 3: boxes between cuts, of which each objective has -infinity, those of the k points, and
  // the reference. Those of m = 2 are in increasing order of the first objective.
  std::array<std::vector<double>, 3> cuts_;
  std::vector<Box> boxes_;
  std::vector<double> nodes_, log_weights_;  // m > 3: q x m, q
};

}  // namespace joulefront
