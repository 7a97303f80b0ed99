#include "study_store/configuration_json.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "study_store/value_json.h"

namespace joulefront {

using nlohmann::json;

json ValueToJson(const Value& value) {
  return std::visit([](const auto& held) { return json(held); }, value);
}

std::optional<Value> ValueFromJson(const json& value) {
  switch (value.type()) {
    case json::value_t::boolean:
      return value.get<bool>();
    case json::value_t::number_unsigned:
      // get<std::int64_t>() would wrap round.
      if (value.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) {
        return value.get<double>();
      }
      return value.get<std::int64_t>();
    case json::value_t::number_integer:
      return value.get<std::int64_t>();
    case json::value_t::number_float:
      return value.get<double>();
    case json::value_t::string:
      return value.get<std::string>();
    default:
      return std::nullopt;
  }
}

std::string ConfigurationToJson(const SearchSpace& space, const Configuration& configuration) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < space.size(); ++i) {
    if (!configuration[i]) continue;
    std::visit([&](const auto& value) { object[space.parameters()[i].name] = value; },
               space.ValueOf(i, *configuration[i]));
  }
  return object.dump();
}

Result<Configuration> ConfigurationFromJson(const SearchSpace& space, const std::string& text) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("a configuration is a JSON object, not '{}'", text.substr(0, 80)));
  }
  Configuration configuration(space.size());
  std::size_t used = 0;
  for (std::size_t i = 0; i < space.size(); ++i) {
    const std::string& name = space.parameters()[i].name;
    const auto found = object.find(name);
    if (!space.IsActive(i, configuration)) {
      if (found == object.end()) continue;
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("parameter '{}' is inactive here: its `when` does not hold", name));
    }
    if (found == object.end()) {
      return Fail(ErrorCode::kInvalidArgument, fmt::format("parameter '{}' has no value", name));
    }
    const auto value = ValueFromJson(*found);
    configuration[i] = value ? space.CoordinateOf(i, *value) : std::nullopt;
    if (!configuration[i]) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("parameter '{}' cannot be {}", name, found->dump()));
    }
    ++used;
  }
  if (used == object.size()) return configuration;
  for (const auto& [name, value] : object.items()) {
    if (!space.IndexOf(name)) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("'{}' is no parameter of the study", name));
    }
  }
  return configuration;
}

tl::expected<Configuration, GivenFault> ConfigurationOf(const SearchSpace& space,
                                                        const GivenValues& given,
                                                        const Defaults& defaults) {
  const auto fault = [](const std::string& name, std::string message) {
    return tl::unexpected(GivenFault{name, std::move(message)});
  };
  Configuration coordinates(space.size());
  for (const auto& [name, value] : given) {
    const auto index = space.IndexOf(name);
    if (!index) return fault(name, fmt::format("'{}' is no parameter of the study", name));
    coordinates[*index] = space.CoordinateOf(*index, value);
    if (!coordinates[*index]) {
      return fault(name,
                   fmt::format("parameter '{}' cannot be {}", name, ValueToJson(value).dump()));
    }
  }
  Configuration configuration = CompleteConfiguration(space, coordinates, defaults);
  for (const auto& [name, value] : given) {
    if (!configuration[*space.IndexOf(name)]) {
      return fault(name,
                   fmt::format("parameter '{}' is inactive here: its `when` does not hold", name));
    }
  }
  return configuration;
}

std::string ValueText(const std::string& configuration, const std::string& parameter) {
  const auto values = ValueTexts(configuration);
  const auto found = values.find(parameter);
  return found != values.end() ? found->second : "";
}

std::map<std::string, std::string> ValueTexts(const std::string& configuration) {
  std::map<std::string, std::string> texts;
  const json values = json::parse(configuration, nullptr, /*allow_exceptions=*/false);
  if (!values.is_object()) return texts;
  for (const auto& [name, value] : values.items()) {
    texts[name] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  return texts;
}

std::map<std::string, Value> ConfigurationValues(const std::string& configuration) {
  std::map<std::string, Value> values;
  const json object = json::parse(configuration, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return values;
  for (const auto& [name, held] : object.items()) {
    if (auto value = ValueFromJson(held)) values[name] = std::move(*value);
  }
  return values;
}

std::string ValuesToJson(const std::map<std::string, Value>& values) {
  json object = json::object();
  for (const auto& [name, value] : values) object[name] = ValueToJson(value);
  return object.dump();
}

Configuration CompleteConfiguration(const SearchSpace& space, const Configuration& given,
                                    const Defaults& defaults) {
  Configuration configuration(space.size());
  for (std::size_t i = 0; i < space.size(); ++i) {
    if (!space.IsActive(i, configuration)) continue;
    const bool number = space.parameters()[i].choices.empty();
    configuration[i] = given[i]                     ? *given[i]
                       : defaults && (*defaults)[i] ? *(*defaults)[i]
                       : number                     ? space.CoordinateAt(i, 0.5)
                                                    : 0.0;
  }
  return configuration;
}

}  // namespace joulefront
