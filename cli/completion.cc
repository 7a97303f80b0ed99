#include "cli/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

namespace joulefront {
namespace {

namespace po = boost::program_options;

std::string Line(std::string_view word, std::string_view what) {
  return what.empty() ? fmt::format("{}\n", word) : fmt::format("{}\t{}\n", word, what);
}

bool IsWord(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::islower(static_cast<unsigned char>(c)) != 0 || c == '-';
  });
}

/// "of the screen: table (default), json or csv" as three words; none if the text is not of this
/// form.
std::vector<std::string> ChoicesOf(std::string text) {
  for (auto open = text.find(" ("); open != std::string::npos; open = text.find(" (")) {
    const auto close = std::min(text.find(')', open), text.size() - 1);
    text.erase(open, close - open + 1);
  }
  if (const auto lead = text.rfind(": "); lead != std::string::npos) text.erase(0, lead + 2);
  for (const std::string_view join : {"; ", " and ", " or "}) {
    for (auto at = text.find(join); at != std::string::npos; at = text.find(join)) {
      text.replace(at, join.size(), ", ");
    }
  }
  std::vector<std::string> choices;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(", ", begin), text.size());
    choices.push_back(text.substr(begin, end - begin));
    begin = end + 2;
  }
  const bool words = std::all_of(choices.begin(), choices.end(), IsWord);
  return words && choices.size() > 1 ? choices : std::vector<std::string>();
}

const po::option_description* FlagOf(const po::options_description& flags, std::string_view word) {
  for (const auto& flag : flags.options()) {
    const bool is_short =
        word == flag->canonical_display_name(po::command_line_style::allow_dash_for_short);
    if (is_short || word == "--" + flag->long_name()) return flag.get();
  }
  return nullptr;
}

/// `before` is what the shell takes for part of the word: "--format=".
std::string ValueCandidates(const po::option_description& flag, std::string_view before,
                            std::string_view begun) {
  const auto choices = ChoicesOf(flag.description());
  if (choices.empty()) return Line(kFilesCandidate, "");
  std::string text;
  for (const std::string& choice : choices) {
    if (choice.starts_with(begun)) text += Line(fmt::format("{}{}", before, choice), "");
  }
  return text;
}

bool TakesValue(const po::option_description* flag) {
  return flag != nullptr && flag->semantic()->max_tokens() > 0;
}

}  // namespace

std::string VerbCandidates(std::span<const Verb> verbs, std::string_view word) {
  std::string text;
  for (const Verb& verb : verbs) {
    if (verb.name.starts_with(word)) text += Line(verb.name, verb.help);
  }
  for (const std::string_view flag : {"--help", "--version"}) {
    if (!word.empty() && flag.starts_with(word)) text += Line(flag, "");
  }
  return text;
}

std::string Candidates(const po::options_description& flags, const Arguments& words) {
  const std::string_view word = words.empty() ? std::string_view() : words.back();
  const std::size_t n = words.size();
  // bash takes "--format=js" for three words.
  const bool behind_sign = n > 2 && words[n - 2] == "=";
  const bool is_sign = n > 1 && word == "=";
  const std::string_view before = behind_sign ? words[n - 3] : n > 1 ? words[n - 2] : "";
  if (const auto* flag = FlagOf(flags, before); TakesValue(flag)) {
    return ValueCandidates(*flag, "", is_sign ? "" : word);
  }
  if (const auto sign = word.find('='); sign != std::string_view::npos) {
    const auto* flag = FlagOf(flags, word.substr(0, sign));
    return TakesValue(flag)
               ? ValueCandidates(*flag, word.substr(0, sign + 1), word.substr(sign + 1))
               : Line(kFilesCandidate, "");
  }
  if (!word.starts_with('-')) return Line(kFilesCandidate, "");
  std::string text;
  for (const auto& flag : flags.options()) {
    const std::string name = "--" + flag->long_name();
    if (name.starts_with(word)) text += Line(name, flag->description());
  }
  return text;
}

}  // namespace joulefront
