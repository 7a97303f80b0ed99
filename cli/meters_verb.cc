#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/console.h"
#include "cli/options.h"
#include "cli/table.h"
#include "workers/meters/meter.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;
using nlohmann::ordered_json;

constexpr const char* kAbout =
    "Shows every source of joules that joulefront knows: whether this machine has it, what its "
    "figures\n"
    "would cover, why it cannot be used, and the command that would mend that. The first usable "
    "source\n"
    "is the one that trials are metered with. docs/metering.md explains the words.\n\n"
    "example:\n"
    "  joulefront meters";

std::string MakeText(const std::vector<MeterInfo>& meters, const std::string& host) {
  std::string text = "host     " + host + "\n";
  const MeterInfo* used = nullptr;
  Table table{.header = {"source", "domain", "boundary", "usable", "class", "found"},
              .rows = {},
              .left = {true, true, true, true, true, true}};
  for (const MeterInfo& meter : meters) {
    if (meter.usable && used == nullptr) used = &meter;
    table.rows.push_back({meter.source, meter.domain, meter.boundary, meter.usable ? "yes" : "no",
                          std::string(Name(meter.energy_class)), meter.detail});
  }
  if (used != nullptr) {
    text += fmt::format("joules   from {} ({})\n", used->source, Name(used->energy_class));
  }
  text += "\n" + FormatTable(table);
  std::string remedies;
  for (const MeterInfo& meter : meters) {
    if (!meter.remedy.empty()) {
      remedies += fmt::format("  {} {}: {}\n", meter.source, meter.domain, meter.remedy);
    }
  }
  if (!remedies.empty()) text += "\nwhat would mend it:\n" + remedies;
  return text;
}

ordered_json MakeJson(const std::vector<MeterInfo>& meters, const std::string& host) {
  ordered_json list = ordered_json::array();
  for (const MeterInfo& meter : meters) {
    list.push_back({{"source", meter.source},
                    {"domain", meter.domain},
                    {"boundary", meter.boundary},
                    {"usable", meter.usable},
                    {"class", Name(meter.energy_class)},
                    {"detail", meter.detail},
                    {"remedy", meter.remedy}});
  }
  return {{"host", host}, {"meters", list}};
}

std::string MakeCsv(const std::vector<MeterInfo>& meters) {
  Table table{.header = {"source", "domain", "boundary", "usable", "class", "detail", "remedy"},
              .rows = {},
              .left = {}};
  for (const MeterInfo& meter : meters) {
    table.rows.push_back({meter.source, meter.domain, meter.boundary, meter.usable ? "1" : "0",
                          std::string(Name(meter.energy_class)), meter.detail, meter.remedy});
  }
  return FormatCsv(table);
}

}  // namespace

int MetersVerb(const Arguments& arguments) {
  VerbOptions options("meters [flags]", kAbout);
  options.options().add_options()("format", po::value<std::string>()->default_value("table"),
                                  "table, json or csv");
  if (const auto code = options.Parse(arguments, 0)) return *code;
  const std::string format = *options.Get("format");
  if (format != "table" && format != "json" && format != "csv") {
    return options.Refuse(fmt::format("--format is table, json or csv, not '{}'", format));
  }
  const SystemRoots roots;
  const auto meters = ListMeters(roots);
  const std::string host = HostFingerprint(roots);
  const std::string data = format == "json"  ? MakeJson(meters, host).dump(2) + "\n"
                           : format == "csv" ? MakeCsv(meters)
                                             : MakeText(meters, host);
  return PrintData(data) ? kDone : kRunTimeFailure;
}

}  // namespace joulefront
