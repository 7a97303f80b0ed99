#include "study_store/command_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "study_store/placeholders.h"

namespace joulefront {
namespace {

/// "-v" and "--lr", but not "-", "--" or "-1".
bool IsOption(std::string_view text) {
  return text.size() > 1 && text[0] == '-' && text != "--" &&
         std::isdigit(static_cast<unsigned char>(text[1])) == 0 && text[1] != '.';
}

bool IsOption(const Value& choice) {
  const auto* text = std::get_if<std::string>(&choice);
  return text != nullptr && IsOption(std::string_view(*text));
}

const Parameter* Find(const Study& study, const std::string& name) {
  const auto index = study.space.IndexOf(name);
  return index ? &study.space.parameters()[*index] : nullptr;
}

bool IsSwitchable(const Parameter& parameter) {
  const auto& choices = parameter.choices;
  return choices.size() == 2 && std::count(choices.begin(), choices.end(), Value(true)) == 1 &&
         std::count(choices.begin(), choices.end(), Value(false)) == 1;
}

/// The words of a command, taken apart.
class Words {
 public:
  explicit Words(const Study& study) : study_(study), group_of_(study.trainer.command.size(), -1) {
    for (const std::string& word : study.trainer.command) pieces_.push_back(PiecesOf(word));
    for (std::size_t g = 0; g < study.trainer.groups.size(); ++g) {
      const WordGroup& group = study.trainer.groups[g];
      for (std::size_t i = group.begin; i < group.end; ++i) group_of_[i] = static_cast<int>(g);
    }
  }

  std::size_t size() const { return pieces_.size(); }
  const std::vector<WordPiece>& operator[](std::size_t i) const { return pieces_[i]; }
  bool IsInGroup(std::size_t i) const { return group_of_[i] >= 0; }
  bool SameGroup(std::size_t i, std::size_t j) const { return group_of_[i] == group_of_[j]; }

  bool IsPlaceholdersOnly(std::size_t i) const {
    return !pieces_[i].empty() &&
           std::none_of(pieces_[i].begin(), pieces_[i].end(),
                        [](const WordPiece& piece) { return piece.kind == WordPiece::kLiteral; });
  }

  /// Whether word i is the value of the option that word i - 1 is.
  bool HasOptionBefore(std::size_t i) const {
    if (i == 0 || !SameGroup(i, i - 1) || GivesOptions(i)) return false;
    const auto& before = pieces_[i - 1];
    return before.size() == 1 && before[0].kind == WordPiece::kLiteral &&
           IsOption(std::string_view(before[0].text)) &&
           before[0].text.find('=') == std::string::npos;
  }

 private:
  /// Whether the word is a placeholder whose texts are options themselves.
  bool GivesOptions(std::size_t i) const {
    if (pieces_[i].size() != 1) return false;
    const WordPiece& piece = pieces_[i][0];
    if (piece.kind == WordPiece::kSwitch) {
      return IsOption(std::string_view(piece.on)) || IsOption(std::string_view(piece.off));
    }
    const Parameter* parameter =
        piece.kind == WordPiece::kValue ? Find(study_, piece.text) : nullptr;
    return parameter != nullptr &&
           std::any_of(parameter->choices.begin(), parameter->choices.end(),
                       [](const Value& choice) { return IsOption(choice); });
  }

  const Study& study_;
  std::vector<std::vector<WordPiece>> pieces_;
  std::vector<int> group_of_;  // by word; -1: none
};

/// The text of a word; empty if a parameter that it names is inactive.
std::optional<std::string> Filled(const std::vector<WordPiece>& pieces, const WordLookup& lookup) {
  std::string text;
  for (const WordPiece& piece : pieces) {
    if (piece.kind == WordPiece::kLiteral) {
      text += piece.text;
      continue;
    }
    const auto value = lookup(piece.text);
    if (!value) return std::nullopt;
    text += piece.kind == WordPiece::kValue ? *value : *value == "true" ? piece.on : piece.off;
  }
  return text;
}

}  // namespace

std::vector<FilledWord> FillCommand(const Study& study, const WordLookup& lookup) {
  const Words words(study);
  std::vector<std::optional<std::string>> texts;
  for (std::size_t i = 0; i < words.size(); ++i) texts.push_back(Filled(words[i], lookup));
  std::vector<bool> remains(words.size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    remains[i] = texts[i].has_value();
    if (!texts[i] && words[i].size() == 1 && words.HasOptionBefore(i)) remains[i - 1] = false;
    if (texts[i] && texts[i]->empty() && words.IsPlaceholdersOnly(i) && !words.HasOptionBefore(i)) {
      remains[i] = false;
    }
  }
  for (const WordGroup& group : study.trainer.groups) {
    bool whole = true;
    for (std::size_t i = group.begin; i < group.end; ++i) whole = whole && texts[i];
    for (std::size_t i = group.begin; !whole && i < group.end; ++i) remains[i] = false;
  }
  std::vector<FilledWord> filled;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (remains[i]) filled.push_back({std::move(*texts[i]), i});
  }
  return filled;
}

bool DecidesWords(const Study& study, std::size_t i) {
  const Parameter& parameter = study.space.parameters()[i];
  const bool empty =
      std::count(parameter.choices.begin(), parameter.choices.end(), Value(std::string())) > 0;
  for (const std::string& word : study.trainer.command) {
    for (const WordPiece& piece : PiecesOf(word)) {
      if (piece.kind == WordPiece::kLiteral || piece.text != parameter.name) continue;
      if (empty || piece.kind == WordPiece::kSwitch) return true;
    }
  }
  return false;
}

Result<void> CheckCommand(const Study& study) {
  const auto refuse = [](std::string message) {
    return Fail(ErrorCode::kInvalidArgument, std::move(message));
  };
  const Words words(study);
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (const WordPiece& piece : words[i]) {
      if (piece.kind == WordPiece::kLiteral) continue;
      const Parameter* parameter = Find(study, piece.text);
      if (parameter == nullptr &&
          (piece.kind == WordPiece::kSwitch || !IsReservedPlaceholder(piece.text))) {
        return refuse(
            fmt::format("the command names {{{}}}, which is no parameter; write {{{{ for "
                        "a plain brace",
                        piece.text));
      }
      if (piece.kind == WordPiece::kSwitch &&
          (!IsSwitchable(*parameter) || piece.on.find('{') != std::string::npos ||
           piece.off.find('{') != std::string::npos)) {
        return refuse(fmt::format(
            "\"{{{0}?...}}\" in the command is for a parameter with choices = [true, false], and "
            "its texts hold no brace; of other choices, write the texts themselves as the choices, "
            "and \"{{{0}}}\" here",
            piece.text));
      }
      if (i == 0 && parameter != nullptr && !parameter->when.empty()) {
        return refuse(
            fmt::format("the program in the command depends on {{{}}}, which has a "
                        "`when`: where that fails, there would be no program",
                        piece.text));
      }
    }
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!words.IsInGroup(i)) return {};
  }
  return refuse(
      "[trainer] needs command = [\"program\", \"argument\", ...], with a program that is "
      "in no list of its own");
}

}  // namespace joulefront
