// The text of a study file that `init` has guessed, with a comment beside each guess.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command_guess.h"
#include "cli/metric_guess.h"
#include "workers/attempt_runner.h"

namespace joulefront {

/// What a value that the trainer reports by its protocol is worth as an objective.
struct ReportedObjective {
  std::string name;
  std::optional<Direction> direction;  // empty: nobody can tell by the name
};

struct StudyDraft {
  std::string name;
  std::string file;     // as it is named to the next commands
  std::string command;  // as it was typed
  GuessedCommand guess;
  bool in_its_folder = false;               // the command is started where it was typed
  std::vector<FoundMetric> metrics;         // in its output, best first
  std::vector<ReportedObjective> reported;  // instead of those, best first
  std::string phase = "total";              // whose joules are an objective
  std::string trial;  // what the trial run took, in words; empty: there was none
};

/// Text that ParseStudyFile() takes.
std::string StudyText(const StudyDraft& draft);

}  // namespace joulefront
