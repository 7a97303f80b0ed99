#include "search/embedding.h"

namespace joulefront {

Embedding::Embedding(const SearchSpace& space) : space_(&space) {
  for (std::size_t i = 0; i < space.size(); ++i) {
    const auto levels = space.Levels(i);
    if (levels == 1) continue;
    parameters_.push_back(i);
    kinds_.push_back(space.parameters()[i].type == ParameterType::kCategorical ? Kind::kChoices
                     : levels                                                  ? Kind::kLevels
                                                                               : Kind::kContinuous);
  }
}

Placement Embedding::Place(std::span<const Configuration> configurations) const {
  const auto n = static_cast<Eigen::Index>(configurations.size());
  const auto dimensions = static_cast<Eigen::Index>(parameters_.size());
  Placement placement{Eigen::MatrixXd(n, dimensions), Eigen::MatrixXd::Zero(n, dimensions)};
  for (Eigen::Index d = 0; d < dimensions; ++d) {
    const std::size_t i = parameters_[static_cast<std::size_t>(d)];
    const bool is_choice = kinds_[static_cast<std::size_t>(d)] == Kind::kChoices;
    for (Eigen::Index row = 0; row < n; ++row) {
      const auto& coordinate = configurations[static_cast<std::size_t>(row)][i];
      if (coordinate) {
        placement.keys(row, d) = is_choice ? *coordinate : space_->KeyOf(i, *coordinate);
      } else {
        placement.keys(row, d) = is_choice ? -1.0 : 0.5;
        placement.absence(row, d) = kAbsence;
      }
    }
  }
  return placement;
}

void Embedding::Distances(const Placement& points, std::size_t d, const Placement& others,
                          Eigen::Index row, Eigen::Ref<Eigen::ArrayXd> distances) const {
  const auto column = static_cast<Eigen::Index>(d);
  const auto keys = points.keys.col(column).array();
  const double key = others.keys(row, column);
  const bool is_choice = kinds_[d] == Kind::kChoices;
  if (is_choice) {
    distances = (keys != key).cast<double>();
  } else {
    distances = (keys - key).square();
  }
  if (space_->parameters()[parameters_[d]].when.empty()) return;
  const auto apart = (points.absence.col(column).array() - others.absence(row, column)).square();
  // Of choices, 1 - (1/2 - kAbsence^2) where only one is active.
  if (is_choice) {
    distances -= apart * ((0.5 - kAbsence * kAbsence) / (kAbsence * kAbsence));
  } else {
    distances += apart;
  }
}

Eigen::MatrixXd PairDistances(const Embedding& embedding, const Placement& points) {
  const Eigen::Index n = points.size();
  const auto dimensions = static_cast<Eigen::Index>(embedding.dimensions());
  Eigen::MatrixXd pairs(n * (n - 1) / 2, dimensions);
  Eigen::ArrayXd distances(n);
  for (Eigen::Index d = 0; d < dimensions; ++d) {
    Eigen::Index first = 0;
    for (Eigen::Index j = 0; j + 1 < n; ++j) {
      embedding.Distances(points, static_cast<std::size_t>(d), points, j, distances);
      const Eigen::Index below = n - 1 - j;
      pairs.col(d).segment(first, below) = distances.tail(below).matrix();
      first += below;
    }
  }
  return pairs;
}

}  // namespace joulefront
