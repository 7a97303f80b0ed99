#include "cli/study_text.h"

#include <fmt/format.h>

#include "base/printable.h"
#include "cli/name_words.h"

namespace joulefront {
namespace {

constexpr const char* kPhaseNote =
    "# Joules of the whole training, metered from outside. Of a part of it: have the program "
    "print\n"
    "#   {\"joulefront\": \"phase\", \"name\": \"train\"}\n"
    "# on a line of its own where that part begins, and write phase = \"train\".\n";

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += std::string("\\") + c;
    } else if (byte < 0x20 || byte == 0x7f) {
      quoted += fmt::format("\\u{:04x}", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string Key(const std::string& name) {
  return name.find('.') == std::string::npos ? name : Quoted(name);
}

std::string ValueText(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return Quoted(*text);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
  const std::string number = fmt::format("{}", std::get<double>(value));
  return number.find_first_of(".e") == std::string::npos ? number + ".0" : number;
}

std::string ParameterText(const Parameter& parameter) {
  if (!parameter.choices.empty()) {
    std::string choices;
    for (const Value& choice : parameter.choices) {
      choices += (choices.empty() ? "" : ", ") + ValueText(choice);
    }
    const bool ordered = parameter.type == ParameterType::kOrdinal;
    return fmt::format("{{ type = \"{}\", choices = [{}] }}", ordered ? "ordinal" : "categorical",
                       choices);
  }
  const bool is_int = parameter.type == ParameterType::kInt;
  const auto bound = [&](double number) {
    return is_int ? fmt::format("{:.0f}", number) : ValueText(number);
  };
  return fmt::format("{{ type = \"{}\", low = {}, high = {}{}{} }}", is_int ? "int" : "float",
                     bound(parameter.low), bound(parameter.high),
                     parameter.step ? ", step = " + bound(*parameter.step) : "",
                     parameter.log ? ", log = true" : "");
}

std::string NoteOn(const GuessedParameter& guessed) {
  if (guessed.parameter.choices.size() == 1) return "; add what else there is";
  const auto words = NameWords(guessed.parameter.name);
  const bool rate = !words.empty() && HasWord({words.back()}, {"lr", "rate", "decay", "alpha"});
  if (!rate || !std::holds_alternative<std::int64_t>(guessed.given)) return "";
  return "; whole numbers, as it was given: \"float\" and 1.0 here and in default if it takes "
         "fractions";
}

std::string SpaceText(const GuessedCommand& guess) {
  std::string text =
      "\n[space]\n# check: ranges around what you gave. Strike out what shall stay as it is here "
      "and in the command.\n";
  for (const GuessedParameter& guessed : guess.parameters) {
    text +=
        fmt::format("{} = {}   # given: {}{}\n", Key(guessed.parameter.name),
                    ParameterText(guessed.parameter), Printable(guessed.from, 60), NoteOn(guessed));
  }
  if (!guess.kept.empty()) {
    text += fmt::format(
        "# These stay as they are: {}. To vary one, write {{name}} for its number in the command, "
        "and a line\n# for it here and in default.\n",
        Printable(fmt::format("{}", fmt::join(guess.kept, ", ")), 200));
  }
  return text;
}

std::string DirectionText(Direction direction) {
  return direction == Direction::kMinimize ? "minimize" : "maximize";
}

std::string ObjectivesText(const StudyDraft& draft) {
  std::string text = "\n[objectives]\n";
  if (!draft.reported.empty()) {
    const ReportedObjective& best = draft.reported[0];
    text += best.direction
                ? "# check: the program reports it\n"
                : "# check: the program reports it; is less of it better, or more (maximize)?\n";
    text += fmt::format("{} = {{ direction = \"{}\" }}\n", Key(best.name),
                        DirectionText(best.direction.value_or(Direction::kMinimize)));
    for (std::size_t i = 1; i < draft.reported.size(); ++i) {
      const ReportedObjective& other = draft.reported[i];
      text += fmt::format("# it also reports: {} = {{ direction = \"{}\" }}\n",
                          Printable(Key(other.name), 100),
                          DirectionText(other.direction.value_or(Direction::kMinimize)));
    }
  } else if (!draft.metrics.empty()) {
    text += "# check: found in the output, see [trainer.metrics]\n";
    text += fmt::format("{} = {{ direction = \"{}\" }}\n", draft.metrics[0].name,
                        DirectionText(draft.metrics[0].direction));
  } else {
    text += "# check: nothing was found that looks like a metric; see [trainer.metrics]\n";
    text += "loss = { direction = \"minimize\" }\n";
  }
  if (draft.phase == "total") text += kPhaseNote;
  return text +
         fmt::format("energy = {{ direction = \"minimize\", phase = {} }}\n", Quoted(draft.phase));
}

std::string CommandText(const StudyDraft& draft) {
  std::string text = "\n[trainer]\n# {name} stands for the parameter's value.\n";
  if (draft.in_its_folder) {
    text +=
        "# check: env -C starts it in the folder where you typed it, since it finds its files from "
        "there; trainings\n# at the same time share that folder, so let each write to "
        "{work_dir}.\n";
  }
  std::string words;
  for (const std::string& word : draft.guess.words) {
    words += (words.empty() ? "" : ", ") + Quoted(word);
  }
  return text + fmt::format("command = [{}]\n", words);
}

std::string FilesText(const StudyDraft& draft) {
  std::string text;
  for (const GuessedFile& file : draft.guess.files) {
    text += fmt::format("\n[trainer.files.{}]\n# Each attempt gets a copy with these values.\n",
                        Quoted(file.name));
    for (const auto& [path, name] : file.values) {
      text += fmt::format("{} = {}\n", Quoted(path), Quoted("{" + name + "}"));
    }
  }
  return text;
}

std::string MetricsText(const StudyDraft& draft) {
  if (!draft.reported.empty()) return "";
  std::string text =
      "\n[trainer.metrics]\n# Regular expressions on the lines of its output: {number} is the "
      "value, the last match counts.\n";
  if (draft.metrics.empty()) {
    return text +
           "# check: write the words before your number instead of loss\n"
           "loss = '(?i)\\bloss\\s*[:=|]?\\s*{number}'\n";
  }
  for (const FoundMetric& metric : draft.metrics) {
    const bool chosen = &metric == &draft.metrics[0];
    // A quote would end the TOML text.
    text += fmt::format("# {}: {}\n{}{} = '''{}'''\n", chosen ? "check" : "also found",
                        metric.excerpt, chosen ? "" : "# ", metric.name, metric.pattern);
  }
  return text;
}

}  // namespace

std::string StudyText(const StudyDraft& draft) {
  std::string text = fmt::format(
      "# Written by `joulefront init -- {}`.\n"
      "# Lines with \"check\" are guesses. docs/study_file.md has every key.\n"
      "#   joulefront try {}     one training, metered\n"
      "#   joulefront run {}     the study\n\n"
      "[study]\nname = {}\n",
      Printable(draft.command, 400), Printable(draft.file), Printable(draft.file),
      Quoted(draft.name));
  text += ObjectivesText(draft) + SpaceText(draft.guess) + CommandText(draft) + MetricsText(draft) +
          FilesText(draft);
  text += "\n[budget]\n";
  if (!draft.trial.empty()) text += "# The trial run took " + draft.trial + ".\n";
  text +=
      "trials = 60   # check: also energy = \"50 kJ\", time = \"30 min\"\n\n"
      "[workers]\ncount = 1   # check: trainings at the same time\nthreads = 1   # of each\n\n"
      "[search]\n# What you gave is tried first.\ndefault = { ";
  std::string given;
  for (const GuessedParameter& guessed : draft.guess.parameters) {
    given += fmt::format("{}{} = {}", given.empty() ? "" : ", ", Key(guessed.parameter.name),
                         ValueText(guessed.given));
  }
  return text + given + " }\n";
}

}  // namespace joulefront
