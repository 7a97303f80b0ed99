// A trainer's command for one configuration: which of its words stand there, and what they say.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "study_store/study.h"

namespace joulefront {

/// What a placeholder stands for; empty for an inactive parameter.
using WordLookup = std::function<std::optional<std::string>(const std::string& name)>;

struct FilledWord {
  std::string text;
  std::size_t index = 0;  // of the word in TrainerSpec::command
};

/// The words of the command that remain. An inactive parameter leaves nothing behind: the word
/// that names it is left out, and with a word that is its placeholder alone the option before it
/// ("--momentum", "{momentum}"); a group is left out as a whole. A word of placeholders alone that
/// comes out empty is left out, unless it is the value of the option before it. A parameter whose
/// texts are options themselves is no option's value.
std::vector<FilledWord> FillCommand(const Study& study, const WordLookup& lookup);

/// Whether parameter i can decide, by its value, which words remain: a switch, or one whose choices
/// hold the empty text.
bool DecidesWords(const Study& study, std::size_t i);

/// Errors: kInvalidArgument for a placeholder that names no parameter, a switch of a parameter
/// whose choices are not true and false, a program that may be left out.
Result<void> CheckCommand(const Study& study);

}  // namespace joulefront
