#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "study_store/placeholders.h"
#include "study_store/study_sections.h"

namespace joulefront {
namespace {

std::vector<WhenClause> ReadWhen(TomlReader& reader, const toml::table& entry) {
  std::vector<WhenClause> clauses;
  const toml::node* node = entry.get("when");
  if (node == nullptr) return clauses;
  for (const auto& [parent, condition] :
       TomlReader::InFileOrder(reader.Table(*node, "when", "{ optimizer = \"sgd\" }"))) {
    WhenClause clause{.parent = parent};
    if (const toml::table* range = condition->as_table()) {
      reader.RefuseUnknownKeys(*range, "a `when` range", {"min", "max"});
      clause.min = reader.Number(*range, "min");
      clause.max = reader.Number(*range, "max");
      if (!clause.min && !clause.max) {
        reader.Refuse(condition->source(), "a `when` range needs min, max or both");
      }
    } else {
      clause.values = reader.Scalars(*condition);
      if (clause.values.empty()) {
        reader.Refuse(condition->source(),
                      "a `when` needs a value, a list of values or a range such as { min = 2 }");
      }
    }
    clauses.push_back(std::move(clause));
  }
  if (clauses.empty()) reader.Refuse(node->source(), "`when` is empty; name a parameter in it");
  return clauses;
}

Parameter ReadParameter(TomlReader& reader, const std::string& name, const toml::node& node) {
  const toml::table& entry =
      reader.Table(node, name, "{ type = \"float\", low = 0.0, high = 1.0 }");
  Parameter parameter{.name = name};
  constexpr std::string_view kTypes[] = {"float", "int", "categorical", "ordinal"};
  const auto type = reader.Text(entry, "type");
  const auto* known = std::find(std::begin(kTypes), std::end(kTypes), type.value_or(""));
  if (known == std::end(kTypes)) {
    reader.Refuse(node.source(), fmt::format("parameter '{}' needs type = \"float\", \"int\", "
                                             "\"categorical\" or \"ordinal\"",
                                             name));
    return parameter;
  }
  parameter.type = static_cast<ParameterType>(known - std::begin(kTypes));
  const std::string where = fmt::format("parameter '{}' of type {}", name, *type);
  if (known < kTypes + 2) {
    reader.RefuseUnknownKeys(entry, where,
                             {"type", "low", "high", "step", "log", "when", "fidelity"});
    for (auto [key, bound] : {std::pair("low", &parameter.low), {"high", &parameter.high}}) {
      if (!entry.contains(key)) reader.Refuse(node.source(), where + " needs low and high");
      *bound = reader.Number(entry, key).value_or(*bound);
    }
    parameter.step = reader.Number(entry, "step");
    parameter.log = reader.Flag(entry, "log").value_or(false);
    parameter.fidelity = reader.Flag(entry, "fidelity").value_or(false);
  } else {
    reader.RefuseUnknownKeys(entry, where, {"type", "choices", "when"});
    const toml::node* choices = entry.get("choices");
    if (choices == nullptr || !choices->is_array()) {
      reader.Refuse(node.source(), where + " needs choices = [...]");
    } else {
      parameter.choices = reader.Scalars(*choices);
    }
  }
  parameter.when = ReadWhen(reader, entry);
  return parameter;
}

}  // namespace

void ReadSpace(TomlReader& reader, const toml::table& root, Study& study) {
  const toml::table& table = reader.Table(root, "space");
  std::vector<Parameter> parameters;
  for (const auto& [name, node] : TomlReader::InFileOrder(table)) {
    if (parameters.size() <= kMaxParameters) {
      parameters.push_back(ReadParameter(reader, name, *node));
    }
    for (const auto reserved : kReservedPlaceholders) {
      if (name != reserved) continue;
      reader.Refuse(node->source(), fmt::format("a parameter cannot be named '{}': {{{}}} in a "
                                                "command has a meaning of its own",
                                                name, name));
    }
  }
  if (table.size() > kMaxParameters) {
    reader.Refuse(table.source(), fmt::format("the space has {} parameters; at most {} can be "
                                              "searched, leave out those that matter least",
                                              table.size(), kMaxParameters));
  }
  if (parameters.empty()) {
    reader.Refuse(table.source(),
                  "the space is empty; add [space] with at least one parameter, "
                  "such as width = { type = \"int\", low = 8, high = 64 }");
  }
  if (reader.failed()) return;
  auto space = SearchSpace::Create(std::move(parameters));
  if (space) {
    study.space = std::move(*space);
    return;
  }
  const SpaceFault& fault = space.error();
  const toml::node* place = table.get(fault.parameter);
  if (place != nullptr && place->is_table() && place->as_table()->contains(fault.key)) {
    place = place->as_table()->get(fault.key);
  }
  reader.Refuse(place != nullptr ? place->source() : table.source(),
                fault.parameter.empty()
                    ? fault.message
                    : fmt::format("parameter '{}': {}", fault.parameter, fault.message));
}

}  // namespace joulefront
