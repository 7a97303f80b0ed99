// The stored trials as samplers see them: a history to learn from, and the terms to heed.
#pragma once

#include <optional>
#include <span>

#include "base/result.h"
#include "search/history.h"
#include "search/sampler.h"
#include "study_store/store.h"

namespace joulefront {

/// Appends the trial, pending, to a history that holds all trials before it. Errors: kCorrupt if
/// its configuration does not fit the study.
Result<void> AppendTrial(const Study& study, const Trial& trial, History& history);

/// Settles a finished trial of the history. Errors: the store's, whose progress reports it reads.
Result<void> SettleTrial(StudyStore& store, StudyId id, const Study& study, const Trial& trial,
                         History& history);

/// Adds the confirmations of evaluated trials, in their order, as replicates.
void AddReplicates(const Study& study, std::span<const Attempt> confirmations, History& history);

/// `spent`: joules of the study so far, where its budget of joules binds; empty where none does.
Terms TermsOf(const Study& study, std::optional<Joules> spent);

}  // namespace joulefront
