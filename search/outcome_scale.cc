#include "search/outcome_scale.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/check.h"

namespace joulefront {

bool OutcomeScale::MayBeLog(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const double least = sorted.front(), largest = sorted.back(), median = sorted[sorted.size() / 2];
  // Values that come near 0 are far from all others on a logarithmic scale, and no better for it.
  return least > 0.0 && largest / least >= 10.0 && median / least <= 3.0 * (largest / median);
}

OutcomeScale::OutcomeScale(std::span<const double> values, bool is_log)
    : is_log_(is_log), worst_(std::numeric_limits<double>::infinity()) {
  JF_CHECK(!values.empty());
  least_ = 1e-3 * *std::min_element(values.begin(), values.end());
  std::vector<double> raw;
  for (const double value : values) raw.push_back(Raw(value));
  const auto by_size = [](double a, double b) { return std::abs(a) < std::abs(b); };
  const double largest = std::abs(*std::max_element(raw.begin(), raw.end(), by_size));
  if (largest > 0.0) unit_ = largest;
  for (double& value : raw) value /= unit_;
  std::vector<double> sorted = raw;
  std::sort(sorted.begin(), sorted.end());
  const double median = sorted[sorted.size() / 2];
  if (median > sorted.front()) worst_ = median + 5.0 * (median - sorted.front());
  double variance = 0.0;
  const auto n = static_cast<double>(raw.size());
  for (const double value : raw) mean_ += std::min(value, worst_) / n;
  for (const double value : raw) variance += std::pow(std::min(value, worst_) - mean_, 2) / n;
  constexpr double kRounding = 1e-24;  // what equal values differ by
  if (variance > kRounding) {
    sd_ = std::sqrt(variance);
  } else {
    mean_ = Raw(values.front());
    unit_ = 1.0;
    worst_ = std::numeric_limits<double>::infinity();
  }
}

double OutcomeScale::LogJacobian(std::span<const double> values) const {
  double sum = static_cast<double>(values.size()) * std::log(sd());
  if (is_log_) {
    for (const double value : values) sum += std::log(value);
  }
  return sum;
}

double OutcomeScale::Raw(double value) const {
  return is_log_ ? std::log(std::max(value, least_)) : value;
}

double OutcomeScale::Scaled(double value) const {
  return (std::min(Raw(value) / unit_, worst_) - mean_) / sd_;
}

double OutcomeScale::Unscaled(double scaled) const {
  const double raw = (scaled * sd_ + mean_) * unit_;
  return is_log_ ? std::exp(raw) : raw;
}

}  // namespace joulefront
