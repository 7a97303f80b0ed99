#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "search/normal_distribution.h"
#include "search/outcome_scale.h"

namespace joulefront {
namespace {

std::vector<double> Normals(std::size_t n) {
  Random random(9, 0);
  std::vector<double> normals(n);
  for (double& value : normals) value = Normal(random);
  return normals;
}

std::vector<double> Scaled(const OutcomeScale& scale, const std::vector<double>& values) {
  std::vector<double> scaled;
  for (const double value : values) scaled.push_back(scale.Scaled(value));
  return scaled;
}

void RequireStandard(const std::vector<double>& scaled) {
  double mean = 0.0, variance = 0.0;
  const auto n = static_cast<double>(scaled.size());
  for (const double value : scaled) mean += value / n;
  for (const double value : scaled) variance += (value - mean) * (value - mean) / n;
  REQUIRE(mean == Approx(0.0).margin(1e-9));
  REQUIRE(variance == Approx(1.0));
}

TEST_CASE("a logarithm is tried on what is spread over magnitudes, and on nothing else",
          "[outcome_scale]") {
  std::vector<double> skewed, symmetric, negative, narrow, uniform;
  for (const double normal : Normals(100)) {
    skewed.push_back(3e4 * std::exp(1.5 * normal));
    symmetric.push_back(100.0 + normal);
    negative.push_back(std::exp(1.5 * normal) - 1e-3);
    narrow.push_back(std::exp(0.3 * normal));
  }
  negative.push_back(0.0);
  for (int i = 1; i <= 100; ++i) uniform.push_back(i);
  REQUIRE(OutcomeScale::MayBeLog(skewed));
  REQUIRE_FALSE(OutcomeScale::MayBeLog(symmetric));
  REQUIRE_FALSE(OutcomeScale::MayBeLog(negative));
  REQUIRE_FALSE(OutcomeScale::MayBeLog(narrow));  // spans less than a factor of ten
  REQUIRE_FALSE(OutcomeScale::MayBeLog(uniform));
  // The unit does not matter, as far as doubles go.
  for (const double unit : {1e-200, 1e200}) {
    std::vector<double> other = skewed;
    for (double& value : other) value *= unit;
    REQUIRE(OutcomeScale::MayBeLog(other));
  }
  REQUIRE(OutcomeScale::MayBeLog(std::vector<double>{1e-250, 1e-100, 1.0, 1e100, 1e250}));
}

TEST_CASE("what is scaled has mean 0 and variance 1, keeps its order and comes back",
          "[outcome_scale]") {
  for (const bool is_log : {false, true}) {
    std::vector<double> values;
    for (const double normal : Normals(50)) {
      values.push_back(is_log ? 1e-3 * std::exp(2.0 * normal) : 5.0 - normal);
    }
    // No value lies so far above the median as to be drawn in.
    const OutcomeScale scale(values, is_log);
    REQUIRE(scale.is_log() == is_log);
    RequireStandard(Scaled(scale, values));
    std::sort(values.begin(), values.end());
    for (std::size_t i = 0; i < values.size(); ++i) {
      REQUIRE(scale.Unscaled(scale.Scaled(values[i])) == Approx(values[i]));
      if (i > 0) REQUIRE(scale.Scaled(values[i]) > scale.Scaled(values[i - 1]));
    }
    const auto raw = [&](double value) { return is_log ? std::log(value) : value; };
    REQUIRE(scale.Scaled(values[7]) - scale.Scaled(values[3]) ==
            Approx((raw(values[7]) - raw(values[3])) / scale.sd()));
  }
}

TEST_CASE("bad outliers are drawn in to five times the best's distance from the median",
          "[outcome_scale]") {
  const std::vector<double> values = {-1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 1e6};  // median 2, best -1
  const OutcomeScale scale(values, false);
  REQUIRE(scale.Unscaled(scale.Scaled(1e6)) == Approx(2.0 + 5.0 * 3.0));
  REQUIRE(scale.Scaled(17.5) == scale.Scaled(1e6));
  REQUIRE(scale.Scaled(16.5) < scale.Scaled(1e6));
  REQUIRE(scale.Unscaled(scale.Scaled(4.0)) == Approx(4.0));
  RequireStandard(Scaled(scale, values));
  // Good outliers are what is sought.
  const OutcomeScale good(std::vector<double>{-1e6, 0.0, 1.0, 2.0, 3.0, 4.0}, false);
  REQUIRE(good.Unscaled(good.Scaled(-1e6)) == Approx(-1e6));
}

TEST_CASE("equal values are 0, and their unit is their own", "[outcome_scale]") {
  for (const double value : {0.0, 0.1, -7.3, 1e-300, 1.7e308, -1.7e308}) {
    for (std::size_t n = 1; n <= 60; ++n) {
      const OutcomeScale scale(std::vector<double>(n, value), false);
      CAPTURE(value, n);
      REQUIRE(scale.Scaled(value) == 0.0);
      REQUIRE(scale.Unscaled(0.0) == value);
      REQUIRE(scale.sd() == 1.0);
    }
  }
  const OutcomeScale scale(std::vector<double>{0.1, 0.1, 0.1}, false);
  REQUIRE(scale.Scaled(1.1) == Approx(1.0));
}

TEST_CASE("values of any size are scaled like others", "[outcome_scale]") {
  const std::vector<double> plain = {-1.0, 1.0, 1.0, 0.5, -0.25};
  const std::vector<double> expected = Scaled(OutcomeScale(plain, false), plain);
  for (const double unit : {1.7e308, 1e200, 1e-200, 1e-300}) {
    std::vector<double> values = plain;
    for (double& value : values) value *= unit;
    const OutcomeScale scale(values, false);
    const std::vector<double> scaled = Scaled(scale, values);
    CAPTURE(unit);
    for (std::size_t i = 0; i < values.size(); ++i) {
      REQUIRE(scaled[i] == Approx(expected[i]));
      REQUIRE(scale.Unscaled(scaled[i]) == Approx(values[i]));
    }
  }
  const OutcomeScale both(std::vector<double>{-1.7e308, 1.7e308, 0.0, 1.0}, false);
  REQUIRE(both.Scaled(-1.7e308) == Approx(-std::sqrt(2.0)));
  REQUIRE(both.Scaled(1.7e308) == Approx(std::sqrt(2.0)));
}

}  // namespace
}  // namespace joulefront
