// Uniform sampling, and the last resort of the other samplers. Private to search/.
#pragma once

#include <optional>

#include "base/random.h"
#include "search/sampler.h"

namespace joulefront {

/// Draws every key uniformly.
class RandomSampler : public Sampler {
 public:
  Proposed Propose(const SearchSpace& space, const History& history,
                   const Terms& terms) const override;
};

/// A random configuration.
Configuration Draw(const SearchSpace& space, Random& random);

/// A random configuration that the history does not hold; empty when it holds all there are. Where
/// many draws in a row are old, goes through the space from a random place.
std::optional<Configuration> DrawNew(const SearchSpace& space, const History& history,
                                     Random& random);

/// DrawNew() as a proposal by "random", if the mean cost fits.
Proposed ProposeRandom(const SearchSpace& space, const History& history, const Terms& terms,
                       Random& random, std::string reason);

}  // namespace joulefront
