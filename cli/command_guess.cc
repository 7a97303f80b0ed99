#include "cli/command_guess.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/files.h"
#include "cli/guess_relations.h"
#include "cli/name_words.h"
#include "study_store/placeholders.h"

namespace joulefront {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestScript = 4 << 20;
constexpr std::size_t kLongestName = 90;

bool IsNumberText(const std::string& text) {
  double number = 0.0;
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  return parsed.ec == std::errc{} && parsed.ptr == end;
}

bool IsOption(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && !IsNumberText(word);
}

std::string Escaped(const std::string& word) {
  std::string text;
  for (const char c : word) text += c == '{' ? "{{" : std::string(1, c);
  return text;
}

class CommandGuesser {
 public:
  CommandGuesser(const std::vector<std::string>& words, const Places& places)
      : words_(words), places_(places) {}

  GuessedCommand Guess() {
    const std::size_t first = FirstOfProgram();
    for (std::size_t i = 0; i < words_.size(); ++i) {
      const std::string& word = words_[i];
      const bool has_value = i + 1 < words_.size() && !IsOption(words_[i + 1]);
      const auto equals = word.find('=');
      if (i < first || i == 0) {
        Keep(word, true);
      } else if (equals != std::string::npos && equals > 0) {
        TakeValue(word.substr(0, equals), word.substr(equals + 1), word.substr(0, equals + 1));
      } else if (IsOption(word) && IsNumber(i + 1) && IsNumber(i + 2)) {
        Keep(word, false);  // of a list no number can be told from another
        while (IsNumber(i + 1)) Keep(words_[++i], false);
      } else if (IsOption(word) && has_value) {
        Keep(word, false);
        ++i;
        if (words_[i].find('=') != std::string::npos) {
          --i;  // a switch, and then name=value
        } else {
          TakeValue(word, words_[i], "");
        }
      } else if (!IsOption(word) && IsNumberText(word)) {
        TakeValue(fmt::format("argument_{}", i - first + 1), word, "");
      } else {
        Keep(word, true);
      }
    }
    return std::move(guess_);
  }

 private:
  /// Where the arguments begin that are the training's own, and not those of an interpreter or a
  /// launcher before it. Reads the script.
  std::size_t FirstOfProgram() {
    constexpr std::array<std::string_view, 8> kScripts = {".py", ".sh", ".R",   ".jl",
                                                          ".pl", ".rb", ".lua", ".js"};
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (i > 0 && words_[i - 1] == "-m") return i + 1;
      const auto ends = [&](std::string_view end) { return words_[i].ends_with(end); };
      if (std::none_of(kScripts.begin(), kScripts.end(), ends)) continue;
      const std::string path = (places_.here / words_[i]).string();
      if (!IsRegularFile(path)) continue;
      auto text = ReadFile(path, kLongestScript);
      if (!text) continue;
      guess_.script = ScriptText(std::move(*text));
      return i + 1;
    }
    return 1;
  }

  bool IsNumber(std::size_t i) const { return i < words_.size() && IsNumberText(words_[i]); }

  /// A word that stays as it is; one that names a file or a folder is found from elsewhere too.
  void Keep(const std::string& word, bool may_be_path) {
    guess_.words.push_back(may_be_path ? Placed(word, false) : Escaped(word));
  }

  /// `as_value`: the value of an option, which may name a folder by a plain word.
  std::string Placed(const std::string& word, bool as_value) const {
    std::error_code error;
    const bool marked = word.find_first_of("/.") != std::string::npos;
    if (word.empty() || word[0] == '/' || !(marked || as_value)) return Escaped(word);
    const fs::file_status status = fs::status(places_.here / word, error);
    if (!fs::exists(status)) return Escaped(word);
    // Of files the worker sees to itself, if they are a word of their own.
    const bool seen_to = fs::is_regular_file(status) && marked && whole_word_;
    if (seen_to && places_.here == places_.study) return Escaped(word);
    return "{study_dir}/" +
           Escaped((places_.here / word).lexically_proximate(places_.study).string());
  }

  void TakeValue(const std::string& option, const std::string& text, const std::string& before) {
    const std::string bare = option.substr(std::min(option.find_first_not_of("-+"), option.size()));
    Value given = ValueOfText(text);
    if (const auto* whole = std::get_if<std::int64_t>(&given)) {
      if (guess_.script.DeclaresFloat(option)) given = static_cast<double>(*whole);
    }
    auto range = GuessRange(option, given, guess_.script);
    const bool alone = before.empty() && !IsOption(option);
    const std::string from = alone ? text : (before.empty() ? option + " " : before) + text;
    if (!range) {
      if (IsNumberText(text)) guess_.kept.push_back(from);
      whole_word_ = before.empty();
      guess_.words.push_back(Escaped(before) + Placed(text, true));
      whole_word_ = true;
      return;
    }
    range->name = FreeName(PlainName(bare).substr(0, kLongestName));
    guess_.words.push_back(Escaped(before) + "{" + range->name + "}");
    guess_.parameters.push_back(
        {.parameter = std::move(*range), .given = std::move(given), .from = from, .text = text});
  }

  std::string FreeName(std::string name) const {
    const auto taken = [&](const std::string& wanted) {
      const auto& reserved = kReservedPlaceholders;
      return std::find(std::begin(reserved), std::end(reserved), wanted) != std::end(reserved) ||
             std::any_of(guess_.parameters.begin(), guess_.parameters.end(),
                         [&](const auto& p) { return p.parameter.name == wanted; });
    };
    std::string free = name;
    for (int i = 2; taken(free); ++i) free = fmt::format("{}_{}", name, i);
    return free;
  }

  const std::vector<std::string>& words_;
  const Places& places_;
  bool whole_word_ = true;  // Placed() looks at a word of the command, not a part of it
  GuessedCommand guess_;
};

}  // namespace

GuessedCommand GuessCommand(const std::vector<std::string>& words, const Places& places) {
  GuessedCommand guess = CommandGuesser(words, places).Guess();
  for (const std::string& name : Relate(guess.parameters)) Keep(guess, name);
  return guess;
}

void Keep(GuessedCommand& guess, const std::string& name) {
  const auto found = std::find_if(guess.parameters.begin(), guess.parameters.end(),
                                  [&](const auto& p) { return p.parameter.name == name; });
  if (found == guess.parameters.end()) return;
  const std::string placeholder = "{" + name + "}";
  for (std::string& word : guess.words) {
    if (word.ends_with(placeholder)) {
      word.replace(word.size() - placeholder.size(), placeholder.size(), Escaped(found->text));
    }
  }
  guess.kept.push_back(found->from);
  guess.parameters.erase(found);
}

bool NeedsItsFolder(const std::vector<std::string>& words) {
  return words[0].find("python") != std::string::npos &&
         std::find(words.begin(), words.end(), "-m") != words.end();
}

std::vector<std::string> InItsFolder(std::vector<std::string> words, const Places& places) {
  const fs::path back = places.here.lexically_proximate(places.study);
  const std::string folder = back == "." ? "{study_dir}" : "{study_dir}/" + back.string();
  const std::array<std::string, 3> start = {"env", "-C", folder};
  words.insert(words.begin(), start.begin(), start.end());
  return words;
}

}  // namespace joulefront
