#include "cli/guess_relations.h"

#include <algorithm>
#include <optional>

#include "cli/name_words.h"

namespace joulefront {
namespace {

using Parameters = std::vector<GuessedParameter>;
using Words = std::vector<std::string>;

std::optional<std::int64_t> WholeOf(const GuessedParameter& guessed) {
  const auto* whole = std::get_if<std::int64_t>(&guessed.given);
  if (whole == nullptr || !guessed.parameter.choices.empty()) return std::nullopt;
  return *whole;
}

bool IsHeads(const GuessedParameter& guessed) {
  return WholeOf(guessed) &&
         HasWord(NameWords(guessed.parameter.name), {"head", "heads", "nhead", "nheads"});
}

/// Ranges of widths go in steps of what divides them; see RangeOfInt.
bool IsWidth(const GuessedParameter& guessed) {
  return WholeOf(guessed) && guessed.parameter.step && !IsHeads(guessed);
}

/// Whether `step` parts every width into so many heads, evenly as the given ones were.
bool Fits(std::int64_t step, std::int64_t heads, bool even) {
  return step % heads == 0 && (!even || step / heads % 2 == 0);
}

/// A width in steps of a quarter, a half or the whole of what was given: whichever the heads
/// divide.
void StepByHeads(GuessedParameter& width, std::int64_t heads, bool even) {
  const std::int64_t given = *WholeOf(width);
  std::int64_t step = given;
  for (const std::int64_t share : {4, 2}) {
    if (given % share != 0 || !Fits(given / share, heads, even)) continue;
    step = given / share;
    break;
  }
  width.parameter.step = static_cast<double>(step);
  width.parameter.low = static_cast<double>(step);
}

/// Numbers of heads that divide every width of the space; of what only their program knows (a width
/// that was not given), those that divide the heads given.
void DivideByHeads(Parameters& parameters, std::vector<std::string>& kept) {
  std::vector<GuessedParameter*> heads, widths;
  for (GuessedParameter& guessed : parameters) {
    if (IsHeads(guessed)) heads.push_back(&guessed);
    if (IsWidth(guessed)) widths.push_back(&guessed);
  }
  if (heads.empty()) return;
  std::int64_t most = 1;  // of heads and of those that share keys: the greater is a multiple
  for (const GuessedParameter* one : heads) most = std::max(most, *WholeOf(*one));
  bool even = true;  // a head of an odd width was wanted, or may not be
  for (const GuessedParameter* width : widths) even = even && Fits(*WholeOf(*width), most, true);
  for (GuessedParameter* width : widths) StepByHeads(*width, most, even);
  if (heads.size() > 1) {
    for (const GuessedParameter* one : heads) kept.push_back(one->parameter.name);
    return;
  }
  Parameter& parameter = heads[0]->parameter;
  Parameter choice{.name = parameter.name, .type = ParameterType::kOrdinal};
  for (std::int64_t count = 1; count <= 4 * most; ++count) {
    const bool divides =
        widths.empty()
            ? most % count == 0
            : std::all_of(widths.begin(), widths.end(), [&](auto* w) {
                return Fits(static_cast<std::int64_t>(*w->parameter.step), count, even) ||
                       (count == most);
              });
    if (divides) choice.choices.emplace_back(count);
  }
  parameter = std::move(choice);
}

/// The name without the word, or words that begin with it: "lr" of "min_lr", "n" of "minn".
std::optional<Words> Without(const Words& words, const std::string& word) {
  const auto found = std::find(words.begin(), words.end(), word);
  Words rest = words;
  if (found != words.end()) {
    rest.erase(rest.begin() + (found - words.begin()));
  } else if (words.size() == 1 && words[0].starts_with(word)) {
    rest[0] = words[0].substr(word.size());
  } else {
    return std::nullopt;
  }
  return rest;
}

/// Evenly over orders of magnitude only where there is one left.
void RaiseLow(Parameter& parameter, double low) {
  parameter.low = std::max(parameter.low, low);
  parameter.log = parameter.log && parameter.high / parameter.low >= 8.0;
}

/// Of a minimum and a maximum of the same, the minimum stays, and bounds the other.
void BoundByMinima(Parameters& parameters, std::vector<std::string>& kept) {
  for (const GuessedParameter& least : parameters) {
    const auto of_least = Without(NameWords(least.parameter.name), "min");
    if (!of_least) continue;
    for (GuessedParameter& most : parameters) {
      if (Without(NameWords(most.parameter.name), "max") != of_least) continue;
      const auto whole = WholeOf(least);
      const auto* number = std::get_if<double>(&least.given);
      if (!whole && number == nullptr) continue;
      const double bound = whole ? static_cast<double>(*whole) : *number;
      if (bound > most.parameter.high) continue;
      RaiseLow(most.parameter, bound);
      kept.push_back(least.parameter.name);
    }
  }
}

bool IsLength(const Words& words) {
  return HasWord(words, {"epoch", "epochs", "step", "steps", "iter", "iters", "iterations"});
}

/// A warm-up is not longer than it was given, and the shortest training is longer.
void FitWarmup(Parameters& parameters) {
  for (GuessedParameter& warmup : parameters) {
    const auto words = NameWords(warmup.parameter.name);
    const auto length = WholeOf(warmup);
    if (!length || !HasWord(words, {"warmup", "warm"})) continue;
    warmup.parameter.high = static_cast<double>(*length);
    warmup.parameter.log = false;
    for (GuessedParameter& whole : parameters) {
      const auto of_whole = NameWords(whole.parameter.name);
      if (!WholeOf(whole) || !IsLength(of_whole) || HasWord(of_whole, {"warmup", "warm"})) continue;
      if (*WholeOf(whole) <= *length) continue;  // they count in different units
      RaiseLow(whole.parameter, static_cast<double>(*length + 1));
    }
  }
}

}  // namespace

std::vector<std::string> Relate(Parameters& parameters) {
  std::vector<std::string> kept;
  DivideByHeads(parameters, kept);
  BoundByMinima(parameters, kept);
  FitWarmup(parameters);
  return kept;
}

}  // namespace joulefront
