#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/console.h"
#include "cli/energy_json.h"
#include "cli/footprint.h"
#include "cli/options.h"
#include "cli/studies.h"
#include "cli/table.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;
using nlohmann::ordered_json;

constexpr const char* kAbout =
    "Writes all trials: CSV, one a line, with flat column names; or JSON, with every joule figure "
    "and\n"
    "where it comes from; or one attempt a line in the columns of CodeCarbon's emissions.csv. An "
    "empty CSV cell is a missing value, never zero.\n\n"
    "examples:\n"
    "  joulefront export digits.db > trials.csv\n"
    "  joulefront export digits.db --format json --output trials.json";

std::string MakeJson(const Study& study, const std::vector<Trial>& trials) {
  ordered_json objectives = ordered_json::array();
  for (const Objective& objective : study.objectives) {
    objectives.push_back(
        {{"name", objective.name},
         {"direction", objective.direction == Direction::kMinimize ? "minimize" : "maximize"},
         {"unit", objective.unit}});
  }
  ordered_json list = ordered_json::array();
  for (const Trial& trial : trials) {
    ordered_json object = {{"number", trial.number},
                           {"state", Name(trial.state)},
                           {"configuration", ordered_json::parse(trial.configuration)},
                           {"values", trial.values},
                           {"energy", PhasesToJson(trial.energy)},
                           {"attempts", trial.attempts},
                           {"proposed_by", trial.proposed_by},
                           {"reason", trial.reason}};
    if (trial.continues) object["continues"] = *trial.continues;
    if (trial.failure) {
      object["failure"] = {{"class", Name(*trial.failure)}, {"message", trial.message}};
    }
    if (trial.state == TrialState::kPruned) object["stopped"] = trial.message;
    list.push_back(std::move(object));
  }
  return ordered_json({{"study", study.name}, {"objectives", objectives}, {"trials", list}})
             .dump(1) +
         "\n";
}

/// Text as it is, numbers as JSON writes them.
std::string CellOf(const ordered_json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// Columns: number, state, parameter.NAME, value.NAME, energy.PHASE_j, energy.PHASE_class,
/// energy.PHASE_coverage, ...
Table MakeTable(const Study& study, const std::vector<Trial>& trials) {
  std::set<std::string> values, phases;
  for (const Trial& trial : trials) {
    for (const auto& [name, unused] : trial.values) values.insert(name);
    for (const PhaseEnergy& phase : trial.energy) phases.insert(phase.phase);
  }
  Table table{.header = {"number", "state"}, .rows = {}, .left = {}};
  for (const Parameter& parameter : study.space.parameters()) {
    table.header.push_back("parameter." + parameter.name);
  }
  for (const std::string& name : values) table.header.push_back("value." + name);
  for (const std::string& phase : phases) {
    table.header.push_back("energy." + phase + "_j");
    table.header.push_back("energy." + phase + "_class");
    table.header.push_back("energy." + phase + "_coverage");
  }
  for (const char* column : {"attempts", "proposed_by", "reason", "failure", "message"}) {
    table.header.push_back(column);
  }
  for (const Trial& trial : trials) {
    std::vector<std::string> row = {std::to_string(trial.number), std::string(Name(trial.state))};
    const auto configuration = ordered_json::parse(trial.configuration);
    for (const Parameter& parameter : study.space.parameters()) {
      const auto found = configuration.find(parameter.name);
      row.push_back(found == configuration.end() ? "" : CellOf(*found));
    }
    for (const std::string& name : values) {
      const auto found = trial.values.find(name);
      row.push_back(found == trial.values.end() ? "" : ordered_json(found->second).dump());
    }
    for (const std::string& phase : phases) {
      const EnergyFigure* figure = FigureOf(trial, phase);
      row.push_back(figure == nullptr ? "" : ordered_json(figure->joules.value()).dump());
      row.push_back(figure == nullptr ? "" : std::string(Name(figure->provenance.energy_class)));
      row.push_back(figure == nullptr ? "" : ordered_json(figure->coverage).dump());
    }
    row.insert(row.end(), {std::to_string(trial.attempts), trial.proposed_by, trial.reason,
                           trial.failure ? std::string(Name(*trial.failure)) : "", trial.message});
    table.rows.push_back(std::move(row));
  }
  return table;
}

Result<std::string> MakeEmissions(const OpenedStudy& opened) {
  auto carbon = LoadCarbon(opened.study.carbon);
  if (!carbon) return Pass(carbon);
  auto attempts = opened.store->LoadAttempts(opened.id);
  if (!attempts) return Pass(attempts);
  if (!carbon->given()) {
    PrintNote("note: the study file has no [carbon], so the column emissions is empty\n");
  }
  return EmissionsCsv(opened.study, *carbon, *attempts);
}

Result<std::string> MakeData(const OpenedStudy& opened, const std::string& format) {
  if (format == "emissions") return MakeEmissions(opened);
  auto trials = opened.store->LoadTrials(opened.id);
  if (!trials) return Pass(trials);
  if (format == "json") return MakeJson(opened.study, *trials);
  const Table table = MakeTable(opened.study, *trials);
  return format == "csv" ? FormatCsv(table) : FormatTable(table);
}

}  // namespace

int ExportVerb(const Arguments& arguments) {
  VerbOptions options("export STORE [flags]", kAbout);
  options.options().add_options()("study", po::value<std::string>(),
                                  "which study, if the store has several")(
      "format", po::value<std::string>()->default_value("csv"),
      "csv, json, table or emissions (CodeCarbon's columns, an attempt a line)")(
      "output,o", po::value<std::string>(), "write to this file instead of stdout");
  if (const auto code = options.Parse(arguments, 1)) return *code;
  const std::string format = *options.Get("format");
  if (format != "csv" && format != "json" && format != "table" && format != "emissions") {
    return options.Refuse(
        fmt::format("--format is csv, json, table or emissions, not '{}'", format));
  }
  auto opened = OpenStudy(options.positional().empty() ? "" : options.positional()[0],
                          options.Get("study"), OpenMode::kRead);
  if (!opened) return Complain("export", opened.error());
  // Opened before the work, so that a bad path fails at once.
  std::ofstream file;
  const auto output = options.Get("output");
  if (output) {
    std::error_code none;
    if (std::filesystem::equivalent(*output, opened->path, none)) {
      return options.Refuse(fmt::format("--output {} is the store itself", *output));
    }
    file.open(*output, std::ios::binary | std::ios::trunc);
    if (!file) {
      return Complain("export", {ErrorCode::kUnavailable,
                                 fmt::format("cannot write '{}': {}", *output, strerror(errno))});
    }
  }
  const auto data = MakeData(*opened, format);
  if (!data) return Complain("export", data.error());
  if (!output) return PrintData(*data) ? kDone : kRunTimeFailure;
  file << *data;
  file.close();
  if (file) return kDone;
  return Complain("export", {ErrorCode::kUnavailable,
                             fmt::format("cannot write '{}': {}", *output, strerror(errno))});
}

}  // namespace joulefront
