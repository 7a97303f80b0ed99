#include "cli/footprint.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/files.h"
#include "cli/table.h"

namespace joulefront {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kLargestSeries = 16 << 20;  // some 60 years of hours
constexpr double kJoulesPerKwh = 3.6e6;

const EnergyFigure* TotalOf(const Attempt& attempt) {
  const PhaseEnergy* total = FindPhase(attempt.energy, kTotalPhase);
  return total != nullptr && total->figure ? &*total->figure : nullptr;
}

std::string TimeText(TimePoint time) {
  const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
}

std::string Number(std::optional<double> number) {
  return number ? fmt::format("{}", *number) : "";
}

/// Joules of the domains of a kind; empty where the figure does not tell them apart.
std::optional<double> JoulesOf(const EnergyFigure& figure, std::string_view boundary) {
  if (figure.domains.empty()) {
    if (figure.provenance.boundary != boundary) return std::nullopt;
    return figure.joules.value();
  }
  std::optional<double> joules;
  for (const DomainEnergy& part : figure.domains) {
    if (part.boundary == boundary) joules = joules.value_or(0.0) + part.joules.value();
  }
  return joules;
}

/// Columns of emissions.csv that we fill; the others stay empty.
constexpr const char* kColumns[] = {"timestamp",      "project_name",       "run_id",
                                    "experiment_id",  "duration",           "emissions",
                                    "emissions_rate", "cpu_power",          "gpu_power",
                                    "ram_power",      "cpu_energy",         "gpu_energy",
                                    "ram_energy",     "energy_consumed",    "water_consumed",
                                    "country_name",   "country_iso_code",   "region",
                                    "cloud_provider", "cloud_region",       "os",
                                    "python_version", "codecarbon_version", "cpu_count",
                                    "cpu_model",      "gpu_count",          "gpu_model",
                                    "longitude",      "latitude",           "ram_total_size",
                                    "tracking_mode",  "on_cloud",           "pue"};

std::vector<std::string> EmissionsRow(const Study& study, const CarbonView& carbon,
                                      const Attempt& attempt, const EnergyFigure& figure) {
  const PhaseEnergy& total = *FindPhase(attempt.energy, kTotalPhase);
  const double seconds = total.wall.value();
  const auto grams = carbon.GramsOf(attempt);
  const auto kilograms = grams ? std::optional(*grams / 1000.0) : std::nullopt;
  auto cpu = JoulesOf(figure, "package");
  if (!cpu) cpu = JoulesOf(figure, "cpu");
  const auto gpu = JoulesOf(figure, "gpu"), ram = JoulesOf(figure, "dram");
  const auto per = [](std::optional<double> value, double by) {
    return value && by > 0.0 ? std::optional(*value / by) : std::nullopt;
  };
  std::map<std::string_view, std::string> cells = {
      {"timestamp", TimeText(attempt.ended.value_or(attempt.started))},
      {"project_name", study.name},
      {"run_id", fmt::format("{}.{}", attempt.trial, attempt.number)},
      {"experiment_id", study.name},
      {"duration", Number(seconds)},
      {"emissions", Number(kilograms)},
      {"emissions_rate", Number(per(kilograms, seconds))},
      {"cpu_power", Number(per(cpu, seconds))},
      {"gpu_power", Number(per(gpu, seconds))},
      {"ram_power", Number(per(ram, seconds))},
      {"cpu_energy", Number(per(cpu, kJoulesPerKwh))},
      {"gpu_energy", Number(per(gpu, kJoulesPerKwh))},
      {"ram_energy", Number(per(ram, kJoulesPerKwh))},
      {"energy_consumed", Number(figure.joules.value() / kJoulesPerKwh)},
      {"os", "Linux"},
      {"codecarbon_version", "joulefront " JOULEFRONT_VERSION},
      {"cpu_model", figure.provenance.host},
      {"tracking_mode", fmt::format("{} {} {}", Name(figure.provenance.energy_class),
                                    figure.provenance.source, figure.provenance.attribution)},
      {"pue", Number(carbon.settings.pue)}};
  std::vector<std::string> row;
  for (const char* column : kColumns) row.push_back(cells[column]);
  return row;
}

}  // namespace

std::optional<double> CarbonView::GramsOf(const Attempt& attempt) const {
  const EnergyFigure* total = TotalOf(attempt);
  if (total == nullptr || !given()) return std::nullopt;
  return joulefront::GramsOf(total->joules, attempt.started,
                             attempt.ended.value_or(attempt.started), settings, series);
}

Result<CarbonView> LoadCarbon(const CarbonSettings& settings) {
  CarbonView view{settings, {}};
  if (settings.series.empty()) return view;
  auto text = ReadRegularFile(settings.series, kLargestSeries);
  if (!text) return Pass(text, "the carbon intensities that the study file names");
  auto series = ParseIntensities(*text);
  if (!series) return Pass(series, settings.series);
  view.series = std::move(*series);
  return view;
}

Footprint FootprintOf(const Study& study, const CarbonView& carbon,
                      const std::vector<Attempt>& attempts) {
  Footprint footprint;
  if (!carbon.given() && !study.tariff) return footprint;
  double grams = 0.0, price = 0.0;
  bool known = carbon.given();
  for (const Attempt& attempt : attempts) {
    const EnergyFigure* total = TotalOf(attempt);
    if (total == nullptr) continue;
    const auto of_attempt = carbon.GramsOf(attempt);
    known = known && of_attempt;
    grams += of_attempt.value_or(0.0);
    if (study.tariff) price += PriceOf(total->joules, *study.tariff, carbon.settings);
  }
  if (known) footprint.grams = grams;
  if (study.tariff) footprint.price = price;
  return footprint;
}

std::string FootprintText(const Study& study, const CarbonView& carbon,
                          const Footprint& footprint) {
  std::string text;
  if (carbon.given()) {
    text += fmt::format("carbon   {} ({})\n",
                        footprint.grams ? FormatNumber(*footprint.grams) + " gCO2e"
                                        : "? (the series does not reach back to the first attempt)",
                        Describe(carbon.settings));
  }
  if (footprint.price) {
    text += fmt::format("cost     {} {} ({} {}/kWh{})\n", FormatNumber(*footprint.price),
                        study.tariff->currency, study.tariff->price, study.tariff->currency,
                        carbon.settings.pue ? fmt::format("; PUE {}", *carbon.settings.pue) : "");
  }
  return text;
}

ordered_json CarbonToJson(const CarbonView& carbon, std::optional<double> grams) {
  if (!carbon.given()) return nullptr;
  const CarbonSettings& from = carbon.settings;
  const auto text = [](const std::string& t) {
    return t.empty() ? ordered_json() : ordered_json(t);
  };
  return {{"gco2e", grams ? ordered_json(*grams) : ordered_json()},
          {"intensity", from.intensity ? ordered_json(*from.intensity) : text(from.series)},
          {"kind", text(from.kind)},
          {"source", text(from.source)},
          {"pue", from.pue ? ordered_json(*from.pue) : ordered_json()}};
}

ordered_json PriceToJson(const Study& study, std::optional<double> price) {
  if (!study.tariff || !price) return nullptr;
  return {{"price", *price},
          {"currency", study.tariff->currency},
          {"tariff_per_kwh", study.tariff->price}};
}

std::string EmissionsCsv(const Study& study, const CarbonView& carbon,
                         const std::vector<Attempt>& attempts) {
  Table table{.header = {std::begin(kColumns), std::end(kColumns)}, .rows = {}, .left = {}};
  for (const Attempt& attempt : attempts) {
    const EnergyFigure* figure = TotalOf(attempt);
    if (figure != nullptr) table.rows.push_back(EmissionsRow(study, carbon, attempt, *figure));
  }
  return FormatCsv(table);
}

}  // namespace joulefront
