// Joules as gCO2e and money: views, computed when they are shown.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "study_store/study.h"
#include "study_store/trial.h"

namespace joulefront {

/// How joules become gCO2e, with the series of intensities read if there is one.
struct CarbonView {
  CarbonSettings settings;
  Intensities series;

  bool given() const { return settings.intensity || !series.empty(); }
  /// Empty where there is no intensity for the time, or no joules.
  std::optional<double> GramsOf(const Attempt& attempt) const;
};

/// Errors: the series cannot be read, or is none.
Result<CarbonView> LoadCarbon(const CarbonSettings& settings);

/// Of all attempts that have joules.
struct Footprint {
  std::optional<double> grams;  // empty: no intensity, or none for some attempt's time
  std::optional<double> price;
};
Footprint FootprintOf(const Study& study, const CarbonView& carbon,
                      const std::vector<Attempt>& attempts);

/// Lines for people, each with what it was computed with; nothing where nothing is set.
std::string FootprintText(const Study& study, const CarbonView& carbon, const Footprint& footprint);

/// {"gco2e", "intensity", "kind", "source", "pue"} and {"price", "currency", "tariff"}; null where
/// nothing is set.
nlohmann::ordered_json CarbonToJson(const CarbonView& carbon, std::optional<double> grams);
nlohmann::ordered_json PriceToJson(const Study& study, std::optional<double> price);

/// Attempts in the columns of CodeCarbon's emissions.csv: kWh and kg; what is not known is empty.
std::string EmissionsCsv(const Study& study, const CarbonView& carbon,
                         const std::vector<Attempt>& attempts);

}  // namespace joulefront
