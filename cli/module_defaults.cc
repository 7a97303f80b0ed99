#include "cli/module_defaults.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

namespace joulefront {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::size_t kMostParameters = 200;

std::optional<Value> ValueOf(const ordered_json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  return std::nullopt;
}

bool IsName(const std::string& name) {
  const auto plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  return !name.empty() && name.size() <= 90 && plain(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return plain(c) || c == '.' || c == '-'; });
}

}  // namespace

bool ModuleDefaults::TakeLine(std::string_view line) {
  if (!line.starts_with("{\"joulefront_defaults\"")) return false;
  const auto message = ordered_json::parse(line, nullptr, false);
  if (!message.is_object() || !message["joulefront_defaults"].is_object()) return false;
  for (const auto& [name, json] : message["joulefront_defaults"].items()) {
    const auto value = ValueOf(json);
    const bool known = std::any_of(found_.begin(), found_.end(),
                                   [&name = name](const auto& one) { return one.first == name; });
    if (!value || known || !IsName(name) || found_.size() >= kMostParameters) continue;
    found_.emplace_back(name, *value);
  }
  return true;
}

bool AsksModule(const std::vector<std::string>& command, const Places& places,
                const ScriptText& script) {
  if (script.Names("joulefront") || script.Names("jf_value")) return true;
  return std::any_of(command.begin(), command.end(), [&](const std::string& word) {
    const fs::path folder = (places.here / word).parent_path();
    std::error_code error;
    const bool is_script = word.ends_with(".py") || word.ends_with(".sh");
    return word == "-m" || (is_script && (fs::exists(folder / "joulefront.py", error) ||
                                          fs::exists(folder / "joulefront.sh", error)));
  });
}

}  // namespace joulefront
