// Points of a scrambled Sobol sequence, as a sampler and as the start of others. Private to
// search/.
#pragma once

#include <string>

#include "search/sampler.h"

namespace joulefront {

/// Proposes point history.size() of the sequence; a random draw where that was tried before.
class SobolSampler : public Sampler {
 public:
  std::optional<Proposal> Propose(const SearchSpace& space, const History& history,
                                  std::uint64_t seed) const override;
};

/// How many trials a study should start with before a sampler that learns takes over: enough for
/// every choice that opens a branch to be tried at least twice, within 10 to 40.
std::size_t StartSize(const SearchSpace& space);

/// Point history.size() of a scrambled Sobol sequence, whose choices that open branches (those of
/// parents without a `when` of their own) are dealt out instead: of L choices, each comes once in
/// every L points. A random draw where the point was tried before; empty when all were.
std::optional<Proposal> ProposeStart(const SearchSpace& space, const History& history,
                                     std::uint64_t seed, std::string reason);

}  // namespace joulefront
