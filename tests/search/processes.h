// What the tests of Gaussian processes share: configurations, hyperparameters, and the kernel of
// gaussian_process.h by its formula.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <vector>

#include "search/embedding.h"
#include "search/gaussian_process.h"
#include "search/normal_distribution.h"
#include "tests/search/spaces.h"

namespace joulefront {

inline std::vector<Configuration> RandomConfigurations(const SearchSpace& space, int n,
                                                       Random& random) {
  std::vector<Configuration> configurations;
  for (int i = 0; i < n; ++i) configurations.push_back(RandomConfiguration(space, random));
  return configurations;
}

inline Eigen::MatrixXd NormalDraws(Eigen::Index rows, Eigen::Index columns, Random& random) {
  Eigen::MatrixXd draws(rows, columns);
  for (double& draw : draws.reshaped()) draw = Normal(random);
  return draws;
}

inline Hyperparameters RandomHyperparameters(const Embedding& embedding, Random& random) {
  const auto dimensions = static_cast<Eigen::Index>(embedding.dimensions());
  return {.log_weights = NormalDraws(dimensions, 1, random),
          .log_scale = 0.5 * Normal(random),
          .log_noise = -4.0 + Normal(random),
          .additive = Normal(random)};
}

/// Rows of `a` by rows of `b`.
inline Eigen::MatrixXd KernelByFormula(const Embedding& embedding, const Placement& a,
                                       const Placement& b, const Hyperparameters& h) {
  const std::size_t dimensions = embedding.dimensions();
  const double share = 1.0 / (1.0 + std::exp(-h.additive));
  Eigen::MatrixXd kernel(a.size(), b.size());
  Eigen::ArrayXd distances(a.size());
  for (Eigen::Index j = 0; j < b.size(); ++j) {
    Eigen::ArrayXd square = Eigen::ArrayXd::Zero(a.size()), sum = square;
    for (std::size_t d = 0; d < dimensions; ++d) {
      embedding.Distances(a, d, b, j, distances);
      const double weight = std::exp(h.log_weights[static_cast<Eigen::Index>(d)]);
      square += weight * distances;
      sum += 1.0 / (1.0 + weight * distances);
    }
    const Eigen::ArrayXd r = square.sqrt();
    const Eigen::ArrayXd matern =
        (1.0 + std::sqrt(5.0) * r + 5.0 / 3.0 * square) * (-std::sqrt(5.0) * r).exp();
    kernel.col(j) = std::exp(h.log_scale) *
                    ((1.0 - share) * matern + share * sum / static_cast<double>(dimensions));
  }
  return kernel;
}

}  // namespace joulefront
