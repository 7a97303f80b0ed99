#include <algorithm>
#include <cmath>
#include <limits>

#include "search/normal_distribution.h"
#include "search/surrogate_model.h"

namespace joulefront {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Power of the probability that a trial does not fail. A failure teaches nothing of the objectives,
// so that where trials fail the gain stays as large as it was at first, while it shrinks elsewhere.
constexpr double kCaution = 3.0;
// Of a training, what going on with a shorter one costs at least: it has to be loaded, and the
// forecast of the whole may be too low.
constexpr double kLeastRest = 0.05;

}  // namespace

// The mean of a log-normal variable.
double SurrogateModel::ExpectedCost(double mean, double sd) const {
  const OutcomeScale& scale = scales_[*cost_process_];
  return std::exp(scale.Unscaled(mean) + 0.5 * scale.sd() * scale.sd() * sd * sd);
}

// log of the mean gain over the draws of the front; slopes by the means of all processes, then by
// their deviations.
double SurrogateModel::LogGain(const double* means, const double* sds, double* slopes) const {
  if (gains_.empty()) return 0.0;
  const std::size_t m = objectives_, all = processes_.size();
  if (gains_.size() == 1 && slopes == nullptr) return gains_[0].Log(means, sds);
  VectorXd logs(static_cast<Index>(gains_.size()));
  MatrixXd by = MatrixXd::Zero(static_cast<Index>(2 * m), logs.size());
  for (Index draw = 0; draw < logs.size(); ++draw) {
    const ExpectedGain& gain = gains_[static_cast<std::size_t>(draw)];
    logs[draw] = slopes != nullptr ? gain.LogWithSlopes(means, sds, by.col(draw).data())
                                   : gain.Log(means, sds);
  }
  const double peak = logs.maxCoeff();
  if (!std::isfinite(peak)) return peak;
  const VectorXd weights = (logs.array() - peak).exp();
  if (slopes != nullptr) {
    const VectorXd mean = by * weights / weights.sum();
    for (std::size_t k = 0; k < m; ++k) {
      slopes[k] += mean[static_cast<Index>(k)];
      slopes[all + k] += mean[static_cast<Index>(m + k)];
    }
  }
  return peak + std::log(weights.mean());
}

double SurrogateModel::Combine(const double* means, const double* sds, double* slopes) const {
  const std::size_t all = processes_.size();
  double score = LogGain(means, sds, slopes);
  for (std::size_t c = 0; c < bounds_.size(); ++c) {
    const std::size_t q = objectives_ + c;
    const double z = (bounds_[c] - means[q]) / sds[q];
    const double weight = c < limits_ ? 1.0 : kCaution;
    score += weight * LogNormalCdf(z);
    if (slopes == nullptr) continue;
    const double slope = weight * LogNormalCdfSlope(z) / sds[q];
    slopes[q] -= slope;
    slopes[all + q] -= z * slope;
  }
  if (cost_process_) {
    const std::size_t q = *cost_process_;
    const double unit = scales_[q].sd();
    score -= cost_exponent_ * std::log(ExpectedCost(means[q], sds[q]));
    if (slopes != nullptr) {
      slopes[q] -= cost_exponent_ * unit;
      slopes[all + q] -= cost_exponent_ * unit * unit * sds[q];
    }
  }
  return score;
}

VectorXd SurrogateModel::LogScores(const Placement& at, std::span<const double> paid) const {
  const auto all = static_cast<Index>(processes_.size());
  MatrixXd means(all, at.size()), sds(all, at.size());
  for (Index q = 0; q < all; ++q) {
    VectorXd mean, variance;
    processes_[static_cast<std::size_t>(q)].Predict(at, mean, variance);
    const double spread = q < static_cast<Index>(objectives_) ? spread_ : 1.0;
    means.row(q) = mean.transpose();
    sds.row(q) = spread * variance.array().sqrt().transpose();
  }
  VectorXd scores(at.size());
  for (Index row = 0; row < at.size(); ++row) {
    const double score = Combine(means.col(row).data(), sds.col(row).data(), nullptr);
    scores[row] = std::max(score, std::numeric_limits<double>::lowest());
    if (!cost_process_ || (!cost_left_ && paid.empty())) continue;
    const auto q = static_cast<Index>(*cost_process_);
    const double whole = ExpectedCost(means(q, row), sds(q, row));
    double rest = whole;
    if (!paid.empty()) {
      rest = std::max(whole - paid[static_cast<std::size_t>(row)], kLeastRest * whole);
      scores[row] += cost_exponent_ * std::log(whole / rest);
    }
    if (cost_left_ && rest > *cost_left_) scores[row] = kTooDear;
  }
  return scores;
}

double SurrogateModel::LogScore(const Placement& at, Index row, VectorXd& slopes) const {
  const std::size_t all = processes_.size();
  std::vector<double> means, sds, by(2 * all);
  std::vector<PointPosterior> posteriors;
  for (std::size_t q = 0; q < all; ++q) {
    posteriors.push_back(processes_[q].PredictWithSlopes(at, row));
    means.push_back(posteriors.back().mean);
    sds.push_back((q < objectives_ ? spread_ : 1.0) * std::sqrt(posteriors.back().variance));
  }
  const double score = Combine(means.data(), sds.data(), by.data());
  slopes = VectorXd::Zero(at.keys.cols());
  for (std::size_t q = 0; q < all; ++q) {
    const double spread = q < objectives_ ? spread_ : 1.0;
    slopes += by[q] * posteriors[q].mean_slope +
              by[all + q] * spread * spread / (2.0 * sds[q]) * posteriors[q].variance_slope;
  }
  return score;
}

std::vector<Forecast> SurrogateModel::Foretell(const Configuration& configuration) const {
  const Placement at = embedding_.Place({&configuration, 1});
  std::vector<Forecast> forecast;
  for (std::size_t k = 0; k < objectives_; ++k) {
    VectorXd mean, variance;
    processes_[k].Predict(at, mean, variance);
    const double sd = std::sqrt(variance[0]);
    forecast.push_back({scales_[k].Unscaled(mean[0]), scales_[k].Unscaled(mean[0] - sd),
                        scales_[k].Unscaled(mean[0] + sd)});
  }
  return forecast;
}

std::optional<double> SurrogateModel::ForetellCost(const Configuration& configuration) const {
  if (!cost_process_) return std::nullopt;
  VectorXd mean, variance;
  processes_[*cost_process_].Predict(embedding_.Place({&configuration, 1}), mean, variance);
  return ExpectedCost(mean[0], std::sqrt(variance[0]));
}

}  // namespace joulefront
