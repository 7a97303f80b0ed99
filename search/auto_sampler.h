// The sampler that chooses between the surrogate and NSGA-II. Private to search/.
#pragma once

#include "search/sampler.h"
#include "search/surrogate_sampler.h"

namespace joulefront {

/// The surrogate, as long as it is worth its own time; NSGA-II where trials take less than a
/// proposal of the surrogate does, and after kMostForSurrogate trials. (The surrogate steps back by
/// itself where it foretells nothing.) The reason of a proposal says why NSGA-II made it.
class AutoSampler : public Sampler {
 public:
  static constexpr std::size_t kMostForSurrogate = 5000;

  Proposed Propose(const SearchSpace& space, const History& history,
                   const Terms& terms) const override;

 private:
  SurrogateSampler surrogate_;
};

}  // namespace joulefront
