#include <algorithm>
#include <map>

#include "cli/energy_json.h"
#include "cli/footprint.h"
#include "cli/report_view.h"
#include "search/hypervolume_course.h"
#include "study_store/attempt_rules.h"

namespace joulefront {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kMostCoursePoints = 300;

/// Joules of a kind, and how many attempts had them.
struct Sum {
  double joules = 0.0;
  std::int64_t attempts = 0, without = 0, partial = 0;
  std::optional<EnergyClass> weakest;

  void Add(const EnergyFigure* figure) {
    ++attempts;
    if (figure == nullptr) {
      ++without;
      return;
    }
    joules += figure->joules.value();
    if (figure->coverage < kWholeCoverage) ++partial;
    const EnergyClass of_figure = figure->provenance.energy_class;
    weakest = std::max(weakest.value_or(of_figure), of_figure);
  }

  ordered_json Json() const {
    return {{"joules", weakest ? Short(joules) : ordered_json()},
            {"attempts", attempts},
            {"without", without},
            {"partial", partial},
            {"class", weakest ? ordered_json(Name(*weakest)) : ordered_json()}};
  }
};

const EnergyFigure* FigureIn(const PhaseEnergy* phase) {
  return phase != nullptr && phase->figure ? &*phase->figure : nullptr;
}

ordered_json PhasesJson(const Records& records) {
  std::vector<std::pair<std::string, Sum>> sums;  // in the order in which they were seen
  for (const Attempt& attempt : records.attempts) {
    for (const PhaseEnergy& phase : attempt.energy) {
      if (phase.phase == kTotalPhase) continue;
      auto known = std::find_if(sums.begin(), sums.end(),
                                [&](const auto& sum) { return sum.first == phase.phase; });
      if (known == sums.end()) known = sums.insert(known, {phase.phase, {}});
      known->second.Add(FigureIn(&phase));
    }
  }
  ordered_json list = ordered_json::array();
  for (const auto& [name, sum] : sums) {
    list.push_back(sum.Json());
    list.back()["name"] = name;
  }
  return list;
}

ordered_json FatesJson(const Records& records) {
  ordered_json list = ordered_json::array();
  for (const FateShare& share : JoulesByFate(records)) {
    if (share.attempts == 0 && share.joules == Joules()) continue;
    list.push_back({{"name", Name(share.fate)},
                    {"joules", share.IsKnown() ? Short(share.joules.value()) : ordered_json()},
                    {"attempts", share.attempts},
                    {"without", share.without}});
  }
  return list;
}

ordered_json OriginJson(const Provenance& from, const std::string& of, const Sum& sum) {
  ordered_json origin = sum.Json();
  origin["of"] = of;
  origin["source"] = from.source;
  origin["boundary"] = from.boundary;
  origin["attribution"] = from.attribution;
  origin["idle_policy"] = from.idle_policy;
  origin["host"] = from.host;
  origin["common_uncertainty"] = Short(from.common_uncertainty);
  return origin;
}

ordered_json OriginsJson(const ReportRecords& report) {
  std::map<Provenance, Sum> sums, search;
  std::int64_t without = 0;
  for (const Attempt& attempt : report.records.attempts) {
    const EnergyFigure* total = FindFigure(attempt.energy, kTotalPhase);
    if (total == nullptr) {
      ++without;
    } else {
      sums[total->provenance].Add(total);
    }
  }
  for (const PhaseEnergy& taken : report.search) {
    if (taken.figure) search[taken.figure->provenance].Add(&*taken.figure);
  }
  ordered_json list = ordered_json::array();
  for (const auto& [from, sum] : sums) list.push_back(OriginJson(from, "attempts", sum));
  for (const auto& [from, sum] : search) list.push_back(OriginJson(from, "search", sum));
  return {{"list", list}, {"attempts_without", without}};
}

}  // namespace

ordered_json CourseJson(const ReportView& view) {
  std::vector<std::vector<std::size_t>> candidates(view.finishes.size());
  for (std::size_t i = 0; i < view.trials.size(); ++i) {
    const Place place = view.places[i];
    if (place != Place::kFront && place != Place::kDominated) continue;
    if (IsPartial(view.study, view.trials[i]) || IsOffScale(view, i)) continue;
    candidates[static_cast<std::size_t>(view.trials[i].number)].push_back(i);
  }
  std::vector<double> values, reference;
  std::vector<std::size_t> numbers;  // the trial of each point
  for (const std::size_t number : view.finish_order) {
    for (const std::size_t i : candidates[number]) {
      numbers.push_back(number);
      for (const Objective& objective : view.study.objectives) {
        values.push_back(SignOf(objective) * view.trials[i].values.at(objective.name));
      }
    }
  }
  for (std::size_t k = 0; k < view.front.reference_point.size(); ++k) {
    reference.push_back(SignOf(view.study.objectives[k]) * view.front.reference_point[k]);
  }
  ordered_json finished = ordered_json::array(), joules = finished, volumes = finished;
  const Points points{values, view.study.objectives.size()};
  const Course course = HypervolumeCourse(points, reference, kMostCoursePoints);
  for (const CoursePoint& point : course.points) {
    const Finish& at = *view.finishes[numbers[point.count - 1]];
    finished.push_back(at.count);
    joules.push_back(Short(at.joules));
    volumes.push_back(Short(point.volume));
  }
  ordered_json reference_point = ordered_json::array();
  for (const double r : view.front.reference_point) reference_point.push_back(Short(r));
  const bool metered = view.report.records.spent.weakest.has_value();
  return {{"finished", finished},
          {"joules", metered ? joules : ordered_json()},
          {"volume", volumes},
          {"estimated", course.estimated},
          {"reference_point", reference_point},
          {"trials", view.finish_order.size()}};
}

ordered_json EnergyJson(const ReportView& view) {
  const ReportRecords& report = view.report;
  const auto& spent = report.records.spent;
  const Footprint footprint = FootprintOf(view.study, report.carbon, report.records.attempts);
  return {{"joules", spent.weakest ? Short(spent.joules.value()) : ordered_json()},
          {"class", spent.weakest ? ordered_json(Name(*spent.weakest)) : ordered_json()},
          {"search", Short(spent.search.value())},
          {"attempts_without", spent.attempts_without},
          {"carbon", CarbonToJson(report.carbon, footprint.grams)},
          {"cost", PriceToJson(view.study, footprint.price)},
          {"by_phase", PhasesJson(report.records)},
          {"by_fate", FatesJson(report.records)},
          {"origins", OriginsJson(report)}};
}

}  // namespace joulefront
