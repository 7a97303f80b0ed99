#include "cli/gate_baseline.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <time.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "cli/energy_json.h"
#include "study_store/comparability.h"
#include "study_store/gate_rules.h"

namespace joulefront {
namespace {

using nlohmann::ordered_json;

constexpr int kVersion = 1;

ordered_json KeyToJson(const MeteredValue& metered) {
  const Provenance& key = metered.key;
  return {{"phase", metered.phase},
          {"per", metered.per ? ordered_json(*metered.per) : ordered_json()},
          {"class", Name(key.energy_class)},
          {"source", key.source},
          {"boundary", key.boundary},
          {"attribution", key.attribution},
          {"idle_policy", key.idle_policy},
          {"host", key.host}};
}

MeteredValue KeyFromJson(const ordered_json& json) {
  MeteredValue metered;
  metered.phase = json.at("phase").get<std::string>();
  if (!json.at("per").is_null()) metered.per = json.at("per").get<std::string>();
  const auto energy_class = EnergyClassFromName(json.at("class").get<std::string>());
  if (!energy_class) throw std::invalid_argument("a class of joules that is not known");
  metered.key = {.energy_class = *energy_class,
                 .source = json.at("source").get<std::string>(),
                 .boundary = json.at("boundary").get<std::string>(),
                 .attribution = json.at("attribution").get<std::string>(),
                 .idle_policy = json.at("idle_policy").get<std::string>(),
                 .host = json.at("host").get<std::string>()};
  return metered;
}

ordered_json SubjectToJson(const GateSubject& subject) {
  if (!subject.command.empty()) return {{"command", subject.command}};
  return {{"study", subject.study},
          {"configuration", ordered_json::parse(subject.configuration, nullptr, false)}};
}

GateSubject SubjectFromJson(const ordered_json& json) {
  GateSubject subject;
  if (json.contains("command")) {
    subject.command = json.at("command").get<std::vector<std::string>>();
    if (subject.command.empty()) throw std::invalid_argument("a command without a word");
  } else {
    subject.study = json.at("study").get<std::string>();
    subject.configuration = json.at("configuration").dump();
  }
  return subject;
}

std::string DescribeKey(const MeteredValue& metered) {
  const Provenance& key = metered.key;
  return fmt::format("joules of phase '{}'{}, {}: {} of {}, {}, idle {}, on {}", metered.phase,
                     metered.per ? fmt::format(" per '{}'", *metered.per) : "",
                     Name(key.energy_class), key.source, key.boundary, key.attribution,
                     key.idle_policy, key.host);
}

TimePoint StampFromText(const std::string& text) {
  std::tm parts{};
  const char* end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0') throw std::invalid_argument("\"made\" is no time");
  return TimePoint(std::chrono::seconds(timegm(&parts)));
}

GateBaseline Parse(const ordered_json& json) {
  GateBaseline baseline;
  baseline.made = StampFromText(json.at("made").get<std::string>());
  baseline.subject = SubjectFromJson(json.at("subject"));
  baseline.warmup = json.at("warmup").get<int>();
  for (const auto& [name, key] : json.at("metered").items()) {
    baseline.metered[name] = KeyFromJson(key);
  }
  for (const ordered_json& run : json.at("runs")) {
    GateRun read{.seed = run.at("seed").get<std::uint64_t>(), .values = {}, .energy = {}};
    for (const auto& [name, value] : run.at("values").items()) {
      read.values[name] = value.get<double>();
    }
    baseline.runs.push_back(std::move(read));
  }
  const auto count = baseline.runs.size();
  if (count < 2 || count > kMostGateRepeats || baseline.warmup < 0) {
    throw std::invalid_argument(fmt::format("it has {} runs", count));
  }
  return baseline;
}

}  // namespace

std::string DescribeSubject(const GateSubject& subject) {
  if (subject.command.empty()) return fmt::format("{} {}", subject.study, subject.configuration);
  return fmt::format("{}", fmt::join(subject.command, " "));
}

std::vector<double> ValuesOf(const std::vector<GateRun>& runs, const std::string& name) {
  std::vector<double> values;
  for (const GateRun& run : runs) {
    const auto found = run.values.find(name);
    if (found == run.values.end()) return {};
    values.push_back(found->second);
  }
  return values;
}

Result<std::map<std::string, MeteredValue>> MeteredValuesOf(
    const std::vector<Objective>& objectives, const GateRun& run) {
  std::map<std::string, MeteredValue> metered;
  for (const Objective& objective : objectives) {
    if (!objective.phase) continue;
    const EnergyFigure* figure = FindFigure(run.energy, *objective.phase);
    if (figure == nullptr) continue;  // Judge has failed the run
    if (figure->coverage < kWholeCoverage) {
      return Fail(
          ErrorCode::kConflict,
          fmt::format("the meter saw only {:.1f} % of phase '{}', so that its joules cannot "
                      "be compared; joulefront meters shows what this machine's can do",
                      figure->coverage * 100.0, *objective.phase));
    }
    MeteredValue value{.phase = *objective.phase, .per = objective.per, .key = {}};
    value.key = figure->provenance;
    value.key.common_uncertainty = 0.0;
    metered[objective.name] = std::move(value);
  }
  return metered;
}

Result<void> RequireComparable(const std::map<std::string, MeteredValue>& earlier,
                               const std::map<std::string, MeteredValue>& now,
                               const std::string& other) {
  for (const auto& [name, value] : now) {
    const auto before = earlier.find(name);
    const bool same = before != earlier.end() && before->second.phase == value.phase &&
                      before->second.per == value.per && ShareKey(before->second.key, value.key);
    if (same) continue;
    return Fail(ErrorCode::kConflict,
                fmt::format("'{}' cannot be compared with {}:\n  there   {}\n  now     {}\n"
                            "make the baseline on this machine, in the same way: --update-baseline",
                            name, other,
                            before == earlier.end() ? "not metered" : DescribeKey(before->second),
                            DescribeKey(value)));
  }
  return {};
}

std::string BaselineToJson(const GateBaseline& baseline) {
  ordered_json metered = ordered_json::object();
  for (const auto& [name, value] : baseline.metered) metered[name] = KeyToJson(value);
  ordered_json runs = ordered_json::array();
  for (const GateRun& run : baseline.runs) {
    runs.push_back(
        {{"seed", run.seed}, {"values", run.values}, {"phases", PhasesToJson(run.energy)}});
  }
  const ordered_json object = {{"joulefront_baseline", kVersion},
                               {"made", StampText(baseline.made)},
                               {"subject", SubjectToJson(baseline.subject)},
                               {"warmup", baseline.warmup},
                               {"metered", std::move(metered)},
                               {"runs", std::move(runs)}};
  return object.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

Result<GateBaseline> BaselineFromJson(const std::string& text) {
  const auto json = ordered_json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("joulefront_baseline")) {
    return Fail(ErrorCode::kInvalidArgument, "it is no baseline of joulefront gate");
  }
  if (const auto& version = json["joulefront_baseline"]; version != kVersion) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("it is of version {}, and this joulefront reads version {}",
                            version.dump(), kVersion));
  }
  try {
    return Parse(json);
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("it is damaged: {}", error.what()));
  }
}

std::string StampText(TimePoint time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
}

}  // namespace joulefront
