// Makes proposals again from what they were made from, to see that the sampler proposes the same.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "study_store/store.h"

namespace joulefront {

/// A proposal that came out differently.
struct DifferentProposal {
  TrialNumber trial;
  std::string again;  // the configuration as canonical JSON, or why there is none
};

struct Replay {
  std::size_t replayed = 0;
  std::size_t without_basis = 0;  // made before bases were kept
  std::vector<DifferentProposal> different;
};

/// Replays the proposals of samplers, at most `most` of them, evenly spread, the last among them.
/// `trials`: all of the study. Errors: the store's, and kCorrupt for what cannot be read.
Result<Replay> ReplayProposals(StudyStore& store, StudyId id, const Study& study,
                               const std::vector<Trial>& trials, std::size_t most);

}  // namespace joulefront
