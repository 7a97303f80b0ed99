#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "search/acquisition.h"
#include "search/hypervolume.h"
#include "search/normal_distribution.h"

namespace joulefront {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

MatrixXd Rows(std::initializer_list<std::initializer_list<double>> rows) {
  MatrixXd matrix(static_cast<Index>(rows.size()),
                  rows.size() == 0 ? 0 : static_cast<Index>(rows.begin()->size()));
  Index i = 0;
  for (const auto& row : rows) {
    Index k = 0;
    for (const double value : row) matrix(i, k++) = value;
    ++i;
  }
  return matrix;
}

VectorXd Vector(std::initializer_list<double> values) { return Rows({values}).row(0); }

double LogGain(const MatrixXd& front, const VectorXd& reference, const VectorXd& means,
               const VectorXd& sds) {
  return ExpectedGain(front, reference, 1).Log(means.data(), sds.data());
}

struct Estimate {
  double mean, error;  // standard error
};

// What the outcome adds to the hypervolume, by the volume itself, over many draws.
Estimate GainBySampling(const MatrixXd& front, const VectorXd& reference, const VectorXd& means,
                        const VectorXd& sds, int draws) {
  const auto m = static_cast<std::size_t>(reference.size());
  std::vector<double> values;
  for (Index i = 0; i < front.rows(); ++i) {
    for (Index k = 0; k < front.cols(); ++k) values.push_back(front(i, k));
  }
  const std::vector<double> corner(reference.begin(), reference.end());
  const double before = Hypervolume({values, m}, corner);
  const std::size_t old = values.size();
  values.resize(old + m);
  Random random(17, 0);
  double sum = 0.0, squares = 0.0;
  for (int draw = 0; draw < draws; ++draw) {
    bool inside = true;
    for (std::size_t k = 0; k < m; ++k) {
      const auto index = static_cast<Index>(k);
      values[old + k] = means[index] + sds[index] * Normal(random);
      inside = inside && values[old + k] < corner[k];
    }
    if (!inside) continue;
    const double gain = Hypervolume({values, m}, corner) - before;
    sum += gain;
    squares += gain * gain;
  }
  const double mean = sum / draws;
  return {mean, std::sqrt(std::max(squares / draws - mean * mean, 0.0) / draws)};
}

TEST_CASE("the example of acquisition.h: nothing yet, a standard normal at the reference",
          "[gain]") {
  REQUIRE(LogGain(MatrixXd(0, 2), VectorXd::Zero(2), VectorXd::Zero(2), VectorXd::Ones(2)) ==
          Approx(-1.8378770664093453).epsilon(1e-14));
}

TEST_CASE("one objective: expected improvement on the best, or on the reference", "[gain]") {
  const double improvement = 0.5 * std::exp(LogExpectedExcess((1.0 - 1.3) / 0.5));
  const VectorXd mean = Vector({1.3}), sd = Vector({0.5}), reference = Vector({4.0});
  REQUIRE(std::exp(LogGain(Rows({{2.0}, {1.0}, {3.0}}), reference, mean, sd)) ==
          Approx(improvement));
  REQUIRE(std::exp(LogGain(MatrixXd(0, 1), Vector({1.0}), mean, sd)) == Approx(improvement));
  REQUIRE(std::exp(LogGain(Rows({{2.0}}), Vector({1.0}), mean, sd)) == Approx(improvement));
}

TEST_CASE("two objectives: the exact gain is that of two million samples", "[gain]") {
  struct Case {
    MatrixXd front;
    VectorXd reference, means, sds;
  };
  const MatrixXd stairs = Rows({{0, 3}, {1, 1.5}, {1.5, 1}, {3, 0}});
  const VectorXd four = Vector({4, 4});
  const Case cases[] = {
      {MatrixXd(0, 2), Vector({1, 2}), Vector({0.5, 3}), Vector({1, 2})},
      {Rows({{1, 1}}), Vector({2, 3}), Vector({1, 1}), Vector({0.3, 0.5})},
      {stairs, four, Vector({2, 2}), Vector({1, 1})},
      {stairs, four, Vector({-1, 2}), Vector({0.1, 2})},
      {stairs, four, Vector({0.7, 2.1}), Vector({0.05, 0.05})},
      {Rows({{1, 1}, {1, 1}, {2, 0.5}, {3, 3}}), four, Vector({5, -2}), Vector({2, 0.2})},
  };
  for (const Case& c : cases) {
    const Estimate sampled = GainBySampling(c.front, c.reference, c.means, c.sds, 2000000);
    const double exact = std::exp(LogGain(c.front, c.reference, c.means, c.sds));
    CAPTURE(c.means, exact, sampled.mean, sampled.error);
    REQUIRE(std::abs(exact - sampled.mean) < 4.0 * sampled.error + 1e-9);
  }
}

TEST_CASE("three objectives: the exact gain is that of a quarter of a million samples", "[gain]") {
  struct Case {
    MatrixXd front;
    VectorXd means, sds;
  };
  const MatrixXd corners = Rows({{0, 2, 2}, {1, 1, 1}, {2, 2, 0}, {2, 0, 2}, {3, 3, -1}});
  const MatrixXd ties = Rows({{1, 2, 1}, {2, 1, 1}, {1, 1, 2}, {2, 2, 1}, {0, 3, 1}, {1, 2, 1}});
  const Case cases[] = {
      {MatrixXd(0, 3), Vector({3, 3, 5}), Vector({1, 1, 2})},
      {Rows({{1, 1, 1}}), Vector({1, 1, 1}), Vector({0.3, 0.5, 1})},
      {corners, Vector({1, 1, 1}), Vector({1, 1, 1})},
      {corners, Vector({0.8, 1.1, 0.95}), Vector({0.1, 0.1, 0.1})},
      {corners, Vector({-3, 1, 3}), Vector({0.1, 2, 1})},
      {ties, Vector({1.5, 1.5, 1}), Vector({0.5, 0.5, 0.5})},
      {ties, Vector({0.9, 1.5, 1.05}), Vector({0.1, 0.1, 0.1})},
  };
  const VectorXd reference = VectorXd::Constant(3, 4.0);
  for (const Case& c : cases) {
    const Estimate sampled = GainBySampling(c.front, reference, c.means, c.sds, 250000);
    const double exact = std::exp(LogGain(c.front, reference, c.means, c.sds));
    CAPTURE(c.means, exact, sampled.mean, sampled.error);
    REQUIRE(std::abs(exact - sampled.mean) < 4.0 * sampled.error + 1e-9);
  }
}

TEST_CASE("a third objective in which all agree is a factor of its own", "[gain]") {
  // Points at the same height c: below c the whole quadrant, above it what two objectives leave.
  const MatrixXd flat = Rows({{0, 3}, {1, 1.5}, {1.5, 1}, {3, 0}});
  MatrixXd front(4, 3);
  front << flat, VectorXd::Constant(4, 1.0);
  Random random(8, 0);
  for (int i = 0; i < 50; ++i) {
    VectorXd means(3), sds(3);
    for (Index k = 0; k < 3; ++k) {
      means[k] = 6.0 * random.Uniform() - 1.0;
      sds[k] = std::exp(3.0 * random.Uniform() - 2.0);
    }
    const auto psi = [&](double c) {
      return sds[2] * std::exp(LogExpectedExcess((c - means[2]) / sds[2]));
    };
    const VectorXd two = VectorXd::Constant(2, 4.0), at = means.head(2), by = sds.head(2);
    const double expected = psi(1.0) * std::exp(LogGain(MatrixXd(0, 2), two, at, by)) +
                            (psi(4.0) - psi(1.0)) * std::exp(LogGain(flat, two, at, by));
    REQUIRE(std::exp(LogGain(front, VectorXd::Constant(3, 4.0), means, sds)) ==
            Approx(expected).epsilon(1e-10));
  }
}

// Four objectives are a sum over rays: held to what was measured of it. Log errors over the
// outcomes below: median 0.09, largest 0.33.
TEST_CASE("four objectives: the quadrature keeps its measured tolerance", "[gain]") {
  const MatrixXd front = Rows({{0, 2, 2, 1}, {1, 1, 1, 1}, {2, 2, 0, 1}, {2, 0, 2, 2}});
  const VectorXd reference = VectorXd::Constant(4, 4.0);
  Random random(9, 0);
  std::vector<double> errors;
  for (int i = 0; i < 20; ++i) {
    VectorXd means(4), sds = VectorXd::Ones(4);
    for (double& mean : means) mean = 4.0 * random.Uniform();
    const Estimate sampled = GainBySampling(front, reference, means, sds, 20000);
    errors.push_back(std::abs(LogGain(front, reference, means, sds) - std::log(sampled.mean)));
  }
  std::sort(errors.begin(), errors.end());
  CAPTURE(errors);
  REQUIRE(errors[10] < 0.15);
  REQUIRE(errors[19] < 0.5);
}

// The steps of two objectives by long doubles, good while tails of doubles have digits left.
double LogGainByLongDoubles(const MatrixXd& front, const VectorXd& reference, const VectorXd& means,
                            const VectorXd& sds) {
  const auto psi = [&](double c, Index k) {
    const long double sd = sds[k], z = (static_cast<long double>(c) - means[k]) / sd;
    const long double density = std::exp(-0.5L * z * z) * 0.398942280401432677939946L;
    return sd * (density + 0.5L * z * std::erfc(-z / std::sqrt(2.0L)));
  };
  long double gain = 0.0L, left = 0.0L;
  for (Index i = 0; i <= front.rows(); ++i) {
    const long double right = psi(i < front.rows() ? front(i, 0) : reference[0], 0);
    gain += (right - left) * psi(i == 0 ? reference[1] : front(i - 1, 1), 1);
    left = right;
  }
  return static_cast<double>(std::log(gain));
}

TEST_CASE("the plain and the log form of two objectives agree where they meet", "[gain]") {
  const MatrixXd front = Rows({{0, 3}, {1, 1.5}, {1.5, 1}, {3, 0}});
  const VectorXd reference = Vector({4, 4}), sds = Vector({0.5, 0.4});
  int small = 0;
  for (double away = 0.0; away < 7.0; away += 0.05) {
    const VectorXd means = Vector({2.0 + away, 2.0 + 0.8 * away});
    const double expected = LogGainByLongDoubles(front, reference, means, sds);
    CAPTURE(away, expected);
    REQUIRE(LogGain(front, reference, means, sds) == Approx(expected).epsilon(1e-9));
    if (expected < std::log(1e-60)) ++small;  // where the log form begins
  }
  REQUIRE(small > 20);
}

TEST_CASE("hopeless outcomes are still ordered, fifty deviations away and more", "[gain]") {
  const MatrixXd fronts[] = {Rows({{0.5}}), Rows({{0, 3}, {1, 1}, {3, 0}}),
                             Rows({{0, 2, 2}, {1, 1, 1}, {2, 2, 0}})};
  for (const MatrixXd& front : fronts) {
    const Index m = front.cols();
    const ExpectedGain gain(front, VectorXd::Constant(m, 4.0), 1);
    double before = std::numeric_limits<double>::infinity();
    for (double away = 1.0; away < 1e6; away *= 1.3) {
      const VectorXd means = VectorXd::Constant(m, 4.0 + away), sds = VectorXd::Ones(m);
      const double log = gain.Log(means.data(), sds.data());
      CAPTURE(m, away);
      REQUIRE(std::isfinite(log));
      REQUIRE(log < before);
      before = log;
    }
  }
}

TEST_CASE("gains grow where a mean gets better", "[gain]") {
  const MatrixXd fronts[] = {Rows({{0.5}}), Rows({{0, 3}, {1, 1}, {3, 0}}),
                             Rows({{0, 2, 2}, {1, 1, 1}, {2, 2, 0}})};
  Random random(5, 0);
  for (const MatrixXd& front : fronts) {
    const Index m = front.cols();
    const ExpectedGain gain(front, VectorXd::Constant(m, 4.0), 1);
    for (int i = 0; i < 200; ++i) {
      VectorXd means(m), sds(m);
      for (Index k = 0; k < m; ++k) {
        means[k] = 12.0 * random.Uniform() - 2.0;
        sds[k] = std::exp(4.0 * random.Uniform() - 3.0);
      }
      const double log = gain.Log(means.data(), sds.data());
      for (Index k = 0; k < m; ++k) {
        VectorXd better = means;
        better[k] -= 0.1;
        REQUIRE(gain.Log(better.data(), sds.data()) >= log - 1e-12 * std::abs(log));
      }
    }
  }
}

TEST_CASE("slopes of the gain are those of central differences", "[gain]") {
  const MatrixXd fronts[] = {Rows({{0.5}}), Rows({{0, 3}, {1, 1}, {3, 0}}),
                             Rows({{0, 2, 2}, {1, 1, 1}, {2, 2, 0}}), MatrixXd(0, 3),
                             Rows({{1, 1, 1, 1}, {0, 2, 2, 2}})};
  Random random(6, 0);
  for (const MatrixXd& front : fronts) {
    const Index m = front.cols();
    const ExpectedGain gain(front, VectorXd::Constant(m, 4.0), 1);
    for (int i = 0; i < 100; ++i) {
      VectorXd at(2 * m);
      for (Index k = 0; k < m; ++k) {
        at[k] = 30.0 * random.Uniform() - 2.0;
        at[m + k] = std::exp(2.5 * random.Uniform() - 1.5);
      }
      VectorXd slopes = VectorXd::Constant(2 * m, 7.0);  // which are added to
      const double log = gain.LogWithSlopes(at.data(), at.data() + m, slopes.data());
      REQUIRE(log == gain.Log(at.data(), at.data() + m));
      const double step = 1e-5;
      for (Index k = 0; k < 2 * m; ++k) {
        VectorXd up = at, down = at;
        up[k] += step;
        down[k] -= step;
        const double slope =
            (gain.Log(up.data(), up.data() + m) - gain.Log(down.data(), down.data() + m)) /
            (2.0 * step);
        CAPTURE(m, k, at, log);
        // The log of hopeless outcomes has rounding of its own.
        REQUIRE(slopes[k] - 7.0 ==
                Approx(slope).epsilon(1e-5).margin(1e-6 + 1e-10 * std::abs(log)));
      }
    }
  }
}

TEST_CASE("points beyond the reference, dominated ones and duplicates change nothing", "[gain]") {
  struct Case {
    MatrixXd front, more;
    VectorXd reference;
  };
  const Case cases[] = {
      {MatrixXd(0, 1), Rows({{4.0}, {5.0}}), Vector({4.0})},
      {Rows({{1.0}}), Rows({{1.0}, {1.0}, {2.0}, {5.0}}), Vector({4.0})},
      {MatrixXd(0, 2), Rows({{4, 1}, {1, 4}, {-9, 5}, {6, 6}}), Vector({4, 4})},
      {Rows({{0, 3}, {1, 1}}), Rows({{1, 1}, {-9, 4}, {0, 3}, {1, 1}, {2, 1}, {5, -9}}),
       Vector({4, 4})},
      {MatrixXd(0, 3), Rows({{4, 1, 1}, {1, -9, 5}}), Vector({4, 4, 4})},
      {MatrixXd(0, 4), Rows({{4, 1, 1, 1}, {1, -9, 5, 1}}), VectorXd::Constant(4, 4.0)},
      {Rows({{0, 2, 2}, {1, 1, 1}}),
       Rows({{1, 1, 1}, {0, 2, 2}, {-9, 1, 4}, {1, 2, 3}, {1, 1, 1}, {-9, 9, -9}}),
       Vector({4, 4, 4})},
  };
  for (const Case& c : cases) {
    const Index m = c.reference.size();
    for (const double mean : {0.5, 1.5, 6.0}) {
      const VectorXd means = VectorXd::Constant(m, mean), sds = VectorXd::Constant(m, 0.7);
      CAPTURE(m, c.more, mean);
      REQUIRE(LogGain(c.more, c.reference, means, sds) ==
              Approx(LogGain(c.front, c.reference, means, sds)).epsilon(1e-13));
    }
  }
}

}  // namespace
}  // namespace joulefront
