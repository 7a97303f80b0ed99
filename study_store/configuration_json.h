// Configurations as JSON text, the form in which stores, trainers and exports hold them: one object
// with the active parameters under their names, in the order of the space, without blanks. And from
// values that a person gives, perhaps not all of them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "base/result.h"
#include "search/space.h"

namespace joulefront {

/// {"learning_rate":0.01,"optimizer":"sgd"}. Floats in the shortest form that reads back the same.
std::string ConfigurationToJson(const SearchSpace& space, const Configuration& configuration);

/// Errors: kInvalidArgument for text that is no JSON object, an unknown or inactive parameter, a
/// missing active one, or a value outside its range; the message names the parameter.
Result<Configuration> ConfigurationFromJson(const SearchSpace& space, const std::string& text);

/// The value of a parameter in a canonical configuration, as placeholders show it: a text as it is,
/// anything else as JSON writes it; the empty text for an inactive one.
std::string ValueText(const std::string& configuration, const std::string& parameter);

/// The same of all its active parameters, by name.
std::map<std::string, std::string> ValueTexts(const std::string& configuration);

/// The values of a canonical configuration by name, and such a text of values.
std::map<std::string, Value> ConfigurationValues(const std::string& configuration);
std::string ValuesToJson(const std::map<std::string, Value>& values);

/// Values of some parameters, by name, as a person states them.
using GivenValues = std::vector<std::pair<std::string, Value>>;

/// What is wrong with which of them.
struct GivenFault {
  std::string parameter;
  std::string message;
};

/// A study's default (Study::default_configuration), where it has one.
using Defaults = std::optional<Configuration>;

/// The configuration of the values given; an active parameter that is left out takes its default,
/// or the centre of its range, or its first choice. A fault for one that is unknown, that is
/// inactive then, or that cannot have its value.
tl::expected<Configuration, GivenFault> ConfigurationOf(const SearchSpace& space,
                                                        const GivenValues& given,
                                                        const Defaults& defaults = {});

/// The same of coordinates, one a parameter, empty where none is given; those of inactive
/// parameters are dropped.
Configuration CompleteConfiguration(const SearchSpace& space, const Configuration& given,
                                    const Defaults& defaults = {});

}  // namespace joulefront
