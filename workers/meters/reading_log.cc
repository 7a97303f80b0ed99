#include "workers/meters/reading_log.h"

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "workers/meters/calibration_json.h"
#include "workers/meters/phase_ledger.h"

namespace joulefront {
namespace {

using nlohmann::json;

constexpr std::string_view kFirstLine = "joulefront-readings 1";
constexpr std::string_view kLooks = ".|$";  // as Look

json ToJson(const Domain& domain) {
  json object = {{"source", domain.source},
                 {"name", domain.name},
                 {"boundary", Name(domain.boundary)},
                 {"most_w", domain.most.value()},
                 {"update_period_s", domain.update_period.value()},
                 {"common_uncertainty", domain.common_uncertainty}};
  if (domain.range) object["range_uj"] = *domain.range;
  return object;
}

Domain DomainFromJson(const json& object) {
  Domain domain;
  domain.source = object.at("source");
  domain.name = object.at("name");
  domain.boundary =
      BoundaryFromName(object.at("boundary").get<std::string>()).value_or(Boundary::kPackage);
  domain.most = Watts(object.at("most_w"));
  domain.update_period = Seconds(object.at("update_period_s"));
  domain.common_uncertainty = object.at("common_uncertainty");
  if (object.contains("range_uj")) domain.range = object.at("range_uj");
  return domain;
}

json ToJson(const MeterSetup& setup) {
  json object = {{"host", setup.host},         {"exclusive", setup.exclusive},
                 {"reserved", setup.reserved}, {"gpu_users", setup.gpu_users},
                 {"estimate", setup.estimate}, {"idle_w", json::object()}};
  for (const auto& [name, power] : setup.idle) object["idle_w"][name] = power.value();
  if (setup.calibration) object["calibration"] = CalibrationToJson(*setup.calibration);
  return object;
}

MeterSetup SetupFromJson(const json& object) {
  MeterSetup setup;
  setup.host = object.at("host");
  setup.exclusive = object.at("exclusive");
  setup.reserved = object.at("reserved");
  setup.gpu_users = object.at("gpu_users");
  setup.estimate = object.value("estimate", true);
  for (const auto& [name, power] : object.at("idle_w").items()) setup.idle[name] = Watts(power);
  if (object.contains("calibration")) {
    setup.calibration = CalibrationFromJson(object.at("calibration"));
  }
  return setup;
}

std::string FormatReading(const RawReading& reading) {
  if (reading.microjoules) return fmt::format("{}", *reading.microjoules);
  if (reading.microwatts) return fmt::format("{}w", *reading.microwatts);
  return fmt::format("e{}", reading.error);
}

template <typename Number>
std::optional<Number> ParseWhole(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<RawReading> ParseReading(std::string_view text) {
  if (text.starts_with('e')) {
    const auto error = ParseWhole<int>(text.substr(1));
    if (!error) return std::nullopt;
    return RawReading{.microjoules = {}, .microwatts = {}, .error = *error};
  }
  const bool is_power = text.ends_with('w');
  const auto value = ParseWhole<std::uint64_t>(text.substr(0, text.size() - (is_power ? 1 : 0)));
  if (!value) return std::nullopt;
  if (is_power) return RawReading{.microjoules = {}, .microwatts = *value};
  return RawReading{.microjoules = *value, .microwatts = {}};
}

/// A source that gives what it is told.
class ReplaySource final : public EnergySource {
 public:
  ReplaySource(Domain domain, const RawReading& next) : domain_(std::move(domain)), next_(next) {}
  const Domain& domain() const override { return domain_; }
  RawReading Read() override { return next_; }

 private:
  Domain domain_;
  const RawReading& next_;
};

struct LogLine {
  Look look = Look::kGlance;
  Seconds now;
  CpuUsage usage;
  std::string phase;  // empty: none begins
  std::vector<RawReading> readings;
};

/// The words of a line; a phase is one word, whatever blanks its text holds.
std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at < line.size();) {
    std::size_t end = at;
    for (bool quoted = false; end < line.size() && (quoted || line[end] != ' '); ++end) {
      if (line[end] == '"') quoted = !quoted;
      if (line[end] == '\\') ++end;  // what is escaped ends nothing
    }
    end = std::min(end, line.size());
    words.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

std::optional<LogLine> ParseLine(std::string_view text, std::size_t sources) {
  const auto words = Words(text);
  if (words.size() < 5 + sources || words[0].size() != 1) return std::nullopt;
  LogLine line;
  const auto look = kLooks.find(words[0]);
  const auto now = ParseWhole<double>(words[1]), trainer = ParseWhole<double>(words[2]),
             host = ParseWhole<double>(words[3]);
  if (look == std::string_view::npos || !now || !trainer || !host) return std::nullopt;
  line.look = static_cast<Look>(look);
  line.now = Seconds(*now);
  line.usage = {Seconds(*trainer), Seconds(*host)};
  if (words[4] != "-") {
    const json phase = json::parse(words[4], nullptr, false);
    if (!phase.is_string() && !phase.is_null()) return std::nullopt;
    line.phase = phase.is_null() ? std::string(kEndOfAttempt) : phase.get<std::string>();
  }
  for (std::size_t i = 0; i < sources; ++i) {
    const auto reading = ParseReading(words[5 + i]);
    if (!reading) return std::nullopt;
    line.readings.push_back(*reading);
  }
  return line;
}

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) break;  // cut short
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

tl::unexpected<Error> BadLine(std::size_t number, std::string_view why) {
  return Fail(ErrorCode::kCorrupt, fmt::format("line {} of the reading log {}", number, why));
}

}  // namespace

std::string FormatLogHeader(const Meter& meter) {
  json header = ToJson(meter.setup());
  header["domains"] = json::array();
  for (const Domain& domain : meter.domains()) {
    if (domain.boundary != Boundary::kCpu) header["domains"].push_back(ToJson(domain));
  }
  return fmt::format("{}\n{}\n", kFirstLine,
                     header.dump(-1, ' ', false, json::error_handler_t::replace));
}

std::string FormatLogLine(const Meter& meter, Seconds now, const CpuUsage& usage, Look look,
                          std::string_view phase) {
  std::string line = fmt::format(
      "{} {} {} {} {}", kLooks[static_cast<std::size_t>(look)], now.value(), usage.trainer.value(),
      usage.host_busy.value(),
      phase.empty() ? "-"
      : phase == kEndOfAttempt
          ? "null"
          : json(std::string(phase)).dump(-1, ' ', false, json::error_handler_t::replace));
  for (std::size_t d = 0; d < meter.domains().size(); ++d) {
    if (meter.domains()[d].boundary == Boundary::kCpu) continue;
    line += " " + FormatReading(meter.readings()[d]);
  }
  return line + "\n";
}

Result<std::vector<PhaseEnergy>> ReplayReadings(std::string_view log) {
  const auto lines = Lines(log);
  if (lines.empty() || lines[0] != kFirstLine) {
    return BadLine(1, fmt::format("is not '{}': this is no reading log", kFirstLine));
  }
  if (lines.size() < 3) return BadLine(lines.size(), "is the last: it holds no reading");
  MeterSetup setup;
  std::vector<Domain> domains;
  try {
    const json header = json::parse(lines[1]);
    setup = SetupFromJson(header);
    for (const json& domain : header.at("domains")) domains.push_back(DomainFromJson(domain));
  } catch (const std::exception&) {
    return BadLine(2, "does not describe a meter: it is damaged, or of another version");
  }
  std::vector<RawReading> now(domains.size());
  EnergySources sources;
  for (std::size_t d = 0; d < domains.size(); ++d) {
    sources.push_back(std::make_unique<ReplaySource>(domains[d], now[d]));
  }
  const auto first = ParseLine(lines[2], domains.size());
  if (!first) return BadLine(3, "is not a reading of every domain");
  now = first->readings;
  PhaseLedger ledger(Meter(std::move(sources), setup, first->now, first->usage), first->now);
  std::vector<PhaseEnergy> phases;
  Seconds then = first->now;
  for (std::size_t i = 3; i < lines.size(); ++i) {
    const auto line = ParseLine(lines[i], domains.size());
    if (!line) return BadLine(i + 1, "is not a reading of every domain");
    if (line->now < then) return BadLine(i + 1, "goes back in time");
    std::copy(line->readings.begin(), line->readings.end(), now.begin());
    if (line->phase == kEndOfAttempt) {
      ledger.End(line->now, line->usage);
    } else if (line->phase.empty()) {
      phases = ledger.Read(line->now, line->usage, line->look);
    } else {
      ledger.Enter(line->phase, line->now, line->usage);
    }
    then = line->now;
  }
  return phases;
}

bool IsWholeLog(std::string_view log) {
  const auto lines = Lines(log);
  return !lines.empty() && lines.back().starts_with(kLooks.back());
}

}  // namespace joulefront
