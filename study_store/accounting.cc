#include "study_store/accounting.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/lines.h"

namespace joulefront {
namespace {

constexpr double kJoulesPerKwh = 3.6e6;
constexpr std::chrono::hours kLastHolds{24};  // the last line of a series, for so long
constexpr double kMostIntensity = 5000.0;     // lignite at its worst is below 2,000

/// A number at the beginning of a text, and what follows it without blanks between.
std::optional<std::pair<double, std::string_view>> NumberAndUnit(std::string_view text) {
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::isfinite(number) || number < 0.0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return std::pair(number, text);
}

/// "2026-11-26T10:00Z", "...T10:00:30Z"; UTC only.
std::optional<TimePoint> ParseTime(std::string_view text) {
  int fields[6] = {};
  constexpr char kAfter[] = {'-', '-', 'T', ':', ':', 'Z'};
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (int i = 0; i < 6; ++i) {
    const auto [next, error] = std::from_chars(at, end, fields[i]);
    if (error != std::errc{} || next == end || fields[i] < 0) return std::nullopt;
    at = next + 1;
    if (*next == kAfter[i]) continue;
    if (i != 4 || *next != 'Z') return std::nullopt;  // seconds may be left out
    break;
  }
  const std::chrono::year_month_day day{std::chrono::year(fields[0]),
                                        std::chrono::month(static_cast<unsigned>(fields[1])),
                                        std::chrono::day(static_cast<unsigned>(fields[2]))};
  if (at != end || !day.ok() || fields[3] > 23 || fields[4] > 59 || fields[5] > 59) {
    return std::nullopt;
  }
  return TimePoint(std::chrono::sys_days(day).time_since_epoch() + std::chrono::hours(fields[3]) +
                   std::chrono::minutes(fields[4]) + std::chrono::seconds(fields[5]));
}

double BuildingKwh(Joules energy, const CarbonSettings& carbon) {
  return energy.value() / kJoulesPerKwh * carbon.pue.value_or(1.0);
}

}  // namespace

Result<double> ParseIntensity(std::string_view text) {
  const auto parsed = NumberAndUnit(text);
  double factor = 0.0;
  if (parsed && (parsed->second == "gCO2e/kWh" || parsed->second == "gCO2/kWh")) factor = 1.0;
  if (parsed && (parsed->second == "kgCO2e/kWh" || parsed->second == "kgCO2/kWh")) factor = 1000.0;
  if (factor == 0.0 || parsed->first * factor > kMostIntensity) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is no carbon intensity; write it like \"475 gCO2e/kWh\"", text));
  }
  return parsed->first * factor;
}

Result<Tariff> ParseTariff(std::string_view text) {
  const auto parsed = NumberAndUnit(text);
  constexpr std::string_view kPerKwh = "/kWh";
  if (!parsed || !parsed->second.ends_with(kPerKwh) || parsed->second.size() == kPerKwh.size() ||
      parsed->second.size() > 20) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is no tariff; write it like \"0.30 EUR/kWh\"", text));
  }
  const auto currency = parsed->second.substr(0, parsed->second.size() - kPerKwh.size());
  return Tariff{parsed->first, std::string(currency)};
}

Result<Intensities> ParseIntensities(std::string_view csv) {
  Intensities series;
  std::size_t number = 0;
  while (!csv.empty()) {
    const std::string_view line = TakeLine(csv);
    ++number;
    const std::size_t comma = line.find(',');
    const auto time = ParseTime(line.substr(0, comma));
    if (line.empty() || (number == 1 && !time)) continue;  // the first may name the columns
    const auto value =
        comma == std::string_view::npos ? std::nullopt : NumberAndUnit(line.substr(comma + 1));
    if (!time || !value || !value->second.empty() || value->first > kMostIntensity) {
      return Fail(
          ErrorCode::kInvalidArgument,
          fmt::format("line {}: '{}': a series of carbon intensities has lines like "
                      "2026-11-26T10:00Z,312.5 (UTC, gCO2e/kWh), and the first may name the "
                      "columns",
                      number, line.substr(0, 80)));
    }
    series[*time] = value->first;
  }
  if (series.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "the series of carbon intensities is empty");
  }
  return series;
}

std::optional<double> GramsOf(Joules energy, TimePoint begin, TimePoint end,
                              const CarbonSettings& carbon, const Intensities& series) {
  const double kwh = BuildingKwh(energy, carbon);
  if (carbon.intensity) return kwh * *carbon.intensity;
  auto holds = series.upper_bound(begin);
  if (holds == series.begin() || end > series.rbegin()->first + kLastHolds) return std::nullopt;
  --holds;
  if (end <= begin) return kwh * holds->second;
  double weighted = 0.0;
  for (TimePoint at = begin; at < end; ++holds) {
    const auto next = std::next(holds);
    const TimePoint until = next == series.end() ? end : std::min(end, next->first);
    weighted += holds->second * static_cast<double>((until - at).count());
    at = until;
  }
  return kwh * weighted / static_cast<double>((end - begin).count());
}

double PriceOf(Joules energy, const Tariff& tariff, const CarbonSettings& carbon) {
  return BuildingKwh(energy, carbon) * tariff.price;
}

std::string Describe(const CarbonSettings& carbon) {
  std::string text = carbon.intensity ? fmt::format("{} gCO2e/kWh", *carbon.intensity)
                                      : "gCO2e/kWh of " + carbon.series;
  text += ", " + (carbon.kind.empty() ? "kind not said" : carbon.kind);
  if (!carbon.source.empty()) text += ", from " + carbon.source;
  return text + (carbon.pue ? fmt::format("; PUE {}", *carbon.pue) : "; no PUE");
}

}  // namespace joulefront
