// [metering], [carbon], [tariff] and [limits].
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "study_store/study_sections.h"

namespace joulefront {
namespace {

constexpr std::string_view kBoundaries[] = {"package", "gpu", "battery", "node", "wall"};
// Names that a meter of one's own cannot have.
constexpr std::string_view kBuiltIn[] = {"rapl-powercap", "rapl-perf", "nvml",  "cpu-time", "hwmon",
                                         "battery",       "ipmi",      "slurm", "trainer"};

template <typename Names>
bool IsOneOf(const Names& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

/// As a path from the study file's folder.
std::string Absolute(const Study& study, const std::string& path) {
  return (std::filesystem::path(study.directory) / path).lexically_normal().string();
}

void ReadOwnMeter(TomlReader& reader, const std::string& name, const toml::node& node,
                  Study& study) {
  const toml::table& table =
      reader.Table(node, name, "{ file = \"/run/plug\", gives = \"joules\" }");
  reader.RefuseUnknownKeys(table, "meter '" + name + "'",
                           {"file", "command", "gives", "boundary", "period"});
  RefuseBadName(reader, name, node, "a meter");
  OwnMeter meter{.name = name};
  if (IsOneOf(kBuiltIn, name)) {
    reader.Refuse(node.source(), fmt::format("'{}' is a source that joulefront has; choose another "
                                             "name for yours",
                                             name));
  }
  if (const auto file = reader.Text(table, "file")) meter.file = Absolute(study, *file);
  meter.command = reader.Texts(table, "command");
  if (meter.file.empty() == meter.command.empty()) {
    reader.Refuse(node.source(), fmt::format("meter '{}' needs a file or a command, one of them: "
                                             "file = \"/run/plug\"",
                                             name));
  }
  const std::string gives = reader.Text(table, "gives").value_or("");
  meter.gives_power = gives == "watts";
  if (gives != "joules" && gives != "watts") {
    reader.Refuse(node.source(),
                  fmt::format("meter '{}' gives = \"joules\" (counted since some time) or gives = "
                              "\"watts\" (drawn now)?",
                              name));
  }
  meter.boundary = reader.Text(table, "boundary").value_or(meter.boundary);
  if (!IsOneOf(kBoundaries, meter.boundary)) {
    reader.Refuse(node.source(), fmt::format("there is no boundary '{}'; known are {}",
                                             meter.boundary, fmt::join(kBoundaries, ", ")));
  }
  meter.period = reader.Quantity(table, "period", ParseSeconds).value_or(meter.period);
  study.metering.own.push_back(std::move(meter));
}

void ReadMetering(TomlReader& reader, const toml::table& root, Study& study) {
  const toml::table& metering = reader.Table(root, "metering");
  reader.RefuseUnknownKeys(metering, "[metering]", {"demand", "sources", "own"});
  if (const auto demand = reader.Text(metering, "demand")) {
    study.metering.demand = EnergyClassFromName(*demand);
    if (!study.metering.demand) {
      reader.Refuse(metering.get("demand")->source(),
                    fmt::format("there is no class '{}'; known are measured, attributed, "
                                "calibrated, estimated, replayed",
                                *demand));
    }
  }
  study.metering.sources = reader.Texts(metering, "sources");
  if (metering.contains("sources") && study.metering.sources.empty()) {
    reader.Refuse(metering.get("sources")->source(),
                  "sources names none; leave it out for the best there are, or name \"cpu-time\" "
                  "for the estimate alone");
  }
  for (const auto& [name, node] : TomlReader::InFileOrder(reader.Table(metering, "own"))) {
    ReadOwnMeter(reader, name, *node, study);
  }
  for (const std::string& source : study.metering.sources) {
    const bool known = IsOneOf(kBuiltIn, source) ||
                       std::any_of(study.metering.own.begin(), study.metering.own.end(),
                                   [&](const OwnMeter& meter) { return meter.name == source; });
    if (known) continue;
    reader.Refuse(metering.get("sources")->source(),
                  fmt::format("there is no source '{}'; known are {} and those of [metering.own]",
                              source, fmt::join(kBuiltIn, ", ")));
  }
}

void ReadCarbon(TomlReader& reader, const toml::table& root, Study& study) {
  const toml::table& table = reader.Table(root, "carbon");
  reader.RefuseUnknownKeys(table, "[carbon]",
                           {"intensity", "series", "region", "kind", "source", "pue"});
  CarbonSettings& carbon = study.carbon;
  carbon.kind = reader.Text(table, "kind").value_or("");
  carbon.source = reader.Text(table, "source").value_or("");
  if (!carbon.kind.empty() && carbon.kind != "direct" && carbon.kind != "life-cycle") {
    reader.Refuse(table.get("kind")->source(), "kind is \"direct\" or \"life-cycle\"");
  }
  int given = 0;
  if (const auto text = reader.Text(table, "intensity")) {
    ++given;
    const auto intensity = ParseIntensity(*text);
    if (!intensity) reader.Refuse(table.get("intensity")->source(), intensity.error().message);
    if (intensity) carbon.intensity = *intensity;
  }
  if (const auto series = reader.Text(table, "series")) {
    ++given;
    carbon.series = Absolute(study, *series);
  }
  if (const auto region = reader.Text(table, "region")) {
    ++given;
    for (const char* key : {"kind", "source"}) {
      if (!table.contains(key)) continue;
      reader.Refuse(table.get(key)->source(),
                    fmt::format("a region's default has a {} of its own; remove this, or give the "
                                "intensity itself",
                                key));
    }
    std::vector<std::string_view> names;
    for (const RegionalIntensity& known : kRegionalIntensities) {
      names.push_back(known.region);
      if (known.region != *region) continue;
      carbon.intensity = known.intensity;
      carbon.kind = "life-cycle";
      carbon.source = kRegionalSource;
    }
    if (!carbon.intensity) {
      reader.Refuse(table.get("region")->source(),
                    fmt::format("no default is known for '{}'; known are {}; or give intensity = "
                                "\"475 gCO2e/kWh\"",
                                *region, fmt::join(names, ", ")));
    }
  }
  if (given > 1) {
    reader.Refuse(table.source(), "[carbon] takes one of intensity, series and region");
  }
  carbon.pue = reader.Number(table, "pue");
  if (carbon.pue && (*carbon.pue < 1.0 || *carbon.pue > 10.0)) {
    reader.Refuse(table.get("pue")->source(),
                  "the PUE is what the building draws for each watt of its machines: 1 or more");
  }
}

void ReadTariff(TomlReader& reader, const toml::table& root, Study& study) {
  const toml::table& table = reader.Table(root, "tariff");
  reader.RefuseUnknownKeys(table, "[tariff]", {"price"});
  const auto text = reader.Text(table, "price");
  if (!text) return;
  auto tariff = ParseTariff(*text);
  if (!tariff) reader.Refuse(table.get("price")->source(), tariff.error().message);
  if (tariff) study.tariff = std::move(*tariff);
}

void ReadLimits(TomlReader& reader, const toml::table& root, Study& study) {
  const toml::table& table = reader.Table(root, "limits");
  reader.RefuseUnknownKeys(
      table, "[limits]",
      {"attempt_energy", "attempt_memory", "attempt_silence", "warn_at", "on_alert"});
  LimitSettings& limits = study.limits;
  limits.attempt_energy = reader.Quantity(table, "attempt_energy", ParseJoules);
  limits.attempt_memory = reader.Quantity(table, "attempt_memory", ParseBytes);
  limits.attempt_silence = reader.Quantity(table, "attempt_silence", ParseSeconds);
  limits.on_alert = reader.Texts(table, "on_alert");
  const toml::node* shares = table.get("warn_at");
  if (shares == nullptr) return;
  for (const Value& value : reader.Scalars(*shares)) {
    const auto* share = std::get_if<double>(&value);
    if (share == nullptr || *share <= 0.0 || *share > 1.0) {
      reader.Refuse(shares->source(),
                    "'warn_at' takes shares of the energy budget above 0 and up to 1: [0.5, 0.9]");
      return;
    }
    limits.warn_at.push_back(*share);
  }
  std::sort(limits.warn_at.begin(), limits.warn_at.end());
  if (!study.budget.energy) {
    reader.Refuse(shares->source(),
                  "'warn_at' is of the energy budget: add [budget] energy = \"50 kJ\"");
  }
}

}  // namespace

void ReadAccounting(TomlReader& reader, const toml::table& root, Study& study) {
  ReadMetering(reader, root, study);
  ReadCarbon(reader, root, study);
  ReadTariff(reader, root, study);
  ReadLimits(reader, root, study);
}

}  // namespace joulefront
