#include <Eigen/LU>
#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>
#include <vector>

#include "tests/search/processes.h"

namespace joulefront {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// A process over random configurations of a space, with what made it.
struct Known {
  Known(SearchSpace of, int n, std::uint64_t seed)
      : space(std::move(of)),
        embedding(space),
        random(seed, 0),
        configurations(RandomConfigurations(space, n, random)),
        points(embedding.Place(configurations)),
        targets(NormalDraws(n, 1, random)),
        h(RandomHyperparameters(embedding, random)) {}

  GaussianProcess Process() const { return {embedding, points, targets, h}; }

  SearchSpace space;
  Embedding embedding;
  Random random;
  std::vector<Configuration> configurations;
  Placement points;
  VectorXd targets;
  Hyperparameters h;
};

struct Posterior {
  VectorXd means, variances;
};

Posterior At(const GaussianProcess& process, const Placement& at) {
  Posterior posterior;
  process.Predict(at, posterior.means, posterior.variances);
  return posterior;
}

Placement Rows(const Embedding& embedding, std::vector<Configuration> configurations) {
  return embedding.Place(configurations);
}

TEST_CASE("a posterior worked by hand: one number, three points", "[process]") {
  const SearchSpace space = MakeSpace({Float("x", 0, 1)});
  const Embedding embedding(space);
  // w = 4, s = 2, noise 1/10, a = 1/2.
  const Hyperparameters h{.log_weights = VectorXd::Constant(1, std::log(4.0)),
                          .log_scale = std::log(2.0),
                          .log_noise = std::log(0.1),
                          .additive = 0.0};
  const auto k = [](double x, double y) {
    const double t = 4.0 * (x - y) * (x - y), r = std::sqrt(5.0 * t);
    return (1.0 + r + 5.0 / 3.0 * t) * std::exp(-r) + 1.0 / (1.0 + t);
  };
  REQUIRE(k(0.3, 0.3) == 2.0);
  const double xs[] = {0.1, 0.4, 0.9};
  const Eigen::Vector3d targets(1.0, -0.5, 0.25);
  Eigen::Matrix3d covariance;
  Eigen::Vector3d across;
  for (Index i = 0; i < 3; ++i) {
    for (Index j = 0; j < 3; ++j) covariance(i, j) = k(xs[i], xs[j]) + (i == j ? 0.1 : 0.0);
    across[i] = k(xs[i], 0.6);
  }
  const GaussianProcess process(embedding, Rows(embedding, {{0.1}, {0.4}, {0.9}}), targets, h);
  const Posterior posterior = At(process, Rows(embedding, {{0.6}}));
  REQUIRE(process.noise() == Approx(0.1));
  REQUIRE(posterior.means[0] == Approx(across.dot(covariance.inverse() * targets)));
  REQUIRE(posterior.variances[0] == Approx(2.0 - across.dot(covariance.inverse() * across)));
}

TEST_CASE("posteriors are those of the textbook in mixed conditional spaces", "[process]") {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    Known known(ConditionalSpace(), 25, seed);
    const Placement at = known.embedding.Place(RandomConfigurations(known.space, 40, known.random));
    MatrixXd covariance = KernelByFormula(known.embedding, known.points, known.points, known.h);
    covariance.diagonal().array() += std::exp(known.h.log_noise);
    const MatrixXd across = KernelByFormula(known.embedding, known.points, at, known.h);
    const MatrixXd inverse = covariance.inverse();
    const GaussianProcess process = known.Process();
    const Posterior posterior = At(process, at);
    const VectorXd means = across.transpose() * inverse * known.targets;
    const VectorXd variances =
        std::exp(known.h.log_scale) - (across.transpose() * inverse * across).diagonal().array();
    REQUIRE((posterior.means - means).lpNorm<Eigen::Infinity>() < 1e-10);
    REQUIRE((posterior.variances - variances).lpNorm<Eigen::Infinity>() < 1e-10);
    REQUIRE(process.Means(at) == posterior.means);
  }
}

TEST_CASE("the gain of leaving one out is that of really leaving each out", "[process]") {
  for (const int n : {3, 12, 40}) {
    Known known(ConditionalSpace(), n, 4);
    double model = 0.0, constant = 0.0;
    for (int out = 0; out < n; ++out) {
      std::vector<Configuration> others = known.configurations;
      others.erase(others.begin() + out);
      VectorXd targets(n - 1);
      targets << known.targets.head(out), known.targets.tail(n - 1 - out);
      const GaussianProcess process(known.embedding, known.embedding.Place(others), targets,
                                    known.h);
      const std::size_t index = static_cast<std::size_t>(out);
      const Posterior one = At(process, Rows(known.embedding, {known.configurations[index]}));
      const auto log_density = [&](double mean, double variance) {
        const double away = known.targets[out] - mean;
        return -0.5 * (std::log(2.0 * std::numbers::pi * variance) + away * away / variance);
      };
      model += log_density(one.means[0], one.variances[0] + process.noise()) / n;
      constant +=
          log_density(targets.mean(), (targets.array() - targets.mean()).square().mean()) / n;
    }
    CAPTURE(n);
    REQUIRE(known.Process().LeaveOneOutGain(known.targets) ==
            Approx(model - constant).epsilon(1e-8));
  }
}

TEST_CASE("what can be learned has a gain, and shuffled targets have less", "[process]") {
  Known known(MakeSpace({Float("x", 0, 1), Float("y", 0, 1)}), 40, 5);
  for (Index i = 0; i < 40; ++i) {
    const Configuration& c = known.configurations[static_cast<std::size_t>(i)];
    known.targets[i] = std::sin(3.0 * *c[0]) - *c[1];
  }
  known.h = {.log_weights = Eigen::Vector2d(1, 1)};
  known.targets.array() -= known.targets.mean();
  const double gain = known.Process().LeaveOneOutGain(known.targets);
  REQUIRE(gain > 1.0);
  for (Index i = 0; i < 40; ++i) {
    std::swap(known.targets[i], known.targets[static_cast<Index>(known.random.Below(40))]);
  }
  REQUIRE(known.Process().LeaveOneOutGain(known.targets) < 0.0);
}

TEST_CASE("pending rows leave means alone and narrow variances like believed observations",
          "[process]") {
  Known known(ConditionalSpace(), 20, 6);
  const GaussianProcess without = known.Process();
  const auto pending = RandomConfigurations(known.space, 5, known.random);
  std::vector<Configuration> all = known.configurations;
  all.insert(all.end(), pending.begin(), pending.end());
  const GaussianProcess with(known.embedding, known.embedding.Place(all), known.targets, known.h);
  VectorXd believed(25);
  believed << known.targets, without.Means(known.embedding.Place(pending));
  const GaussianProcess observed(known.embedding, known.embedding.Place(all), believed, known.h);

  auto where = RandomConfigurations(known.space, 40, known.random);
  where.insert(where.end(), pending.begin(), pending.end());
  const Placement at = known.embedding.Place(where);
  const Posterior before = At(without, at), after = At(with, at), as_observed = At(observed, at);
  REQUIRE((after.means - before.means).lpNorm<Eigen::Infinity>() < 1e-10);
  REQUIRE((after.means - as_observed.means).lpNorm<Eigen::Infinity>() < 1e-9);
  REQUIRE((after.variances - as_observed.variances).lpNorm<Eigen::Infinity>() < 1e-10);
  REQUIRE((after.variances.array() <= before.variances.array() + 1e-12).all());
  // At the pending ones no more is left than noise.
  REQUIRE((after.variances.tail(5).array() <= with.noise()).all());
  REQUIRE((before.variances.tail(5).array() > 2.0 * with.noise()).all());
  REQUIRE(with.LeaveOneOutGain(known.targets) == without.LeaveOneOutGain(known.targets));
}

TEST_CASE("slopes of the posterior are those of central differences", "[process]") {
  // All continuous but the switch and the choice; two are absent where the switch is off.
  const SearchSpace space = MakeSpace({
      Int("on", 0, 1),
      Float("x", 0, 1),
      WhenAtLeast(Float("y", 0, 1), "on", 1),
      Choice("c", {Text("a"), Text("b"), Text("c")}),
      WhenAtLeast(Float("z", 1e-4, 1e2, true), "on", 1),
  });
  Known known(space, 30, 7);
  const GaussianProcess process = known.Process();
  const Placement at = known.embedding.Place(RandomConfigurations(space, 30, known.random));
  const Posterior posterior = At(process, at);
  const double step = 1e-5;
  for (Index row = 0; row < at.size(); ++row) {
    const PointPosterior point = process.PredictWithSlopes(at, row);
    REQUIRE(point.mean == Approx(posterior.means[row]).epsilon(1e-10));
    REQUIRE(point.variance == Approx(posterior.variances[row]).epsilon(1e-10));
    for (Index d = 0; d < 5; ++d) {
      CAPTURE(row, d);
      if (d == 0 || d == 3 || at.absence(row, d) != 0.0) {
        REQUIRE(point.mean_slope[d] == 0.0);
        REQUIRE(point.variance_slope[d] == 0.0);
        continue;
      }
      Placement up = at, down = at;
      up.keys(row, d) += step;
      down.keys(row, d) -= step;
      const Posterior above = At(process, up), below = At(process, down);
      REQUIRE(
          point.mean_slope[d] ==
          Approx((above.means[row] - below.means[row]) / (2.0 * step)).epsilon(1e-5).margin(1e-7));
      REQUIRE(point.variance_slope[d] ==
              Approx((above.variances[row] - below.variances[row]) / (2.0 * step))
                  .epsilon(1e-5)
                  .margin(1e-7));
    }
  }
}

TEST_CASE("draws have the mean and the covariance of the joint posterior", "[process]") {
  Known known(ConditionalSpace(), 15, 8);
  const GaussianProcess process = known.Process();
  auto where = RandomConfigurations(known.space, 6, known.random);
  where.push_back(known.configurations[0]);
  where.push_back(where[0]);  // a duplicate is drawn alike
  const Placement at = known.embedding.Place(where);
  const Index n = at.size(), draws = 100000;
  const MatrixXd sampled = process.Sample(at, NormalDraws(n, draws, known.random));
  MatrixXd covariance = KernelByFormula(known.embedding, known.points, known.points, known.h);
  covariance.diagonal().array() += process.noise();
  const MatrixXd across = KernelByFormula(known.embedding, known.points, at, known.h);
  const MatrixXd expected = KernelByFormula(known.embedding, at, at, known.h) -
                            across.transpose() * covariance.inverse() * across;
  const VectorXd means = process.Means(at);
  const VectorXd mean = sampled.rowwise().mean();
  const MatrixXd centred = sampled.colwise() - mean;
  const MatrixXd found = centred * centred.transpose() / static_cast<double>(draws);
  const double root = std::sqrt(static_cast<double>(draws));
  for (Index i = 0; i < n; ++i) {
    // Five standard errors; 1e-7 for what keeps the joint covariance positive definite.
    REQUIRE(std::abs(mean[i] - means[i]) < 5.0 * std::sqrt(expected(i, i)) / root + 1e-7);
    for (Index j = 0; j < n; ++j) {
      const double error =
          std::sqrt((expected(i, i) * expected(j, j) + expected(i, j) * expected(i, j)));
      CAPTURE(i, j, found(i, j), expected(i, j));
      REQUIRE(std::abs(found(i, j) - expected(i, j)) < 5.0 * error / root + 1e-7);
    }
  }
  REQUIRE((sampled.row(0) - sampled.row(n - 1)).lpNorm<Eigen::Infinity>() < 1e-3);
}

TEST_CASE("duplicated observations weigh as their mean with half the noise", "[process]") {
  Known known(ConditionalSpace(), 10, 9);
  std::vector<Configuration> twice = known.configurations;
  twice.insert(twice.end(), known.configurations.begin(), known.configurations.end());
  const VectorXd apart = NormalDraws(10, 1, known.random);
  VectorXd targets(20);
  targets << known.targets + apart, known.targets - apart;
  const GaussianProcess process(known.embedding, known.embedding.Place(twice), targets, known.h);
  Hyperparameters half = known.h;
  half.log_noise -= std::log(2.0);
  const GaussianProcess once(known.embedding, known.points, known.targets, half);
  const Placement at = known.embedding.Place(RandomConfigurations(known.space, 20, known.random));
  const Posterior two = At(process, at), one = At(once, at);
  REQUIRE((two.means - one.means).lpNorm<Eigen::Infinity>() < 1e-8);
  REQUIRE((two.variances - one.variances).lpNorm<Eigen::Infinity>() < 1e-8);
}

TEST_CASE("duplicates without noise and constant targets survive", "[process]") {
  Known known(ConditionalSpace(), 10, 10);
  known.h.log_noise = -60.0;
  std::vector<Configuration> many;
  for (int i = 0; i < 4; ++i) {
    many.insert(many.end(), known.configurations.begin(), known.configurations.end());
  }
  const Placement points = known.embedding.Place(many);
  for (const double constant : {0.0, 1.0}) {
    const VectorXd targets = VectorXd::Constant(40, constant);
    const GaussianProcess process(known.embedding, points, targets, known.h);
    const Posterior posterior = At(process, points);
    REQUIRE((posterior.means - targets).lpNorm<Eigen::Infinity>() < 1e-3);
    REQUIRE((posterior.variances.array() > 0.0).all());
    REQUIRE((posterior.variances.array() < 1e-3).all());
    REQUIRE(process.Sample(points, NormalDraws(40, 2, known.random)).allFinite());
    REQUIRE(std::isfinite(process.LeaveOneOutGain(targets)));
  }
}

TEST_CASE("without observations the posterior is the prior", "[process]") {
  Known known(ConditionalSpace(), 5, 11);
  const GaussianProcess process(known.embedding, known.embedding.Place({}), VectorXd(), known.h);
  const Posterior posterior = At(process, known.points);
  REQUIRE(posterior.means.isZero(0.0));
  for (Index i = 0; i < 5; ++i) {
    REQUIRE(posterior.variances[i] == Approx(std::exp(known.h.log_scale)));
  }
}

TEST_CASE("a covariance that data leave without a factor ends no program, and knows nothing",
          "[process]") {
  Known known(ConditionalSpace(), 6, 3);
  Hyperparameters broken = known.h;
  broken.log_scale = std::nan("");
  const GaussianProcess process(known.embedding, known.points, known.targets, broken);
  REQUIRE_FALSE(process.holds());
  REQUIRE(known.Process().holds());
  REQUIRE(process.LeaveOneOutGain(known.targets) < 0.0);
  broken = known.h;
  broken.log_weights[0] = std::nan("");
  REQUIRE_FALSE(GaussianProcess(known.embedding, known.points, known.targets, broken).holds());
}

}  // namespace
}  // namespace joulefront
