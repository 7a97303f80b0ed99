#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "search/normal_distribution.h"

namespace joulefront {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// log Phi, phi / Phi, log h and Phi / h, from mpmath with 60 digits and more (below -15 by 3,000
// terms of the continued fractions).
struct Reference {
  double z, log_cdf, log_cdf_slope, log_excess, log_excess_slope;
};

const Reference kReferences[] = {
    {-1e6, -5.0000000001473445e+11, 1.000000000001e+6, -5.0000000002854996e+11, 1.000000000002e+6},
    {-300, -45006.622732118663, 300.00333325926337, -45012.326536814554, 300.00666644446173},
    {-40, -804.60844201375379, 40.024968847207264, -808.29856835661996, 40.049906657648518},
    {-20.000001, -203.91717542085083, 20.049754066064589, -206.91785860868841, 20.09926380621061},
    {-20, -203.91715537109726, 20.049753068527851, -206.9178385094251, 20.099262811101282},
    {-19.999999, -203.91713532134469, 20.049752070991112, -206.91781841016278, 20.099261815991954},
    {-8, -35.01343715991455, 8.1213681122361127, -37.122364261692633, 8.2393965068400669},
    {-1, -1.8410216450092635, 1.5251352761609812, -2.4851210257126413, 1.9042712333296918},
    {0, -0.69314718055994531, 0.79788456080286536, -0.91893853320467274, 1.2533141373155003},
    {0.5, -0.36894641528865639, 0.50916043383703349, -0.35982768374506382, 0.99092271800410996},
    {1, -0.17275377902344989, 0.28759997093917836, 0.08002621884930694, 0.77663872520173926},
    {2, -0.023012909328963488, 0.055247862678989959, 0.69738354578822831, 0.48655931878528387},
    {8, -6.2209605742717861e-16, 5.0522710835368954e-15, 2.0794415416798359, 0.12499999999999992},
    {20, -2.7536241186062337e-89, 5.5209483621597632e-88, 2.995732273553991, 0.05},
    {40, 0.0, 0.0, 3.6888794541139363, 0.025},
};

TEST_CASE("log Phi, log h and their slopes are those of many digits, in both tails", "[normal]") {
  for (const Reference& reference : kReferences) {
    const double z = reference.z;
    CAPTURE(z);
    REQUIRE(LogNormalCdf(z) == Approx(reference.log_cdf).epsilon(1e-13));
    REQUIRE(LogNormalCdfSlope(z) == Approx(reference.log_cdf_slope).epsilon(1e-12));
    REQUIRE(LogExpectedExcess(z) == Approx(reference.log_excess).epsilon(1e-12));
    // The direct form has lost most digits at its end, -20.
    REQUIRE(LogExpectedExcessSlope(z) == Approx(reference.log_excess_slope).epsilon(1e-10));
  }
}

TEST_CASE("h and Phi are the integrals that define them", "[normal]") {
  for (const double z : {-12.0, -6.0, -2.5, -0.7, 0.0, 0.3, 1.9, 6.0, 12.0}) {
    // With X = -z + e^y, above the kink at -z; nothing is left at the ends, where the trapezium
    // rule is exact to rounding.
    long double excess = 0.0L, above = 0.0L;
    const long double step = 1.0L / 64.0L;
    for (long double y = -60.0L; y <= 5.0L; y += step) {
      const long double e = std::exp(y), x = e - static_cast<long double>(z);
      const long double density = std::exp(-0.5L * x * x) * 0.398942280401432677939946L;
      above += step * e * density;
      excess += step * e * e * density;
    }
    double cdf;
    CAPTURE(z);
    REQUIRE(ExpectedExcess(z, cdf) ==
            Approx(static_cast<double>(excess)).epsilon(1e-10).margin(0.0));  // it cancels
    REQUIRE(cdf == Approx(static_cast<double>(above)).epsilon(1e-12).margin(0.0));
  }
}

TEST_CASE("log Phi and log h rise throughout, over the switch of forms too", "[normal]") {
  std::vector<double> zs;
  for (double z = -60.0; z < 60.0; z += 1.0 / 128.0) zs.push_back(z);
  for (double z = -20.0 - 1e-6; z < -20.0 + 1e-6; z += 1e-9) zs.push_back(z);
  for (double z = -1e-6; z < 1e-6; z += 1e-9) zs.push_back(z);
  double before = kInfinity;
  for (const double z : zs) {
    const double step = z - before;
    if (step > 0.0) {
      CAPTURE(z);
      REQUIRE(LogNormalCdf(z) >= LogNormalCdf(before));
      REQUIRE(LogExpectedExcess(z) > LogExpectedExcess(before));
      // The slopes fall, within the digits that the direct form has.
      REQUIRE(LogNormalCdfSlope(z) <= LogNormalCdfSlope(before) * (1.0 + 1e-13));
      REQUIRE(LogExpectedExcessSlope(z) <= LogExpectedExcessSlope(before) * (1.0 + 1e-10));
    }
    before = z;
  }
}

TEST_CASE("slopes are those of central differences", "[normal]") {
  for (double z = -50.0; z < 30.0; z += 0.37) {
    const double step = 1e-4;
    CAPTURE(z);
    const double cdf = (LogNormalCdf(z + step) - LogNormalCdf(z - step)) / (2.0 * step);
    REQUIRE(LogNormalCdfSlope(z) == Approx(cdf).epsilon(1e-6).margin(1e-12));
    const double excess =
        (LogExpectedExcess(z + step) - LogExpectedExcess(z - step)) / (2.0 * step);
    REQUIRE(LogExpectedExcessSlope(z) == Approx(excess).epsilon(1e-6));
  }
}

TEST_CASE("the far ends: what is certain, and what is hopeless", "[normal]") {
  REQUIRE(LogNormalCdf(kInfinity) == 0.0);
  REQUIRE(LogNormalCdf(-kInfinity) == -kInfinity);
  REQUIRE(LogExpectedExcess(1e300) == Approx(std::log(1e300)));
  REQUIRE(LogExpectedExcessSlope(1e300) == Approx(1e-300));
  // Where z^2 still is a number, so are both.
  for (const double z : {-1e9, -1e100, -1e153}) {
    CAPTURE(z);
    REQUIRE(LogNormalCdf(z) == Approx(-0.5 * z * z));
    REQUIRE(LogExpectedExcess(z) == Approx(-0.5 * z * z));
    REQUIRE(LogNormalCdfSlope(z) == Approx(-z));
    REQUIRE(LogExpectedExcessSlope(z) == Approx(-z));
  }
}

TEST_CASE("normal draws have the moments of a standard normal", "[normal]") {
  Random random(3, 0);
  const int draws = 200000;
  double sum = 0.0, squares = 0.0, fourths = 0.0;
  for (int i = 0; i < draws; ++i) {
    const double x = Normal(random);
    sum += x;
    squares += x * x;
    fourths += x * x * x * x;
  }
  // Four standard errors.
  const double error = 4.0 / std::sqrt(draws);
  REQUIRE(std::abs(sum / draws) < error);
  REQUIRE(std::abs(squares / draws - 1.0) < error * std::sqrt(2.0));
  REQUIRE(std::abs(fourths / draws - 3.0) < error * std::sqrt(96.0));
}

}  // namespace
}  // namespace joulefront
