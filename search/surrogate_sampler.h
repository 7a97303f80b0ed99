// Gaussian-process surrogates. Private to search/.
#pragma once

#include "search/sampler.h"
#include "search/surrogate_model.h"

namespace joulefront {

/// Starts with StartSize() points of a scrambled Sobol sequence. Then each proposal is the
/// configuration of the largest expected hypervolume gain per cost^alpha found by variation of the
/// front's trials and gradient ascent.
class SurrogateSampler : public Sampler {
 public:
  Proposed Propose(const SearchSpace& space, const History& history,
                   const Terms& terms) const override;

 private:
  mutable FitMemory memory_;
};

}  // namespace joulefront
