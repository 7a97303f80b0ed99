#include <Eigen/LU>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "tests/search/processes.h"

namespace joulefront {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

double PriorTerm(double value, double mean, double sd) {
  return 0.5 * (value - mean) * (value - mean) / (sd * sd);
}

TEST_CASE("the negative log posterior is that of the formulas, up to its constant",
          "[likelihood]") {
  const SearchSpace space = ConditionalSpace();
  const Embedding embedding(space);
  Random random(1, 0);
  const Placement points = embedding.Place(RandomConfigurations(space, 12, random));
  const MatrixXd pairs = PairDistances(embedding, points);
  const VectorXd targets = NormalDraws(12, 1, random);
  const HyperparameterPriors priors = HyperparameterPriors::Standard(embedding.dimensions());
  for (int i = 0; i < 5; ++i) {
    const Hyperparameters h = RandomHyperparameters(embedding, random);
    MatrixXd covariance = KernelByFormula(embedding, points, points, h);
    covariance.diagonal().array() += std::exp(h.log_noise);
    double expected = 0.5 * targets.dot(covariance.inverse() * targets) +
                      0.5 * std::log(covariance.determinant()) +
                      PriorTerm(h.log_scale, 0.0, priors.log_scale_sd) +
                      PriorTerm(h.log_noise, priors.log_noise_mean, priors.log_noise_sd) +
                      PriorTerm(h.additive, priors.additive_mean, priors.additive_sd);
    for (const double log_weight : h.log_weights) {  // of the length, w^(-1/2)
      expected += PriorTerm(-0.5 * log_weight, priors.log_length_mean, priors.log_length_sd);
    }
    VectorXd gradient;
    REQUIRE(NegativeLogPosterior(pairs, targets, priors, h.Packed(), gradient) ==
            Approx(expected).epsilon(1e-10));
  }
}

TEST_CASE("its gradient is that of central differences, in every hyperparameter", "[likelihood]") {
  const SearchSpace space = ConditionalSpace();
  const Embedding embedding(space);
  Random random(2, 0);
  for (const int n : {2, 7, 60}) {
    const MatrixXd pairs =
        PairDistances(embedding, embedding.Place(RandomConfigurations(space, n, random)));
    const VectorXd targets = NormalDraws(n, 1, random);
    const HyperparameterPriors priors = HyperparameterPriors::Standard(embedding.dimensions());
    for (int i = 0; i < 5; ++i) {
      const VectorXd at = RandomHyperparameters(embedding, random).Packed();
      VectorXd gradient, unused;
      NegativeLogPosterior(pairs, targets, priors, at, gradient);
      for (Index k = 0; k < at.size(); ++k) {
        // Differences of fourth order; the margin is their rounding.
        const auto at_step = [&](double step) {
          VectorXd moved = at;
          moved[k] += step;
          return NegativeLogPosterior(pairs, targets, priors, moved, unused);
        };
        const double step = 4e-3;
        const double slope = (8.0 * (at_step(step) - at_step(-step)) -
                              (at_step(2.0 * step) - at_step(-2.0 * step))) /
                             (12.0 * step);
        CAPTURE(n, k, at);
        REQUIRE(gradient[k] == Approx(slope).epsilon(1e-6).margin(1e-8 * (1.0 + gradient.norm())));
      }
    }
  }
}

TEST_CASE("packing keeps every hyperparameter in its place", "[likelihood]") {
  const Hyperparameters h{
      .log_weights = Eigen::Vector2d(1, 2), .log_scale = 3, .log_noise = 4, .additive = 5};
  REQUIRE(h.Packed() == (VectorXd(5) << 1, 2, 3, 4, 5).finished());
  const Hyperparameters again = Hyperparameters::Unpacked(h.Packed());
  REQUIRE(again.log_weights == h.log_weights);
  REQUIRE(again.log_scale == 3.0);
  REQUIRE(again.log_noise == 4.0);
  REQUIRE(again.additive == 5.0);
}

Hyperparameters Start(std::size_t dimensions, double log_noise = -9.0) {
  return {.log_weights = VectorXd::Constant(static_cast<Index>(dimensions), 1.0),
          .log_noise = log_noise};
}

SearchSpace Square() { return MakeSpace({Float("x", 0, 1), Float("y", 0, 1)}); }

// Hyperparameters of sin(5 x) + y^2, standardised, with noise of this deviation on top.
Hyperparameters FitOfSmooth(double noise_sd, int n) {
  const SearchSpace space = Square();
  const Embedding embedding(space);
  Random random(3, 0);
  const auto configurations = RandomConfigurations(space, n, random);
  VectorXd targets(n);
  for (int i = 0; i < n; ++i) {
    const Configuration& c = configurations[static_cast<std::size_t>(i)];
    targets[i] = std::sin(5.0 * *c[0]) + *c[1] * *c[1];
  }
  targets.array() -= targets.mean();
  targets /= std::sqrt(targets.squaredNorm() / n);
  targets += noise_sd * NormalDraws(n, 1, random);
  return FitHyperparameters(PairDistances(embedding, embedding.Place(configurations)), targets,
                            HyperparameterPriors::Standard(2), {Start(2), Start(2, -3.0)}, 100)
      .hyperparameters;
}

// From little noise alone, a third of such fits ends where short lengths explain the noise.
TEST_CASE(
    "noise is learned: its deviation within a factor of three, and little where there is none",
    "[likelihood]") {
  for (const double sd : {0.05, 0.2, 0.6}) {
    const double learned = std::exp(0.5 * FitOfSmooth(sd, 60).log_noise);
    CAPTURE(sd, learned);
    REQUIRE(learned > sd / 3.0);
    REQUIRE(learned < sd * 3.0);
  }
  REQUIRE(std::exp(0.5 * FitOfSmooth(0.0, 60).log_noise) < 0.02);
}

TEST_CASE("a parameter that does nothing gets a longer length than one that does", "[likelihood]") {
  const SearchSpace space = Square();
  const Embedding embedding(space);
  Random random(4, 0);
  const auto configurations = RandomConfigurations(space, 40, random);
  VectorXd targets(40);
  for (Index i = 0; i < 40; ++i) {
    targets[i] = 1.4 * std::sin(6.0 * *configurations[static_cast<std::size_t>(i)][0]);
  }
  const Hyperparameters h =
      FitHyperparameters(PairDistances(embedding, embedding.Place(configurations)), targets,
                         HyperparameterPriors::Standard(2), {Start(2)}, 100)
          .hyperparameters;
  REQUIRE(h.log_weights[0] > h.log_weights[1] + 2.0);
}

TEST_CASE("a fit is no worse than any of its starts, and is their best", "[likelihood]") {
  const SearchSpace space = ConditionalSpace();
  const Embedding embedding(space);
  Random random(5, 0);
  const MatrixXd pairs =
      PairDistances(embedding, embedding.Place(RandomConfigurations(space, 30, random)));
  const VectorXd targets = NormalDraws(30, 1, random);
  const HyperparameterPriors priors = HyperparameterPriors::Standard(embedding.dimensions());
  const auto value = [&](const Hyperparameters& h) {
    VectorXd gradient;
    return NegativeLogPosterior(pairs, targets, priors, h.Packed(), gradient);
  };
  std::vector<Hyperparameters> starts;
  for (int i = 0; i < 4; ++i) starts.push_back(RandomHyperparameters(embedding, random));
  const double together =
      value(FitHyperparameters(pairs, targets, priors, starts, 50).hyperparameters);
  for (const Hyperparameters& start : starts) {
    REQUIRE(together <=
            value(FitHyperparameters(pairs, targets, priors, {start}, 50).hyperparameters));
    REQUIRE(together <= value(start));
  }
}

TEST_CASE("a covariance that is not positive definite has an infinite posterior", "[likelihood]") {
  // Two equal points, noise lost in rounding.
  Hyperparameters h = Start(1);
  h.log_noise = -60.0;
  VectorXd gradient;
  REQUIRE(NegativeLogPosterior(MatrixXd::Zero(1, 1), Eigen::Vector2d(1, -1),
                               HyperparameterPriors::Standard(1), h.Packed(),
                               gradient) == std::numeric_limits<double>::infinity());
}

TEST_CASE("constant targets, duplicates and two points can be fitted", "[likelihood]") {
  const SearchSpace space = ConditionalSpace();
  const Embedding embedding(space);
  Random random(6, 0);
  const auto configurations = RandomConfigurations(space, 10, random);
  std::vector<Configuration> twice = configurations;
  twice.insert(twice.end(), configurations.begin(), configurations.end());
  const std::vector<Configuration> two(twice.begin(), twice.begin() + 2);
  for (const auto& chosen : {configurations, twice, two}) {
    const Placement points = embedding.Place(chosen);
    for (const double constant : {1.0, 0.0}) {
      const VectorXd targets = constant * NormalDraws(points.size(), 1, random);
      const Hyperparameters h =
          FitHyperparameters(PairDistances(embedding, points), targets,
                             HyperparameterPriors::Standard(embedding.dimensions()),
                             {Start(embedding.dimensions())}, 50)
              .hyperparameters;
      REQUIRE(h.Packed().allFinite());
      const GaussianProcess process(embedding, points, targets, h);
      VectorXd means, variances;
      process.Predict(points, means, variances);
      REQUIRE(means.allFinite());
      REQUIRE(variances.minCoeff() > 0.0);
      REQUIRE(variances.allFinite());
    }
  }
}

}  // namespace
}  // namespace joulefront
