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

/// The trial that was proposed, or why there is none.
using ProposedTrial = tl::expected<TrialNumber, NoProposal>;

class Proposer {
 public:
  /// `store` outlives the proposer. `sampler`: instead of the study's.
  Proposer(StudyStore& store, StudyId id, Study study, std::unique_ptr<Sampler> sampler = nullptr);

  /// Takes in the trials changed since the last call, and at the first one the confirmations: while
  /// somebody proposes nobody confirms. Errors: the store's, and kCorrupt for a trial that does not
  /// fit the study.
  Result<void> Refresh();

  /// Forgets all that was read, so that the next Refresh() reads it anew: for a store that may have
  /// gone back to an earlier state.
  void BeginAgain();

  /// Adds the sampler's proposal to the store. `spent`: joules of the study so far, for a budget of
  /// joules that binds, in which those that are foreseen for it are reserved; empty where none
  /// does. kConflict if the study has `limit` trials already.
  Result<ProposedTrial> Propose(std::optional<std::int64_t> limit, std::optional<Joules> spent,
                                TimePoint now);

  /// Adds what somebody else than the sampler proposes. Only after a Refresh(). kConflict as above.
  Result<TrialNumber> Add(Proposal proposal, std::optional<std::int64_t> limit, TimePoint now);

  /// Adds a configuration that was proposed before: one of the front, or any while there is none.
  /// For whoever goes on when the space is exhausted; repeats tell how noisy the values are. Empty
  /// if there is no trial at all.
  Result<std::optional<TrialNumber>> ProposeAgain(TimePoint now);

  /// All trials as of the last Refresh(), by number; proposals since then are not among them.
  const std::vector<Trial>& trials() const { return trials_; }
  const Study& study() const { return study_; }
  /// All trials proposed, those since the last Refresh() among them.
  const History& history() const { return history_; }

 private:
  Result<TrialNumber> Append(Proposal proposal, std::string basis, const Limits& limits,
                             TimePoint now);
  std::string ReasonOf(const Proposal& proposal) const;
  std::optional<Joules> ForeseenFor(const Proposal& proposal) const;

  StudyStore& store_;
  StudyId id_;
  Study study_;
  std::unique_ptr<Sampler> sampler_;
  History history_;
  std::vector<Trial> trials_;
  std::int64_t revision_ = 0;
  std::optional<std::size_t> confirmations_;  // how many are in the history; empty: not looked for
};

}  // namespace joulefront
