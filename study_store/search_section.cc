#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "search/sampler.h"
#include "study_store/configuration_json.h"
#include "study_store/study_sections.h"

namespace joulefront {
namespace {

void ReadDefault(TomlReader& reader, const toml::table& search, Study& study) {
  const toml::node* node = search.get("default");
  if (node == nullptr) return;
  const toml::table& table = reader.Table(*node, "default", "{ width = 64 }");
  GivenValues given;
  for (const auto& [name, value] : TomlReader::InFileOrder(table)) {
    const auto values = reader.Scalars(*value);
    if (value->is_array() && !reader.failed()) {
      reader.Refuse(value->source(), fmt::format("'{}' needs one value, not a list", name));
    }
    if (reader.failed()) return;
    given.emplace_back(name, values[0]);
  }
  if (reader.failed()) return;
  auto configuration = ConfigurationOf(study.space, given);
  if (configuration) {
    study.default_configuration = std::move(*configuration);
  } else {
    const GivenFault& fault = configuration.error();
    reader.Refuse(table.get(fault.parameter)->source(), fault.message);
  }
}

}  // namespace

void ReadSearch(TomlReader& reader, const toml::table& root, Study& study) {
  const toml::table& search = reader.Table(root, "search");
  reader.RefuseUnknownKeys(search, "[search]", {"sampler", "cost_exponent", "cost", "default"});
  study.sampler = reader.Text(search, "sampler").value_or("auto");
  if (std::find(std::begin(kSamplerNames), std::end(kSamplerNames), study.sampler) ==
      std::end(kSamplerNames)) {
    reader.Refuse(search.get("sampler")->source(),
                  fmt::format("there is no sampler '{}'; known are {}", study.sampler,
                              fmt::join(kSamplerNames, ", ")));
  }
  study.cost_exponent = reader.Number(search, "cost_exponent").value_or(study.cost_exponent);
  if (study.cost_exponent < 0.0 || study.cost_exponent > 2.0) {
    reader.Refuse(search.get("cost_exponent")->source(),
                  "'cost_exponent' must be from 0 (what a trial costs does not matter) to 2");
  }
  study.cost = reader.Text(search, "cost");
  if (study.cost) RefuseBadName(reader, *study.cost, *search.get("cost"), "a value");
  ReadDefault(reader, search, study);
}

void ReadStopping(TomlReader& reader, const toml::table& root, Study& study) {
  const toml::table& table = reader.Table(root, "stopping");
  reader.RefuseUnknownKeys(table, "[stopping]", {"rule", "confidence", "first", "factor"});
  StoppingSettings& stopping = study.stopping;
  const std::string rule = reader.Text(table, "rule").value_or("");
  for (const StoppingRule known :
       {StoppingRule::kOff, StoppingRule::kDominated, StoppingRule::kRungs}) {
    if (rule == Name(known)) stopping.rule = known;
  }
  if (root.contains("stopping") && rule != Name(stopping.rule)) {
    const toml::node* node = table.get("rule");
    reader.Refuse(node != nullptr ? node->source() : table.source(),
                  "[stopping] needs rule = \"dominated\", \"rungs\" or \"off\"");
  }
  if (stopping.rule != StoppingRule::kOff) RefusePer(reader, study, table.source(), "[stopping]");
  const auto only_for = [&](std::string_view key, StoppingRule with) {
    if (table.contains(key) && stopping.rule != with && stopping.rule != StoppingRule::kOff) {
      reader.Refuse(table.get(key)->source(),
                    fmt::format("'{}' belongs to rule = \"{}\"; remove it", key, Name(with)));
    }
  };
  only_for("confidence", StoppingRule::kDominated);
  only_for("first", StoppingRule::kRungs);
  only_for("factor", StoppingRule::kRungs);
  stopping.confidence = reader.Number(table, "confidence").value_or(stopping.confidence);
  if (!(stopping.confidence >= 0.5 && stopping.confidence <= 0.99999)) {
    reader.Refuse(table.get("confidence")->source(), "'confidence' must be from 0.5 to 0.99999");
  }
  stopping.factor = reader.Number(table, "factor").value_or(stopping.factor);
  if (!(stopping.factor >= 1.5 && stopping.factor <= 100.0)) {
    reader.Refuse(table.get("factor")->source(), "'factor' must be from 1.5 to 100");
  }
  const toml::node* first = table.get("first");
  if (first != nullptr && first->is_string()) {
    const auto joules = reader.Quantity(table, "first", ParseJoules);
    if (joules) stopping.first_rung = joules->value();
    stopping.rungs_in_joules = true;
  } else {
    stopping.first_rung = reader.Number(table, "first").value_or(stopping.first_rung);
    if (!(stopping.first_rung > 0.0)) {
      reader.Refuse(first->source(), "'first' must be a step above 0, or joules: \"50 J\"");
    }
  }
}

}  // namespace joulefront
