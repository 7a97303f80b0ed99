#include "study_store/proposer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/random.h"
#include "study_store/comparability.h"
#include "study_store/configuration_json.h"
#include "study_store/evaluation.h"
#include "study_store/front.h"

namespace joulefront {
namespace {

constexpr std::uint64_t kRepeatStream = 0x726570656174;  // "repeat"

std::optional<TrialNumber> ContinuedBy(const Proposal& proposal) {
  if (!proposal.continues) return std::nullopt;
  return static_cast<TrialNumber>(*proposal.continues);
}

/// Of a trial that was stopped early, the values that its end was foretold to have: dominated ones,
/// so that the search learns from them and the front stays as it is.
std::optional<Evaluation> ForetoldEvaluation(const Study& study, const Trial& trial) {
  NamedValues values = trial.values;
  for (const Objective& objective : study.objectives) {
    const auto found = values.find(std::string(kForetold) + objective.name);
    if (found == values.end()) return std::nullopt;
    values[objective.name] = found->second;
  }
  return Evaluate(study, values);
}

/// Of a trial that went on with another, the joules of its reports are those of its own part only.
void ForgetJoules(const Study& study, std::vector<ProgressReport>& reports) {
  for (ProgressReport& report : reports) {
    for (const Objective& objective : study.objectives) {
      if (objective.phase) report.values.erase(objective.name);
    }
  }
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

Result<void> Proposer::Refresh() {
  auto changed = store_.LoadTrials(id_, revision_);
  if (!changed) return Pass(changed);
  for (Trial& trial : *changed) {
    revision_ = std::max(revision_, trial.revision);
    const auto number = static_cast<std::size_t>(trial.number);
    JF_CHECK(number <= trials_.size());
    if (number == history_.size()) {
      auto configuration = ConfigurationFromJson(study_.space, trial.configuration);
      if (!configuration) {
        return Fail(ErrorCode::kCorrupt,
                    fmt::format("trial {} in the store does not fit the study: {}", number,
                                configuration.error().message));
      }
      history_.Add(std::move(*configuration));
    }
    if (IsFinished(trial.state)) JF_TRY(Settle(number, trial));
    if (number == trials_.size()) {
      trials_.push_back(std::move(trial));
    } else {
      trials_[number] = std::move(trial);
    }
  }
  return {};
}

Result<void> Proposer::Settle(std::size_t number, const Trial& trial) {
  if (trial.state == TrialState::kPruned) {
    auto foretold = ForetoldEvaluation(study_, trial);
    if (foretold) {
      history_.Evaluate(number, std::move(*foretold));
    } else {
      history_.Fail(number);
    }
    return {};
  }
  if (trial.state != TrialState::kComplete) {
    history_.Fail(number, FailureKind(trial.failure), SpendingOf(study_, trial));
    return {};
  }
  if (IsPartial(study_, trial)) {  // its joules are too low: it says nothing of the configuration
    history_.Fail(number, std::nullopt, {});
    return {};
  }
  auto evaluation = Evaluate(study_, trial.values);
  if (!evaluation) return {};
  std::vector<CurvePoint> curve;
  if (const auto fidelity = study_.space.fidelity()) {
    auto reports = store_.LoadProgress(id_, trial.number);
    if (!reports) return Pass(reports);
    if (trial.continues) ForgetJoules(study_, *reports);
    const double own = *history_.entries()[number].configuration[*fidelity];
    curve = CurveOf(study_, trial.values, own, *reports);
  }
  history_.Evaluate(number, std::move(*evaluation), SpendingOf(study_, trial), std::move(curve));
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

Terms Proposer::TermsFor(std::optional<Joules> spent) const {
  Terms terms{.seed = study_.seed,
              .cost_exponent = study_.cost_exponent,
              .cost_budget = {},
              .cost_left = {},
              .reference = {},
              .resumes = study_.trainer.resumes};
  const auto& budget = study_.budget.energy;
  if (spent && budget && !study_.cost) {  // a cost of another unit cannot be weighed against joules
    terms.cost_budget = budget->value();
    terms.cost_left = (*budget - *spent).value();
  }
  for (const Objective& objective : study_.objectives) {
    const double sign = objective.direction == Direction::kMinimize ? 1.0 : -1.0;
    const auto& reference = objective.reference;
    terms.reference.push_back(reference ? std::optional(sign * *reference) : std::nullopt);
  }
  return terms;
}

Result<ProposedTrial> Proposer::Propose(std::optional<std::int64_t> limit,
                                        std::optional<Joules> spent, TimePoint now) {
  auto proposal = sampler_->Propose(study_.space, history_, TermsFor(spent));
  if (!proposal) return ProposedTrial(tl::unexpected(proposal.error()));
  auto number = Add(std::move(*proposal), limit, now);
  if (!number) return Pass(number);
  return ProposedTrial(*number);
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
           .proposed_by = "repeat",
           .reason = fmt::format("every configuration has been proposed: trial {} again", number)},
          std::nullopt, now);
  if (!again) return Pass(again);
  return std::optional(*again);
}

Result<TrialNumber> Proposer::Add(Proposal proposal, std::optional<std::int64_t> limit,
                                  TimePoint now) {
  const NewTrial trial{.configuration = ConfigurationToJson(study_.space, proposal.configuration),
                       .proposed_by = proposal.proposed_by,
                       .reason = ReasonOf(proposal),
                       // 53 bits, so that every language reads the seed exactly.
                       .seed = Mix64(study_.seed ^ Mix64(history_.size())) >> 11,
                       .continues = ContinuedBy(proposal)};
  auto number = store_.AddTrial(id_, trial, limit, now);
  if (!number) return Pass(number);
  JF_CHECK(static_cast<std::size_t>(*number) == history_.size());
  history_.Add(std::move(proposal.configuration));
  return number;
}

}  // namespace joulefront
