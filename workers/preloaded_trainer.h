// Trainers that a worker loads once, so that an attempt begins with a fork and not with loading
// hundreds of libraries: [trainer] preload = true. PROGRAM.so beside PROGRAM has C functions
// joulefront_preload and joulefront_main (docs/trainers.md).
#pragma once

#include <string>

#include "base/result.h"
#include "study_store/study.h"

namespace joulefront {

using TrainerEntry = int (*)(int argc, char** argv);

/// Loads PROGRAM.so into this process, if it has not yet, calls its joulefront_preload, and gives
/// its joulefront_main. Errors: kInvalidArgument if there is no such library, or it lacks the
/// functions; kUnavailable, with joulefront_preload's words, if that fails.
Result<TrainerEntry> PreloadTrainer(const std::string& program);

/// Whether the study's trainer could be loaded so, as far as can be told without loading it: the
/// library is there, unless the program depends on the configuration. Errors: kInvalidArgument.
Result<void> CheckPreload(const Study& study);

/// The same by looking into the library's file: it is a library for this machine and has the
/// functions. It is not loaded, since that runs its code. Gives the file; empty as above. Errors:
/// kInvalidArgument.
Result<std::string> LookAtPreload(const Study& study);

}  // namespace joulefront
