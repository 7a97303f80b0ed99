#include "cli/report_json.h"

#include <algorithm>
#include <utility>

#include "cli/report_view.h"
#include "study_store/crowding.h"
#include "study_store/parameter_importance.h"

namespace joulefront {
namespace {

using nlohmann::ordered_json;

// Of the rows that are shown of a large study, so many are the newest.
constexpr std::size_t kNewestRows = 500;
// Importance is computed from so many trials at most.
constexpr std::size_t kMostForImportance = 10'000;

/// `most` of the indices, evenly spread.
std::vector<std::size_t> EvenSample(const std::vector<std::size_t>& indices, std::size_t most) {
  if (indices.size() <= most) return indices;
  std::vector<std::size_t> spread;
  for (std::size_t k = 0; k < most; ++k) spread.push_back(indices[k * indices.size() / most]);
  return spread;
}

void ChooseRows(std::size_t most, ReportView& view) {
  const std::size_t trials = view.report.records.trials.size();
  std::vector<std::size_t> rest;
  for (std::size_t i = 0; i < view.trials.size(); ++i) {
    const bool newest = trials > most && i < trials && i + kNewestRows >= trials;
    if (view.places[i] == Place::kFront || newest) {
      view.rows.push_back(i);
    } else if (i < trials) {
      rest.push_back(i);
    }
  }
  const std::size_t room = most > view.rows.size() ? most - view.rows.size() : 0;
  for (const std::size_t i : EvenSample(rest, room)) view.rows.push_back(i);
  std::sort(view.rows.begin(), view.rows.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(view.trials[a].number, a) < std::pair(view.trials[b].number, b);
  });
}

ordered_json ConfirmationJson(const ConfirmedPoint& point) {
  ordered_json means = ordered_json::array(), deviations = ordered_json::array();
  for (const Spread& spread : point.objectives) {
    means.push_back(Short(spread.mean));
    deviations.push_back(Short(spread.deviation));
  }
  return {{"replicates", point.replicates},
          {"mean", means},
          {"deviation", deviations},
          {"holds", point.feasible && point.on_front},
          {"probability", Short(point.probability)}};
}

ordered_json FrontJson(const ReportView& view) {
  const auto prices = PricesAlong(view.front);
  ordered_json list = ordered_json::array();
  for (std::size_t i = 0; i < view.front.points.size(); ++i) {
    const FrontPoint& point = view.front.points[i];
    const Trial& trial = view.trials[point.trial];
    const auto row = std::find(view.rows.begin(), view.rows.end(), point.trial);
    ordered_json entry = {{"row", row - view.rows.begin()},
                          {"values", point.objectives},
                          {"knee", point.knee},
                          {"partial", point.partial},
                          {"refuted", point.refuted},
                          {"off_scale", point.off_scale},
                          {"price", Short(prices[i])},
                          {"configuration", ordered_json::parse(trial.configuration)}};
    const auto again = std::find_if(
        view.confirmed.begin(), view.confirmed.end(),
        [&](const auto& c) { return c.trial == trial.number && !view.report.StepOf(point.trial); });
    if (again != view.confirmed.end()) entry["confirmation"] = ConfirmationJson(*again);
    list.push_back(std::move(entry));
  }
  return list;
}

/// One list an objective, by parameter; empty where there are too few trials. Null if a
/// configuration is not of the space.
ordered_json ImportanceJson(const ReportView& view) {
  const std::vector<Trial>& all = view.report.records.trials;
  std::vector<std::size_t> complete;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].state == TrialState::kComplete) complete.push_back(i);
  }
  std::vector<Trial> sample;
  for (const std::size_t i : EvenSample(complete, kMostForImportance)) sample.push_back(all[i]);
  const auto importance = ImportanceForObjectives(view.study, sample);
  if (!importance) return nullptr;
  ordered_json list = ordered_json::array();
  for (std::size_t k = 0; k < importance->size(); ++k) {
    ordered_json shares = ordered_json::array(), clear = ordered_json::array();
    for (const ParameterImportance& one : (*importance)[k].parameters) {
      shares.push_back(Short(one.share));
      clear.push_back(one.clear);
    }
    list.push_back({{"objective", view.study.objectives[k].name},
                    {"share", shares},
                    {"clear", clear},
                    {"none", (*importance)[k].why_none}});
  }
  return {{"trials", importance->empty() ? 0 : importance->front().trials},
          {"least", kLeastForImportance},
          {"objectives", list}};
}

}  // namespace

ordered_json ReportJson(const ReportRecords& report, std::size_t most_rows) {
  ReportView view = ViewOf(report);
  ChooseRows(most_rows, view);
  const std::size_t trials = report.records.trials.size();
  std::size_t shown = 0;
  for (const std::size_t row : view.rows) shown += row < trials ? 1U : 0U;
  ordered_json left_out = ordered_json::array();
  for (const auto& [key, count] : view.front.left_out) {
    left_out.push_back({{"key", key}, {"trials", count}});
  }
  ordered_json crowded = ordered_json::array();
  for (const CrowdedBound& one : CrowdedBounds(view.study, view.trials, view.front)) {
    crowded.push_back(TextOf(one));
  }
  return {{"study", view.study.name},
          {"open", report.open},
          {"elapsed_s", Short(report.elapsed.value())},
          {"trials", trials},
          {"sample", shown < trials ? ordered_json(shown) : ordered_json()},
          {"summary", SummaryJson(view)},
          {"failures", FailuresJson(view)},
          {"wishes", WishesJson(view)},
          {"cost", view.front.cost},
          {"largest", LargestOnScale(view.study.objectives.size())},
          {"off_scale", view.front.off_scale},
          {"hypervolume", Short(view.front.hypervolume)},
          {"key", view.front.key},
          {"left_out", left_out},
          {"crowded", crowded},
          {"front", FrontJson(view)},
          {"columns", ColumnsJson(view)},
          {"course", CourseJson(view)},
          {"energy", EnergyJson(view)},
          {"importance", ImportanceJson(view)}};
}

ordered_json StandingJson(const ReportRecords& report) {
  ordered_json states = ordered_json::object();
  for (const Trial& trial : report.records.trials) {
    auto& count = states[std::string(Name(trial.state))];
    count = count.is_null() ? 1 : count.get<int>() + 1;
  }
  const auto& spent = report.records.spent;
  return {{"open", report.open},
          {"trials", report.records.trials.size()},
          {"states", states},
          {"elapsed_s", Short(report.elapsed.value())},
          {"joules", spent.weakest ? Short(spent.joules.value()) : ordered_json()},
          {"class", spent.weakest ? ordered_json(Name(*spent.weakest)) : ordered_json()}};
}

ordered_json FrontBesideJson(const ReportRecords& report) {
  const ReportView view = ViewOf(report);
  ordered_json objectives = ordered_json::array(), front = ordered_json::array();
  for (const Objective& objective : view.study.objectives) {
    objectives.push_back({{"name", objective.name},
                          {"unit", objective.unit},
                          {"maximize", objective.direction == Direction::kMaximize}});
  }
  for (const FrontPoint& point : view.front.points) {
    front.push_back({{"trial", view.trials[point.trial].number}, {"values", point.objectives}});
  }
  ordered_json beside = StandingJson(report);
  beside["study"] = view.study.name;
  beside["objectives"] = objectives;
  beside["front"] = front;
  beside["key"] = view.front.key;
  beside["hypervolume"] = Short(view.front.hypervolume);
  beside["reference_point"] = view.front.reference_point;
  return beside;
}

}  // namespace joulefront
