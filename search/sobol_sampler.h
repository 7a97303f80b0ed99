// Points of a scrambled Sobol sequence, as a sampler and as the start of others. Private to
// search/.
#pragma once

#include <string>

#include "search/sampler.h"

namespace joulefront {

/// Proposes point history.size() of the sequence; a random draw where that was tried before.
class SobolSampler : public Sampler {
 public:
  Proposed Propose(const SearchSpace& space, const History& history,
                   const Terms& terms) const override;
};

/// How many trials a study should start with before a sampler that learns takes over: 10, and
/// more where a choice opens many branches, so that each is tried at least twice; at most 40.
std::size_t StartSize(const SearchSpace& space);

/// Point history.size() of a scrambled Sobol sequence, whose choices that open branches (those of
/// parents without a `when` of their own) are dealt out instead: of L choices, each comes once in
/// every L points. A fidelity rises over the start, so that what is cheap comes first. A random
/// draw where the point was tried before.
Proposed ProposeStart(const SearchSpace& space, const History& history, const Terms& terms);

}  // namespace joulefront
