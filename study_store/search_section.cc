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

}  // namespace joulefront
