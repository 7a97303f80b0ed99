// run --check: the arguments that a trainer is given.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "study_store/study.h"

namespace joulefront {

/// The arguments for one configuration of each branch, a line each, quoted as for a shell; adds to
/// `notes` what is probably not meant. `work_dir`: of the attempt.
std::string BranchesText(const Study& study, const std::string& work_dir,
                         std::vector<std::string>& notes);

/// The lines of [trainer.files] that differ for the first of them. Errors: ChangedLines()'s.
Result<std::string> FilesText(const Study& study, const std::string& work_dir);

}  // namespace joulefront
