#include <algorithm>
#include <functional>
#include <set>

#include "base/printable.h"
#include "cli/energy_json.h"
#include "cli/report_view.h"
#include "study_store/attempt_rules.h"
#include "study_store/configuration_json.h"

namespace joulefront {
namespace {

using nlohmann::ordered_json;

class Columns {
 public:
  explicit Columns(const ReportView& view) : view_(view) {}

  using Cell = std::function<ordered_json(const Trial&, std::size_t)>;
  /// One entry a row.
  ordered_json& Add(const std::string& kind, const std::string& name, const Cell& cell) {
    ordered_json data = ordered_json::array();
    for (const std::size_t row : view_.rows) data.push_back(cell(view_.trials[row], row));
    columns_.push_back({{"key", kind + ":" + name}, {"kind", kind}, {"name", name}});
    columns_.back()["data"] = std::move(data);
    return columns_.back();
  }

  using Text = std::function<std::optional<std::string>(const Trial&, std::size_t)>;
  /// One label a row.
  void AddLabels(const std::string& kind, const std::string& name, const Text& text) {
    Labels labels;
    ordered_json& column = Add(kind, name, [&](const Trial& trial, std::size_t row) {
      const auto label = text(trial, row);
      return label ? ordered_json(labels.IndexOf(*label)) : ordered_json();
    });
    column["labels"] = labels.labels();
  }

  ordered_json Take() { return std::move(columns_); }

 private:
  const ReportView& view_;
  ordered_json columns_ = ordered_json::array();
};

std::string_view Name(Place place) {
  constexpr std::string_view kNames[] = {"front",  "dominated", "infeasible", "not comparable",
                                         "pruned", "failed",    "running",    "waiting"};
  return kNames[static_cast<std::size_t>(place)];
}

std::optional<double> ValueOf(const Trial& trial, const std::string& name) {
  const auto found = trial.values.find(name);
  return found == trial.values.end() ? std::nullopt : std::optional(found->second);
}

/// The half-width of what the meter alone leaves open, where any row has one.
void AddHalfWidths(const ReportView& view, const Objective& objective, ordered_json& column) {
  ordered_json halves = ordered_json::array();
  bool any = false;
  for (const std::size_t row : view.rows) {
    const EnergyFigure* figure = FigureOf(view.trials[row], objective.phase);
    const auto value = ValueOf(view.trials[row], objective.name);
    if (figure == nullptr || !value || figure->own_uncertainty <= 0.0) {
      halves.push_back(nullptr);
      continue;
    }
    any = true;
    halves.push_back(Short(std::abs(*value) * CountedUncertainty(*figure)));
  }
  if (any) column["half"] = std::move(halves);
}

void AddObjectives(const ReportView& view, Columns& columns) {
  for (const Objective& objective : view.study.objectives) {
    ordered_json& column = columns.Add(
        "objective", objective.name,
        [&](const Trial& trial, std::size_t) { return Short(ValueOf(trial, objective.name)); });
    column["unit"] = objective.unit;
    column["maximize"] = objective.direction == Direction::kMaximize;
    column["phase"] = objective.phase ? ordered_json(*objective.phase) : ordered_json();
    if (objective.phase) AddHalfWidths(view, objective, column);
  }
}

/// What was reported beside the objectives.
void AddValues(const ReportView& view, Columns& columns) {
  std::set<std::string> names;
  for (const std::size_t row : view.rows) {
    for (const auto& [name, unused] : view.trials[row].values) {
      if (!IsReservedName(name)) names.insert(name);
    }
  }
  for (const Objective& objective : view.study.objectives) names.erase(objective.name);
  for (const std::string& name : names) {
    columns.Add("value", name,
                [&](const Trial& trial, std::size_t) { return Short(ValueOf(trial, name)); });
  }
}

void AddParameters(const ReportView& view, Columns& columns) {
  const SearchSpace& space = view.study.space;
  std::vector<Configuration> configurations;
  for (const std::size_t row : view.rows) {
    auto read = ConfigurationFromJson(space, view.trials[row].configuration);
    configurations.push_back(read ? std::move(*read) : Configuration(space.size()));
  }
  for (std::size_t i = 0; i < space.size(); ++i) {
    const Parameter& parameter = space.parameters()[i];
    std::size_t at = 0;
    ordered_json& column = columns.Add("parameter", parameter.name, [&](const Trial&, std::size_t) {
      return Short(configurations[at++][i]);
    });
    column["log"] = parameter.log;
    if (parameter.choices.empty()) continue;
    for (std::size_t k = 0; k < parameter.choices.size(); ++k) {
      const Value value = space.ValueOf(i, static_cast<double>(k));
      column["labels"].push_back(
          std::visit([](const auto& choice) { return ordered_json(choice); }, value));
    }
  }
}

/// Joules of all attempts by trial number; empty where one of them has none.
std::vector<std::optional<double>> JoulesByTrial(const Records& records) {
  std::vector<std::optional<double>> joules(records.trials.size());
  std::vector<bool> unknown(records.trials.size(), false);
  for (const Attempt& attempt : records.attempts) {
    const auto number = static_cast<std::size_t>(attempt.trial);
    if (number >= joules.size()) continue;
    const auto total = TotalJoules(attempt.energy);
    if (total) joules[number] = joules[number].value_or(0.0) + total->value();
    unknown[number] = unknown[number] || !total;
  }
  for (std::size_t i = 0; i < joules.size(); ++i) {
    if (unknown[i]) joules[i].reset();
  }
  return joules;
}

/// The class of what the trial is judged by: of its metered objectives the weakest, else of its
/// total.
std::optional<std::string> ClassOf(const Study& study, const Trial& trial) {
  std::optional<EnergyClass> weakest;
  bool metered = false;
  for (const Objective& objective : study.objectives) {
    metered = metered || objective.phase;
    const EnergyFigure* figure = FigureOf(trial, objective.phase);
    if (figure != nullptr) {
      weakest = std::max(weakest.value_or(EnergyClass::kMeasured), figure->provenance.energy_class);
    }
  }
  const EnergyFigure* total = FigureOf(trial, std::string(kTotalPhase));
  if (!metered && total != nullptr) weakest = total->provenance.energy_class;
  if (weakest) return std::string(Name(*weakest));
  return metered && HasValues(trial.state) ? std::optional<std::string>("told") : std::nullopt;
}

void AddJoules(const ReportView& view, Columns& columns) {
  const auto by_trial = JoulesByTrial(view.report.records);
  columns.Add("joules", "joules of all attempts", [&](const Trial& trial, std::size_t row) {
    const bool report = view.report.StepOf(row).has_value();
    return report ? ordered_json() : Short(by_trial[static_cast<std::size_t>(trial.number)]);
  })["unit"] = "J";
  std::set<std::string> phases;
  for (const std::size_t row : view.rows) {
    for (const PhaseEnergy& phase : view.trials[row].energy) phases.insert(phase.phase);
  }
  for (const std::string& phase : phases) {
    columns.Add("phase", phase, [&](const Trial& trial, std::size_t) {
      const EnergyFigure* figure = FigureOf(trial, phase);
      return figure == nullptr ? ordered_json() : Short(figure->joules.value());
    })["unit"] = "J";
  }
  const auto finish = [&](const Trial& trial, std::size_t row) -> const std::optional<Finish>& {
    static const std::optional<Finish> kNone;
    return view.report.StepOf(row) ? kNone : view.finishes[static_cast<std::size_t>(trial.number)];
  };
  columns.Add("finished", "finished", [&](const Trial& trial, std::size_t row) {
    const auto& at = finish(trial, row);
    return at ? ordered_json(at->count) : ordered_json();
  });
  columns.Add("until", "joules until then", [&](const Trial& trial, std::size_t row) {
    const auto& at = finish(trial, row);
    return at ? Short(at->joules) : ordered_json();
  });
  columns.Add("seconds", "seconds", [](const Trial& trial, std::size_t) {
    const PhaseEnergy* total = FindPhase(trial.energy, kTotalPhase);
    return total == nullptr ? ordered_json() : Short(total->wall.value());
  })["unit"] = "s";
}

}  // namespace

ordered_json ColumnsJson(const ReportView& view) {
  constexpr std::size_t kLongest = 300;  // of a reason or message, in bytes
  Columns columns(view);
  columns.Add("trial", "trial", [](const Trial& trial, std::size_t) { return trial.number; });
  if (view.study.trainer.anytime) {
    columns.Add("step", "step", [&](const Trial&, std::size_t row) {
      const auto step = view.report.StepOf(row);
      return step ? ordered_json(*step) : ordered_json();
    });
  }
  columns.AddLabels("place", "result", [&](const Trial&, std::size_t row) {
    return std::string(Name(view.places[row]));
  });
  AddObjectives(view, columns);
  AddValues(view, columns);
  AddParameters(view, columns);
  AddJoules(view, columns);
  columns.AddLabels("class", "class of joules",
                    [&](const Trial& trial, std::size_t) { return ClassOf(view.study, trial); });
  columns.AddLabels("proposer", "proposed by",
                    [](const Trial& trial, std::size_t) { return trial.proposed_by; });
  const auto text = [](const std::string& foreign) {
    return foreign.empty() ? std::nullopt : std::optional(Printable(foreign, kLongest));
  };
  columns.AddLabels("reason", "reason",
                    [&](const Trial& trial, std::size_t) { return text(trial.reason); });
  columns.AddLabels("message", "message",
                    [&](const Trial& trial, std::size_t) { return text(trial.message); });
  return columns.Take();
}

}  // namespace joulefront
