// Configurations as JSON text, the form in which stores, trainers and exports hold them: one object
// with the active parameters under their names, in the order of the space, without blanks.
#pragma once

#include <string>

#include "base/result.h"
#include "search/space.h"

namespace joulefront {

/// {"learning_rate":0.01,"optimizer":"sgd"}. Floats in the shortest form that reads back the same.
std::string ConfigurationToJson(const SearchSpace& space, const Configuration& configuration);

/// Errors: kInvalidArgument for text that is no JSON object, an unknown or inactive parameter, a
/// missing active one, or a value outside its range; the message names the parameter.
Result<Configuration> ConfigurationFromJson(const SearchSpace& space, const std::string& text);

}  // namespace joulefront
