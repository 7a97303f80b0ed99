// What may vary in a configuration file that a command names: its numbers whose names are those of
// hyperparameters.
#pragma once

#include <string>
#include <vector>

#include "cli/command_guess.h"

namespace joulefront {

/// Adds the parameters of the first YAML, JSON or TOML file among the words that has any, and what
/// [trainer.files] says of it. The file lies in the study's folder or below.
void GuessFile(const std::vector<std::string>& words, const Places& places, GuessedCommand& guess);

}  // namespace joulefront
