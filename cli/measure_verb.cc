#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/console.h"
#include "cli/energy_json.h"
#include "cli/footprint.h"
#include "cli/metering_flags.h"
#include "cli/new_file.h"
#include "cli/options.h"
#include "cli/studies.h"
#include "cli/table.h"
#include "workers/measure.h"
#include "workers/metering_plan.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;
using nlohmann::ordered_json;

constexpr const char* kAbout =
    "Runs a command and says what it used: joules of each domain, mean and peak power, CPU time.\n"
    "The command keeps its terminal, its signals and its exit code; the report goes to stderr, or\n"
    "to the file of --output. With --phases, stdout is read for lines such as\n"
    "  {\"joulefront\": \"phase\", \"name\": \"train\"}\n"
    "and passed on: joules are counted for each phase that is named so, from there to the next "
    "such\n"
    "line (flush each line). docs/metering.md explains the words.\n\n"
    "examples:\n"
    "  joulefront measure -- python3 train.py --epochs 3\n"
    "  joulefront measure --repeat 5 --exclusive --format json --output cost.json -- make -j8\n\n"
    "exit codes: the command's; 126 if it cannot be started, 127 if there is none; those of\n"
    "            joulefront (1, 2, 5) if it was not even tried";

struct Report {
  std::vector<std::string> command;
  int repeat = 1;  // runs that were asked for; a failure ends them
  std::vector<Measurement> runs;
  Study rates;  // of which only carbon and tariff are set
};

const PhaseEnergy& TotalOf(const Measurement& run) { return run.energy.back(); }

/// A value of each run that has it.
template <typename Get>
Spread SpreadOver(const Report& report, Get get) {
  std::vector<double> values;
  for (const Measurement& run : report.runs) {
    if (const std::optional<double> value = get(run)) values.push_back(*value);
  }
  return SpreadOf(values);
}

std::optional<double> JoulesOf(const Measurement& run, const std::string& phase) {
  const PhaseEnergy* found = FindPhase(run.energy, phase);
  if (found == nullptr || !found->figure) return std::nullopt;
  return found->figure->joules.value();
}

Spread TimesOf(const Report& report, Seconds PhaseEnergy::*time) {
  return SpreadOver(report,
                    [&](const auto& run) { return std::optional((TotalOf(run).*time).value()); });
}

/// Of all runs; empty if it is unknown of one, which may have had the highest.
std::optional<Watts> PeakOf(const Report& report) {
  std::optional<Watts> peak;
  for (const Measurement& run : report.runs) {
    if (!run.peak) return std::nullopt;
    if (!peak || *run.peak > *peak) peak = run.peak;
  }
  return peak;
}

std::string WithSpread(const Spread& spread, std::string (*format)(double)) {
  if (!spread.half_width) return format(spread.mean);
  return fmt::format("{} +- {}", format(spread.mean), format(*spread.half_width));
}

std::string FormatWatts(double watts) { return FormatNumber(watts, 3) + " W"; }

std::string DescribeProvenance(const EnergyFigure& figure) {
  const Provenance& from = figure.provenance;
  std::string text = fmt::format("{}, from {} of {}; idle power {}", Name(from.energy_class),
                                 from.source, from.boundary, from.idle_policy);
  if (figure.coverage < 1.0) {
    text += fmt::format("; only {:.1f} % of the time could be seen", figure.coverage * 100.0);
  }
  return text;
}

/// Of the mean of all runs.
Footprint MeanFootprint(const Report& report) {
  const auto joules = SpreadOver(report, [](const auto& run) { return JoulesOf(run, "total"); });
  if (!TotalOf(report.runs.back()).figure) return {};
  Footprint footprint;
  footprint.grams = GramsOf(Joules(joules.mean), {}, {}, report.rates.carbon, {});
  if (report.rates.tariff) {
    footprint.price = PriceOf(Joules(joules.mean), *report.rates.tariff, report.rates.carbon);
  }
  return footprint;
}

std::string RunsText(const Report& report) {
  const int runs = static_cast<int>(report.runs.size());
  std::string text;
  if (runs > 1) text = "; +- is the 95 % interval of the mean";
  if (runs < report.repeat) {
    text = fmt::format(" of {}: the last one ended with exit code {}{}", report.repeat,
                       report.runs.back().exit_status, text);
  }
  return text.empty() ? "" : fmt::format("runs     {}{}\n", runs, text);
}

/// A line each for joules, power and times, of one run or of all.
std::string MakeText(const Report& report) {
  const Measurement& last = report.runs.back();
  const auto& figure = TotalOf(last).figure;
  std::string text;
  if (!figure) {
    text += "joules   ?  nothing could be metered for so short a time\n";
  } else {
    const auto joules = SpreadOver(report, [](const auto& run) { return JoulesOf(run, "total"); });
    const auto power = SpreadOver(report, [](const auto& run) -> std::optional<double> {
      const PhaseEnergy& total = TotalOf(run);
      if (!total.figure) return std::nullopt;
      return (total.figure->joules / (total.wall * total.figure->coverage)).value();
    });
    text += fmt::format("joules   {}  ({})\n",
                        WithSpread(joules, [](double j) { return FormatJoules(Joules(j)); }),
                        DescribeProvenance(*figure));
    text += fmt::format("power    {} mean", WithSpread(power, FormatWatts));
    if (const auto peak = PeakOf(report)) {
      text += fmt::format(", {} in the dearest second", FormatWatts(peak->value()));
    }
    text += "\n";
    for (const DomainEnergy& domain : figure->domains) {
      text += fmt::format("         {} of {}\n", FormatJoules(domain.joules), domain.domain);
    }
  }
  text += FootprintText(report.rates, {report.rates.carbon, {}}, MeanFootprint(report));
  const auto seconds = [](double s) { return FormatSeconds(Seconds(s)); };
  text += fmt::format("time     {} wall, {} CPU\n",
                      WithSpread(TimesOf(report, &PhaseEnergy::wall), seconds),
                      WithSpread(TimesOf(report, &PhaseEnergy::cpu), seconds));
  for (const Measurement& run : report.runs) {
    if (!run.left_running.empty()) {
      text += fmt::format("note     {}\n", LeftRunningText(run.left_running));
    }
  }
  if (!last.meter_faults.empty()) {
    text += fmt::format("faults   of the meter: {}\n", last.meter_faults);
  }
  text += RunsText(report);
  if (last.energy.size() <= 2) return text;  // setup and total: no phase was named
  Table table{.header = {"phase", "joules", "wall", "cpu"},
              .rows = {},
              .left = {true, false, false, false}};
  for (const PhaseEnergy& phase : last.energy) {
    if (phase.phase == kTotalPhase) continue;
    const auto joules =
        SpreadOver(report, [&](const auto& run) { return JoulesOf(run, phase.phase); });
    table.rows.push_back(
        {phase.phase,
         phase.figure ? WithSpread(joules, [](double j) { return FormatJoules(Joules(j)); }) : "?",
         FormatSeconds(phase.wall), FormatSeconds(phase.cpu)});
  }
  return text + "\n" + FormatTable(table);
}

ordered_json SpreadToJson(const Spread& spread) {
  ordered_json object = {{"mean", spread.mean}};
  if (spread.half_width) {
    object["deviation"] = *spread.deviation;
    object["half_width_95"] = *spread.half_width;
  }
  return object;
}

ordered_json MakeJson(const Report& report) {
  ordered_json runs = ordered_json::array();
  for (const Measurement& run : report.runs) {
    ordered_json entry = {{"exit_status", run.exit_status}, {"phases", PhasesToJson(run.energy)}};
    entry["meter_faults"] = run.meter_faults;
    if (!run.left_running.empty()) entry["left_running"] = run.left_running;
    entry["peak_w"] = run.peak ? ordered_json(run.peak->value()) : ordered_json();
    runs.push_back(std::move(entry));
  }
  ordered_json object = {
      {"command", report.command}, {"repeat", report.repeat}, {"runs", std::move(runs)}};
  const bool metered = std::any_of(report.runs.begin(), report.runs.end(),
                                   [](const auto& run) { return TotalOf(run).figure.has_value(); });
  object["joules"] =
      metered
          ? SpreadToJson(SpreadOver(report, [](const auto& run) { return JoulesOf(run, "total"); }))
          : ordered_json();
  object["wall_s"] = SpreadToJson(TimesOf(report, &PhaseEnergy::wall));
  object["cpu_s"] = SpreadToJson(TimesOf(report, &PhaseEnergy::cpu));
  const Footprint footprint = MeanFootprint(report);
  object["carbon"] = CarbonToJson({report.rates.carbon, {}}, footprint.grams);
  object["cost"] = PriceToJson(report.rates, footprint.price);
  return object;
}

/// Reads the flags that turn joules into gCO2e and money.
Result<Study> ReadRates(const VerbOptions& options) {
  Study rates;
  rates.carbon.kind = *options.Get("kind");
  rates.carbon.source = *options.Get("intensity-source");
  rates.carbon.pue = options.Get<double>("pue");
  if (rates.carbon.pue && !(*rates.carbon.pue >= 1.0 && *rates.carbon.pue <= 10.0)) {
    return Fail(ErrorCode::kInvalidArgument,
                "--pue is what the building draws for each watt of its machines: from 1 to 10");
  }
  if (!options.Has("intensity") && !(rates.carbon.kind.empty() && rates.carbon.source.empty())) {
    return Fail(ErrorCode::kInvalidArgument,
                "--kind and --intensity-source have no effect without --intensity");
  }
  if (rates.carbon.pue && !options.Has("intensity") && !options.Has("tariff")) {
    return Fail(ErrorCode::kInvalidArgument,
                "--pue has no effect without --intensity or --tariff: joules are the machine's");
  }
  if (!rates.carbon.kind.empty() && rates.carbon.kind != "direct" &&
      rates.carbon.kind != "life-cycle") {
    return Fail(ErrorCode::kInvalidArgument, "--kind is direct or life-cycle");
  }
  if (const auto text = options.Get("intensity")) {
    auto intensity = ParseIntensity(*text);
    if (!intensity) return Pass(intensity, "--intensity");
    rates.carbon.intensity = *intensity;
  }
  if (const auto text = options.Get("tariff")) {
    auto tariff = ParseTariff(*text);
    if (!tariff) return Pass(tariff, "--tariff");
    rates.tariff = std::move(*tariff);
  }
  return rates;
}

/// Where the report goes: to the file, opened before the command is run for nothing, or to stderr.
bool Show(const std::string& report, std::ofstream& file, const VerbOptions& options) {
  const auto name = options.Get("output");
  if (!name) {
    PrintNote(report);
    return true;
  }
  file << report;
  if (file.flush()) return true;
  PrintNote(fmt::format("joulefront measure: cannot write '{}'\n{}", *name, report));
  return false;
}

/// As time(1) and env(1) have it for a command that did not start.
int CodeOf(const Error& error) {
  const int code = Complain("measure", error);
  const bool refused = error.code == ErrorCode::kNotExecutable ||
                       error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kShortage;
  return error.code == ErrorCode::kNotFound ? 127 : refused ? 126 : code;
}

void AddFlags(VerbOptions& options) {
  options.options().add_options()("repeat", po::value<int>()->default_value(1),
                                  "run it so often, and give mean, spread and interval")(
      "phases", "read the command's stdout for phase messages")(
      "intensity", po::value<std::string>(), "also give gCO2e, at \"475 gCO2e/kWh\"")(
      "kind", po::value<std::string>()->default_value(""),
      "of the intensity: direct or life-cycle")(
      "intensity-source", po::value<std::string>()->default_value(""), "where it is from")(
      "pue", po::value<double>(), "what the building draws for each watt of its machines")(
      "tariff", po::value<std::string>(), "also give the cost, at \"0.30 EUR/kWh\"")(
      "format", po::value<std::string>()->default_value("table"), "table or json")(
      "output", po::value<std::string>(), "the report's file, instead of stderr");
  AddMeteringFlags(options);
}

/// Runs the command as often as is asked for, until it fails or we are told to stop. If there is
/// nothing to report then, the exit code.
std::optional<int> RunAll(const MeasureOptions& measure, SignalWatch& signals, Report& report) {
  HostLock lock;
  WaitForMachine("measure", lock, measure.metering.plan.exclusive, signals);
  while (static_cast<int>(report.runs.size()) < report.repeat && signals.stop_requests() == 0) {
    auto run = Measure(measure, signals);
    if (!run) return CodeOf(run.error());
    report.runs.push_back(std::move(*run));
    if (const int error = report.runs.back().output_error; error != 0 && error != EPIPE) {
      PrintNote(fmt::format("joulefront measure: cannot pass on the command's output: {}\n",
                            std::strerror(error)));
      if (report.runs.back().exit_status == 0) return kRunTimeFailure;
    }
    if (report.runs.back().exit_status != 0) break;  // its code is ours
  }
  if (report.runs.empty()) return 128 + signals.stop_signal();
  return std::nullopt;
}

}  // namespace

int MeasureVerb(const Arguments& arguments) {
  VerbOptions options("measure [flags] -- COMMAND [ARGUMENTS]", kAbout);
  AddFlags(options);
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  if (const auto code = options.Parse({arguments.begin(), dashes}, 0)) return *code;
  const bool named = dashes != arguments.end() && dashes + 1 != arguments.end();
  if (!named) return options.Refuse("name a command after --");
  const int repeat = *options.Get<int>("repeat");
  const auto format = options.OneOf("format", {"table", "json"});
  if (!format) return options.Refuse(format.error().message);
  if (repeat < 1 || repeat > 10000) return options.Refuse("--repeat is from 1 to 10000");
  auto plan = ReadMeteringPlan(options);
  if (!plan) return options.Refuse(plan.error().message);
  auto rates = ReadRates(options);
  if (!rates) return options.Refuse(rates.error().message);
  std::ofstream file;
  if (const auto output = options.Get("output")) {
    auto made = OpenOutput(*output, "--output");
    if (!made) return Complain("measure", made.error());
    file = std::move(*made);
  }
  const MeasureOptions measure{.command = {dashes + 1, arguments.end()},
                               .metering = {.machine = ThisMachine(), .plan = std::move(*plan)},
                               .phases = options.Has("phases")};
  Report report{
      .command = measure.command, .repeat = repeat, .runs = {}, .rates = std::move(*rates)};
  SignalWatch signals;
  if (const auto code = RunAll(measure, signals, report)) return *code;
  const std::string text = *format == "json" ? MakeJson(report).dump(2) + "\n" : MakeText(report);
  if (!Show(text, file, options)) return kRunTimeFailure;
  return report.runs.back().exit_status;
}

}  // namespace joulefront
