// A user's value as a JSON value and back. Private to study_store.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "search/space.h"

namespace joulefront {

nlohmann::json ValueToJson(const Value& value);

/// Empty for null, arrays and objects.
std::optional<Value> ValueFromJson(const nlohmann::json& json);

}  // namespace joulefront
