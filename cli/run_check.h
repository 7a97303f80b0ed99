// run --check: whether a study could be run, and what would be.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/studies.h"

namespace joulefront {

/// Adds to a study what is to be tried first; gives notes.
using AddFirst = std::function<Result<std::vector<std::string>>(const OpenedStudy&)>;

/// Says what `run` would do with the study and its store: what is searched, with which meter, and
/// the first configurations with their command lines. Starts no program, and changes no store.
/// Gives the exit code.
int CheckStudy(const StudyFile& file, const std::string& store_path, const AddFirst& add_first);

}  // namespace joulefront
