// Files that a trainer reads, of which each attempt gets a copy with its own values:
// [trainer.files].
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "study_store/study.h"
#include "study_store/trial.h"

namespace joulefront {

/// A line of such a file, as it is and as an attempt finds it; empty: there is none.
struct ChangedLine {
  std::string file;
  std::size_t number = 0;  // from 1
  std::string before, after;
};

/// Whether every file is there and holds every place that is to be replaced, tried with values of
/// all parameters. Errors: kInvalidArgument, naming the file and the place.
Result<void> CheckTrainerFiles(const Study& study);

/// The lines that differ for a claim. Errors: as above.
Result<std::vector<ChangedLine>> ChangedLines(const Study& study, const Claim& claim,
                                              const std::string& work_dir);

/// Writes the copies into the attempt's folder; follows no symbolic link there. Errors: as above,
/// and kUnavailable.
Result<void> WriteTrainerFiles(const Study& study, const Claim& claim, const std::string& work_dir);

/// An argument that names such a file, as the path of the attempt's copy; else the argument.
std::string ToCopy(const Study& study, const std::string& argument, const std::string& work_dir);

}  // namespace joulefront
