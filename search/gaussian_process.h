// Gaussian-process regression over an embedding: maximum-a-posteriori hyperparameters, posterior
// mean and variance, leave-one-out density [Rasmussen2006]. Private to search/.
//
// Kernel, of squared distances t_d in each of D dimensions:
//   k = s [(1 - a) M(sum_d w_d t_d) + a / D sum_d 1 / (1 + w_d t_d)],   s the scale,
//   M(r^2) = (1 + sqrt5 r + 5/3 r^2) exp(-sqrt5 r), Matern-5/2 [Rasmussen2006, Eq. 4.17]
// The second term, a mean of one-dimensional rational quadratics [Rasmussen2006, Eq. 4.19],
// learns what is additive over the parameters from few points [Duvenaud2011]. Observations carry
// noise of variance `noise`. The prior mean is 0: targets are standardised.
#pragma once

#include <Eigen/Core>
#include <optional>
#include <vector>

#include "search/embedding.h"

namespace joulefront {

struct Hyperparameters {
  Eigen::VectorXd log_weights;  // D; w_d = 1 / (length scale)^2
  double log_scale = 0.0;
  double log_noise = -9.0;
  double additive = 0.0;  // logit of a

  /// As one vector, D + 3: what is optimised.
  Eigen::VectorXd Packed() const;
  static Hyperparameters Unpacked(const Eigen::VectorXd& packed);
};

/// Normal priors on the logarithms.
struct HyperparameterPriors {
  double log_length_mean, log_length_sd;
  double log_scale_sd;
  double log_noise_mean, log_noise_sd;
  double additive_mean, additive_sd;

  /// For D dimensions, and targets of unit variance whose noise is not known.
  static HyperparameterPriors Standard(std::size_t dimensions);
};

/// -log of (marginal likelihood x priors), up to a constant, and its gradient, D + 3. Infinite
/// where the covariance is not positive definite. `pairs` is of PairDistances().
double NegativeLogPosterior(const Eigen::MatrixXd& pairs, const Eigen::VectorXd& targets,
                            const HyperparameterPriors& priors, const Eigen::VectorXd& packed,
                            Eigen::VectorXd& gradient);

struct HyperparameterFit {
  Hyperparameters hyperparameters;
  double value;  // NegativeLogPosterior() there
};

/// The best of several starts. At least two targets.
HyperparameterFit FitHyperparameters(const Eigen::MatrixXd& pairs, const Eigen::VectorXd& targets,
                                     const HyperparameterPriors& priors,
                                     const std::vector<Hyperparameters>& starts, int iterations);

/// Posterior at one point with its slopes along the keys of the D dimensions (0 in those that are
/// not continuous or inactive).
struct PointPosterior {
  double mean = 0.0, variance = 0.0;
  Eigen::VectorXd mean_slope, variance_slope;
};

class GaussianProcess {
 public:
  /// Conditions on `targets` at the first rows of `points`. Rows beyond them are pending: they
  /// narrow the variance as an observation of the mean there would, and leave the mean as it is
  /// [Ginsbourger2010, kriging believer]. `embedding` must outlive this.
  GaussianProcess(const Embedding& embedding, Placement points, const Eigen::VectorXd& targets,
                  Hyperparameters hyperparameters);

  /// Whether the covariance could be factorised, which data can prevent. If not, the posterior is
  /// that of no observations, and LeaveOneOutGain() says that it knows nothing.
  bool holds() const { return holds_; }

  const Hyperparameters& hyperparameters() const { return hyperparameters_; }
  double noise() const;

  /// Of the latent function, without noise, at each row of `at`; variances are at least 1e-12.
  void Predict(const Placement& at, Eigen::VectorXd& means, Eigen::VectorXd& variances) const;
  Eigen::VectorXd Means(const Placement& at) const;
  PointPosterior PredictWithSlopes(const Placement& at, Eigen::Index row) const;

  /// Draws from the joint posterior at the rows of `at`: one column a draw, made of the standard
  /// normals given (n x draws). The mean in every draw where their covariance cannot be factorised.
  Eigen::MatrixXd Sample(const Placement& at, const Eigen::MatrixXd& normals) const;

  /// Mean log density of each target under the others [Rasmussen2006, Eq. 5.10-5.12], less that of
  /// a constant model with mean and variance of the others. Above 0: the model knows something;
  /// -infinity unless it holds().
  double LeaveOneOutGain(const Eigen::VectorXd& targets) const;

 private:
  const Embedding* embedding_;
  Placement points_;
  Hyperparameters hyperparameters_;
  Eigen::MatrixXd factor_;   // Cholesky factor of the covariance with noise
  Eigen::VectorXd weights_;  // covariance^-1 targets; 0 for pending rows
  Eigen::Index observed_;
  bool holds_ = false;
};

}  // namespace joulefront
