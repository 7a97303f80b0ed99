// What a study and its trials ask of a worker: [workers] requires, whose values may name
// parameters.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "study_store/study.h"

namespace joulefront {

/// Whether it is not the same for all trials: a value names a parameter, such as gpu = "{gpu}".
bool RequirementsVary(const Study& study);

/// How many different workers trials may ask for, at most 16; 1 where it is the same for all.
std::int64_t KindsOfWorkers(const Study& study);

/// The first label that a worker with `labels` lacks to take any of the study's trials, as
/// "gpu=h100"; of a label whose value names a parameter, one of whatever value will do.
std::optional<std::string> MissingForStudy(const Study& study,
                                           const std::map<std::string, std::string>& labels);

/// The same for one trial, a canonical configuration. A value that comes to the empty text, since
/// its parameter is inactive, asks for nothing.
std::optional<std::string> MissingForTrial(const Study& study, const std::string& configuration,
                                           const std::map<std::string, std::string>& labels);

}  // namespace joulefront
