#include <fmt/format.h>

#include "cli/footprint.h"
#include "cli/report_view.h"
#include "study_store/choosing.h"

namespace joulefront {
namespace {

using nlohmann::ordered_json;

/// "a, b and c".
std::string Joined(const std::vector<std::string>& parts) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += i + 1 == parts.size() ? " and " : ", ";
    text += parts[i];
  }
  return text;
}

std::string Count(std::size_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string AimOf(const Study& study) {
  std::vector<std::string> aims, limits;
  for (const Objective& objective : study.objectives) {
    aims.push_back((objective.direction == Direction::kMinimize ? "low " : "high ") +
                   objective.name);
    if (objective.timed) {
      aims.back() += *objective.timed == kTotalPhase
                         ? std::string(" (seconds of the whole training)")
                         : fmt::format(" (seconds of the phase '{}')", *objective.timed);
    }
    if (!objective.phase) continue;
    aims.back() += *objective.phase == kTotalPhase
                       ? " (joules of whole attempts)"
                       : fmt::format(" (joules of the phase '{}')", *objective.phase);
  }
  for (const Constraint& constraint : study.constraints) {
    if (constraint.max) {
      limits.push_back(fmt::format("{} at most {}", constraint.name, *constraint.max));
    }
    if (constraint.min) {
      limits.push_back(fmt::format("{} at least {}", constraint.name, *constraint.min));
    }
  }
  return fmt::format("This study searched {} for {}{}.", Count(study.space.size(), "parameter"),
                     Joined(aims), limits.empty() ? "" : ", with " + Joined(limits));
}

std::string TrialsOf(const ReportView& view) {
  std::size_t by_state[5] = {};
  for (const Trial& trial : view.report.records.trials) {
    ++by_state[static_cast<std::size_t>(trial.state)];
  }
  constexpr std::pair<TrialState, const char*> kStates[] = {{TrialState::kComplete, "complete"},
                                                            {TrialState::kPruned, "stopped early"},
                                                            {TrialState::kFailed, "failed"},
                                                            {TrialState::kRunning, "running"},
                                                            {TrialState::kWaiting, "waiting"}};
  std::vector<std::string> parts;
  for (const auto& [state, name] : kStates) {
    const std::size_t count = by_state[static_cast<std::size_t>(state)];
    if (count > 0) parts.push_back(fmt::format("{} {}", count, name));
  }
  const std::size_t trials = view.report.records.trials.size();
  if (trials == 0) return "It has no trial yet.";
  return fmt::format("Of {}, {}; {} on the front, which no other beats in everything.",
                     Count(trials, "trial"), Joined(parts),
                     view.front.points.size() == 1
                         ? std::string("1 point is")
                         : fmt::format("{} points are", view.front.points.size()));
}

std::string_view Meaning(EnergyClass weakest) {
  switch (weakest) {
    case EnergyClass::kMeasured:
      return "measured by counters that nobody else shared";
    case EnergyClass::kAttributed:
      return "counted, and divided between the users of the counters by a stated rule";
    case EnergyClass::kCalibrated:
      return "corrected by a fit against another meter";
    case EnergyClass::kEstimated:
      return "estimated by a model and not measured";
    case EnergyClass::kReplayed:
      return "told by the trainers from an earlier record, metered by nobody here";
  }
  return "";
}

std::string JoulesSpent(const ReportView& view) {
  const auto& spent = view.report.records.spent;
  if (!spent.weakest) return "No joules were metered.";
  std::string text = fmt::format("All of it took {}, {}{}", FormatJoules(spent.joules),
                                 *spent.weakest > EnergyClass::kMeasured ? "at least in part " : "",
                                 Meaning(*spent.weakest));
  if (spent.search > Joules()) {
    text += fmt::format("; {} of it went into the search itself", FormatJoules(spent.search));
  }
  if (spent.attempts_without > 0) {
    text += fmt::format("; {} left no figure, and {} not in it",
                        Count(static_cast<std::size_t>(spent.attempts_without), "attempt"),
                        spent.attempts_without == 1 ? "is" : "are");
  }
  return text + ".";
}

std::string CarbonSpent(const ReportView& view) {
  const ReportRecords& report = view.report;
  if (!report.carbon_fault.empty()) return "No gCO2e is stated: " + report.carbon_fault + ".";
  if (!report.carbon.given()) {
    return "The study file has no [carbon], so no gCO2e is stated.";
  }
  const Footprint footprint = FootprintOf(view.study, report.carbon, report.records.attempts);
  if (!footprint.grams) {
    return "No gCO2e is stated: the series of intensities does not span all attempts.";
  }
  std::string text = fmt::format("Its attempts stand for {} gCO2e ({})",
                                 FormatNumber(*footprint.grams), Describe(report.carbon.settings));
  if (footprint.price) {
    text += fmt::format(", and {} {}", FormatNumber(*footprint.price), view.study.tariff->currency);
  }
  return text + ".";
}

}  // namespace

ordered_json SummaryJson(const ReportView& view) {
  return {AimOf(view.study), TrialsOf(view), JoulesSpent(view), CarbonSpent(view)};
}

ordered_json WishesJson(const ReportView& view) {
  ordered_json wishes = ordered_json::array();
  for (const Recommendation& one : Recommend(view.study, view.front)) {
    wishes.push_back({{"wish", one.wish}, {"point", one.point}, {"why", one.why}});
  }
  return wishes;
}

}  // namespace joulefront
