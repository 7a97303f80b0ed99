#include "study_store/given_configurations.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <tl/expected.hpp>
#include <utility>

#include "study_store/configuration_json.h"
#include "study_store/value_json.h"

namespace joulefront {
namespace {

using nlohmann::json;

constexpr const char* kForms =
    "give one JSON object a line, an array of them, or what front or export wrote with --format "
    "json";

/// One object of the text, not yet checked.
struct Piece {
  json object;
  std::string place;
};

tl::expected<Configuration, std::string> Read(const SearchSpace& space, const Defaults& defaults,
                                              const json& piece) {
  const json* object = &piece;
  if (piece.is_object() && piece.contains("configuration") && piece["configuration"].is_object()) {
    object = &piece["configuration"];
  }
  if (!object->is_object()) return tl::unexpected(std::string("this is no JSON object"));
  GivenValues given;
  for (const auto& [name, held] : object->items()) {
    auto value = ValueFromJson(held);
    if (!value) {
      return tl::unexpected(fmt::format("parameter '{}' cannot be {}", name, held.dump()));
    }
    given.emplace_back(name, std::move(*value));
  }
  auto configuration = ConfigurationOf(space, given, defaults);
  if (!configuration) return tl::unexpected(std::move(configuration.error().message));
  return std::move(*configuration);
}

/// The list of objects that a whole text is or holds; nullptr if it is something else.
const json* ListIn(const json& whole) {
  if (whole.is_array()) return &whole;
  if (!whole.is_object()) return nullptr;
  for (const char* key : {"front", "trials"}) {
    if (whole.contains(key) && whole[key].is_array()) return &whole[key];
  }
  return nullptr;
}

std::vector<Piece> Lines(const std::string& text) {
  std::vector<Piece> pieces;
  std::istringstream stream(text);
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    pieces.push_back(
        {json::parse(line, nullptr, /*allow_exceptions=*/false), fmt::format("line {}", number)});
  }
  return pieces;
}

}  // namespace

Result<std::vector<GivenConfiguration>> ParseConfigurations(const SearchSpace& space,
                                                            const std::string& text,
                                                            const std::string& path,
                                                            const Defaults& defaults) {
  std::vector<Piece> pieces;
  const json whole = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (const json* list = ListIn(whole)) {
    for (const json& object : *list) {
      pieces.push_back({object, fmt::format("element {}", pieces.size() + 1)});
    }
  } else {
    pieces = Lines(text);
  }
  if (pieces.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' holds no configuration; {}", path, kForms));
  }
  std::vector<GivenConfiguration> all;
  for (Piece& piece : pieces) {
    if (piece.object.is_discarded()) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}, {}: this is no JSON; {}", path, piece.place, kForms));
    }
    auto configuration = Read(space, defaults, piece.object);
    if (!configuration) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}, {}: {}", path, piece.place, configuration.error()));
    }
    all.push_back({std::move(*configuration), std::move(piece.place)});
  }
  return all;
}

}  // namespace joulefront
