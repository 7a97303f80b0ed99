#include "study_store/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "search/sampler.h"
#include "study_store/accounting_json.h"
#include "study_store/configuration_json.h"
#include "study_store/value_json.h"

namespace joulefront {
namespace {

using nlohmann::json;

constexpr std::string_view kRuleNames[] = {"off", "dominated", "rungs"};
constexpr std::string_view kKeepNames[] = {"all", "front", "none"};
constexpr std::string_view kTypeNames[] = {"float", "int", "categorical", "ordinal"};

template <typename T>
void PutIfAny(json& object, const char* key, const std::optional<T>& value) {
  if (value) object[key] = *value;
}

template <typename T>
std::optional<T> GetIfAny(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  return found->get<T>();
}

json ToJson(const Objective& objective) {
  json object = {
      {"name", objective.name},
      {"direction", objective.direction == Direction::kMinimize ? "minimize" : "maximize"},
      {"unit", objective.unit}};
  PutIfAny(object, "phase", objective.phase);
  PutIfAny(object, "timed", objective.timed);
  PutIfAny(object, "per", objective.per);
  PutIfAny(object, "reference", objective.reference);
  return object;
}

json ToJson(const Constraint& constraint) {
  json object = {{"name", constraint.name}};
  PutIfAny(object, "phase", constraint.phase);
  PutIfAny(object, "timed", constraint.timed);
  PutIfAny(object, "per", constraint.per);
  PutIfAny(object, "min", constraint.min);
  PutIfAny(object, "max", constraint.max);
  return object;
}

json ToJson(const std::vector<Value>& values) {
  json array = json::array();
  for (const Value& value : values) array.push_back(ValueToJson(value));
  return array;
}

json ToJson(const WhenClause& clause) {
  json object = {{"parent", clause.parent}};
  if (!clause.values.empty()) object["values"] = ToJson(clause.values);
  PutIfAny(object, "min", clause.min);
  PutIfAny(object, "max", clause.max);
  return object;
}

json ToJson(const Parameter& parameter) {
  json object = {{"name", parameter.name},
                 {"type", kTypeNames[static_cast<std::size_t>(parameter.type)]}};
  if (parameter.type == ParameterType::kFloat || parameter.type == ParameterType::kInt) {
    object["low"] = parameter.low;
    object["high"] = parameter.high;
    object["log"] = parameter.log;
    PutIfAny(object, "step", parameter.step);
  } else {
    object["choices"] = ToJson(parameter.choices);
  }
  for (const WhenClause& clause : parameter.when) object["when"].push_back(ToJson(clause));
  if (parameter.fidelity) object["fidelity"] = true;  // absent from older definitions
  return object;
}

template <typename T>
json ListToJson(const std::vector<T>& items) {
  json array = json::array();
  for (const T& item : items) array.push_back(ToJson(item));
  return array;
}

std::vector<Value> ValuesFromJson(const json& array) {
  std::vector<Value> values;
  for (const json& element : array) values.push_back(ValueFromJson(element).value());
  return values;
}

Parameter ParameterFromJson(const json& object) {
  Parameter parameter;
  parameter.name = object.at("name");
  const auto* type =
      std::find(std::begin(kTypeNames), std::end(kTypeNames), object.at("type").get<std::string>());
  parameter.type = static_cast<ParameterType>(type - std::begin(kTypeNames));
  parameter.low = object.value("low", 0.0);
  parameter.high = object.value("high", 1.0);
  parameter.log = object.value("log", false);
  parameter.step = GetIfAny<double>(object, "step");
  parameter.choices = ValuesFromJson(object.value("choices", json::array()));
  for (const json& clause : object.value("when", json::array())) {
    parameter.when.push_back({.parent = clause.at("parent"),
                              .values = ValuesFromJson(clause.value("values", json::array())),
                              .min = GetIfAny<double>(clause, "min"),
                              .max = GetIfAny<double>(clause, "max")});
  }
  parameter.fidelity = object.value("fidelity", false);
  return parameter;
}

/// The words in their order; those of a group are a list in the list.
json CommandToJson(const TrainerSpec& trainer) {
  json words = json::array();
  auto group = trainer.groups.begin();
  for (std::size_t i = 0; i < trainer.command.size(); ++i) {
    if (group != trainer.groups.end() && i == group->end) ++group;
    const bool grouped = group != trainer.groups.end() && i >= group->begin;
    if (grouped && i == group->begin) words.push_back(json::array());
    (grouped ? words.back() : words).push_back(trainer.command[i]);
  }
  return words;
}

void ReadCommand(const json& words, TrainerSpec& trainer) {
  for (const json& word : words) {
    const std::size_t begin = trainer.command.size();
    if (!word.is_array()) {
      trainer.command.push_back(word);
      continue;
    }
    trainer.command.insert(trainer.command.end(), word.begin(), word.end());
    trainer.groups.push_back({begin, trainer.command.size()});
  }
}

void ReadDefinition(const json& definition, Study& study) {
  study.name = definition.at("name");
  study.seed = definition.at("seed");
  for (const json& object : definition.at("objectives")) {
    study.objectives.push_back({.name = object.at("name"),
                                .direction = object.at("direction") == "minimize"
                                                 ? Direction::kMinimize
                                                 : Direction::kMaximize,
                                .phase = GetIfAny<std::string>(object, "phase"),
                                .timed = GetIfAny<std::string>(object, "timed"),
                                .per = GetIfAny<std::string>(object, "per"),
                                .unit = object.at("unit"),
                                .reference = GetIfAny<double>(object, "reference")});
  }
  for (const json& object : definition.at("constraints")) {
    study.constraints.push_back({.name = object.at("name"),
                                 .phase = GetIfAny<std::string>(object, "phase"),
                                 .timed = GetIfAny<std::string>(object, "timed"),
                                 .per = GetIfAny<std::string>(object, "per"),
                                 .min = GetIfAny<double>(object, "min"),
                                 .max = GetIfAny<double>(object, "max")});
  }
  std::vector<Parameter> parameters;
  for (const json& object : definition.at("space")) parameters.push_back(ParameterFromJson(object));
  study.space = SearchSpace::Create(std::move(parameters)).value();
  ReadCommand(definition.at("trainer").at("command"), study.trainer);
  study.trainer.metrics = definition.at("trainer").at("metrics");
  study.trainer.progress =
      definition.at("trainer").value("progress", std::map<std::string, std::string>());
  const json files = definition.at("trainer").value("files", json::object());
  for (const auto& [name, file] : files.items()) {
    TrainerFile& read = study.trainer.files[name];
    if (file.is_string()) read.from = file;
    if (file.is_object()) read.values = file;
  }
  study.trainer.resumes = definition.at("trainer").value("resumes", false);
  study.trainer.anytime = definition.at("trainer").value("anytime", false);
  study.trainer.preload = definition.at("trainer").value("preload", false);
}

json ToJson(const StoppingSettings& stopping) {
  return {{"rule", Name(stopping.rule)},
          {"confidence", stopping.confidence},
          {"first_rung", stopping.first_rung},
          {"rungs_in_joules", stopping.rungs_in_joules},
          {"factor", stopping.factor}};
}

StoppingSettings StoppingFromJson(const json& object) {
  const auto* rule =
      std::find(std::begin(kRuleNames), std::end(kRuleNames), object.at("rule").get<std::string>());
  if (rule == std::end(kRuleNames)) throw std::invalid_argument("no such rule of stopping");
  return {.rule = static_cast<StoppingRule>(rule - std::begin(kRuleNames)),
          .confidence = object.at("confidence"),
          .first_rung = object.at("first_rung"),
          .rungs_in_joules = object.at("rungs_in_joules"),
          .factor = object.at("factor")};
}

void ReadSettings(const json& settings, Study& study) {
  study.sampler = settings.at("sampler");
  if (MakeSampler(study.sampler) == nullptr) {
    throw std::invalid_argument("there is no sampler '" + study.sampler + "'");
  }
  study.cost_exponent = settings.value("cost_exponent", study.cost_exponent);
  study.cost = GetIfAny<std::string>(settings, "cost");
  if (const auto found = settings.find("default"); found != settings.end()) {
    auto configuration = ConfigurationFromJson(study.space, found->dump());
    if (!configuration) throw std::invalid_argument(configuration.error().message);
    study.default_configuration = std::move(*configuration);
  }
  study.directory = settings.at("directory");
  const json& budget = settings.at("budget");
  study.budget.trials = GetIfAny<std::int64_t>(budget, "trials");
  if (const auto joules = GetIfAny<double>(budget, "energy_j"))
    study.budget.energy = Joules(*joules);
  if (const auto seconds = GetIfAny<double>(budget, "time_s"))
    study.budget.time = Seconds(*seconds);
  const json& workers = settings.at("workers");
  study.workers.count = workers.at("count");
  study.workers.threads = workers.at("threads");
  study.workers.attempts = workers.at("attempts");
  study.workers.exclusive = workers.at("exclusive");
  study.workers.gpus = workers.at("gpus");
  study.workers.keep = KeepFoldersFromName(workers.value("keep", "all")).value();
  study.workers.requires_labels = workers.value("requires", std::map<std::string, std::string>());
  study.workers.grace = Seconds(workers.at("grace_s"));
  if (const auto timeout = GetIfAny<double>(workers, "timeout_s")) {
    study.workers.timeout = Seconds(*timeout);
  }
  GetAccounting(settings, study);
  if (settings.contains("stopping")) study.stopping = StoppingFromJson(settings.at("stopping"));
}

/// The same tree with lists of named objects as objects, so that a difference is told by name.
json ByName(const json& tree) {
  if (!tree.is_structured()) return tree;
  json result = json::object();
  for (const auto& [key, child] : tree.items()) {
    const bool named = tree.is_array() && child.is_object() && child.contains("name");
    result[named ? child["name"].get<std::string>() : key] = ByName(child);
  }
  return result;
}

/// Every value of a definition by its path: {"/space/width/high": 64, ...}.
json Leaves(const std::string& definition) {
  json leaves = ByName(json::parse(definition)).flatten();
  // flatten() writes an empty list or object as null; it is nothing that could differ.
  for (auto leaf = leaves.begin(); leaf != leaves.end();) {
    leaf = leaf->is_null() ? leaves.erase(leaf) : std::next(leaf);
  }
  return leaves;
}

/// "/space/width/high" -> "space.width.high".
std::string Dotted(std::string pointer) {
  std::replace(pointer.begin(), pointer.end(), '/', '.');
  return pointer.empty() ? pointer : pointer.substr(1);
}

}  // namespace

std::string_view Name(KeepFolders keep) { return kKeepNames[static_cast<std::size_t>(keep)]; }

std::optional<KeepFolders> KeepFoldersFromName(const std::string& name) {
  const auto* found = std::find(std::begin(kKeepNames), std::end(kKeepNames), name);
  if (found == std::end(kKeepNames)) return std::nullopt;
  return static_cast<KeepFolders>(found - std::begin(kKeepNames));
}

std::string_view Name(StoppingRule rule) { return kRuleNames[static_cast<std::size_t>(rule)]; }

std::string DefinitionJson(const Study& study) {
  json definition = {
      {"name", study.name},
      {"seed", study.seed},
      {"objectives", ListToJson(study.objectives)},
      {"constraints", ListToJson(study.constraints)},
      {"space", ListToJson(study.space.parameters())},
      {"trainer", {{"command", CommandToJson(study.trainer)}, {"metrics", study.trainer.metrics}}}};
  if (!study.trainer.progress.empty()) definition["trainer"]["progress"] = study.trainer.progress;
  for (const auto& [name, file] : study.trainer.files) {
    definition["trainer"]["files"][name] = file.from.empty() ? json(file.values) : json(file.from);
  }
  if (study.trainer.resumes) definition["trainer"]["resumes"] = true;
  if (study.trainer.anytime) definition["trainer"]["anytime"] = true;
  if (study.trainer.preload) definition["trainer"]["preload"] = true;
  return definition.dump();
}

std::string SettingsJson(const Study& study) {
  json budget = json::object();
  PutIfAny(budget, "trials", study.budget.trials);
  if (study.budget.energy) budget["energy_j"] = study.budget.energy->value();
  if (study.budget.time) budget["time_s"] = study.budget.time->value();
  const WorkerSettings& from = study.workers;
  json workers = {{"count", from.count},       {"threads", from.threads},
                  {"attempts", from.attempts}, {"grace_s", from.grace.value()},
                  {"gpus", from.gpus},         {"exclusive", from.exclusive}};
  if (!from.requires_labels.empty()) workers["requires"] = from.requires_labels;
  if (from.keep != KeepFolders::kAll) workers["keep"] = Name(from.keep);
  if (from.timeout) workers["timeout_s"] = from.timeout->value();
  json settings = {{"sampler", study.sampler},
                   {"cost_exponent", study.cost_exponent},
                   {"directory", study.directory},
                   {"budget", budget},
                   {"workers", workers}};
  PutIfAny(settings, "cost", study.cost);
  PutAccounting(study, settings);
  if (study.stopping.rule != StoppingRule::kOff) settings["stopping"] = ToJson(study.stopping);
  if (study.default_configuration) {
    settings["default"] =
        json::parse(ConfigurationToJson(study.space, *study.default_configuration));
  }
  return settings.dump();
}

Result<Study> StudyFromJson(const std::string& definition, const std::string& settings) {
  try {
    Study study;
    ReadDefinition(json::parse(definition), study);
    ReadSettings(json::parse(settings), study);
    return study;
  } catch (const std::exception& error) {
    return Fail(
        ErrorCode::kCorrupt,
        fmt::format("the study's definition in the store cannot be read: {}", error.what()));
  }
}

double DefaultCostExponent(const Budget& budget) {
  return budget.energy || budget.time ? 0.5 : 0.0;
}

std::string DefinitionHash(const std::string& definition_json) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : definition_json) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  return fmt::format("{:016x}", hash);
}

std::vector<std::string> DefinitionDifferences(const std::string& in_store,
                                               const std::string& in_file) {
  const json stored = Leaves(in_store);
  const json filed = Leaves(in_file);
  std::vector<std::string> differences;
  for (const auto& [key, value] : stored.items()) {
    const auto other = filed.find(key);
    if (other == filed.end()) {
      differences.push_back(fmt::format("{}: {} in the store, absent from the study file",
                                        Dotted(key), value.dump()));
    } else if (*other != value) {
      differences.push_back(fmt::format("{}: {} in the store, {} in the study file", Dotted(key),
                                        value.dump(), other->dump()));
    }
  }
  for (const auto& [key, value] : filed.items()) {
    if (!stored.contains(key)) {
      differences.push_back(fmt::format("{}: absent from the store, {} in the study file",
                                        Dotted(key), value.dump()));
    }
  }
  return differences;
}

}  // namespace joulefront
