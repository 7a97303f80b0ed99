#include <fmt/format.h>
#include <poll.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "cli/console.h"
#include "cli/energy_json.h"
#include "cli/options.h"
#include "cli/studies.h"
#include "cli/table.h"
#include "workers/metering_plan.h"
#include "workers/meters/host.h"
#include "workers/meters/probe.h"
#include "workers/meters/reading_log.h"
#include "workers/process.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;
using nlohmann::ordered_json;

constexpr const char* kAbout =
    "Shows every source of joules that joulefront knows: whether this machine has it, what its\n"
    "figures would cover, why it cannot be used, and the command that would mend that.\n"
    "--probe measures what the machine draws when nothing runs, how often each source is updated,\n"
    "and whether two sources agree; shared studies then charge idle power by what they reserve.\n"
    "--calibrate fits the wall meter's joules to the tool's. docs/metering.md explains the "
    "words.\n\n"
    "examples:\n"
    "  joulefront meters\n"
    "  joulefront meters --probe                    on a quiet machine, a minute\n"
    "  joulefront meters --calibrate readings.csv   lines of seconds,tool_joules,wall_joules\n"
    "  joulefront meters --replay study.work/study/3.1/readings.log";

constexpr Seconds kShortestProbe{5.0};
constexpr std::size_t kLargestCalibration = 16 << 20;
constexpr std::size_t kLargestReadingLog = 64 << 20;  // twice what an attempt may write

/// What the screen shows.
struct Screen {
  std::vector<SourceListing> listings;
  std::vector<bool> used;        // by listing
  Provenance exclusive, shared;  // of an attempt's figures
  HostRecord record;
  std::string record_problem;
};

Screen LookAround(const SystemRoots& machine) {
  Screen screen;
  const std::string host = HostFingerprint(machine);
  MeterPlan plan{.record = HostRecordPath()};
  if (!plan.record.empty()) {
    auto record = LoadHostRecord(plan.record, host);
    if (record) {
      screen.record = std::move(*record);
    } else {
      screen.record_problem = record.error().message;
      plan.record.clear();
    }
  }
  screen.record.host = host;
  screen.listings = FindSources(machine, plan).listings;
  screen.used.resize(screen.listings.size());
  const auto chosen = ChooseSources(screen.listings, plan);
  if (chosen) {
    for (const std::size_t i : *chosen) screen.used[i] = true;
  }
  for (const bool exclusive : {false, true}) {
    plan.exclusive = exclusive;
    const auto meter = MakeMeter(machine, plan, MonotonicNow(), {});
    if (meter) (exclusive ? screen.exclusive : screen.shared) = meter->provenance();
  }
  for (std::size_t i = 0; i < screen.listings.size(); ++i) {
    const bool estimate = screen.listings[i].domain.boundary == Boundary::kCpu;
    if (estimate && screen.shared.boundary.ends_with(Name(Boundary::kCpu))) screen.used[i] = true;
  }
  return screen;
}

std::string FormatPeriod(Seconds period) {
  return period < Seconds(1.0) ? fmt::format("{:.3g} ms", period.value() * 1e3)
                               : fmt::format("{:.3g} s", period.value());
}

const IdleBaseline* IdleOf(const Screen& screen, const Domain& domain) {
  const auto found = screen.record.idle.find(domain.name);
  return found == screen.record.idle.end() ? nullptr : &found->second;
}

/// "package of rapl-perf against rapl-powercap: +0.12 %"
std::string Describe(const CrossCheck& check) {
  return fmt::format("{} of {} against {}: {:+.2f} %", Name(check.boundary), check.first,
                     check.second, (check.ratio - 1.0) * 100.0);
}

std::string MakeText(const Screen& screen) {
  std::string text = "host     " + screen.record.host + "\n";
  const auto shared = Name(screen.shared.energy_class);
  const auto exclusive = Name(screen.exclusive.energy_class);
  text += fmt::format("joules   from {} of {}: {}\n", screen.shared.source, screen.shared.boundary,
                      shared == exclusive
                          ? std::string(shared)
                          : fmt::format("{} if a study is exclusive, else {}", exclusive, shared));
  text += screen.record.probed.empty()
              ? "idle     not measured; `joulefront meters --probe` on a quiet machine does\n"
              : fmt::format("idle     measured on {}\n", screen.record.probed);
  for (const CrossCheck& check : screen.record.checks) {
    text += "check    " + Describe(check) + "\n";
  }
  if (const auto& fit = screen.record.calibration) {
    text += fmt::format(
        "wall     = {:.4g} W + {:.4g} x tool, +-{:.2g} % (calibrated {}), for {} of {}\n",
        fit->offset.value(), fit->slope, fit->residual * 100.0,
        fit->id.substr(0, fit->id.find(':')), fit->source, fit->boundary);
  }
  if (!screen.record_problem.empty()) text += "record   " + screen.record_problem + "\n";
  Table table{.header = {"source", "domain", "boundary", "used", "updated", "idle", "found"},
              .rows = {},
              .left = {true, true, true, true, false, false, true}};
  std::string remedies;
  for (std::size_t i = 0; i < screen.listings.size(); ++i) {
    const SourceListing& listing = screen.listings[i];
    const Domain& domain = listing.domain;
    const IdleBaseline* idle = IdleOf(screen, domain);
    const Seconds period = idle != nullptr && idle->update_period > Seconds(0)
                               ? idle->update_period
                               : domain.update_period;
    table.rows.push_back({domain.source, domain.name, std::string(Name(domain.boundary)),
                          screen.used[i]     ? "yes"
                          : listing.readable ? "no"
                                             : "cannot",
                          listing.readable ? FormatPeriod(period) : "",
                          idle != nullptr ? fmt::format("{:.3g} W", idle->power.value()) : "",
                          listing.detail});
    if (!listing.remedy.empty()) {
      remedies += fmt::format("  {} {}: {}\n", domain.source, domain.name, listing.remedy);
    }
  }
  text += "\n" + FormatTable(table);
  if (!remedies.empty()) text += "\nwhat would mend it:\n" + remedies;
  return text;
}

ordered_json MakeJson(const Screen& screen) {
  ordered_json list = ordered_json::array();
  for (std::size_t i = 0; i < screen.listings.size(); ++i) {
    const SourceListing& listing = screen.listings[i];
    ordered_json entry = {{"source", listing.domain.source},
                          {"domain", listing.domain.name},
                          {"boundary", Name(listing.domain.boundary)},
                          {"readable", listing.readable},
                          {"used", static_cast<bool>(screen.used[i])},
                          {"update_period_s", listing.domain.update_period.value()},
                          {"detail", listing.detail},
                          {"remedy", listing.remedy}};
    if (const IdleBaseline* idle = IdleOf(screen, listing.domain)) {
      entry["idle_w"] = idle->power.value();
      entry["idle_variation"] = idle->variation;
    }
    list.push_back(std::move(entry));
  }
  ordered_json object = {{"host", screen.record.host},
                         {"source", screen.shared.source},
                         {"boundary", screen.shared.boundary},
                         {"class_shared", Name(screen.shared.energy_class)},
                         {"class_exclusive", Name(screen.exclusive.energy_class)},
                         {"probed", screen.record.probed},
                         {"checks", ordered_json::array()},
                         {"meters", list}};
  for (const CrossCheck& check : screen.record.checks) {
    object["checks"].push_back({{"first", check.first},
                                {"second", check.second},
                                {"boundary", Name(check.boundary)},
                                {"ratio", check.ratio}});
  }
  if (const auto& fit = screen.record.calibration) {
    object["calibration"] = {{"id", fit->id},         {"offset_w", fit->offset.value()},
                             {"slope", fit->slope},   {"residual", fit->residual},
                             {"source", fit->source}, {"boundary", fit->boundary}};
  }
  return object;
}

std::string MakeCsv(const Screen& screen) {
  Table table{.header = {"source", "domain", "boundary", "readable", "used", "update_period_s",
                         "detail", "remedy"},
              .rows = {},
              .left = {}};
  for (std::size_t i = 0; i < screen.listings.size(); ++i) {
    const SourceListing& listing = screen.listings[i];
    table.rows.push_back(
        {listing.domain.source, listing.domain.name, std::string(Name(listing.domain.boundary)),
         listing.readable ? "1" : "0", screen.used[i] ? "1" : "0",
         fmt::format("{}", listing.domain.update_period.value()), listing.detail, listing.remedy});
  }
  return FormatCsv(table);
}

std::string Today() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  return fmt::format("{:04}-{:02}-{:02}", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday);
}

Result<HostRecord> RecordToChange(const SystemRoots& machine) {
  if (HostRecordPath().empty()) {
    return Fail(ErrorCode::kUnavailable,
                "there is no folder for the record of this machine; set XDG_STATE_HOME to one");
  }
  return LoadHostRecord(HostRecordPath(), HostFingerprint(machine));
}

std::string DescribeProbe(const ProbeReport& report) {
  std::string text;
  for (const ProbedDomain& probed : report.domains) {
    const auto& idle = probed.idle;
    text += fmt::format("{} {}: ", probed.domain.source, probed.domain.name);
    text += idle ? fmt::format("{:.4g} W idle, variation {:.2g} %{}, updated every {}\n",
                               idle->power.value(), idle->variation * 100.0,
                               idle->variation > kQuietVariation ? " (not quiet)" : "",
                               FormatPeriod(idle->update_period))
                 : "nothing could be read for most of the time; no baseline is stored\n";
  }
  for (const auto& [first, second] : report.mirrors) {
    text += fmt::format(
        "{} and {} are one counter, which would be counted twice: name another "
        "source in [metering] sources\n",
        first, second);
  }
  for (const CrossCheck& check : report.checks) text += Describe(check) + "\n";
  return text;
}

Result<std::string> RunProbe(const SystemRoots& machine, Seconds duration) {
  auto record = RecordToChange(machine);
  if (!record) return Pass(record);
  const FoundSources found = FindSources(machine, {});
  if (found.sources.empty()) {
    return Fail(ErrorCode::kNoMeter,
                "nothing on this machine can be read, so there is no idle power to measure; "
                "`joulefront meters` shows what would mend that");
  }
  PrintNote(
      fmt::format("measuring for {}: let nothing else run meanwhile\n", FormatSeconds(duration)));
  const ProbeClock clock{.now = MonotonicNow, .sleep = [](Seconds time) {
                           poll(nullptr, 0, static_cast<int>(time.value() * 1e3));
                         }};
  const ProbeReport report = Probe(found.sources, duration, clock);
  if (std::none_of(report.domains.begin(), report.domains.end(),
                   [](const ProbedDomain& probed) { return probed.idle.has_value(); })) {
    return Fail(ErrorCode::kNoMeter,
                DescribeProbe(report) + "so no idle power could be measured; nothing was stored");
  }
  for (const ProbedDomain& probed : report.domains) {
    if (probed.idle) record->idle[probed.domain.name] = *probed.idle;
  }
  record->checks = report.checks;
  record->probed = Today();
  JF_TRY(SaveHostRecord(HostRecordPath(), *record));
  return DescribeProbe(report) + fmt::format("stored in {}\n", HostRecordPath());
}

Result<std::string> RunCalibration(const SystemRoots& machine, const std::string& path) {
  auto record = RecordToChange(machine);
  if (!record) return Pass(record);
  auto text = ReadInput(path, kLargestCalibration);
  if (!text) return Pass(text);
  auto readings = ParseWallReadings(*text);
  if (!readings) return Pass(readings, path);
  auto fit = FitCalibration(std::move(*readings), "");
  if (!fit) return Pass(fit, path);
  // What it is applied to: the figures of an exclusive attempt here, as they would be without it.
  const auto meter = MakeMeter(machine, {.exclusive = true}, MonotonicNow(), {});
  if (!meter) return Fail(meter.error().code, meter.error().message);
  const Provenance& tool = meter->provenance();
  fit->source = tool.source;
  fit->boundary = tool.boundary;
  fit->id = fmt::format("{}: {:.6g} W + {:.6g} x", Today(), fit->offset.value(), fit->slope);
  const std::string replaced =
      record->calibration ? fmt::format("; it replaces that of {}", record->calibration->id) : "";
  record->calibration = *fit;
  JF_TRY(SaveHostRecord(HostRecordPath(), *record));
  return fmt::format(
      "wall = {:.4g} W + {:.4g} x tool; readings that were held out lie within {:.2g} % of it "
      "(95 %)\nstored in {}{}; {}\n",
      fit->offset.value(), fit->slope, fit->residual * 100.0, HostRecordPath(), replaced,
      tool.energy_class == EnergyClass::kMeasured
          ? fmt::format("exclusive figures from {} of {} are now calibrated, of the wall",
                        tool.source, tool.boundary)
          : fmt::format("figures here are {}, from {}, and stay so: it needs a counter",
                        Name(tool.energy_class), tool.source));
}

Result<std::string> RunReplay(const std::string& path) {
  auto text = ReadInput(path, kLargestReadingLog);
  if (!text) return Pass(text);
  auto phases = ReplayReadings(*text);
  if (!phases) return Pass(phases, path);
  if (!IsWholeLog(*text)) {
    PrintNote(
        fmt::format("joulefront meters: {} ends before its attempt did: it was cut, or the "
                    "worker was killed; the figures are until then\n",
                    path));
  }
  return PhasesToJson(*phases).dump(2) + "\n";
}

}  // namespace

int MetersVerb(const Arguments& arguments) {
  VerbOptions options("meters [flags]", kAbout);
  options.options().add_options()("format", po::value<std::string>(),
                                  "of the screen: table (default), json or csv")(
      "probe", po::value<std::string>()->implicit_value("60 s"),
      "measure idle power and update periods, for so long")(
      "calibrate", po::value<std::string>(), "fit a wall meter's readings: a CSV file")(
      "replay", po::value<std::string>(), "compute an attempt's figures from its readings.log");
  if (const auto code = options.Parse(arguments, 0)) return *code;
  const std::string format = options.Get("format").value_or("table");
  for (const char* other : {"probe", "calibrate", "replay"}) {
    if (!options.Has("format") || !options.Has(other)) continue;
    return options.Refuse(fmt::format("--format is of the screen; --{} has one format: {}", other,
                                      std::string_view(other) == "replay" ? "JSON" : "text"));
  }
  if (format != "table" && format != "json" && format != "csv") {
    return options.Refuse(fmt::format("--format is table, json or csv, not '{}'", format));
  }
  const SystemRoots machine = ThisMachine();
  Result<std::string> data = std::string();
  if (const auto probe = options.Get("probe")) {
    const auto duration = ParseSeconds(*probe);
    if (!duration) return options.Refuse("--probe: " + duration.error().message);
    if (*duration < kShortestProbe) return options.Refuse("--probe takes at least 5 s");
    data = RunProbe(machine, *duration);
  } else if (const auto calibrate = options.Get("calibrate")) {
    data = RunCalibration(machine, *calibrate);
  } else if (const auto replay = options.Get("replay")) {
    data = RunReplay(*replay);
  } else {
    const Screen screen = LookAround(machine);
    data = format == "json"  ? MakeJson(screen).dump(2) + "\n"
           : format == "csv" ? MakeCsv(screen)
                             : MakeText(screen);
  }
  if (!data) return Complain("meters", data.error());
  return PrintData(*data) ? kDone : kRunTimeFailure;
}

}  // namespace joulefront
