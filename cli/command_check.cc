#include "cli/command_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/lines.h"
#include "base/printable.h"
#include "study_store/command_branches.h"
#include "study_store/configuration_json.h"
#include "study_store/placeholders.h"
#include "workers/launcher.h"
#include "workers/trainer_command.h"
#include "workers/trainer_files.h"

namespace joulefront {
namespace {

constexpr std::size_t kMostBranches = 24;

std::string LineText(std::string line) {
  std::replace(line.begin(), line.end(), '\t', ' ');
  std::string_view rest = line;
  return Printable(TakeLine(rest), 200);
}

/// Adds one note about each thing.
class Notes {
 public:
  explicit Notes(std::vector<std::string>& notes) : notes_(notes) {}
  void Add(const std::string& about, std::string note) {
    if (told_.insert(about).second) notes_.push_back(std::move(note));
  }

 private:
  std::vector<std::string>& notes_;
  std::set<std::string> told_;
};

Claim ClaimOf(const Study& study, const Branch& branch) {
  return {.trial = 0,
          .attempt = 1,
          .configuration = ConfigurationToJson(study.space, branch.configuration),
          .seed = SeedOfTrial(study.seed, 0)};
}

/// "optimizer = sgd, layers = 2".
std::string NameOf(const Study& study, const Branch& branch) {
  const auto values = ValueTexts(ConfigurationToJson(study.space, branch.configuration));
  std::vector<std::string> texts;
  for (const std::size_t i : branch.deciding) {
    const std::string& name = study.space.parameters()[i].name;
    const std::string& value = values.at(name);
    texts.push_back(fmt::format("{} = {}", name, value.empty() ? "''" : Printable(value, 60)));
  }
  return texts.empty() ? "always" : fmt::format("{}", fmt::join(texts, ", "));
}

/// What is probably not meant in the words of one branch.
void NoteOn(const Study& study, const std::string& name, const WordLookup& lookup, Notes& notes) {
  const auto& command = study.trainer.command;
  const auto filled = FillCommand(study, lookup);
  std::vector<bool> remains(command.size());
  for (const FilledWord& word : filled) {
    remains[word.index] = true;
    if (!word.text.empty() || command[word.index].empty()) continue;
    notes.Add(
        "empty " + command[word.index],
        fmt::format("an empty argument remains of \"{}\" ({}): put it into a list of its own, "
                    "[\"{}\"], if it is to be left out",
                    Printable(command[word.index], 60), name, Printable(command[word.index], 60)));
  }
  for (std::size_t i = 0; i < command.size(); ++i) {
    const bool grouped =
        std::any_of(study.trainer.groups.begin(), study.trainer.groups.end(),
                    [&](const WordGroup& group) { return group.begin <= i && i < group.end; });
    if (remains[i] || grouped) continue;
    const auto pieces = PiecesOf(command[i]);
    for (const WordPiece& piece : pieces) {
      if (piece.kind == WordPiece::kLiteral || !lookup(piece.text) || pieces.size() == 1) continue;
      notes.Add("left out " + command[i] + piece.text,
                fmt::format("\"{}\" is left out as a whole ({}), and {} with it",
                            Printable(command[i], 60), name, piece.text));
    }
    const bool lost_option = pieces.size() == 1 && pieces[0].kind == WordPiece::kLiteral;
    if (lost_option && i + 2 < command.size() && remains[i + 2]) {
      const auto second = PiecesOf(command[i + 2]);
      if (second.size() != 1 || second[0].kind != WordPiece::kValue) continue;
      notes.Add(
          "lost " + command[i],
          fmt::format("\"{0}\" and \"{1}\" are left out ({3}), and \"{2}\" behind them is not; "
                      "if it belongs to them, write [\"{0}\", \"{1}\", \"{2}\"] as a list in "
                      "the command",
                      Printable(command[i], 60), Printable(command[i + 1], 60),
                      Printable(command[i + 2], 60), name));
    }
  }
}

/// Numbers that look whole in the study file and are not in the command.
void NoteOnWholeFloats(const Study& study, Notes& notes) {
  std::set<std::string> named;
  for (const std::string& word : study.trainer.command) {
    for (const WordPiece& piece : PiecesOf(word)) {
      if (piece.kind == WordPiece::kValue) named.insert(piece.text);
    }
  }
  for (const Parameter& parameter : study.space.parameters()) {
    if (parameter.type != ParameterType::kFloat || !parameter.step ||
        !named.contains(parameter.name))
      continue;
    if (std::trunc(*parameter.step) != *parameter.step ||
        std::trunc(parameter.low) != parameter.low) {
      continue;
    }
    notes.Add("whole " + parameter.name,
              fmt::format("'{}' takes whole values only, and is given as {:.1f}, being a float; if "
                          "the program wants {:.0f}, make it an int",
                          parameter.name, parameter.low, parameter.low));
  }
}

}  // namespace

std::string BranchesText(const Study& study, const std::string& work_dir,
                         std::vector<std::string>& notes) {
  const Branches branches = BranchesOf(study, kMostBranches);
  Notes added(notes);
  std::string text;
  for (const Branch& branch : branches.shown) {
    const Claim claim = ClaimOf(study, branch);
    const std::string name = NameOf(study, branch);
    text += fmt::format("branch   {}:\n         {}\n", name,
                        Printable(ShellText(TrainerArguments(study, claim, work_dir))));
    NoteOn(study, name, PlaceholdersOf(study, claim, work_dir), added);
  }
  if (branches.more) text += fmt::format("         and others than these {}\n", kMostBranches);
  NoteOnWholeFloats(study, added);
  return text;
}

Result<std::string> FilesText(const Study& study, const std::string& work_dir) {
  std::string text;
  const Branches branches = BranchesOf(study, 1);
  auto lines = ChangedLines(study, ClaimOf(study, branches.shown.front()), work_dir);
  if (!lines) return Pass(lines);
  std::string file;
  for (const ChangedLine& line : *lines) {
    if (line.file != file) {
      file = line.file;
      text += fmt::format("file     {} ({}):\n", Printable(file), NameOf(study, branches.shown[0]));
    }
    text += fmt::format("         {}: {} -> {}\n", line.number, LineText(line.before),
                        line.after.empty() ? "left out" : LineText(line.after));
  }
  return text;
}

}  // namespace joulefront
