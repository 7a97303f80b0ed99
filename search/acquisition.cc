#include "search/acquisition.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/check.h"
#include "base/random.h"
#include "search/normal_distribution.h"
#include "search/pareto.h"
#include "search/sobol_sequence.h"

namespace joulefront {

namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();
constexpr std::size_t kRays = 48;

// log psi(c) and its derivatives by mean and deviation.
struct LogExcess {
  double value, by_mean, by_sd;
};

LogExcess LogExcessAt(double c, double mean, double sd, bool with_slopes) {
  const double z = (c - mean) / sd;
  LogExcess log{std::log(sd) + LogExpectedExcess(z), 0.0, 0.0};
  if (with_slopes) {
    const double slope = LogExpectedExcessSlope(z);
    log.by_mean = -slope / sd;
    log.by_sd = (1.0 - z * slope) / sd;
  }
  return log;
}

// log(psi(b) - psi(a)) of a < b.
LogExcess LogDifference(const LogExcess& a, const LogExcess& b) {
  if (a.value == kMinusInfinity) return b;
  const double ratio = std::exp(a.value - b.value);
  const double rest = -std::expm1(a.value - b.value);
  if (!(rest > 0.0)) return {kMinusInfinity, 0.0, 0.0};
  return {b.value + std::log(rest), (b.by_mean - ratio * a.by_mean) / rest,
          (b.by_sd - ratio * a.by_sd) / rest};
}

// The sum of exponentials of terms, and of slopes weighted by them, kept in log space.
class LogSum {
 public:
  // The slopes of a term are to be multiplied by what is returned, those before by `fade()`.
  double Add(double term) {
    fade_ = 1.0;
    if (term == kMinusInfinity) return 0.0;
    if (term > peak_) {
      fade_ = std::exp(peak_ - term);
      sum_ *= fade_;
      peak_ = term;
    }
    const double weight = std::exp(term - peak_);
    sum_ += weight;
    return weight;
  }
  double fade() const { return fade_; }
  double sum() const { return sum_; }
  double Log() const { return sum_ > 0.0 ? peak_ + std::log(sum_) : kMinusInfinity; }

 private:
  double peak_ = kMinusInfinity, sum_ = 0.0, fade_ = 1.0;
};

// Nodes and weights on [0, 1] [Abramowitz1964, 25.4.30].
constexpr std::array<double, 8> kNodes = {0.019855071751232, 0.101666761293187, 0.237233795041836,
                                          0.408282678752175, 0.591717321247825, 0.762766204958164,
                                          0.898333238706813, 0.980144928248768};
constexpr std::array<double, 8> kNodeWeights = {
    0.050614268145188, 0.111190517226687, 0.156853322938944, 0.181341891689181,
    0.181341891689181, 0.156853322938944, 0.111190517226687, 0.050614268145188};

// A standard normal quantile by bisection: called a few hundred times a proposal.
double HalfNormalQuantile(double p) {
  double low = 0.0, high = 8.0;
  for (int i = 0; i < 40; ++i) {
    const double middle = 0.5 * (low + high);
    (std::erf(middle / std::numbers::sqrt2) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

// The rows strictly below the reference in every objective, in increasing order of the last; ties
// by the one before, so that what dominates comes first.
Eigen::MatrixXd Below(const Eigen::MatrixXd& front, const Eigen::VectorXd& reference) {
  std::vector<Eigen::Index> rows;
  for (Eigen::Index i = 0; i < front.rows(); ++i) {
    if ((front.row(i).transpose().array() < reference.array()).all()) rows.push_back(i);
  }
  std::sort(rows.begin(), rows.end(), [&](Eigen::Index a, Eigen::Index b) {
    Eigen::Index k = reference.size() - 1;
    while (k > 0 && front(a, k) == front(b, k)) --k;
    return front(a, k) < front(b, k);
  });
  Eigen::MatrixXd below(static_cast<Eigen::Index>(rows.size()), reference.size());
  Eigen::Index row = 0;
  for (const Eigen::Index i : rows) below.row(row++) = front.row(i);
  return below;
}

}  // namespace

ExpectedGain::ExpectedGain(const Eigen::MatrixXd& front, const Eigen::VectorXd& reference,
                           std::uint64_t seed)
    : objectives_(static_cast<std::size_t>(reference.size())) {
  JF_CHECK(front.rows() == 0 || front.cols() == reference.size());
  const Eigen::MatrixXd inside = Below(front, reference);
  if (objectives_ > 3) {
    SetNodes(inside, reference, seed);
  } else {
    SetBoxes(inside, reference);
  }
}

// The part that the front leaves is a stair over the first two objectives, below each step. Points
// come in by the third, each cutting into the stair; what it cuts off is a box that ends there.
// With two objectives the last stair is all; with one, what lies below the best.
void ExpectedGain::SetBoxes(const Eigen::MatrixXd& front, const Eigen::VectorXd& reference) {
  const auto n = static_cast<std::size_t>(front.rows());
  for (std::size_t k = 0; k < objectives_; ++k) {
    const auto column = static_cast<Eigen::Index>(k);
    cuts_[k].push_back(kMinusInfinity);
    cuts_[k].insert(cuts_[k].end(), front.col(column).begin(), front.col(column).end());
    cuts_[k].push_back(reference[column]);
  }
  const std::size_t end = n + 1;
  if (objectives_ == 1) {
    const auto best = std::min_element(cuts_[0].begin() + 1, cuts_[0].end());
    boxes_.push_back({{{0, static_cast<std::size_t>(best - cuts_[0].begin())}}});
    return;
  }
  struct Step {
    std::size_t from, below, born;  // cuts of the first, the second and the third objective
  };
  std::vector<Step> stair = {{0, end, 0}};
  const auto to = [&](std::size_t i) { return i + 1 < stair.size() ? stair[i + 1].from : end; };
  const auto close = [&](std::size_t i, std::size_t at) {
    boxes_.push_back({{{stair[i].from, to(i)}, {0, stair[i].below}, {stair[i].born, at}}});
  };
  for (std::size_t point = 1; point < end; ++point) {
    std::vector<Step> cut;
    bool is_in = false;
    for (std::size_t i = 0; i < stair.size(); ++i) {
      const Step& step = stair[i];
      if (cuts_[0][to(i)] <= cuts_[0][point] || cuts_[1][step.below] <= cuts_[1][point]) {
        cut.push_back(step);
        continue;
      }
      if (objectives_ == 3 && cuts_[2][step.born] < cuts_[2][point]) close(i, point);
      if (cuts_[0][step.from] < cuts_[0][point]) cut.push_back({step.from, step.below, point});
      if (!is_in) cut.push_back({point, point, point});
      is_in = true;
    }
    stair = std::move(cut);
  }
  for (std::size_t i = 0; i < stair.size(); ++i) close(i, end);
}

// Lengths are counted in `depth`, so that rays spread alike over all objectives. Along the ray r -
// t u, u in the positive orthant of the unit sphere, the front dominates up to t_0 = max over its
// points of min_k (r_k - p_k) / u_k; the volume is the integral of t^(m-1) over t and u.
void ExpectedGain::SetNodes(const Eigen::MatrixXd& front, const Eigen::VectorXd& reference,
                            std::uint64_t seed) {
  const auto m = static_cast<Eigen::Index>(objectives_);
  const double dimension = static_cast<double>(m);
  // Beyond the best of each objective by as much as the front is deep: what gains lie there.
  Eigen::VectorXd depth = Eigen::VectorXd::Constant(m, 4.0);
  if (front.rows() > 0) {
    depth = (2.0 * (reference - front.colwise().minCoeff().transpose())).cwiseMax(0.1);
  }
  const double log_share = std::log(2.0) + 0.5 * dimension * std::log(std::numbers::pi) -
                           std::lgamma(0.5 * dimension) - dimension * std::log(2.0) +
                           depth.array().log().sum() - std::log(static_cast<double>(kRays));
  for (std::size_t ray = 0; ray < kRays; ++ray) {
    const auto uniform = ScrambledSobolPoint(ray, objectives_, seed);
    Eigen::VectorXd direction(m);
    for (Eigen::Index k = 0; k < m; ++k) {
      direction[k] = HalfNormalQuantile(uniform[static_cast<std::size_t>(k)]) + 1e-6;
    }
    direction = direction.normalized().cwiseProduct(depth);
    double from = 0.0;
    for (Eigen::Index i = 0; i < front.rows(); ++i) {
      const Eigen::VectorXd reach = reference - front.row(i).transpose();
      from = std::max(from, reach.cwiseQuotient(direction).minCoeff());
    }
    const double to = std::max(depth.cwiseQuotient(direction).minCoeff(), 1.5 * from);
    for (std::size_t node = 0; node < kNodes.size(); ++node) {
      const double t = from + kNodes[node] * (to - from);
      log_weights_.push_back(std::log(kNodeWeights[node] * (to - from)) +
                             (dimension - 1.0) * std::log(t) + log_share);
      for (Eigen::Index k = 0; k < m; ++k) nodes_.push_back(reference[k] - t * direction[k]);
    }
  }
}

double ExpectedGain::Evaluate(const double* means, const double* sds, double* slopes) const {
  if (objectives_ > 3) return EvaluateNodes(means, sds, slopes);
  return objectives_ == 2 ? EvaluateSteps(means, sds, slopes) : EvaluateBoxes(means, sds, slopes);
}

double ExpectedGain::EvaluateSteps(const double* means, const double* sds, double* slopes) const {
  // psi(c) = s h(z) with derivatives -Phi(z) by the mean and phi(z) = h(z) - z Phi(z) by s.
  double gain = 0.0, left = 0.0, left_cdf = 0.0, left_density = 0.0;
  std::array<double, 4> by = {};
  for (const Box& box : boxes_) {
    const double z1 = (cuts_[0][box[0].to] - means[0]) / sds[0];
    const double z2 = (cuts_[1][box[1].to] - means[1]) / sds[1];
    double cdf1, cdf2;
    const double right = ExpectedExcess(z1, cdf1), height = ExpectedExcess(z2, cdf2);
    gain += (right - left) * height;
    if (slopes != nullptr) {
      const double density1 = right - z1 * cdf1, density2 = height - z2 * cdf2;
      by[0] += (left_cdf - cdf1) * height;
      by[1] -= (right - left) * cdf2;
      by[2] += (density1 - left_density) * height;
      by[3] += (right - left) * density2;
      left_density = density1;
    }
    left = right;
    left_cdf = cdf1;
  }
  constexpr double kLeast = 1e-60;  // below it, tails have cancelled
  if (!(gain > kLeast)) return EvaluateBoxes(means, sds, slopes);
  if (slopes != nullptr) {
    slopes[0] += by[0] / (gain * sds[0]);
    slopes[1] += by[1] / (gain * sds[1]);
    slopes[2] += by[2] / (gain * sds[0]);
    slopes[3] += by[3] / (gain * sds[1]);
  }
  return std::log(gain * sds[0] * sds[1]);
}

double ExpectedGain::EvaluateBoxes(const double* means, const double* sds, double* slopes) const {
  const std::size_t m = objectives_;
  const bool with_slopes = slopes != nullptr;
  std::array<std::vector<LogExcess>, 3> excesses;
  for (std::size_t k = 0; k < m; ++k) {
    excesses[k].push_back({kMinusInfinity, 0.0, 0.0});
    for (std::size_t i = 1; i < cuts_[k].size(); ++i) {
      excesses[k].push_back(LogExcessAt(cuts_[k][i], means[k], sds[k], with_slopes));
    }
  }
  LogSum sum;
  std::array<double, 6> weighted = {}, terms = {};
  for (const Box& box : boxes_) {
    double term = 0.0;
    for (std::size_t k = 0; k < m; ++k) {
      const LogExcess side = LogDifference(excesses[k][box[k].from], excesses[k][box[k].to]);
      term += side.value;
      terms[k] = side.by_mean;
      terms[m + k] = side.by_sd;
    }
    const double weight = sum.Add(term);
    if (!with_slopes) continue;
    for (std::size_t k = 0; k < 2 * m; ++k) {
      weighted[k] = weighted[k] * sum.fade() + weight * terms[k];
    }
  }
  if (with_slopes && sum.sum() > 0.0) {
    for (std::size_t k = 0; k < 2 * m; ++k) slopes[k] += weighted[k] / sum.sum();
  }
  return sum.Log();
}

double ExpectedGain::EvaluateNodes(const double* means, const double* sds, double* slopes) const {
  const std::size_t m = objectives_;
  LogSum sum;
  std::vector<double> weighted(slopes != nullptr ? 2 * m : 0), terms(weighted.size());
  for (std::size_t q = 0; q < log_weights_.size(); ++q) {
    double term = log_weights_[q];
    for (std::size_t k = 0; k < m; ++k) {
      const double z = (nodes_[q * m + k] - means[k]) / sds[k];
      term += LogNormalCdf(z);
      if (slopes == nullptr) continue;
      const double slope = LogNormalCdfSlope(z) / sds[k];
      terms[k] = -slope;
      terms[m + k] = -z * slope;
    }
    const double weight = sum.Add(term);
    for (std::size_t k = 0; k < weighted.size(); ++k) {
      weighted[k] = weighted[k] * sum.fade() + weight * terms[k];
    }
  }
  for (std::size_t k = 0; k < weighted.size(); ++k) slopes[k] += weighted[k] / sum.sum();
  return sum.Log();
}

}  // namespace joulefront
