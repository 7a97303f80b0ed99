// A walk through all configurations of a space, each once, without holding them. Private to
// search/.
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "search/space.h"

namespace joulefront {

/// Starts at a first configuration; Next() moves on until there is none left. The space must
/// outlive the walk.
class Enumeration {
 public:
  /// Lexicographic order. A continuous parameter stays at its low end.
  explicit Enumeration(const SearchSpace& space);
  /// Each parameter starts at a random level and goes round; a continuous one stays at a random
  /// coordinate, so that the first configuration is a random draw from the space.
  Enumeration(const SearchSpace& space, Random& random);

  const Configuration& configuration() const { return configuration_; }

  /// Moves to the next configuration; false, and no move, after the last.
  bool Next();

 private:
  void Reset(std::size_t first);  // puts the parameters from `first` on at their start
  double CoordinateOfStep(std::size_t i) const;

  const SearchSpace* space_;
  std::vector<double> start_keys_;
  std::vector<std::uint64_t> steps_;  // levels passed, by parameter
  Configuration configuration_;
};

}  // namespace joulefront
