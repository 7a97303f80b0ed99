// The one place that proposes trials: reads what has finished since the last look, asks the
// sampler, and adds the proposal to the store. `run` and `ask-tell` drive it.
#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "search/history.h"
#include "search/sampler.h"
#include "study_store/store.h"

namespace joulefront {

class Proposer {
 public:
  /// `store` outlives the proposer.
  Proposer(StudyStore& store, StudyId id, Study study);

  /// Takes in the trials changed since the last call. Errors: the store's, and kCorrupt for a trial
  /// that does not fit the study.
  Result<void> Refresh();

  /// Adds one proposal to the store and gives its number; empty when every configuration has been
  /// proposed. kConflict if the study has `limit` trials already.
  Result<std::optional<TrialNumber>> Propose(std::optional<std::int64_t> limit, TimePoint now);

  /// Adds a configuration that was proposed before: one of the front, or any while there is none.
  /// For whoever goes on when the space is exhausted; repeats tell how noisy the values are. Empty
  /// if there is no trial at all.
  Result<std::optional<TrialNumber>> ProposeAgain(TimePoint now);

  /// All trials as of the last Refresh(), by number; proposals since then are not among them.
  const std::vector<Trial>& trials() const { return trials_; }
  const Study& study() const { return study_; }

 private:
  Result<std::optional<TrialNumber>> Add(Proposal proposal, std::optional<std::int64_t> limit,
                                         TimePoint now);

  StudyStore& store_;
  StudyId id_;
  Study study_;
  std::unique_ptr<Sampler> sampler_;
  History history_;
  std::vector<Trial> trials_;
  std::int64_t revision_ = 0;
};

}  // namespace joulefront
