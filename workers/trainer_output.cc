#include "workers/trainer_output.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace joulefront {
namespace {

using nlohmann::json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Of a phase or a value: what is longer is no name, and would be stored and shown again and again.
constexpr std::size_t kLongestName = 200;

// Some 280 GWh: more is an error of somebody's, and would swallow every other figure of a sum.
constexpr double kMostJoules = 1e15;

/// The line with the bare words NaN, Infinity and -Infinity as texts that ReadValues knows.
std::string WithWordsQuoted(std::string_view line) {
  std::string quoted;
  bool in_text = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    bool replaced = false;
    for (const std::string_view word : {"NaN", "-Infinity", "Infinity"}) {
      if (in_text || !line.substr(i).starts_with(word)) continue;
      quoted += fmt::format("\"{}\"", word);
      i += word.size() - 1;
      replaced = true;
      break;
    }
    if (replaced) continue;
    if (line[i] == '"') in_text = !in_text;
    quoted += line[i];
    if (in_text && line[i] == '\\' && i + 1 < line.size()) quoted += line[++i];
  }
  return quoted;
}

/// The object "values" as numbers, or what is wrong with it.
std::variant<NamedValues, BadMessage> ReadValues(const json& message) {
  const auto object = message.find("values");
  if (object == message.end() || !object->is_object()) {
    return BadMessage{"it has no object \"values\""};
  }
  NamedValues values;
  for (const auto& [name, value] : object->items()) {
    if (name.size() > kLongestName) {
      return BadMessage{fmt::format("a value's name is longer than {} bytes", kLongestName)};
    }
    if (IsReservedName(name)) {
      return BadMessage{fmt::format("\"{}\" is a name of joulefront's own values", name)};
    }
    if (value.is_number()) {
      values[name] = value.get<double>();
    } else if (value.is_null() || value == "NaN") {
      values[name] = kNaN;
    } else if (value == "Infinity" || value == "-Infinity") {
      values[name] = value == "Infinity" ? kInfinity : -kInfinity;
    } else {
      return BadMessage{fmt::format("value \"{}\" is not a number", name)};
    }
  }
  return values;
}

TrainerMessage ReadMessage(const json& message) {
  const json& kind = message["joulefront"];
  if (kind == "phase") {
    const auto name = message.find("name");
    if (name == message.end() || !name->is_string() || name->get<std::string>().empty()) {
      return BadMessage{"a phase message needs a \"name\""};
    }
    if (name->get_ref<const std::string&>().size() > kLongestName) {
      return BadMessage{fmt::format("a phase's name is longer than {} bytes", kLongestName)};
    }
    if (*name == kTotalPhase) {
      return BadMessage{
          fmt::format("\"{}\" is the name of the whole attempt, and no phase can "
                      "have it",
                      kTotalPhase)};
    }
    return PhaseMessage{name->get<std::string>()};
  }
  if (kind == "energy") {
    const auto joules = message.find("joules");
    if (joules == message.end() || !joules->is_number() || joules->get<double>() < 0.0) {
      return BadMessage{"an energy message needs \"joules\", a number from 0 on"};
    }
    if (joules->get<double>() > kMostJoules) {
      return BadMessage{
          fmt::format("it tells {:.3g} J, which no training uses (more than {:.0e} J)",
                      joules->get<double>(), kMostJoules)};
    }
    return EnergyMessage{joules->get<double>()};
  }
  if (kind == "anew") {
    const auto reason = message.find("reason");
    const bool told = reason != message.end() && reason->is_string();
    return AnewMessage{told ? reason->get<std::string>().substr(0, kLongestName) : ""};
  }
  if (kind != "progress" && kind != "result") {
    return BadMessage{
        "\"joulefront\" must be \"phase\", \"progress\", \"result\", \"energy\" or \"anew\""};
  }
  auto values = ReadValues(message);
  if (const auto* bad = std::get_if<BadMessage>(&values)) return *bad;
  auto& read = std::get<NamedValues>(values);
  if (kind == "result") return ResultMessage{std::move(read)};
  const auto step = message.find("step");
  if (step == message.end() || !step->is_number_integer()) {
    return BadMessage{"a progress message needs a whole number \"step\""};
  }
  return ProgressMessage{step->get<std::int64_t>(), std::move(read)};
}

/// The text as a JSON value; discarded if it is none.
json ParseJson(std::string_view text) {
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) {
    value = json::parse(WithWordsQuoted(text), nullptr, /*allow_exceptions=*/false);
  }
  return value;
}

/// The message that a line ends with which begins with something else: a progress bar whose line
/// was not ended, or what a launcher puts before every line.
TrainerMessage ReadMessageBehind(std::string_view line) {
  // JSON of somebody else's may hold messages, in a list or as a value.
  if (line.starts_with('[') || line.starts_with('{')) return std::monostate{};
  for (auto brace = line.find('{'); brace != std::string_view::npos;
       brace = line.find('{', brace + 1)) {
    const std::string_view rest = line.substr(brace);
    const auto word = rest.find_first_not_of(" \t", 1);
    if (word == std::string_view::npos || !rest.substr(word).starts_with("\"joulefront\""))
      continue;
    const json message = ParseJson(rest);
    if (message.is_object()) return ReadMessage(message);
    return BadMessage{
        "a message that shares its line with other output could not be read; print a line break "
        "before and after it"};
  }
  return std::monostate{};
}

}  // namespace

TrainerMessage ParseTrainerLine(std::string_view line) {
  const auto begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos || line.find("\"joulefront\"") == std::string_view::npos) {
    return std::monostate{};
  }
  if (line[begin] != '{') return ReadMessageBehind(line.substr(begin));
  const json message = ParseJson(line);
  if (message.is_discarded()) return BadMessage{"it is not valid JSON"};
  if (!message.is_object() || !message.contains("joulefront")) return std::monostate{};
  return ReadMessage(message);
}

}  // namespace joulefront
