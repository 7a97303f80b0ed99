#include "study_store/accounting_json.h"

#include <nlohmann/json.hpp>

namespace joulefront {
namespace {

using nlohmann::json;

json ToJson(const OwnMeter& meter) {
  return {{"name", meter.name},         {"file", meter.file},
          {"command", meter.command},   {"gives_power", meter.gives_power},
          {"boundary", meter.boundary}, {"period_s", meter.period.value()}};
}

OwnMeter MeterFromJson(const json& object) {
  return {.name = object.at("name"),
          .file = object.at("file"),
          .command = object.at("command"),
          .gives_power = object.at("gives_power"),
          .boundary = object.at("boundary"),
          .period = Seconds(object.at("period_s"))};
}

template <typename T>
std::optional<T> GetIfAny(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  return found->get<T>();
}

}  // namespace

void PutAccounting(const Study& study, json& settings) {
  json metering = json::object();
  if (study.metering.demand) metering["demand"] = Name(*study.metering.demand);
  if (!study.metering.sources.empty()) metering["sources"] = study.metering.sources;
  for (const OwnMeter& meter : study.metering.own) metering["own"].push_back(ToJson(meter));
  json carbon = json::object();
  if (study.carbon.intensity) carbon["intensity"] = *study.carbon.intensity;
  if (!study.carbon.series.empty()) carbon["series"] = study.carbon.series;
  if (!study.carbon.kind.empty()) carbon["kind"] = study.carbon.kind;
  if (!study.carbon.source.empty()) carbon["source"] = study.carbon.source;
  if (study.carbon.pue) carbon["pue"] = *study.carbon.pue;
  json limits = json::object();
  if (study.limits.attempt_energy) {
    limits["attempt_energy_j"] = study.limits.attempt_energy->value();
  }
  if (study.limits.attempt_memory) {
    limits["attempt_memory_b"] = study.limits.attempt_memory->value();
  }
  if (study.limits.attempt_silence) {
    limits["attempt_silence_s"] = study.limits.attempt_silence->value();
  }
  if (!study.limits.warn_at.empty()) limits["warn_at"] = study.limits.warn_at;
  if (!study.limits.on_alert.empty()) limits["on_alert"] = study.limits.on_alert;
  if (!metering.empty()) settings["metering"] = std::move(metering);
  if (!carbon.empty()) settings["carbon"] = std::move(carbon);
  if (!limits.empty()) settings["limits"] = std::move(limits);
  if (study.tariff) {
    settings["tariff"] = {{"price", study.tariff->price}, {"currency", study.tariff->currency}};
  }
}

void GetAccounting(const json& settings, Study& study) {
  const json metering = settings.value("metering", json::object());
  if (const auto demand = GetIfAny<std::string>(metering, "demand")) {
    study.metering.demand = EnergyClassFromName(*demand);
  }
  study.metering.sources = metering.value("sources", std::vector<std::string>());
  for (const json& meter : metering.value("own", json::array())) {
    study.metering.own.push_back(MeterFromJson(meter));
  }
  const json carbon = settings.value("carbon", json::object());
  study.carbon = {.intensity = GetIfAny<double>(carbon, "intensity"),
                  .series = carbon.value("series", ""),
                  .kind = carbon.value("kind", ""),
                  .source = carbon.value("source", ""),
                  .pue = GetIfAny<double>(carbon, "pue")};
  const json limits = settings.value("limits", json::object());
  if (const auto joules = GetIfAny<double>(limits, "attempt_energy_j")) {
    study.limits.attempt_energy = Joules(*joules);
  }
  if (const auto bytes = GetIfAny<double>(limits, "attempt_memory_b")) {
    study.limits.attempt_memory = Bytes(*bytes);
  }
  if (const auto seconds = GetIfAny<double>(limits, "attempt_silence_s")) {
    study.limits.attempt_silence = Seconds(*seconds);
  }
  study.limits.warn_at = limits.value("warn_at", std::vector<double>());
  study.limits.on_alert = limits.value("on_alert", std::vector<std::string>());
  if (const auto tariff = settings.find("tariff"); tariff != settings.end()) {
    study.tariff = Tariff{tariff->at("price"), tariff->at("currency")};
  }
}

}  // namespace joulefront
