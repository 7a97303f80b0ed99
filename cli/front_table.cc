#include "cli/front_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/energy_json.h"
#include "study_store/choosing.h"
#include "study_store/comparability.h"
#include "study_store/csv_cells.h"

namespace joulefront {
namespace {

using nlohmann::ordered_json;

struct Column {
  std::string title;
  std::function<std::string(const FrontPoint& point, std::size_t index)> cell;
  bool left = false;
};

using Columns = std::vector<Column>;

/// The classes of a metered objective's figures on the front: "estimated", or "estimated,
/// measured"; empty for other objectives, and without a front.
std::string ClassesOf(const FrontView& view, const Objective& objective) {
  std::set<std::string> names;
  if (!objective.phase) return "";
  for (const FrontPoint& point : view.front.points) {
    const EnergyFigure* figure = FigureOf(view.trials[point.trial], objective.phase);
    names.insert(figure != nullptr ? std::string(Name(figure->provenance.energy_class)) : "told");
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

/// A step of an objective that a person thinks in: a hundredth for shares such as error, else one.
double StepOf(const FrontView& view, std::size_t objective) {
  const bool share = std::all_of(
      view.front.points.begin(), view.front.points.end(),
      [&](const FrontPoint& point) { return std::abs(point.objectives[objective]) <= 1.0; });
  return share ? 0.01 : 1.0;
}

/// What scripts are told of the joules of an objective.
void AddFigure(const std::string& name,
               const std::function<const EnergyFigure*(const FrontPoint&)>& figure_of,
               Columns& columns) {
  columns.push_back({name + "_class", [=](const FrontPoint& point, std::size_t) {
                       const EnergyFigure* figure = figure_of(point);
                       return figure == nullptr
                                  ? std::string("told")
                                  : std::string(Name(figure->provenance.energy_class));
                     }});
  columns.push_back({name + "_coverage", [=](const FrontPoint& point, std::size_t) {
                       const EnergyFigure* figure = figure_of(point);
                       return figure == nullptr ? "" : fmt::format("{}", figure->coverage);
                     }});
  columns.push_back({name + "_is_bound", [=](const FrontPoint& point, std::size_t) {
                       const EnergyFigure* figure = figure_of(point);
                       return figure == nullptr ? "" : IsBound(*figure) ? "true" : "false";
                     }});
}

void AddObjective(const FrontView& view, std::size_t k, bool exact, Columns& columns) {
  const Objective& objective = view.study.objectives[k];
  const auto figure_of = [&view, phase = objective.phase](const FrontPoint& point) {
    return FigureOf(view.trials[point.trial], phase);
  };
  if (!exact) {
    columns.push_back(
        {TitleOf(view, objective), [=](const FrontPoint& point, std::size_t) {
           const EnergyFigure* figure = figure_of(point);
           const bool partial = figure != nullptr && figure->coverage < kWholeCoverage;
           const bool bound = figure != nullptr && IsBound(*figure);
           return (bound ? "< " : partial ? "> " : "") + FormatNumber(point.objectives[k]);
         }});
    return;
  }
  columns.push_back({objective.name, [=](const FrontPoint& point, std::size_t) {
                       return fmt::format("{}", point.objectives[k]);
                     }});
  if (objective.phase) AddFigure(objective.name, figure_of, columns);
}

/// What a lifetime is made of.
void AddLifetime(const FrontView& view, bool exact, Columns& columns) {
  const auto show = [exact](double joules) {
    return exact ? fmt::format("{}", joules) : FormatNumber(joules);
  };
  const std::string phase = *view.study.objectives[view.front.cost].phase;
  columns.push_back({exact ? "training_j" : "training [J]",
                     [&view, show, phase](const FrontPoint& point, std::size_t) {
                       return show(
                           CountedJoules(*FigureOf(view.trials[point.trial], phase)).value());
                     }});
  columns.push_back({exact ? "thousand_inferences_j" : "1000 inferences [J]",
                     [&view, show](const FrontPoint& point, std::size_t) {
                       return show(1e3 * *JoulesOfInference(view.trials[point.trial]));
                     }});
}

void AddPrice(const FrontView& view, bool exact, Columns& columns) {
  const std::size_t other = 1 - std::min<std::size_t>(view.front.cost, 1);
  const Objective& cost = view.study.objectives[view.front.cost];
  const double step = StepOf(view, other);
  const std::string title = fmt::format("{} per {} {}", cost.unit.empty() ? cost.name : cost.unit,
                                        FormatNumber(step), view.study.objectives[other].name);
  columns.push_back(
      {exact ? "price_per_step" : title,
       [exact, step, prices = PricesAlong(view.front)](const FrontPoint&, std::size_t i) {
         if (!prices[i]) return std::string(exact ? "" : "-");
         return exact ? fmt::format("{}", *prices[i] * step) : FormatNumber(*prices[i] * step, 3);
       }});
}

/// The knee, where there may be one, what was chosen, where something was, and what is no choice.
void AddMarks(const FrontView& view, bool priced, bool exact, Columns& columns) {
  const bool unsound =
      std::any_of(view.front.points.begin(), view.front.points.end(),
                  [](const FrontPoint& point) { return point.refuted || point.off_scale; });
  if (exact) {
    const auto add = [&](const char* title, auto holds) {
      columns.push_back({title, [holds](const FrontPoint& point, std::size_t i) {
                           return std::string(holds(point, i) ? "1" : "0");
                         }});
    };
    if (priced) add("knee", [](const FrontPoint& point, std::size_t) { return point.knee; });
    if (view.chosen) {
      add("chosen", [at = *view.chosen](const FrontPoint&, std::size_t i) { return i == at; });
    }
    if (unsound) add("refuted", [](const FrontPoint& point, std::size_t) { return point.refuted; });
    return;
  }
  if (!priced && !view.chosen && !unsound) return;
  columns.push_back({"",
                     [chosen = view.chosen](const FrontPoint& point, std::size_t i) {
                       std::vector<const char*> marks;
                       if (chosen == i) marks.push_back("chosen");
                       if (point.knee) marks.push_back("knee");
                       if (point.refuted) marks.push_back("refuted");
                       if (point.off_scale) marks.push_back("off scale");
                       return marks.empty() ? "" : fmt::format("<- {}", fmt::join(marks, ", "));
                     },
                     /*left=*/true});
}

void AddParameters(const FrontView& view, bool exact, Columns& columns) {
  for (const Parameter& parameter : view.study.space.parameters()) {
    const std::string name = parameter.name;
    columns.push_back({exact ? "parameter." + name : name,  // as in export: unique
                       [&view, name, exact](const FrontPoint& point, std::size_t) {
                         const auto configuration =
                             ordered_json::parse(view.trials[point.trial].configuration);
                         const auto found = configuration.find(name);
                         if (found == configuration.end()) return std::string(exact ? "" : "-");
                         if (found->is_string()) {
                           const auto text = found->get<std::string>();
                           return exact ? TextCell(text) : text;
                         }
                         if (found->is_number_float() && !exact) {
                           return FormatNumber(found->get<double>(), 3);
                         }
                         return found->dump();
                       }});
  }
}

Columns ColumnsOf(const FrontView& view, bool exact) {
  Columns columns = {{"trial", [&view](const FrontPoint& point, std::size_t) {
                        return std::to_string(view.trials[point.trial].number);
                      }}};
  if (view.study.trainer.anytime) {
    columns.push_back({"step", [&view, exact](const FrontPoint& point, std::size_t) {
                         const auto step = view.steps[point.trial];
                         return step ? std::to_string(*step) : std::string(exact ? "" : "end");
                       }});
  }
  for (std::size_t k = 0; k < view.study.objectives.size(); ++k) {
    AddObjective(view, k, exact, columns);
  }
  if (view.lifetime) AddLifetime(view, exact, columns);
  if (exact) {
    columns.push_back({"mixed", [&view](const FrontPoint&, std::size_t) {
                         return std::string(view.front.mixed ? "1" : "0");
                       }});
  }
  const bool priced = view.study.objectives.size() == 2;
  if (priced) AddPrice(view, exact, columns);
  AddMarks(view, priced, exact, columns);
  AddParameters(view, exact, columns);
  return columns;
}

}  // namespace

std::string TitleOf(const FrontView& view, const Objective& objective) {
  if (const std::string classes = ClassesOf(view, objective); !classes.empty()) {
    return fmt::format("{} [{}, {}]", objective.name, objective.unit, classes);
  }
  return objective.unit.empty() ? objective.name
                                : fmt::format("{} [{}]", objective.name, objective.unit);
}

Table FrontTable(const FrontView& view, bool exact) {
  const Columns columns = ColumnsOf(view, exact);
  Table table;
  for (const Column& column : columns) {
    table.header.push_back(column.title);
    table.left.push_back(column.left);
  }
  for (std::size_t i = 0; i < view.front.points.size(); ++i) {
    std::vector<std::string>& row = table.rows.emplace_back();
    for (const Column& column : columns) row.push_back(column.cell(view.front.points[i], i));
  }
  return table;
}

}  // namespace joulefront
