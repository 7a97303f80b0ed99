#include "objectives/configuration.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "objectives/bad_input.h"

namespace joulefront::objectives {
namespace {

using nlohmann::json;
using Value = std::variant<std::int64_t, double, std::string>;

std::string Text(double number) { return json(number).dump(); }
std::string Text(std::int64_t number) { return std::to_string(number); }

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

[[noreturn]] void Refuse(const Parameter& parameter, const std::string& expected,
                         const json& given) {
  throw BadInput(parameter.name + ": expected " + expected + ", got " + given.dump());
}

template <typename Number, typename Range>
Number CheckRange(const Parameter& parameter, const Range& range, Number number,
                  const json& given) {
  if (number < range.low || number > range.high) {
    Refuse(parameter, "a value from " + Text(range.low) + " to " + Text(range.high), given);
  }
  return number;
}

Value Check(const Parameter& parameter, const json& given) {
  if (const auto* range = std::get_if<IntRange>(&parameter.domain)) {
    if (!given.is_number_integer()) Refuse(parameter, "an integer", given);
    // Above 2^63 the cast would wrap round into the range.
    if (given.is_number_unsigned() && given.get<std::uint64_t>() > INT64_MAX) {
      Refuse(parameter, "a value of at most " + Text(range->high), given);
    }
    return CheckRange(parameter, *range, given.get<std::int64_t>(), given);
  }
  if (const auto* range = std::get_if<FloatRange>(&parameter.domain)) {
    if (!given.is_number()) Refuse(parameter, "a number", given);
    return CheckRange(parameter, *range, given.get<double>(), given);
  }
  const auto& choices = std::get<Choices>(parameter.domain).choices;
  // A choice of numbers may be given as one.
  const std::string text = given.is_string() ? given.get<std::string>() : given.dump();
  if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
    Refuse(parameter, "one of " + Join(choices), given);
  }
  return text;
}

Value Default(const Parameter& parameter) {
  if (const auto* range = std::get_if<IntRange>(&parameter.domain)) return range->default_value;
  if (const auto* range = std::get_if<FloatRange>(&parameter.domain)) return range->default_value;
  return std::get<Choices>(parameter.domain).choices.front();
}

json ParseObject(const std::string& text) {
  if (text.empty()) return json::object();
  json object = json::parse(text, nullptr, false);
  if (!object.is_object()) {
    throw BadInput("the configuration is not a JSON object like {\"layers\": 2}: " + text);
  }
  return object;
}

/// A number where the parameter is one and the text reads as one, else a string: the type check
/// that follows then shows the text as typed.
json ParseTyped(const Parameter& parameter, const std::string& text) {
  if (!std::holds_alternative<Choices>(parameter.domain)) {
    json number = json::parse(text, nullptr, false);
    if (number.is_number()) return number;
  }
  return text;
}

const Parameter& Find(std::span<const Parameter> parameters, const std::string& name) {
  for (const Parameter& parameter : parameters) {
    if (parameter.name == name) return parameter;
  }
  std::vector<std::string> names;
  for (const Parameter& parameter : parameters) names.push_back(parameter.name);
  throw BadInput(name + ": no such parameter; there are " + Join(names));
}

std::string DescribeDomain(const Parameter& parameter) {
  if (const auto* range = std::get_if<IntRange>(&parameter.domain)) {
    return Text(range->default_value) + "  (int, " + Text(range->low) + " to " + Text(range->high) +
           ")";
  }
  if (const auto* range = std::get_if<FloatRange>(&parameter.domain)) {
    return Text(range->default_value) + "  (float, " + Text(range->low) + " to " +
           Text(range->high) + ")";
  }
  const auto& choices = std::get<Choices>(parameter.domain).choices;
  return choices.front() + "  (" + Join(choices) + ")";
}

}  // namespace

Configuration Configuration::Read(std::span<const Parameter> parameters,
                                  const std::string& json_text,
                                  std::span<const Assignment> assignments) {
  json given = ParseObject(json_text);
  for (const auto& [name, text] : assignments) {
    given[name] = ParseTyped(Find(parameters, name), text);
  }
  for (const auto& item : given.items()) Find(parameters, item.key());

  Configuration configuration;
  for (const Parameter& parameter : parameters) {
    const auto found = given.find(parameter.name);
    configuration.values_[parameter.name] =
        found == given.end() ? Default(parameter) : Check(parameter, *found);
  }
  for (const Parameter& parameter : parameters) {
    const auto& when = parameter.only_when;
    if (!when || !given.contains(parameter.name)) continue;
    if (configuration.Choice(when->parameter) == when->choice) continue;
    if (Check(parameter, given.at(parameter.name)) == Default(parameter))
      continue;  // Text() gives all
    throw BadInput(parameter.name + ": has an effect only with " + when->parameter + " = \"" +
                   when->choice + "\"; leave it out otherwise (in a study file: when = { " +
                   when->parameter + " = \"" + when->choice + "\" })");
  }
  return configuration;
}

std::int64_t Configuration::Int(const std::string& name) const {
  return std::get<std::int64_t>(values_.at(name));
}

double Configuration::Float(const std::string& name) const {
  return std::get<double>(values_.at(name));
}

const std::string& Configuration::Choice(const std::string& name) const {
  return std::get<std::string>(values_.at(name));
}

std::string Configuration::Text() const {
  json object = json::object();
  for (const auto& [name, value] : values_) {
    std::visit([&, &key = name](const auto& held) { object[key] = held; }, value);
  }
  return object.dump();
}

std::string DescribeSpace(std::span<const Parameter> parameters) {
  std::string text = "[space]\n";
  for (const Parameter& parameter : parameters) {
    if (!parameter.search) continue;
    std::string domain;
    if (const auto* choices = std::get_if<Choices>(&parameter.domain)) {
      domain = "type = \"categorical\", choices = " + json(choices->choices).dump();
    } else {
      const bool is_int = std::holds_alternative<IntRange>(parameter.domain);
      domain = std::string("type = ") + (is_int ? "\"int\", " : "\"float\", ") + *parameter.search;
    }
    if (const auto& when = parameter.only_when) {
      domain += ", when = { " + when->parameter + " = \"" + when->choice + "\" }";
    }
    text += parameter.name + " = { " + domain + " }\n";
  }
  return text;
}

std::string DescribeParameters(std::span<const Parameter> parameters) {
  std::string text;
  for (const Parameter& parameter : parameters) {
    const std::string padding(parameter.name.size() < 15 ? 15 - parameter.name.size() : 1, ' ');
    text += "  " + parameter.name + padding + DescribeDomain(parameter) + "\n" +
            std::string(17, ' ') + parameter.meaning + "\n";
  }
  return text;
}

}  // namespace joulefront::objectives
