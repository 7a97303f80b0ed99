#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "cli/console.h"
#include "cli/energy_json.h"
#include "cli/footprint.h"
#include "cli/html_report.h"
#include "cli/new_file.h"
#include "cli/options.h"
#include "cli/optuna_export.h"
#include "cli/paper_tables.h"
#include "cli/report_json.h"
#include "cli/studies.h"
#include "cli/svg_figure.h"
#include "cli/table.h"
#include "study_store/csv_cells.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;
using nlohmann::ordered_json;

constexpr const char* kAbout =
    "Writes all trials: CSV, one a line, with flat column names; JSON, with every joule figure "
    "and\n"
    "where it comes from; a report to look at, one HTML page that needs no network; or one "
    "attempt\n"
    "a line in the columns of CodeCarbon's emissions.csv. An empty CSV cell is a missing value,\n"
    "never zero.\n\n"
    "examples:\n"
    "  joulefront export digits.db > trials.csv\n"
    "  joulefront export digits.db --format html --output report.html\n"
    "  joulefront export digits.db --format json --output trials.json\n"
    "  joulefront export digits.db --format sqlite --output copy.db\n"
    "  joulefront export digits.db --format optuna --output optuna.db\n\n"
    "of a damaged store it writes what can be read, and ends with exit code 6";

// Of a damaged store, where so many trials in a row cannot be read, the end is taken to be reached.
constexpr std::int64_t kLongestGap = 1000;

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

/// A value of a parameter, so that it reads back as itself: a text is quoted where it is empty or
/// there are choices that are none, and a number is exact where there is a text that looks so.
std::string CellOf(const Parameter& parameter, const ordered_json& value) {
  const auto any = [&](auto holds) {
    return std::any_of(parameter.choices.begin(), parameter.choices.end(), holds);
  };
  if (!value.is_string()) {
    const std::string plain = value.dump();
    const bool looks_so = any([&](const Value& choice) { return choice == Value(plain); });
    return (looks_so ? kExactValue : "") + plain;
  }
  const auto text = value.get<std::string>();
  const bool mixed =
      any([](const Value& choice) { return !std::holds_alternative<std::string>(choice); });
  return mixed || text.empty() ? QuotedText(text) : TextCell(text);
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
    table.header.push_back("energy." + phase + "_at_most_j");
  }
  for (const char* column : {"attempts", "proposed_by", "reason", "failure", "message"}) {
    table.header.push_back(column);
  }
  for (const Trial& trial : trials) {
    std::vector<std::string> row = {std::to_string(trial.number), std::string(Name(trial.state))};
    const auto configuration = ordered_json::parse(trial.configuration);
    for (const Parameter& parameter : study.space.parameters()) {
      const auto found = configuration.find(parameter.name);
      row.push_back(found == configuration.end() ? "" : CellOf(parameter, *found));
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
      row.push_back(figure == nullptr || !IsBound(*figure)
                        ? ""
                        : ordered_json(CountedJoules(*figure).value()).dump());
    }
    row.insert(row.end(),
               {std::to_string(trial.attempts), trial.proposed_by, TextCell(trial.reason),
                trial.failure ? std::string(Name(*trial.failure)) : "", TextCell(trial.message)});
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

/// What can be read of a damaged store, trial by trial. `lost` counts those that cannot.
std::vector<Trial> Rescue(const OpenedStudy& opened, std::int64_t& lost) {
  std::vector<Trial> trials;
  std::int64_t missing = 0;  // since the last trial that was read
  for (TrialNumber number = 0; missing < kLongestGap; ++number) {
    auto trial = opened.store->RescueTrial(opened.id, number);
    if (!trial) {
      ++missing;
      continue;
    }
    lost += std::exchange(missing, 0);
    trials.push_back(std::move(*trial));
  }
  return trials;
}

/// Formats that are made of everything that is recorded.
bool IsReport(const std::string& format) {
  return format == "html" || format == "svg" || format == "latex" || format == "markdown";
}

struct Exported {
  std::string data;
  bool damaged = false;  // some of it could not be read
};

Result<Exported> MakeData(const OpenedStudy& opened, const std::string& format) {
  if (format == "emissions") {
    auto emissions = MakeEmissions(opened);
    if (!emissions) return Pass(emissions);
    return Exported{std::move(*emissions)};
  }
  if (IsReport(format)) {
    auto report = LoadReportRecords(*opened.store, opened.id, opened.study);
    if (!report) return Pass(report);
    report->store_path = opened.path;
    return Exported{format == "html"    ? HtmlReport(ReportJson(*report))
                    : format == "svg"   ? FrontSvg(*report)
                    : format == "latex" ? LatexTable(*report)
                                        : MarkdownTable(*report)};
  }
  auto trials = opened.store->LoadTrials(opened.id);
  Exported exported{.data = {}, .damaged = !trials};
  if (!trials) {
    if (trials.error().code != ErrorCode::kCorrupt) return Pass(trials);
    std::int64_t lost = 0;
    trials = Rescue(opened, lost);
    PrintNote(fmt::format(
        "joulefront export: {} is damaged: {} trials can be read, some perhaps without values or "
        "joules; {} of lower numbers cannot, and maybe some of higher ones\n",
        opened.path, trials->size(), lost));
  }
  if (format == "json") {
    exported.data = MakeJson(opened.study, *trials);
  } else {
    const Table table = MakeTable(opened.study, *trials);
    exported.data = format == "csv" ? FormatCsv(table) : FormatTable(table);
  }
  return exported;
}

int ExportStore(const VerbOptions& options) {
  const auto output = options.Get("output");
  if (!output) return options.Refuse("--format sqlite needs --output FILE");
  if (IsPostgresUrl(*output)) {
    return options.Refuse("--output is a file; into a database: joulefront import STORE --store " +
                          *output);
  }
  if (options.Has("study")) {
    return options.Refuse(
        "--format sqlite copies all studies of the store; one alone: joulefront import STORE "
        "--store FILE --study NAME");
  }
  const auto place = FindStore(options.positional().empty() ? "" : options.positional()[0]);
  if (!place) return Complain("export", place.error());
  const auto copied = IsPostgresUrl(place->path)
                          ? WriteNewFile(*output,
                                         [&](const std::string& partial) -> Result<void> {
                                           JF_TRY(CopyStudies(place->path, partial));
                                           return {};
                                         })
                          : CopySqliteStore(place->path, *output);
  return copied ? kDone : Complain("export", copied.error());
}

int WriteTo(const std::string& output, std::ofstream& file, const std::string& data) {
  file << data;
  file.close();
  if (file) return kDone;
  return Complain("export", {ErrorCode::kUnavailable,
                             fmt::format("cannot write '{}': {}", output, strerror(errno))});
}

}  // namespace

int ExportVerb(const Arguments& arguments) {
  VerbOptions options("export STORE [flags]", kAbout);
  options.options().add_options()("study", po::value<std::string>(),
                                  "which study, if the store has several")(
      "format", po::value<std::string>()->default_value("csv"),
      "csv, json, table; html (a report), svg (a figure of the front and the hypervolume), latex "
      "and markdown (tables of the front); emissions (CodeCarbon's columns, an attempt a line); "
      "sqlite (the whole store, also while it is in use) or optuna (a file for Optuna and its "
      "dashboard)")("output,o", po::value<std::string>(), "write to this file instead of stdout");
  if (const auto code = options.Parse(arguments, 1)) return *code;
  const auto format = options.OneOf("format", {"csv", "json", "table", "html", "svg", "latex",
                                               "markdown", "emissions", "sqlite", "optuna"});
  if (!format) return options.Refuse(format.error().message);
  if (*format == "sqlite") return ExportStore(options);
  if (*format == "optuna") return ExportToOptuna(options);
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
    auto made = OpenOutput(*output, "--output");
    if (!made) return Complain("export", made.error());
    file = std::move(*made);
  }
  const auto exported = MakeData(*opened, *format);
  if (!exported) return Complain("export", exported.error());
  const int written = output                      ? WriteTo(*output, file, exported->data)
                      : PrintData(exported->data) ? kDone
                                                  : kRunTimeFailure;
  return written == kDone && exported->damaged ? kStoreUnusable : written;
}

}  // namespace joulefront
