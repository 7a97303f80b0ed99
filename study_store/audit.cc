#include "study_store/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <span>

#include "study_store/attempt_rules.h"
#include "study_store/evaluation.h"
#include "study_store/front.h"

namespace joulefront {
namespace {

// Sums of doubles may differ in their last digits, and figures are whole microjoules.
constexpr double kRounding = 1e-9;
constexpr double kMicrojoule = 1e-6;

bool Agree(Joules a, Joules b) {
  const double scale = std::max(std::abs(a.value()), std::abs(b.value()));
  return std::abs((a - b).value()) <= std::max(2.0 * kMicrojoule, kRounding * scale);
}

/// The attempts of each trial, by its number.
std::vector<std::span<const Attempt>> ByTrial(const Records& records) {
  std::vector<std::span<const Attempt>> by_trial(records.trials.size());
  const auto& all = records.attempts;
  for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    while (end < all.size() && all[end].trial == all[begin].trial) ++end;
    const auto trial = static_cast<std::size_t>(all[begin].trial);
    if (trial < by_trial.size()) by_trial[trial] = {&all[begin], end - begin};
  }
  return by_trial;
}

bool WasRetried(AttemptState state) {
  return state == AttemptState::kLost || state == AttemptState::kInterrupted;
}

/// Whether a trial in this state may have `last` as the state of its last attempt.
bool Fits(TrialState state, AttemptState last) {
  switch (state) {
    case TrialState::kWaiting:
      return WasRetried(last);
    case TrialState::kRunning:
      return last == AttemptState::kRunning;
    case TrialState::kComplete:
      return last == AttemptState::kComplete;
    case TrialState::kPruned:
      return last == AttemptState::kPruned;
    case TrialState::kFailed:
      return last == AttemptState::kFailed || WasRetried(last);
  }
  return false;
}

/// What is wrong with the attempts that were made for the trial's values, which stand before its
/// confirmations; empty: nothing.
std::string WrongWith(const Trial& trial, std::span<const Attempt> attempts) {
  int count = 0;
  for (const Attempt& attempt : attempts) {
    if (attempt.kind != AttemptKind::kTrial) continue;
    if (attempt.number != ++count) return fmt::format("has no attempt {}", count);
    if (attempt.number < trial.attempts && !WasRetried(attempt.state)) {
      return fmt::format("went on after attempt {}, which is {}", attempt.number,
                         Name(attempt.state));
    }
  }
  if (count != trial.attempts) {
    return fmt::format("counts {} attempts, and has {}", trial.attempts, count);
  }
  if (count == 0) return trial.state == TrialState::kWaiting ? "" : "was never begun";
  const AttemptState last = attempts[static_cast<std::size_t>(count) - 1].state;
  if (Fits(trial.state, last)) return "";
  return fmt::format("is {}, and its last attempt {}", Name(trial.state), Name(last));
}

void AddUnbalancedPhases(const Attempt& attempt, const std::string& who,
                         std::vector<std::string>& found) {
  Joules sum, bounds;
  bool whole = true;
  for (const PhaseEnergy& phase : attempt.energy) {
    if (phase.phase == kTotalPhase) continue;
    whole = whole && phase.figure;
    if (!phase.figure) continue;
    sum += phase.figure->joules;
    // Nothing of it may have been seen, and be in the total.
    if (IsBound(*phase.figure)) bounds += phase.figure->joules;
  }
  const auto total = TotalJoules(attempt.energy);
  const bool agrees = total && (Agree(sum, *total) || (sum >= *total && sum - bounds <= *total) ||
                                Agree(sum - bounds, *total));
  if (total && whole && attempt.energy.size() > 1 && !agrees) {
    found.push_back(fmt::format("{}: its phases are {}, and their total says {}", who,
                                FormatJoules(sum), FormatJoules(*total)));
  }
}

void AddUnbalancedDivision(const Attempt& attempt, const std::string& who,
                           std::vector<std::string>& found) {
  const PhaseEnergy* total = FindPhase(attempt.energy, kTotalPhase);
  if (total == nullptr || !total->figure || !total->figure->division) return;
  const Division& parts = *total->figure->division;
  // Sums of several domains' whole microjoules.
  if (!Agree(parts.measured, total->figure->joules + parts.others + parts.idle_of_others)) {
    found.push_back(
        fmt::format("{}: {} were measured, but its share, others' and idle make {}", who,
                    FormatJoules(parts.measured),
                    FormatJoules(total->figure->joules + parts.others + parts.idle_of_others)));
  }
  if (parts.residual > parts.measured * kMostResidual) {
    found.push_back(fmt::format("{}: CPU times would charge {} more than the {} measured", who,
                                FormatJoules(parts.residual), FormatJoules(parts.measured)));
  }
}

/// Metered values that are not the joules of their phase.
void AddWrongValues(const Study& study, const Trial& trial, std::vector<std::string>& found) {
  if (trial.state != TrialState::kComplete || trial.values.contains(std::string(kResumedJoules))) {
    return;
  }
  for (const Objective& objective : study.objectives) {
    if (!objective.phase || objective.per || trial.energy.empty()) continue;
    const PhaseEnergy* phase = FindPhase(trial.energy, *objective.phase);
    const auto value = trial.values.find(objective.name);
    if (phase == nullptr || !phase->figure || value == trial.values.end()) continue;
    // Values of bounds were their joules before bounds were told apart.
    if (Agree(Joules(value->second), CountedJoules(*phase->figure)) ||
        Agree(Joules(value->second), phase->figure->joules)) {
      continue;
    }
    found.push_back(fmt::format("trial {}: {} is {}, and phase {} took {}", trial.number,
                                objective.name, FormatJoules(Joules(value->second)),
                                *objective.phase, FormatJoules(phase->figure->joules)));
  }
}

Fate FateOf(const Records& records, const Attempt& attempt, const std::set<std::size_t>& front) {
  if (attempt.state == AttemptState::kRunning) return Fate::kRunning;
  if (attempt.kind == AttemptKind::kConfirmation) return Fate::kRepeated;
  if (WasRetried(attempt.state)) return Fate::kRetried;
  if (attempt.state == AttemptState::kPruned) return Fate::kPruned;
  if (attempt.state == AttemptState::kFailed) return Fate::kFailed;
  const auto number = static_cast<std::size_t>(attempt.trial);
  if (front.contains(number)) return Fate::kFront;
  const auto evaluation = Evaluate(records.study, records.trials.at(number).values);
  return evaluation && evaluation->violation > 0.0 ? Fate::kInfeasible : Fate::kDominated;
}

}  // namespace

std::string_view Name(Fate fate) {
  constexpr std::string_view kNames[] = {"front",   "dominated", "infeasible", "pruned", "failed",
                                         "retried", "repeated",  "running",    "search"};
  return kNames[static_cast<std::size_t>(fate)];
}

std::vector<std::string> FindBrokenLives(const Records& records) {
  std::vector<std::string> found;
  const auto by_trial = ByTrial(records);
  for (std::size_t i = 0; i < records.trials.size(); ++i) {
    const Trial& trial = records.trials[i];
    if (static_cast<std::size_t>(trial.number) != i) {
      found.push_back(fmt::format("trial {} is missing", i));
      return found;  // what follows is counted by number
    }
    if (const std::string wrong = WrongWith(trial, by_trial[i]); !wrong.empty()) {
      found.push_back(fmt::format("trial {} {}", trial.number, wrong));
    }
    if (trial.state == TrialState::kComplete && !Evaluate(records.study, trial.values)) {
      found.push_back(fmt::format(
          "trial {} is complete, and lacks a value of an objective or a constraint", trial.number));
    }
  }
  for (const Attempt& attempt : records.attempts) {
    if (attempt.trial < 0 || static_cast<std::size_t>(attempt.trial) >= records.trials.size()) {
      found.push_back(
          fmt::format("an attempt belongs to trial {}, which is not there", attempt.trial));
    }
  }
  return found;
}

std::vector<std::string> FindImbalances(const Records& records) {
  std::vector<std::string> found;
  Joules sum = records.spent.search;
  for (const Attempt& attempt : records.attempts) {
    const std::string who = fmt::format("trial {} attempt {}", attempt.trial, attempt.number);
    AddUnbalancedPhases(attempt, who, found);
    AddUnbalancedDivision(attempt, who, found);
    sum += TotalJoules(attempt.energy).value_or(Joules());
  }
  for (const Trial& trial : records.trials) AddWrongValues(records.study, trial, found);
  if (!Agree(sum, records.spent.joules)) {
    found.push_back(fmt::format("attempts and search took {}, and the study says {}",
                                FormatJoules(sum), FormatJoules(records.spent.joules)));
  }
  return found;
}

std::vector<FateShare> JoulesByFate(const Records& records) {
  std::vector<FateShare> shares;
  for (int fate = 0; fate <= static_cast<int>(Fate::kSearch); ++fate) {
    shares.push_back({.fate = static_cast<Fate>(fate)});
  }
  std::set<std::size_t> front;
  for (const FrontPoint& point : ComputeFront(records.study, records.trials).points) {
    front.insert(point.trial);
  }
  for (const Attempt& attempt : records.attempts) {
    FateShare& share = shares[static_cast<std::size_t>(FateOf(records, attempt, front))];
    ++share.attempts;
    const auto total = TotalJoules(attempt.energy);
    if (!total) ++share.without;
    share.joules += total.value_or(Joules());
  }
  shares.back().joules = records.spent.search;
  return shares;
}

}  // namespace joulefront
