#include "search/gaussian_process.h"

#include <cmath>
#include <limits>
#include <utility>

#include "base/check.h"
#include "search/dense.h"
#include "search/lbfgs.h"

namespace joulefront {

namespace {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kLeastVariance = 1e-12;
constexpr double kLeastLogNoise = -13.8, kLargestLogNoise = 0.5;  // from 1e-6
constexpr double kLogWeightBound = 8.0, kLogScaleBound = 4.0, kAdditiveBound = 6.0;

double Logistic(double x) { return 1.0 / (1.0 + std::exp(-x)); }

// M and -dM/d(r^2) of an array of r^2.
struct Matern {
  ArrayXd value, fall;
};

Matern MaternOf(const ArrayXd& squares) {
  Matern matern{ArrayXd(squares.size()), ArrayXd(squares.size())};
  Dense().matern(squares.data(), squares.size(), matern.value.data(), matern.fall.data());
  return matern;
}

void AddPrior(double value, double mean, double sd, double& total, double& slope) {
  const double z = (value - mean) / sd;
  total += 0.5 * z * z;
  slope += z / sd;
}

// The lower triangle of the covariance of n points from the kernel of its pairs.
MatrixXd Covariance(const ArrayXd& kernel, double scale, double noise, Index n) {
  MatrixXd covariance(n, n);
  Index first = 0;
  for (Index j = 0; j < n; ++j) {
    const Index below = n - 1 - j;
    covariance(j, j) = scale + noise;
    covariance.col(j).tail(below) = scale * kernel.segment(first, below).matrix();
    first += below;
  }
  return covariance;
}

// Factors in place; more is added to the diagonal until that works. What is not finite reaches the
// factor's diagonal.
bool Factor(MatrixXd& covariance, double scale) {
  const VectorXd diagonal = covariance.diagonal();
  MatrixXd lower = covariance;
  for (double jitter = 0.0; jitter <= 1e-4; jitter = jitter == 0.0 ? 1e-8 : 10.0 * jitter) {
    lower = covariance;
    lower.diagonal() = diagonal.array() + jitter * scale;
    if (Dense().factor(lower.data(), lower.rows()) && lower.diagonal().allFinite()) {
      covariance = std::move(lower);
      return true;
    }
  }
  return false;
}

// The kernel between all points and each row of `at`: n x number of rows.
MatrixXd Kernel(const Embedding& embedding, const Hyperparameters& h, const Placement& points,
                const Placement& at) {
  const Index n = points.size(), dimensions = points.keys.cols();
  const VectorXd w = h.log_weights.array().exp();
  const double scale = std::exp(h.log_scale);
  const double a = Logistic(h.additive);
  const double share = a / static_cast<double>(dimensions);
  MatrixXd covariances(n, at.size());
  ArrayXd distances(n), squares(n), additive(n);
  for (Index row = 0; row < at.size(); ++row) {
    squares.setZero();
    additive.setZero();
    for (Index d = 0; d < dimensions; ++d) {
      embedding.Distances(points, static_cast<std::size_t>(d), at, row, distances);
      Dense().add_dimension(distances.data(), n, w[d], squares.data(), additive.data());
    }
    Dense().matern(squares.data(), n, squares.data(), nullptr);
    covariances.col(row) = scale * ((1.0 - a) * squares + share * additive);
  }
  return covariances;
}

}  // namespace

VectorXd Hyperparameters::Packed() const {
  VectorXd packed(log_weights.size() + 3);
  packed << log_weights, log_scale, log_noise, additive;
  return packed;
}

Hyperparameters Hyperparameters::Unpacked(const VectorXd& packed) {
  const Index dimensions = packed.size() - 3;
  return {packed.head(dimensions), packed[dimensions], packed[dimensions + 1],
          packed[dimensions + 2]};
}

HyperparameterPriors HyperparameterPriors::Standard(std::size_t dimensions) {
  return {.log_length_mean = std::log(0.5 * std::sqrt(static_cast<double>(dimensions) / 4.0)),
          .log_length_sd = 1.0,
          .log_scale_sd = 1.0,
          .log_noise_mean = std::log(1e-4),
          .log_noise_sd = 2.5,
          .additive_mean = 0.0,
          .additive_sd = 1.5};
}

double NegativeLogPosterior(const MatrixXd& pairs, const VectorXd& targets,
                            const HyperparameterPriors& priors, const VectorXd& packed,
                            VectorXd& gradient) {
  const Index n = targets.size(), dimensions = pairs.cols();
  const auto h = Hyperparameters::Unpacked(packed);
  const VectorXd w = h.log_weights.array().exp();
  const double scale = std::exp(h.log_scale), noise = std::exp(h.log_noise);
  const double a = Logistic(h.additive), share = 1.0 / static_cast<double>(dimensions);

  const Matern matern = MaternOf((pairs * w).array());
  ArrayXd additive = ArrayXd::Zero(pairs.rows());
  for (Index d = 0; d < dimensions; ++d) additive += (1.0 + w[d] * pairs.col(d).array()).inverse();
  additive *= share;
  const ArrayXd kernel = (1.0 - a) * matern.value + a * additive;

  MatrixXd lower = Covariance(kernel, scale, noise, n);
  if (!Dense().factor(lower.data(), n)) {
    return std::numeric_limits<double>::infinity();
  }
  VectorXd solved = lower.triangularView<Eigen::Lower>().solve(targets);
  double value = 0.5 * solved.squaredNorm() + lower.diagonal().array().log().sum();
  lower.transpose().triangularView<Eigen::Upper>().solveInPlace(solved);  // covariance^-1 targets
  MatrixXd inverse(n, n);
  Dense().invert(lower.data(), n, inverse.data());

  // With W = covariance^-1 - solved solved', the slope by x is sum_(i > j) W_ij dK_ij/dx, and half
  // the trace's part on the diagonal [Rasmussen2006, Eq. 5.9].
  ArrayXd pull(pairs.rows());
  Index first = 0;
  for (Index j = 0; j < n; ++j) {
    const Index below = n - 1 - j;
    pull.segment(first, below) =
        inverse.col(j).tail(below).array() - solved.tail(below).array() * solved[j];
    first += below;
  }
  const double diagonal = 0.5 * (inverse.trace() - solved.squaredNorm());
  gradient.resize(dimensions + 3);
  const ArrayXd by_matern = (-(1.0 - a) * scale) * pull * matern.fall;
  gradient.head(dimensions) = (pairs.transpose() * by_matern.matrix()).cwiseProduct(w);
  const ArrayXd by_additive = (-a * share * scale) * pull;
  for (Index d = 0; d < dimensions; ++d) {
    const auto t = w[d] * pairs.col(d).array();
    gradient[d] += (by_additive * t * (1.0 + t).square().inverse()).sum();
  }
  gradient[dimensions] = scale * ((pull * kernel).sum() + diagonal);
  gradient[dimensions + 1] = noise * diagonal;
  gradient[dimensions + 2] = scale * a * (1.0 - a) * (pull * (additive - matern.value)).sum();

  for (Index d = 0; d < dimensions; ++d) {
    // log w = -2 log length
    AddPrior(h.log_weights[d], -2.0 * priors.log_length_mean, 2.0 * priors.log_length_sd, value,
             gradient[d]);
  }
  AddPrior(h.log_scale, 0.0, priors.log_scale_sd, value, gradient[dimensions]);
  AddPrior(h.log_noise, priors.log_noise_mean, priors.log_noise_sd, value,
           gradient[dimensions + 1]);
  AddPrior(h.additive, priors.additive_mean, priors.additive_sd, value, gradient[dimensions + 2]);
  return value;
}

HyperparameterFit FitHyperparameters(const MatrixXd& pairs, const VectorXd& targets,
                                     const HyperparameterPriors& priors,
                                     const std::vector<Hyperparameters>& starts, int iterations) {
  JF_CHECK(!starts.empty() && targets.size() >= 2);
  const Index dimensions = pairs.cols();
  VectorXd lower(dimensions + 3), upper(dimensions + 3);
  upper.head(dimensions).setConstant(kLogWeightBound);
  upper.tail(3) << kLogScaleBound, kLargestLogNoise, kAdditiveBound;
  lower.head(dimensions).setConstant(-kLogWeightBound);
  lower.tail(3) << -kLogScaleBound, kLeastLogNoise, -kAdditiveBound;
  const SmoothFunction f = [&](const VectorXd& x, VectorXd& gradient) {
    return NegativeLogPosterior(pairs, targets, priors, x, gradient);
  };
  std::optional<Minimum> best;
  for (const Hyperparameters& start : starts) {
    Minimum found = MinimizeWithin(f, start.Packed(), lower, upper, iterations);
    if (!best || found.value < best->value) best = std::move(found);
  }
  return {Hyperparameters::Unpacked(best->x), best->value};
}

GaussianProcess::GaussianProcess(const Embedding& embedding, Placement points,
                                 const VectorXd& targets, Hyperparameters hyperparameters)
    : embedding_(&embedding),
      points_(std::move(points)),
      hyperparameters_(std::move(hyperparameters)),
      observed_(targets.size()) {
  JF_CHECK(observed_ <= points_.size());
  factor_ = Kernel(*embedding_, hyperparameters_, points_, points_);
  factor_.diagonal().array() += noise();
  holds_ = Factor(factor_, std::exp(hyperparameters_.log_scale));
  if (!holds_) {
    observed_ = 0;
    points_ = {points_.keys.topRows(0), points_.absence.topRows(0)};
    factor_.resize(0, 0);
    weights_.resize(0);
    return;
  }
  const auto known = factor_.topLeftCorner(observed_, observed_);
  weights_ = VectorXd::Zero(points_.size());
  weights_.head(observed_) = targets;
  auto solved = weights_.head(observed_);
  known.triangularView<Eigen::Lower>().solveInPlace(solved);
  known.transpose().triangularView<Eigen::Upper>().solveInPlace(solved);
}

double GaussianProcess::noise() const { return std::exp(hyperparameters_.log_noise); }

void GaussianProcess::Predict(const Placement& at, VectorXd& means, VectorXd& variances) const {
  MatrixXd covariances = Kernel(*embedding_, hyperparameters_, points_, at);
  means = covariances.transpose() * weights_;
  Dense().solve(factor_.data(), factor_.rows(), factor_.rows(), covariances.data(), at.size());
  variances = (std::exp(hyperparameters_.log_scale) -
               covariances.colwise().squaredNorm().array().transpose())
                  .max(kLeastVariance);
}

VectorXd GaussianProcess::Means(const Placement& at) const {
  return Kernel(*embedding_, hyperparameters_, points_, at).transpose() * weights_;
}

PointPosterior GaussianProcess::PredictWithSlopes(const Placement& at, Index row) const {
  const Index n = points_.size(), dimensions = points_.keys.cols();
  const VectorXd w = hyperparameters_.log_weights.array().exp();
  const double scale = std::exp(hyperparameters_.log_scale);
  const double a = Logistic(hyperparameters_.additive);
  const double share = a / static_cast<double>(dimensions);
  Eigen::ArrayXXd distances(n, dimensions);
  for (Index d = 0; d < dimensions; ++d) {
    embedding_->Distances(points_, static_cast<std::size_t>(d), at, row, distances.col(d));
    distances.col(d) *= w[d];
  }
  const Matern matern = MaternOf(distances.rowwise().sum());
  const VectorXd covariances =
      scale * ((1.0 - a) * matern.value + share * (1.0 + distances).inverse().rowwise().sum());
  VectorXd solved = factor_.triangularView<Eigen::Lower>().solve(covariances);
  PointPosterior posterior{.mean = covariances.dot(weights_),
                           .variance = std::max(scale - solved.squaredNorm(), kLeastVariance),
                           .mean_slope = VectorXd::Zero(dimensions),
                           .variance_slope = VectorXd::Zero(dimensions)};
  factor_.transpose().triangularView<Eigen::Upper>().solveInPlace(solved);
  for (Index d = 0; d < dimensions; ++d) {
    if (!embedding_->IsContinuous(static_cast<std::size_t>(d)) || at.absence(row, d) != 0.0) {
      continue;
    }
    // dk/dkey = dk/d(w t) w dt/dkey
    const ArrayXd slope =
        -scale * ((1.0 - a) * matern.fall + share * (1.0 + distances.col(d)).square().inverse()) *
        (2.0 * w[d]) * (at.keys(row, d) - points_.keys.col(d).array());
    posterior.mean_slope[d] = slope.matrix().dot(weights_);
    posterior.variance_slope[d] = -2.0 * slope.matrix().dot(solved);
  }
  return posterior;
}

MatrixXd GaussianProcess::Sample(const Placement& at, const MatrixXd& normals) const {
  MatrixXd covariances = Kernel(*embedding_, hyperparameters_, points_, at);
  const VectorXd means = covariances.transpose() * weights_;
  Dense().solve(factor_.data(), factor_.rows(), factor_.rows(), covariances.data(), at.size());
  MatrixXd joint =
      Kernel(*embedding_, hyperparameters_, at, at) - covariances.transpose() * covariances;
  joint.diagonal().array() += 1e-9;
  if (!Factor(joint, std::exp(hyperparameters_.log_scale))) {
    return means.replicate(1, normals.cols());
  }
  return (joint.triangularView<Eigen::Lower>() * normals).colwise() + means;
}

double GaussianProcess::LeaveOneOutGain(const VectorXd& targets) const {
  if (!holds_) return -std::numeric_limits<double>::infinity();
  JF_CHECK(targets.size() == observed_);
  const Index n = observed_;
  const MatrixXd factor = factor_.topLeftCorner(n, n);
  MatrixXd inverse(n, n);
  Dense().invert(factor.data(), n, inverse.data());
  const ArrayXd precision = inverse.diagonal().array();
  const ArrayXd errors = weights_.head(n).array() / precision;
  const double model = 0.5 * (precision.log() - errors.square() * precision).mean();
  const double count = static_cast<double>(n);
  const double mean = targets.mean();
  const double variance = (targets.array() - mean).square().mean();
  double constant = 0.0;
  for (Index i = 0; i < n; ++i) {
    const double away = (targets[i] - mean) * count / (count - 1.0);
    const double others =
        std::max((variance - (targets[i] - mean) * (targets[i] - mean) / (count - 1.0)) * count /
                     (count - 1.0),
                 kLeastVariance);
    constant += -0.5 * (std::log(others) + away * away / others) / count;
  }
  return model - constant;
}

}  // namespace joulefront
