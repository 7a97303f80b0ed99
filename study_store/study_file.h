// The study file: TOML text that a person writes (docs/study_file.md). Everything is checked here,
// so that a Study is right from then on. An error gives file, line and column, and says what to do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "study_store/launch_settings.h"
#include "study_store/study.h"

namespace joulefront {

struct StudyFile {
  Study study;
  LaunchSettings launch;
  bool has_cost_exponent = false;  // the file sets it; else it is DefaultCostExponent()'s
  std::vector<std::string> notes;  // what is allowed but worth saying, a line each
};

/// Parses the text of a study file. `path` stands in messages, and its folder becomes
/// Study::directory. Errors: kInvalidArgument.
Result<StudyFile> ParseStudyFile(std::string_view text, const std::string& path);

/// Whether a study may be called so. Errors: kInvalidArgument.
Result<void> CheckStudyName(const std::string& name);

/// Reads and parses a file. Errors: kNotFound, kUnavailable, kInvalidArgument.
Result<StudyFile> ReadStudyFile(const std::string& path);

}  // namespace joulefront
