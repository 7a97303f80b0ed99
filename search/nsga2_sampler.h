// Steady-state NSGA-II. Private to search/.
#pragma once

#include "search/sampler.h"

namespace joulefront {

/// Starts with StartSize() points of a scrambled Sobol sequence. Then each proposal is a child of
/// two of the best trials so far [Deb2002], which are chosen afresh for every proposal from all
/// that were evaluated: nothing waits for a generation to end. Pending and failed trials are no
/// parents, and are not proposed again.
class Nsga2Sampler : public Sampler {
 public:
  Proposed Propose(const SearchSpace& space, const History& history,
                   const Terms& terms) const override;
};

}  // namespace joulefront
