#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/choice.h"
#include "cli/console.h"
#include "cli/energy_json.h"
#include "cli/front_table.h"
#include "cli/options.h"
#include "cli/plot.h"
#include "cli/studies.h"
#include "study_store/anytime.h"
#include "study_store/confirmation.h"
#include "study_store/crowding.h"
#include "study_store/front.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;
using nlohmann::ordered_json;

constexpr const char* kAbout =
    "Shows the trials that no other beats in all objectives at once, from the cheapest to the\n"
    "dearest; what each step up costs in joules; and the knee, after which a gain costs more than\n"
    "before. Joules carry their class: measured, attributed, calibrated, estimated, replayed or "
    "told.\n\n"
    "examples:\n"
    "  joulefront front digits.db --plot\n"
    "  joulefront front digits.db --max energy=10kJ --min accuracy=0.97\n"
    "  joulefront front digits.db --prefer error=2,energy=1      choose by what matters\n"
    "  joulefront front digits.db --weight error=500             a unit of error is worth 500 J\n"
    "  joulefront front digits.db --lifetime-inferences 1e6 --max error=0.03\n"
    "  joulefront front digits.db --format csv > front.csv";

const Objective* MeteredAs(const Study& study, const std::string& name) {
  for (const Objective& objective : study.objectives) {
    if (objective.name == name && objective.phase) return &objective;
  }
  return nullptr;
}

bool IsTimed(const Study& study, const std::string& name) {
  const auto timed = [&](const auto& item) { return item.name == name && item.timed; };
  return std::any_of(study.objectives.begin(), study.objectives.end(), timed) ||
         std::any_of(study.constraints.begin(), study.constraints.end(), timed);
}

/// "energy=10kJ" -> a bound on energy, one of the `names`; joules where the name is metered, a time
/// or a plain number where it is timed, a plain number elsewhere.
Result<Bound> ParseBound(const std::string& text, bool is_max, const OpenedStudy& opened,
                         const std::set<std::string>& names) {
  const auto equals = text.find('=');
  const std::string flag = is_max ? "--max" : "--min";
  if (equals == std::string::npos) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{} {}: write NAME=VALUE, such as energy=10kJ", flag, text));
  }
  Bound bound{.name = text.substr(0, equals)};
  if (!names.empty() && !names.contains(bound.name)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{} {}: no trial has a value '{}'; there are: {}", flag, text,
                            bound.name, fmt::join(names, ", ")));
  }
  const std::string value = text.substr(equals + 1);
  double limit = 0.0;
  const auto& constraints = opened.study.constraints;
  const bool metered = bound.name == kLifetimeEnergy ||
                       MeteredAs(opened.study, bound.name) != nullptr ||
                       std::any_of(constraints.begin(), constraints.end(),
                                   [&](const auto& c) { return c.name == bound.name && c.phase; });
  if (metered) {
    auto joules = ParseJoules(value);
    if (!joules) return Pass(joules, flag);
    limit = joules->value();
  } else if (const auto seconds = ParseSeconds(value);
             seconds && IsTimed(opened.study, bound.name)) {
    limit = seconds->value();
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
  std::set<std::string> names;
  for (const Trial& trial : trials) {
    for (const auto& [name, unused] : trial.values) names.insert(name);
  }
  if (options.Has("lifetime-inferences")) names.insert(kLifetimeEnergy);
  std::vector<Bound> bounds;
  for (const bool is_max : {true, false}) {
    for (const std::string& text : options.All(is_max ? "max" : "min")) {
      auto bound = ParseBound(text, is_max, opened, names);
      if (!bound) return Pass(bound);
      bounds.push_back(std::move(*bound));
    }
  }
  return bounds;
}

std::string MakeJson(const FrontView& view, const std::string& choice) {
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
    if (point.refuted) points.back()["refuted"] = true;
    if (point.off_scale) points.back()["off_scale"] = true;
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
  ordered_json crowded = ordered_json::array();
  for (const CrowdedBound& one : CrowdedBounds(view.study, view.trials, view.front)) {
    crowded.push_back({{"parameter", one.parameter},
                       {"bound", one.upper ? "high" : "low"},
                       {"value", one.bound},
                       {"at", one.at},
                       {"of", one.of}});
  }
  return ordered_json({{"study", view.study.name},
                       {"objectives", objectives},
                       {"front", points},
                       {"hypervolume", hypervolume ? ordered_json(*hypervolume) : ordered_json()},
                       {"reference_point", view.front.reference_point},
                       {"off_scale", view.front.off_scale},
                       {"mixed", view.front.mixed},
                       {"key", view.front.key},
                       {"left_out", left_out},
                       {"crowded", crowded},
                       {"chosen", view.chosen ? points[*view.chosen]["number"] : ordered_json()},
                       {"choice", choice}})
             .dump(2) +
         "\n";
}

std::string MakePlot(const FrontView& view) {
  const Study& study = view.study;
  if (study.objectives.size() != 2) return "(a plot needs two objectives)\n";
  const std::size_t x = view.front.cost, y = 1 - x;
  const double largest = LargestOnScale(study.objectives.size());
  std::vector<PlotPoint> points;
  for (const Trial& trial : view.trials) {
    if (trial.state != TrialState::kComplete) continue;
    const auto at = [&](std::size_t k) {
      const auto found = trial.values.find(study.objectives[k].name);
      const bool shown = found != trial.values.end() && std::abs(found->second) <= largest;
      return shown ? found->second : std::nan("");
    };
    points.push_back({at(x), at(y), '.'});
  }
  for (const FrontPoint& point : view.front.points) {
    if (point.off_scale) continue;
    points.push_back({point.objectives[x], point.objectives[y], point.knee ? 'K' : 'o'});
  }
  return Plot(points, {.x_title = TitleOf(view, study.objectives[x]),
                       .y_title = TitleOf(view, study.objectives[y])}) +
         "o on the front, K its knee, . other trials\n";
}

/// Which points are no choice, since their values cannot be relied on.
void NoteUnsound(const Study& study, const Front& front) {
  const auto refuted = std::count_if(front.points.begin(), front.points.end(),
                                     [](const FrontPoint& point) { return point.refuted; });
  if (refuted > 0) {
    PrintNote(fmt::format(
        "note: {} trial(s) did not hold when they were trained again (joulefront confirm), so none "
        "is the knee or is chosen\n",
        refuted));
  }
  if (front.off_scale > 0) {
    PrintNote(fmt::format(
        "note: {} trial(s) have a value beyond +-{}: they are off the scale, in neither the "
        "reference point nor the hypervolume nor a plot, and none is the knee or is chosen\n",
        front.off_scale, FormatNumber(LargestOnScale(study.objectives.size()))));
  }
  if (!front.hypervolume && !front.reference_point.empty() &&
      std::any_of(front.points.begin(), front.points.end(),
                  [](const FrontPoint& point) { return point.IsSound(); })) {
    PrintNote("note: the hypervolume is too large for a number\n");
  }
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

/// Where what is weighed is a small part of what these trainings took.
void NotePhaseShare(const FrontView& view) {
  constexpr double kSmallShare = 0.05;
  for (const Objective& objective : view.study.objectives) {
    if (!objective.phase || objective.per) continue;
    Joules part, whole;
    for (const FrontPoint& point : view.front.points) {
      const EnergyFigure* of_phase = FigureOf(view.trials[point.trial], objective.phase);
      const EnergyFigure* of_all = FigureOf(view.trials[point.trial], "total");
      if (of_phase == nullptr || of_all == nullptr) continue;
      part = part + of_phase->joules;
      whole = whole + of_all->joules;
    }
    if (!(whole > Joules()) || part.value() >= kSmallShare * whole.value()) continue;
    PrintNote(fmt::format(
        "note: '{}' is of the phase {} alone: {} of the {} that the trials of this front took in "
        "all; an objective with phase = \"total\" weighs all of it\n",
        objective.name, *objective.phase, FormatJoules(part), FormatJoules(whole)));
  }
}

void NoteLifetime(const Choice& choice) {
  if (choice.without_lifetime == 0) return;
  PrintNote(fmt::format(
      "note: {} complete trial(s) are left out: what an inference takes is not known of them\n",
      choice.without_lifetime));
}

/// Trials that confirmations refuted.
Result<std::set<TrialNumber>> Refuted(const OpenedStudy& opened, const std::vector<Trial>& trials) {
  auto confirmations = opened.store->LoadConfirmations(opened.id);
  if (!confirmations) return Pass(confirmations);
  return RefutedTrials(JudgeFront(opened.study, trials, *confirmations));
}

std::string MakeText(const FrontView& view, const std::string& choice, bool plot) {
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
      "\n\n" + FormatTable(FrontTable(view, /*exact=*/false), WidthOfStdout().value_or(kUnlimited));
  if (!choice.empty()) text += "\n" + choice + "\n";
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
  AddChoiceFlags(options);
  if (const auto code = options.Parse(arguments, 1)) return *code;
  const auto format = options.OneOf("format", {"table", "json", "csv"});
  if (!format) return options.Refuse(format.error().message);
  auto wish = WishOf(options);
  if (!wish) return options.Refuse(wish.error().message);
  auto opened = OpenStudy(options.positional().empty() ? "" : options.positional()[0],
                          options.Get("study"), OpenMode::kRead);
  if (!opened) return Complain("front", opened.error());
  auto trials = opened->store->LoadTrials(opened->id);
  if (!trials) return Complain("front", trials.error());
  auto bounds = ParseBounds(options, *opened, *trials);
  if (!bounds) return Complain("front", bounds.error());
  auto refuted = Refuted(*opened, *trials);
  if (!refuted) return Complain("front", refuted.error());
  wish->front = {.bounds = std::move(*bounds),
                 .mix = options.Has("mix") ? Mix::kYes : Mix::kNo,
                 .refuted = std::move(*refuted)};
  auto all = WithReports(*opened->store, opened->id, opened->study, std::move(*trials));
  if (!all) return Complain("front", all.error());
  const auto choice = Choose(opened->study, std::move(all->trials), *wish);
  if (!choice) return Complain("front", choice.error());
  const Front& front = choice->front;
  const FrontView view{.study = choice->study,
                       .trials = choice->trials,
                       .steps = all->steps,
                       .front = front,
                       .chosen = choice->point,
                       .lifetime = wish->inferences.has_value()};
  if (front.points.empty()) {
    PrintNote(fmt::format("joulefront front: {}\n",
                          front.complete == 0
                              ? "no trial is complete yet; joulefront status shows where they are"
                          : front.feasible == 0 ? "no trial meets the constraints"
                                                : "no trial meets --max and --min"));
    if (format != "json") return kNothingFeasible;
  }
  NoteComparability(front);
  NoteUnsound(choice->study, front);
  for (const CrowdedBound& crowded : CrowdedBounds(choice->study, choice->trials, front)) {
    PrintNote("note: " + TextOf(crowded) + "\n");
  }
  NoteLifetime(*choice);
  NotePhaseShare(view);
  const std::string why = ChoiceText(opened->study, *wish, *choice);
  const std::string data = *format == "json"  ? MakeJson(view, why)
                           : *format == "csv" ? FormatCsv(FrontTable(view, /*exact=*/true))
                                              : MakeText(view, why, options.Has("plot"));
  if (!PrintData(data)) return kRunTimeFailure;
  return front.points.empty() ? kNothingFeasible : kDone;
}

}  // namespace joulefront
