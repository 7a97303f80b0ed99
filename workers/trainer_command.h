// What a worker starts for one attempt: the command with its placeholders replaced, the
// environment, and the attempt's folder.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "study_store/command_words.h"
#include "study_store/study.h"
#include "study_store/trial.h"
#include "workers/preloaded_trainer.h"

namespace joulefront {

class ForkServer;

struct TrainerCommand {
  std::vector<std::string> arguments;    // arguments[0] is the program, as for execvp
  std::vector<std::string> environment;  // "NAME=value", the whole of it
  std::string work_dir;                  // the attempt's folder, absolute; exists
  std::string folder;                    // where it runs instead; empty: in work_dir
  bool leaves_running = false;           // what it starts and leaves running is not killed
  TrainerEntry entry = nullptr;          // called in a fork of this process instead, if given
  ForkServer* fork_server = nullptr;     // forks it instead, if given
  Seconds loading;                       // CPU time that another process took to get ready for it
};

/// The folder for everything of a store that is no table: STORE without ".db" + ".work", absolute
/// and without links. Of a database server: DATABASE.work in the present folder, which workers on
/// other machines have in common, or have each for itself.
std::string WorkRootOf(const std::string& store_path);

/// Where an attempt's folder is: STUDY/TRIAL.ATTEMPT below WorkRootOf().
std::string WorkDirOf(const std::string& store_path, const std::string& study, TrialNumber trial,
                      int attempt);

/// What is started for the first word of a command: a program without '/' is sought next to this
/// executable, then in PATH.
std::string ResolveProgram(const std::string& program, const std::string& study_dir);

/// The file that is started for it. Errors: kInvalidArgument, if there is none or it is no program.
Result<std::string> FindProgram(const std::string& program, const std::string& study_dir);

/// What the placeholders of a command stand for in an attempt.
WordLookup PlaceholdersOf(const Study& study, const Claim& claim, const std::string& work_dir);

/// The command for a claim, filled in (FillCommand). An argument that holds a '/' or a '.'
/// and names a file in the study's folder is passed as an absolute path, since the trainer runs in
/// a folder of its own; the program is ResolveProgram()'s.
std::vector<std::string> TrainerArguments(const Study& study, const Claim& claim,
                                          const std::string& work_dir);

/// All that is needed to start a claim, preloaded if the study says so. `slot` is the worker's
/// number on this machine, which picks its GPU; `resume_dir` the folder of the shorter trial that
/// it goes on with, or empty. Creates `work_dir`, and in it the copies of [trainer.files].
/// Errors: kUnavailable or kShortage if it cannot; WriteTrainerFiles()'s and PreloadTrainer()'s.
Result<TrainerCommand> PrepareTrainer(const Study& study, const Claim& claim,
                                      const std::string& work_dir, int slot,
                                      const std::string& resume_dir = "");

}  // namespace joulefront
