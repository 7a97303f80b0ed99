// Configurations that somebody wants tried, as JSON text: one object a line, an array of objects,
// or what `front` and `export` write with --format json.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "study_store/configuration_json.h"

namespace joulefront {

struct GivenConfiguration {
  Configuration configuration;
  std::string place;  // in the text: "line 3", "element 2", counted from 1
};

/// An object is a configuration or has one under "configuration"; active parameters that it leaves
/// out take their default, or the centre of their range, or their first choice. Errors:
/// kInvalidArgument for the first that the space does not hold, with `path`, its place and what is
/// wrong.
Result<std::vector<GivenConfiguration>> ParseConfigurations(const SearchSpace& space,
                                                            const std::string& text,
                                                            const std::string& path,
                                                            const Defaults& defaults = {});

}  // namespace joulefront
