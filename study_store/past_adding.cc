// Adding trials of earlier work to a study.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "base/printable.h"
#include "study_store/evaluation.h"
#include "study_store/first_trials.h"
#include "study_store/front.h"
#include "study_store/past_trials.h"
#include "study_store/value_json.h"

namespace joulefront {
namespace {

constexpr std::size_t kShown = 5;
constexpr std::chrono::seconds kLease(60);

std::string Show(const std::vector<std::string>& all) {
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), kShown));
  return fmt::format("{}{}", fmt::join(all.begin(), end, ", "), all.size() > kShown ? ", ..." : "");
}

std::string TextOf(const Value& value) {
  return ValueToJson(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Nothing is guessed: values belong to the configuration that had them. What is given of an
/// inactive parameter is left out, since it has no effect.
tl::expected<Configuration, std::string> Fit(const SearchSpace& space, const PastTrial& past) {
  if (!past.fault.empty()) return tl::unexpected(past.fault);
  static const Value kNull{std::string(kNullChoice)};
  std::map<std::string_view, const Value*> by_name;
  for (const std::string& name : past.nulls) by_name[name] = &kNull;
  for (const auto& [name, value] : past.parameters) {
    if (!space.IndexOf(name)) {
      return tl::unexpected(fmt::format("'{}' is no parameter of the study", name));
    }
    by_name[name] = &value;
  }
  Configuration configuration(space.size());
  for (std::size_t i = 0; i < space.size(); ++i) {
    if (!space.IsActive(i, configuration)) continue;
    const std::string& name = space.parameters()[i].name;
    const auto found = by_name.find(name);
    if (found == by_name.end()) {
      return tl::unexpected(fmt::format("parameter '{}' has no value", name));
    }
    configuration[i] = space.CoordinateOf(i, *found->second);
    if (!configuration[i] && found->second == &kNull) {
      return tl::unexpected(
          fmt::format("parameter '{}' is null; the study would take that as a choice \"{}\"", name,
                      kNullChoice));
    }
    if (!configuration[i]) {
      return tl::unexpected(
          fmt::format("parameter '{}' cannot be {}", name, TextOf(*found->second)));
    }
  }
  return configuration;
}

/// The names of needed values that are joules.
std::vector<std::string> MeteredNames(const Study& study) {
  std::vector<std::string> names;
  const auto add = [&](const auto& item) {
    if ((item.phase || item.timed) &&
        std::find(names.begin(), names.end(), item.name) == names.end()) {
      names.push_back(item.name);
    }
  };
  std::for_each(study.objectives.begin(), study.objectives.end(), add);
  std::for_each(study.constraints.begin(), study.constraints.end(), add);
  return names;
}

/// A past trial in the study's space.
struct Fitting {
  Configuration configuration;
  Trial trial;  // its state, values, failure, message, and the configuration as JSON
  std::string place;
};

/// What two trials share that are taken for one and the same.
using Identity = std::tuple<std::string, TrialState, NamedValues, std::optional<FailureClass>>;

Identity IdentityOf(const Trial& trial) {
  return {trial.configuration, trial.state, trial.values, trial.failure};
}

/// The study of the objectives and constraints that any of the trials has a value for, to find the
/// front of what is known.
Study KnownPart(const Study& study, const std::vector<Trial>& trials) {
  Study part = study;
  const auto unknown = [&](const auto& item) {
    return std::none_of(trials.begin(), trials.end(),
                        [&](const Trial& trial) { return trial.values.contains(item.name); });
  };
  std::erase_if(part.objectives, unknown);
  std::erase_if(part.constraints, unknown);
  return part;
}

class PastAdder {
 public:
  PastAdder(StudyStore& store, StudyId id, Proposer& proposer, const PastRecord& past, bool told,
            const WorkerIdentity& worker, TimePoint now)
      : store_(store),
        id_(id),
        proposer_(proposer),
        past_(past),
        metered_(MeteredNames(proposer.study())),
        takes_values_(told || metered_.empty()),
        worker_(worker),
        now_(now) {}

  Result<std::vector<std::string>> Add() {
    for (const PastTrial& trial : past_.trials) Sort(trial);
    if (finished_.empty() && to_train_.empty()) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("no finished trial of {} fits the study: {}", past_.source,
                              left_out_.empty() ? "it has none" : Show(left_out_)));
    }
    JF_TRY(AddDefault(proposer_, std::nullopt, now_));
    const bool open = !finished_.empty();
    auto was_open = store_.IsOpen(id_);
    if (!was_open) return Pass(was_open);
    if (open && !*was_open) JF_TRY(store_.SetOpen(id_, true));  // a closed study gives no claims
    const auto added = AddFinished();
    if (open && !*was_open) JF_TRY(store_.SetOpen(id_, false));  // whatever became of it
    JF_TRY(added);
    JF_TRY(Queue());
    return Notes();
  }

 private:
  const Study& study() const { return proposer_.study(); }

  void LeaveOut(const PastTrial& past, const std::string& why) {
    left_out_.push_back(Printable(fmt::format("{} ({})", past.place, why)));
  }

  void Sort(const PastTrial& past) {
    if (!IsFinished(past.state)) {
      ++unfinished_;
      return;
    }
    auto configuration = Fit(study().space, past);
    if (!configuration) return LeaveOut(past, configuration.error());
    Fitting fitting{std::move(*configuration), {}, past.place};
    Trial& trial = fitting.trial;
    trial.configuration = ConfigurationToJson(study().space, fitting.configuration);
    trial.state = past.state;
    for (const auto& [name, value] : past.values) trial.values[Printable(name)] = value;
    trial.failure = past.failure;
    trial.message = Printable(past.message);
    for (const std::string& name : metered_) {
      const auto joules = trial.values.find(name);
      if (joules == trial.values.end() || !(joules->second < 0.0)) continue;
      return LeaveOut(past, fmt::format("'{}' is in joules, which are never below 0", name));
    }
    if (std::erase_if(trial.values, [](const auto& v) { return !std::isfinite(v.second); }) > 0 &&
        trial.state == TrialState::kComplete) {
      trial.state = TrialState::kFailed;
      trial.failure = FailureClass::kNonFinite;
      trial.message = "a value was not finite";
    }
    if (trial.state == TrialState::kFailed && !trial.failure) {
      trial.failure = FailureClass::kLost;
      trial.message = fmt::format("nothing says whether its configuration was why{}{}",
                                  trial.message.empty() ? "" : ": ", trial.message);
      ++unexplained_;
    }
    if (BreaksMore(past, trial)) {
      return LeaveOut(past,
                      "it breaks a constraint there that is none of the study's, or has no "
                      "value here");
    }
    for (const std::string& name : past.nulls) nulls_.insert(name);
    if (!HasValues(trial.state)) trial.values.clear();
    if (!HasMessage(trial.state)) trial.message.clear();
    if (trial.state != TrialState::kFailed) trial.failure.reset();
    const bool complete = trial.state == TrialState::kComplete;
    if (complete && (!takes_values_ || !Evaluate(study(), trial.values))) {
      to_train_.push_back(std::move(fitting));
    } else if (takes_values_) {
      finished_.push_back(std::move(fitting));
    } else {
      LeaveOut(past, fmt::format("it is {}, and only complete ones are trained again",
                                 Name(trial.state)));
    }
  }

  /// Whether it breaks a constraint of Optuna's while all that the study has are kept, or not told.
  bool BreaksMore(const PastTrial& past, const Trial& trial) const {
    const bool breaks = std::any_of(past.excesses.begin(), past.excesses.end(),
                                    [](double excess) { return !(excess <= 0.0); });
    if (!breaks || !HasValues(trial.state)) return false;
    const auto evaluation = Evaluate(study(), trial.values);
    return !evaluation || evaluation->violation == 0.0;
  }

  /// As often as the file has it and the study does not.
  Result<void> AddFinished() {
    std::map<Identity, int> there;
    for (const Trial& trial : proposer_.trials()) {
      if (IsFinished(trial.state)) ++there[IdentityOf(trial)];
    }
    for (Fitting& fitting : finished_) {
      if (int& left = there[IdentityOf(fitting.trial)]; left > 0) {
        --left;
        known_.push_back(fitting.place);
        continue;
      }
      auto number = Propose(fitting);
      if (!number) return Pass(number);
      auto claim = store_.ClaimTrial(id_, worker_, now_ + kLease, now_, *number);
      if (!claim) return Pass(claim);
      if (!*claim) continue;  // a worker was faster, and trains it
      const AttemptState ended =
          fitting.trial.state == TrialState::kComplete ? AttemptState::kComplete
          : fitting.trial.state == TrialState::kPruned ? AttemptState::kPruned
                                                       : AttemptState::kFailed;
      const AttemptResult result{.state = ended,
                                 .values = std::move(fitting.trial.values),
                                 .energy = {},
                                 .failure = fitting.trial.failure,
                                 .message = std::move(fitting.trial.message)};
      JF_TRY(store_.FinishAttempt(**claim, result, {}, now_));
      ++added_[static_cast<std::size_t>(fitting.trial.state)];
    }
    return {};
  }

  /// The ends of the front that is known and, between them, even steps along it.
  Result<void> Queue() {
    std::vector<Trial> trials;
    for (const Fitting& fitting : to_train_) trials.push_back(fitting.trial);
    if (trials.empty()) return {};
    const Front front = ComputeFront(KnownPart(study(), trials), trials);
    const std::size_t count = std::min(front.points.size(), kMostWarmTrials);
    for (std::size_t k = 0; k < count; ++k) {
      const std::size_t at = count == 1 ? 0 : k * (front.points.size() - 1) / (count - 1);
      const Fitting& fitting = to_train_[front.points[at].trial];
      if (proposer_.history().Contains(fitting.configuration)) {
        known_.push_back(fitting.place);
        continue;
      }
      JF_TRY(Propose(fitting));
      ++queued_;
    }
    return {};
  }

  Result<TrialNumber> Propose(const Fitting& fitting) {
    return proposer_.Add({.configuration = fitting.configuration,
                          .proposed_by = std::string(kByImport),
                          .reason = fmt::format("{} of {}", fitting.place, past_.source)},
                         std::nullopt, now_);
  }

  std::vector<std::string> Notes() const {
    const auto count = [&](TrialState state) { return added_[static_cast<std::size_t>(state)]; };
    const std::size_t complete = count(TrialState::kComplete), pruned = count(TrialState::kPruned),
                      failed = count(TrialState::kFailed);
    std::vector<std::string> notes;
    if (takes_values_) {
      notes.push_back(fmt::format("{} trials of {} added: {} complete, {} pruned, {} failed",
                                  complete + pruned + failed, past_.source, complete, pruned,
                                  failed));
    }
    if (takes_values_ && !metered_.empty()) {
      notes.push_back(
          fmt::format("their {} is told: a front never compares it with what is metered here",
                      fmt::join(metered_, " and ")));
    }
    if (!takes_values_) {
      notes.push_back(fmt::format(
          "{} is metered here, and joules from elsewhere cannot be compared with that: of {} only "
          "configurations are taken, to be trained again (--told takes the values, as told)",
          fmt::join(metered_, " and "), past_.source));
    }
    if (queued_ > 0) {
      notes.push_back(
          fmt::format("{} trials wait to be trained, of the front of {} without all "
                      "values",
                      queued_, to_train_.size()));
    }
    if (!known_.empty()) {
      notes.push_back(
          fmt::format("{} skipped, since the study has them: {}", known_.size(), Show(known_)));
    }
    if (unexplained_ > 0) {
      notes.push_back(fmt::format(
          "{} failed, and nothing says whether their configurations were why: the search learns "
          "nothing from them (a column or attribute failure may say a class, such as exit-code)",
          unexplained_));
    }
    for (const std::string& name : nulls_) {
      notes.push_back(fmt::format("null is taken as the choice \"{}\" of '{}'", kNullChoice, name));
    }
    if (unfinished_ > 0) notes.push_back(fmt::format("{} left out, not finished", unfinished_));
    if (!left_out_.empty()) {
      notes.push_back(fmt::format("{} left out: {}", left_out_.size(), Show(left_out_)));
    }
    const auto size = static_cast<std::int64_t>(proposer_.history().size());
    if (const auto limit = study().budget.trials; limit && complete + pruned + failed > 0) {
      notes.push_back(fmt::format(
          "the study has {} trials now, which count to its budget of {}; for {} more: [budget] "
          "trials = {}",
          size, *limit, *limit, size + *limit));
    }
    return notes;
  }

  StudyStore& store_;
  StudyId id_;
  Proposer& proposer_;
  const PastRecord& past_;
  const std::vector<std::string> metered_;
  const bool takes_values_;
  const WorkerIdentity& worker_;
  const TimePoint now_;

  std::vector<Fitting> finished_, to_train_;
  std::vector<std::string> left_out_, known_;
  std::set<std::string> nulls_;  // parameters of which a null was taken
  std::size_t unfinished_ = 0, queued_ = 0, unexplained_ = 0;
  std::size_t added_[5] = {};  // by state
};

}  // namespace

Result<std::vector<std::string>> AddPastTrials(StudyStore& store, StudyId id, Proposer& proposer,
                                               const PastRecord& past, bool told,
                                               const WorkerIdentity& worker, TimePoint now) {
  return PastAdder(store, id, proposer, past, told, worker, now).Add();
}

}  // namespace joulefront
