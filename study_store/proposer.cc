#include "study_store/proposer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/random.h"
#include "study_store/configuration_json.h"
#include "study_store/front.h"
#include "study_store/proposal_basis.h"
#include "study_store/trial_history.h"

namespace joulefront {
namespace {

constexpr std::uint64_t kRepeatStream = 0x726570656174;  // "repeat"
// Of a training that goes on with another, at least this share is foreseen.
constexpr double kLeastForeseen = 0.01;

std::optional<TrialNumber> ContinuedBy(const Proposal& proposal) {
  if (!proposal.continues) return std::nullopt;
  return static_cast<TrialNumber>(*proposal.continues);
}

}  // namespace

Proposer::Proposer(StudyStore& store, StudyId id, Study study, std::unique_ptr<Sampler> sampler)
    : store_(store),
      id_(id),
      study_(std::move(study)),
      sampler_(sampler ? std::move(sampler) : MakeSampler(study_.sampler)),
      history_(study_.objectives.size()) {
  JF_CHECK(sampler_ != nullptr);
}

void Proposer::BeginAgain() {
  sampler_ = MakeSampler(study_.sampler);
  history_ = History(study_.objectives.size());
  trials_.clear();
  revision_ = 0;
  confirmations_.reset();
}

Result<void> Proposer::Refresh() {
  auto changed = store_.LoadTrials(id_, revision_);
  if (!changed) return Pass(changed);
  for (Trial& trial : *changed) {
    revision_ = std::max(revision_, trial.revision);
    const auto number = static_cast<std::size_t>(trial.number);
    JF_CHECK(number <= trials_.size());
    if (number == history_.size()) JF_TRY(AppendTrial(study_, trial, history_));
    if (IsFinished(trial.state)) JF_TRY(SettleTrial(store_, id_, study_, trial, history_));
    if (number == trials_.size()) {
      trials_.push_back(std::move(trial));
    } else {
      trials_[number] = std::move(trial);
    }
  }
  if (confirmations_) return {};
  auto confirmations = store_.LoadConfirmations(id_);
  if (!confirmations) return Pass(confirmations);
  AddReplicates(study_, *confirmations, history_);
  confirmations_ = confirmations->size();
  return {};
}

/// "largest expected gain; foretells error 0.12 (0.1 to 0.15), energy 34 (30 to 39)".
std::string Proposer::ReasonOf(const Proposal& proposal) const {
  std::string text = proposal.reason;
  for (std::size_t k = 0; k < proposal.forecast.size(); ++k) {
    const Objective& objective = study_.objectives[k];
    Forecast forecast = proposal.forecast[k];
    if (objective.direction == Direction::kMaximize) {
      forecast = {-forecast.value, -forecast.high, -forecast.low};
    }
    text += fmt::format("{} {} {} ({} to {})", k == 0 ? "; foretells" : ",", objective.name,
                        FormatNumber(forecast.value, 3), FormatNumber(forecast.low, 3),
                        FormatNumber(forecast.high, 3));
  }
  return text;
}

Result<ProposedTrial> Proposer::Propose(std::optional<std::int64_t> limit,
                                        std::optional<Joules> spent, TimePoint now) {
  auto proposal = sampler_->Propose(study_.space, history_, TermsOf(study_, spent));
  if (!proposal) return ProposedTrial(tl::unexpected(proposal.error()));
  const Limits limits{.trials = limit, .energy = spent ? study_.budget.energy : std::nullopt};
  const ProposalBasis basis{.sampler = study_.sampler,
                            .cost_exponent = study_.cost_exponent,
                            .cost = study_.cost,
                            .seen = revision_,
                            .confirmations = confirmations_.value_or(0),
                            .budget = limits.energy,
                            .spent = spent};
  auto number = Append(std::move(*proposal), BasisToJson(basis), limits, now);
  if (number) return ProposedTrial(*number);
  const bool full = limit && static_cast<std::int64_t>(history_.size()) >= *limit;
  if (number.error().code != ErrorCode::kConflict || full) return Pass(number);
  return ProposedTrial(tl::unexpected(NoProposal::kTooDear));
}

Result<std::optional<TrialNumber>> Proposer::ProposeAgain(TimePoint now) {
  if (history_.size() == 0) return std::optional<TrialNumber>();
  Random random(study_.seed, Mix64(kRepeatStream) + history_.size());
  const Front front = ComputeFront(study_, trials_);
  const std::size_t number = front.points.empty()
                                 ? random.Below(history_.size())
                                 : front.points[random.Below(front.points.size())].trial;
  auto again =
      Add({.configuration = history_.entries()[number].configuration,
           .proposed_by = std::string(kByRepeating),
           .reason = fmt::format("every configuration has been proposed: trial {} again", number)},
          std::nullopt, now);
  if (!again) return Pass(again);
  return std::optional(*again);
}

Result<TrialNumber> Proposer::Add(Proposal proposal, std::optional<std::int64_t> limit,
                                  TimePoint now) {
  return Append(std::move(proposal), "", {.trials = limit, .energy = {}}, now);
}

Result<TrialNumber> Proposer::Append(Proposal proposal, std::string basis, const Limits& limits,
                                     TimePoint now) {
  const NewTrial trial{.configuration = ConfigurationToJson(study_.space, proposal.configuration),
                       .proposed_by = proposal.proposed_by,
                       .reason = ReasonOf(proposal),
                       .seed = SeedOfTrial(study_.seed, static_cast<TrialNumber>(history_.size())),
                       .continues = ContinuedBy(proposal),
                       .foreseen = limits.energy ? ForeseenFor(proposal) : std::nullopt,
                       .basis = std::move(basis)};
  auto number = store_.AddTrial(id_, trial, limits, now);
  if (!number) return Pass(number);
  JF_CHECK(static_cast<std::size_t>(*number) == history_.size());
  history_.Add(std::move(proposal.configuration));
  return number;
}

/// What an attempt is expected to take: as the model has it, else the mean of those that are known.
/// Where another one's training is gone on with, less what that took.
std::optional<Joules> Proposer::ForeseenFor(const Proposal& proposal) const {
  if (study_.cost) return std::nullopt;  // costs are not joules then
  std::optional<double> cost = proposal.cost ? proposal.cost : MeanCost(history_);
  if (cost && proposal.continues) {
    const auto& paid = history_.entries()[*proposal.continues].spending.cost;
    cost = std::max(*cost - paid.value_or(0.0), kLeastForeseen * *cost);
  }
  if (!cost || !(*cost > 0.0)) return std::nullopt;
  return Joules(*cost);
}

}  // namespace joulefront
