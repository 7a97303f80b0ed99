// How an outcome is put before a Gaussian process: its logarithm where that fits better, bad
// outliers drawn in, mean 0 and variance 1. Private to search/.
#pragma once

#include <span>

namespace joulefront {

class OutcomeScale {
 public:
  /// Whether the logarithm is worth a try: all values are positive and span a factor of ten.
  static bool MayBeLog(std::span<const double> values);

  /// For the given finite values, at least one; positive where their logarithms are meant. Values
  /// that lie farther above the median than five times the best lies below it are drawn in to
  /// there.
  OutcomeScale(std::span<const double> values, bool is_log);

  /// What is added to the negative log likelihood of scaled values to make it that of the values
  /// themselves, so that scales can be compared [Box1964].
  double LogJacobian(std::span<const double> values) const;

  bool is_log() const { return is_log_; }
  /// Increasing, up to where values are drawn in.
  double Scaled(double value) const;
  /// The value of which `scaled` is made.
  double Unscaled(double scaled) const;
  double sd() const {
    return sd_ * unit_;
  }  // of the values or their logarithms: a unit of Scaled()

 private:
  double Raw(double value) const;

  bool is_log_ = false;
  double least_ = 0.0;  // where logarithms are cut off: values told later may be 0 or below
  double unit_ = 1.0;   // the largest, so that nothing below overflows
  double worst_, mean_ = 0.0, sd_ = 1.0;  // in units
};

}  // namespace joulefront
