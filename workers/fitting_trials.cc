#include "workers/fitting_trials.h"

#include <algorithm>

#include "study_store/requirements.h"

namespace joulefront {

Result<std::optional<Claim>> FittingTrials::ClaimNext(const WorkerIdentity& worker,
                                                      TimePoint lease_until, TimePoint now) {
  std::optional<TrialNumber> number;
  if (RequirementsVary(study_)) {
    auto next = Next();
    if (!next) return Pass(next);
    if (!*next) return std::optional<Claim>();
    number = *next;
  }
  return store_.ClaimTrial(id_, worker, lease_until, now, number, study_.budget.energy);
}

Result<std::optional<TrialNumber>> FittingTrials::Next() {
  auto changed = store_.LoadTrials(id_, revision_);
  if (!changed) return Pass(changed);
  if (revision_ == 0) waiting_.clear();
  for (const Trial& trial : *changed) {
    revision_ = std::max(revision_, trial.revision);
    waiting_.erase(trial.number);
    if (trial.state != TrialState::kWaiting) continue;
    waiting_[trial.number] = !MissingForTrial(study_, trial.configuration, labels_);
  }
  const auto fitting = std::find_if(waiting_.begin(), waiting_.end(),
                                    [](const auto& trial) { return trial.second; });
  return fitting == waiting_.end() ? std::nullopt : std::optional(fitting->first);
}

}  // namespace joulefront
