#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/console.h"
#include "cli/energy_json.h"
#include "cli/options.h"
#include "cli/plot.h"
#include "cli/studies.h"
#include "cli/table.h"
#include "study_store/anytime.h"
#include "study_store/comparability.h"
#include "study_store/front.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;
using nlohmann::ordered_json;

constexpr const char* kAbout =
    "Shows the trials that no other beats in all objectives at once, from the cheapest to the\n"
    "dearest; what each step up costs in joules; and the knee, after which a gain costs more than\n"
    "before. Joules carry their class: measured, attributed, calibrated, estimated or replayed.\n\n"
    "examples:\n"
    "  joulefront front digits.db --plot\n"
    "  joulefront front digits.db --max energy=10kJ --min accuracy=0.97\n"
    "  joulefront front digits.db --format csv > front.csv";

struct View {
  const Study& study;
  const std::vector<Trial>& trials;
  const std::vector<std::optional<std::int64_t>>& steps;  // of each trial that is a report
  const Front& front;
};

const Objective* MeteredAs(const Study& study, const std::string& name) {
  for (const Objective& objective : study.objectives) {
    if (objective.name == name && objective.phase) return &objective;
  }
  return nullptr;
}

/// "energy=10kJ" -> a bound on energy; joules where the name is metered, a plain number elsewhere.
Result<Bound> ParseBound(const std::string& text, bool is_max, const OpenedStudy& opened,
                         const std::vector<Trial>& trials) {
  const auto equals = text.find('=');
  const std::string flag = is_max ? "--max" : "--min";
  if (equals == std::string::npos) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{} {}: write NAME=VALUE, such as energy=10kJ", flag, text));
  }
  Bound bound{.name = text.substr(0, equals)};
  std::set<std::string> names;
  for (const Trial& trial : trials) {
    for (const auto& [name, unused] : trial.values) names.insert(name);
  }
  if (!names.empty() && !names.contains(bound.name)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{} {}: no trial has a value '{}'; there are: {}", flag, text,
                            bound.name, fmt::join(names, ", ")));
  }
  const std::string value = text.substr(equals + 1);
  double limit = 0.0;
  const auto& constraints = opened.study.constraints;
  const bool metered = MeteredAs(opened.study, bound.name) != nullptr ||
                       std::any_of(constraints.begin(), constraints.end(),
                                   [&](const auto& c) { return c.name == bound.name && c.phase; });
  if (metered) {
    auto joules = ParseJoules(value);
    if (!joules) return Pass(joules, flag);
    limit = joules->value();
  } else {
    const auto parsed = std::from_chars(value.data(), value.data() + value.size(), limit);
    if (parsed.ec != std::errc{} || parsed.ptr != value.data() + value.size() ||
        !std::isfinite(limit)) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("{} {}: '{}' is not a number", flag, text, value));
    }
  }
  (is_max ? bound.max : bound.min) = limit;
  return bound;
}

Result<std::vector<Bound>> ParseBounds(const VerbOptions& options, const OpenedStudy& opened,
                                       const std::vector<Trial>& trials) {
  std::vector<Bound> bounds;
  for (const bool is_max : {true, false}) {
    for (const std::string& text : options.All(is_max ? "max" : "min")) {
      auto bound = ParseBound(text, is_max, opened, trials);
      if (!bound) return Pass(bound);
      bounds.push_back(std::move(*bound));
    }
  }
  return bounds;
}

/// The classes of a metered objective's figures on the front: "estimated", or "estimated,
/// measured".
std::string ClassesOf(const View& view, const Objective& objective) {
  std::set<std::string> names;
  for (const FrontPoint& point : view.front.points) {
    const EnergyFigure* figure = FigureOf(view.trials[point.trial], objective.phase);
    names.insert(figure != nullptr ? std::string(Name(figure->provenance.energy_class)) : "told");
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string TitleOf(const View& view, const Objective& objective) {
  if (objective.phase) {
    return fmt::format("{} [{}, {}]", objective.name, objective.unit, ClassesOf(view, objective));
  }
  return objective.unit.empty() ? objective.name
                                : fmt::format("{} [{}]", objective.name, objective.unit);
}

/// A step of an objective that a person thinks in: a hundredth for shares such as error, else one.
double StepOf(const View& view, std::size_t objective) {
  const bool share = std::all_of(
      view.front.points.begin(), view.front.points.end(),
      [&](const FrontPoint& point) { return std::abs(point.objectives[objective]) <= 1.0; });
  return share ? 0.01 : 1.0;
}

std::vector<std::string> ActiveParameters(const View& view) {
  std::vector<std::string> names;
  for (const Parameter& parameter : view.study.space.parameters()) names.push_back(parameter.name);
  return names;
}

std::string CellOf(const ordered_json& configuration, const std::string& name, bool exact) {
  const auto found = configuration.find(name);
  if (found == configuration.end()) return exact ? "" : "-";
  if (found->is_string()) return found->get<std::string>();
  if (found->is_number_float() && !exact) return FormatNumber(found->get<double>(), 3);
  return found->dump();
}

Table MakeTable(const View& view, bool exact) {
  const Study& study = view.study;
  Table table{.header = {"trial"}};
  for (const Objective& objective : study.objectives) {
    table.header.push_back(exact ? objective.name : TitleOf(view, objective));
    if (exact && objective.phase) {
      table.header.insert(table.header.end(),
                          {objective.name + "_class", objective.name + "_coverage"});
    }
  }
  const std::size_t other = 1 - std::min<std::size_t>(view.front.cost, 1);
  const bool priced = study.objectives.size() == 2;
  if (study.trainer.anytime) table.header.insert(table.header.begin() + 1, "step");
  const double step = priced ? StepOf(view, other) : 1.0;
  if (exact) table.header.push_back("mixed");
  if (priced) {
    const Objective& cost = study.objectives[view.front.cost];
    const std::string unit = cost.unit.empty() ? cost.name : cost.unit;
    table.header.push_back(exact ? "price_per_step"
                                 : fmt::format("{} per {} {}", unit, FormatNumber(step),
                                               study.objectives[other].name));
    table.header.push_back(exact ? "knee" : "");
  }
  const auto parameters = ActiveParameters(view);
  for (const std::string& name : parameters) {
    table.header.push_back(exact ? "parameter." + name : name);  // as in export: unique
  }
  const auto prices = PricesAlong(view.front);
  for (std::size_t i = 0; i < view.front.points.size(); ++i) {
    const FrontPoint& point = view.front.points[i];
    const Trial& trial = view.trials[point.trial];
    std::vector<std::string> row = {std::to_string(trial.number)};
    const auto reported = view.steps[point.trial];
    if (study.trainer.anytime) {
      row.push_back(reported ? std::to_string(*reported) : exact ? "" : "end");
    }
    for (std::size_t k = 0; k < study.objectives.size(); ++k) {
      const EnergyFigure* figure = FigureOf(trial, study.objectives[k].phase);
      const bool partial = figure != nullptr && figure->coverage < kWholeCoverage;
      row.push_back(exact ? fmt::format("{}", point.objectives[k])
                          : (partial ? "> " : "") + FormatNumber(point.objectives[k]));
      if (!exact || !study.objectives[k].phase) continue;
      row.push_back(figure != nullptr ? std::string(Name(figure->provenance.energy_class))
                                      : "told");
      row.push_back(figure != nullptr ? fmt::format("{}", figure->coverage) : "");
    }
    if (exact) row.push_back(view.front.mixed ? "1" : "0");
    if (priced) {
      if (exact) {
        row.push_back(prices[i] ? fmt::format("{}", *prices[i] * step) : "");
      } else {
        row.push_back(prices[i] ? FormatNumber(*prices[i] * step, 3) : "-");
      }
      row.push_back(point.knee ? (exact ? "1" : "<- knee") : exact ? "0" : "");
    }
    const auto configuration = ordered_json::parse(trial.configuration);
    for (const std::string& name : parameters) row.push_back(CellOf(configuration, name, exact));
    table.rows.push_back(std::move(row));
  }
  if (priced && !exact)
    table.left.resize(table.header.size() - parameters.size(), false), table.left.back() = true;
  return table;
}

std::string MakeJson(const View& view) {
  ordered_json objectives = ordered_json::array();
  for (const Objective& objective : view.study.objectives) {
    objectives.push_back(
        {{"name", objective.name},
         {"direction", objective.direction == Direction::kMinimize ? "minimize" : "maximize"},
         {"unit", objective.unit}});
  }
  ordered_json points = ordered_json::array();
  for (const FrontPoint& point : view.front.points) {
    const Trial& trial = view.trials[point.trial];
    ordered_json energy = ordered_json::object();
    for (const Objective& objective : view.study.objectives) {
      const EnergyFigure* figure = FigureOf(trial, objective.phase);
      if (figure != nullptr) energy[objective.name] = EnergyToJson(*figure);
    }
    points.push_back({{"number", trial.number},
                      {"configuration", ordered_json::parse(trial.configuration)},
                      {"values", trial.values},
                      {"energy", energy},
                      {"knee", point.knee}});
    if (view.study.trainer.anytime) {
      const auto reported = view.steps[point.trial];
      points.back()["step"] = reported ? ordered_json(*reported) : ordered_json();
    }
  }
  const auto& hypervolume = view.front.hypervolume;
  ordered_json left_out = ordered_json::array();
  for (const auto& [key, trials] : view.front.left_out) {
    left_out.push_back({{"key", key}, {"trials", trials}});
  }
  return ordered_json({{"study", view.study.name},
                       {"objectives", objectives},
                       {"front", points},
                       {"hypervolume", hypervolume ? ordered_json(*hypervolume) : ordered_json()},
                       {"reference_point", view.front.reference_point},
                       {"mixed", view.front.mixed},
                       {"key", view.front.key},
                       {"left_out", left_out}})
             .dump(2) +
         "\n";
}

std::string MakePlot(const View& view) {
  const Study& study = view.study;
  if (study.objectives.size() != 2) return "(a plot needs two objectives)\n";
  const std::size_t x = view.front.cost, y = 1 - x;
  std::vector<PlotPoint> points;
  for (const Trial& trial : view.trials) {
    if (trial.state != TrialState::kComplete) continue;
    const auto at = [&](std::size_t k) {
      const auto found = trial.values.find(study.objectives[k].name);
      return found == trial.values.end() ? std::nan("") : found->second;
    };
    points.push_back({at(x), at(y), '.'});
  }
  for (const FrontPoint& point : view.front.points) {
    points.push_back({point.objectives[x], point.objectives[y], point.knee ? 'K' : 'o'});
  }
  return Plot(points, {.x_title = TitleOf(view, study.objectives[x]),
                       .y_title = TitleOf(view, study.objectives[y])}) +
         "o on the front, K its knee, . other trials\n";
}

/// Whose joules could not be compared and were left out, or that they were compared all the same.
void NoteComparability(const Front& front) {
  if (front.mixed) {
    PrintNote(
        "note: this front is mixed: its joules come from different meters or hosts, and a "
        "trial is left out only where another is better with 95 % probability\n");
  }
  const auto partial = std::count_if(front.points.begin(), front.points.end(),
                                     [](const FrontPoint& point) { return point.partial; });
  if (partial > 0) {
    PrintNote(
        fmt::format("note: the meter saw only a part of {} trial(s): they used more joules than "
                    "is shown (>), so none is the knee\n",
                    partial));
  }
  for (const auto& [key, trials] : front.left_out) {
    PrintNote(
        fmt::format("note: {} trial(s) are left out, since their joules are {}; this front's "
                    "are {}; --mix compares them all the same\n",
                    trials, key, front.key));
  }
}

std::string MakeText(const View& view, bool plot) {
  const Front& front = view.front;
  std::string text = fmt::format("study '{}': {}front of {} of {} complete trials", view.study.name,
                                 front.mixed ? "MIXED " : "", front.points.size(), front.complete);
  if (view.study.trainer.anytime) text += " and reports";
  if (!view.study.constraints.empty()) text += fmt::format(", {} feasible", front.feasible);
  if (front.hypervolume) {
    std::vector<std::string> reference;
    for (const double r : front.reference_point) reference.push_back(FormatNumber(r));
    text += fmt::format("; hypervolume {} to reference ({})", FormatNumber(*front.hypervolume),
                        fmt::join(reference, ", "));
  }
  text +=
      "\n\n" + FormatTable(MakeTable(view, /*exact=*/false), WidthOfStdout().value_or(kUnlimited));
  if (plot) text += "\n" + MakePlot(view);
  return text;
}

}  // namespace

int FrontVerb(const Arguments& arguments) {
  VerbOptions options("front STORE [flags]", kAbout);
  options.options().add_options()("study", po::value<std::string>(),
                                  "which study, if the store has several")(
      "max", po::value<std::vector<std::string>>(), "only trials with NAME at most VALUE")(
      "min", po::value<std::vector<std::string>>(), "only trials with NAME at least VALUE")(
      "format", po::value<std::string>()->default_value("table"), "table, json or csv")(
      "plot", "also draw it (table only)")(
      "mix", "compare joules of different meters and hosts, by their uncertainty");
  if (const auto code = options.Parse(arguments, 1)) return *code;
  const std::string format = *options.Get("format");
  if (format != "table" && format != "json" && format != "csv") {
    return options.Refuse(fmt::format("--format is table, json or csv, not '{}'", format));
  }
  auto opened = OpenStudy(options.positional().empty() ? "" : options.positional()[0],
                          options.Get("study"), OpenMode::kRead);
  if (!opened) return Complain("front", opened.error());
  auto trials = opened->store->LoadTrials(opened->id);
  if (!trials) return Complain("front", trials.error());
  auto bounds = ParseBounds(options, *opened, *trials);
  if (!bounds) return Complain("front", bounds.error());
  auto all = WithReports(*opened->store, opened->id, opened->study, std::move(*trials));
  if (!all) return Complain("front", all.error());
  const Front front =
      ComputeFront(opened->study, all->trials, *bounds, options.Has("mix") ? Mix::kYes : Mix::kNo);
  const View view{opened->study, all->trials, all->steps, front};
  if (front.points.empty()) {
    PrintNote(fmt::format("joulefront front: {}\n",
                          front.complete == 0
                              ? "no trial is complete yet; joulefront status shows where they are"
                          : front.feasible == 0 ? "no trial meets the constraints"
                                                : "no trial meets --max and --min"));
    if (format != "json") return kNothingFeasible;
  }
  NoteComparability(front);
  const std::string data = format == "json"  ? MakeJson(view)
                           : format == "csv" ? FormatCsv(MakeTable(view, /*exact=*/true))
                                             : MakeText(view, options.Has("plot"));
  if (!PrintData(data)) return kRunTimeFailure;
  return front.points.empty() ? kNothingFeasible : kDone;
}

}  // namespace joulefront
