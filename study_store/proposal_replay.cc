#include "study_store/proposal_replay.h"

#include <algorithm>
#include <span>

#include "study_store/configuration_json.h"
#include "study_store/proposal_basis.h"
#include "study_store/trial_history.h"

namespace joulefront {
namespace {

/// The study with the settings of then.
Study StudyAsOf(Study study, const ProposalBasis& basis) {
  study.sampler = basis.sampler;
  study.cost_exponent = basis.cost_exponent;
  study.cost = basis.cost;
  study.budget.energy = basis.budget;
  return study;
}

/// Whether the trial was proposed by a sampler, and not by somebody.
bool IsFromSampler(const Trial& trial) {
  return std::find(std::begin(kOtherProposers), std::end(kOtherProposers), trial.proposed_by) ==
         std::end(kOtherProposers);
}

/// What was proposed, or why nothing was, as text.
Result<std::string> ProposeAgain(StudyStore& store, StudyId id, const Study& study,
                                 const std::vector<Trial>& trials,
                                 std::span<const Attempt> confirmations, std::size_t number,
                                 const ProposalBasis& basis) {
  const Study then = StudyAsOf(study, basis);
  History history(then.objectives.size());
  for (std::size_t i = 0; i < number; ++i) {
    JF_TRY(AppendTrial(then, trials[i], history));
    const bool known = IsFinished(trials[i].state) && trials[i].revision <= basis.seen;
    if (known) JF_TRY(SettleTrial(store, id, then, trials[i], history));
  }
  AddReplicates(then, confirmations.first(std::min(basis.confirmations, confirmations.size())),
                history);
  const auto sampler = MakeSampler(then.sampler);
  if (!sampler) return "no sampler '" + then.sampler + "'";
  const Proposed proposed = sampler->Propose(then.space, history, TermsOf(then, basis.spent));
  if (proposed) return ConfigurationToJson(then.space, proposed->configuration);
  return std::string(proposed.error() == NoProposal::kTooDear
                         ? "nothing, since all is too dear"
                         : "nothing, since the space is exhausted");
}

}  // namespace

Result<Replay> ReplayProposals(StudyStore& store, StudyId id, const Study& study,
                               const std::vector<Trial>& trials, std::size_t most) {
  Replay replay;
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    if (!IsFromSampler(trials[i])) continue;
    if (trials[i].basis.empty()) {
      ++replay.without_basis;
    } else {
      numbers.push_back(i);
    }
  }
  auto confirmations = store.LoadConfirmations(id);
  if (!confirmations) return Pass(confirmations);
  const std::size_t count = std::min(most, numbers.size());
  for (std::size_t k = 1; k <= count; ++k) {
    const std::size_t number = numbers[k * numbers.size() / count - 1];
    auto basis = BasisFromJson(trials[number].basis);
    if (!basis) return Pass(basis, "trial " + std::to_string(number));
    auto again = ProposeAgain(store, id, study, trials, *confirmations, number, *basis);
    if (!again) return Pass(again);
    ++replay.replayed;
    if (*again != trials[number].configuration) {
      replay.different.push_back({trials[number].number, std::move(*again)});
    }
  }
  return replay;
}

}  // namespace joulefront
