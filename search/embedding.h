// Where configurations lie for the kernel: per parameter, squared distances of an embedding into a
// Euclidean space, so that kernels made of them are positive definite in mixed and conditional
// spaces. Private to search/.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <span>
#include <vector>

#include "search/space.h"

namespace joulefront {

/// n configurations as rows, D dimensions as columns.
struct Placement {
  Eigen::MatrixXd keys;  // of a number, its key in [0, 1], snapped to its level; of a choice, its
                         // index; of what is inactive, what Embedding says
  Eigen::MatrixXd absence;  // 0 where active, kAbsence where inactive

  Eigen::Index size() const { return keys.rows(); }
};

/// One dimension for each parameter that has more than one level. Squared distance of two
/// configurations in it:
///   both inactive  0
///   both active    numbers (u - v)^2 of their keys; choices 1 where they differ
///   one active     numbers (u - 1/2)^2 + kAbsence^2; choices 1/2 + kAbsence^2
/// The last is a point off the line (off the simplex) of the active ones: what is inactive is the
/// same everywhere, whatever keys it was made from.
class Embedding {
 public:
  static constexpr double kAbsence = 0.5;

  /// `space` must outlive the embedding.
  explicit Embedding(const SearchSpace& space);

  std::size_t dimensions() const { return parameters_.size(); }          // D
  std::size_t parameter(std::size_t d) const { return parameters_[d]; }  // its index in the space
  /// Whether dimension d is a number without levels, so that a distance has a slope in it.
  bool IsContinuous(std::size_t d) const { return kinds_[d] == Kind::kContinuous; }

  Placement Place(std::span<const Configuration> configurations) const;

  /// Squared distances in dimension d of all n placed points to row `row` of `others`: n.
  void Distances(const Placement& points, std::size_t d, const Placement& others, Eigen::Index row,
                 Eigen::Ref<Eigen::ArrayXd> distances) const;

 private:
  enum class Kind { kContinuous, kLevels, kChoices };

  const SearchSpace* space_;
  std::vector<std::size_t> parameters_;
  std::vector<Kind> kinds_;
};

/// Squared distances of all pairs i > j of n placed points: n (n - 1) / 2 x D, column by column of
/// the lower triangle.
Eigen::MatrixXd PairDistances(const Embedding& embedding, const Placement& points);

}  // namespace joulefront
