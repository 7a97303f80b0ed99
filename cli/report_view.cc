#include "cli/report_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "study_store/attempt_rules.h"
#include "study_store/evaluation.h"

namespace joulefront {
namespace {

using nlohmann::ordered_json;

/// Where trials stand that are not complete, or infeasible, or dominated; the front and what cannot
/// be compared with it come from `front`.
std::vector<Place> PlacesOf(const Study& study, const std::vector<Trial>& trials,
                            const Front& front) {
  constexpr Place kByState[] = {Place::kWaiting, Place::kRunning, Place::kDominated, Place::kPruned,
                                Place::kFailed};
  std::vector<Place> places;
  std::vector<std::size_t> feasible;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    Place place = kByState[static_cast<std::size_t>(trials[i].state)];
    if (place == Place::kDominated) {
      const auto evaluation = Evaluate(study, trials[i].values);
      if (evaluation && evaluation->violation > 0.0) {
        place = Place::kInfeasible;
      } else if (evaluation) {
        feasible.push_back(i);
      }
    }
    places.push_back(place);
  }
  if (!front.left_out.empty()) {
    const auto groups = GroupByKey(study, trials, feasible);
    for (std::size_t g = 1; g < groups.size(); ++g) {
      for (const std::size_t i : groups[g].trials) places[i] = Place::kNotComparable;
    }
  }
  for (const FrontPoint& point : front.points) places[point.trial] = Place::kFront;
  return places;
}

/// Whether the end of this attempt was the end of its trial.
bool Decides(const Attempt& attempt, const Trial& trial) {
  return attempt.kind == AttemptKind::kTrial && IsFinished(trial.state) &&
         attempt.number == trial.attempts;
}

void AddFinishes(const Records& records, ReportView& view) {
  std::vector<const Attempt*> ended;
  for (const Attempt& attempt : records.attempts) {
    if (attempt.ended) ended.push_back(&attempt);
  }
  std::stable_sort(ended.begin(), ended.end(),
                   [](const Attempt* a, const Attempt* b) { return *a->ended < *b->ended; });
  view.finishes.resize(records.trials.size());
  double joules = 0.0;
  for (const Attempt* attempt : ended) {
    joules += TotalJoules(attempt->energy).value_or(Joules()).value();
    const auto number = static_cast<std::size_t>(attempt->trial);
    if (number >= records.trials.size() || !Decides(*attempt, records.trials[number])) continue;
    view.finish_order.push_back(number);
    view.finishes[number] = Finish{view.finish_order.size(), joules};
  }
}

}  // namespace

ReportView ViewOf(const ReportRecords& report) {
  const Study& study = report.records.study;
  ReportView view{.report = report, .study = study, .trials = report.candidates()};
  view.confirmed = JudgeFront(study, report.records.trials, report.records.attempts);
  view.front = ComputeFront(study, view.trials, {.refuted = RefutedTrials(view.confirmed)});
  view.places = PlacesOf(study, view.trials, view.front);
  AddFinishes(report.records, view);
  return view;
}

bool IsOffScale(const ReportView& view, std::size_t candidate) {
  const double largest = LargestOnScale(view.study.objectives.size());
  const auto& objectives = view.study.objectives;
  return std::any_of(objectives.begin(), objectives.end(), [&](const Objective& objective) {
    return std::abs(view.trials[candidate].values.at(objective.name)) > largest;
  });
}

ordered_json Short(double number) {
  constexpr double kWhole = 9007199254740992.0;  // 2^53
  constexpr int kDigits = 6;
  if (!std::isfinite(number)) return nullptr;
  if (std::trunc(number) == number && std::abs(number) < kWhole) {
    return static_cast<std::int64_t>(number);
  }
  char text[32];
  const auto [end, error] =
      std::to_chars(std::begin(text), std::end(text), number, std::chars_format::general, kDigits);
  double rounded = number;
  if (error == std::errc{}) std::from_chars(text, end, rounded);
  return rounded;
}

ordered_json Short(std::optional<double> number) {
  return number ? Short(*number) : ordered_json();
}

}  // namespace joulefront
