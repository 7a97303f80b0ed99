// What may vary in a command line that somebody has typed: its numbers, and words that are known to
// have alternatives. All of it are guesses, for a person to check.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "cli/value_guess.h"

namespace joulefront {

/// A file of [trainer.files]: places in it, and the parameter that each gets.
struct GuessedFile {
  std::string name;
  std::vector<std::pair<std::string, std::string>> values;
};

struct GuessedCommand {
  std::vector<std::string> words;  // for [trainer] command, with placeholders
  std::vector<GuessedParameter> parameters;
  std::vector<std::string> kept;  // numbers that stay as they are: "--seed 3"
  std::vector<GuessedFile> files;
  ScriptText script;  // of the script that it runs; empty if it runs none
};

/// Where a command was typed, and where its study file will be.
struct Places {
  std::filesystem::path here, study;
};

/// Takes `--name value`, `--name=value`, `name=value` and plain numbers for parameters, and names
/// files and folders so that they are found from the folder of an attempt.
GuessedCommand GuessCommand(const std::vector<std::string>& words, const Places& places);

/// Takes a parameter back: its value stays in the command as it was typed.
void Keep(GuessedCommand& guess, const std::string& name);

/// Whether the command finds what it runs by the folder it is started in, as `python -m` does.
bool NeedsItsFolder(const std::vector<std::string>& words);

/// The command, started in the folder where it was typed instead of the attempt's.
std::vector<std::string> InItsFolder(std::vector<std::string> words, const Places& places);

}  // namespace joulefront
