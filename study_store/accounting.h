// How a study's joules are obtained, turned into gCO2e and money, and limited. Settings: they may
// change between runs, since joules are stored raw and everything else is a view.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/energy.h"
#include "base/result.h"
#include "base/units.h"

namespace joulefront {

/// A meter of the user's own (workers/meters/user_source.h).
struct OwnMeter {
  std::string name;
  std::string file;                  // absolute; or:
  std::vector<std::string> command;  // program and arguments
  bool gives_power = false;
  std::string boundary = "wall";
  Seconds period{1.0};
};

struct MeteringSettings {
  std::optional<EnergyClass> demand;  // weaker figures are refused
  std::vector<std::string> sources;   // to be used; empty: the best there are
  std::vector<OwnMeter> own;
};

/// Grams of CO2 equivalents for each kWh, and what kind of figure that is.
struct CarbonSettings {
  std::optional<double> intensity;  // gCO2e/kWh
  std::string series;               // or a file of them over time, absolute (ParseIntensities)
  std::string kind;                 // "direct" or "life-cycle"; empty: not said
  std::string source;               // where it is from; empty: not said
  std::optional<double> pue;        // joules of the building for each of the machines
};

struct Tariff {
  double price = 0.0;  // for each kWh
  std::string currency;
};

struct LimitSettings {
  // An attempt that crosses one of them is stopped, and has failed.
  std::optional<Joules> attempt_energy;
  std::optional<Bytes> attempt_memory;     // of all its processes together
  std::optional<Seconds> attempt_silence;  // without a byte of output
  std::vector<double> warn_at;             // shares of the budget's energy, rising
  std::vector<std::string> on_alert;       // program and arguments, given the event as JSON
};

/// A yearly average, for orientation.
struct RegionalIntensity {
  std::string_view region;  // ISO 3166-1, or "world"
  double intensity;         // gCO2e/kWh
};
/// Of 2023, life-cycle, from kRegionalSource.
inline constexpr RegionalIntensity kRegionalIntensities[] = {
    {"world", 481.0}, {"AT", 111.0}, {"BE", 138.0}, {"CN", 582.0}, {"DE", 381.0},
    {"FI", 79.0},     {"FR", 56.0},  {"IN", 713.0}, {"NO", 30.0}};
inline constexpr std::string_view kRegionalSource = "Ember, by Our World in Data, average of 2023";

/// "475 gCO2e/kWh", also "0.475 kgCO2e/kWh": gCO2e/kWh. Errors: kInvalidArgument.
Result<double> ParseIntensity(std::string_view text);
/// "0.30 EUR/kWh". Errors: kInvalidArgument.
Result<Tariff> ParseTariff(std::string_view text);

/// Intensities by the time from which on each holds.
using Intensities = std::map<TimePoint, double>;
/// Lines "2026-11-26T10:00Z,312.5" after a line that names the columns. Errors: kInvalidArgument,
/// with the line.
Result<Intensities> ParseIntensities(std::string_view csv);

/// gCO2e of joules that were used evenly from `begin` to `end`; with a series, each part of the
/// time by the intensity that held then. PUE is applied if there is one. Empty without an
/// intensity, for time before the series begins, and for time more than a day after its last line.
std::optional<double> GramsOf(Joules energy, TimePoint begin, TimePoint end,
                              const CarbonSettings& carbon, const Intensities& series);

/// What the joules cost; PUE is applied if there is one.
double PriceOf(Joules energy, const Tariff& tariff, const CarbonSettings& carbon);

/// "475 gCO2e/kWh, life-cycle, from X; PUE 1.2": what a figure was computed with.
std::string Describe(const CarbonSettings& carbon);

}  // namespace joulefront
