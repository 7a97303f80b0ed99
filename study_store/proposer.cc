#include "study_store/proposer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/random.h"
#include "study_store/configuration_json.h"
#include "study_store/evaluation.h"
#include "study_store/front.h"

namespace joulefront {
namespace {

constexpr std::uint64_t kRepeatStream = 0x726570656174;  // "repeat"

}  // namespace

Proposer::Proposer(StudyStore& store, StudyId id, Study study)
    : store_(store),
      id_(id),
      study_(std::move(study)),
      sampler_(MakeSampler(study_.sampler)),
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
    if (trial.state == TrialState::kComplete) {
      if (auto evaluation = Evaluate(study_, trial.values)) {
        history_.Evaluate(number, std::move(*evaluation));
      }
    } else if (IsFinished(trial.state)) {
      history_.Fail(number);
    }
    if (number == trials_.size()) {
      trials_.push_back(std::move(trial));
    } else {
      trials_[number] = std::move(trial);
    }
  }
  return {};
}

Result<std::optional<TrialNumber>> Proposer::Propose(std::optional<std::int64_t> limit,
                                                     TimePoint now) {
  auto proposal = sampler_->Propose(study_.space, history_, study_.seed);
  if (!proposal) return std::optional<TrialNumber>();
  return Add(std::move(*proposal), limit, now);
}

Result<std::optional<TrialNumber>> Proposer::ProposeAgain(TimePoint now) {
  if (history_.size() == 0) return std::optional<TrialNumber>();
  Random random(study_.seed, Mix64(kRepeatStream) + history_.size());
  const Front front = ComputeFront(study_, trials_);
  const std::size_t number = front.points.empty()
                                 ? random.Below(history_.size())
                                 : front.points[random.Below(front.points.size())].trial;
  return Add(
      {.configuration = history_.entries()[number].configuration,
       .proposed_by = "repeat",
       .reason = fmt::format("every configuration has been proposed: trial {} again", number)},
      std::nullopt, now);
}

Result<std::optional<TrialNumber>> Proposer::Add(Proposal proposal,
                                                 std::optional<std::int64_t> limit, TimePoint now) {
  const NewTrial trial{.configuration = ConfigurationToJson(study_.space, proposal.configuration),
                       .proposed_by = proposal.proposed_by,
                       .reason = proposal.reason,
                       // 53 bits, so that every language reads the seed exactly.
                       .seed = Mix64(study_.seed ^ Mix64(history_.size())) >> 11};
  auto number = store_.AddTrial(id_, trial, limit, now);
  if (!number) return Pass(number);
  JF_CHECK(static_cast<std::size_t>(*number) == history_.size());
  history_.Add(std::move(proposal.configuration));
  return std::optional(*number);
}

}  // namespace joulefront
