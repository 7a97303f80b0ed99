#include "cli/file_guess.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "cli/name_words.h"
#include "study_store/placeholders.h"
#include "study_store/text_scalars.h"

namespace joulefront {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestFile = 1 << 20;
constexpr std::size_t kMostParameters = 12;
constexpr std::size_t kLongestName = 90;

bool IsHyperparameter(const std::vector<std::string>& words) {
  return HasWord(words,
                 {"lr",     "rate",     "decay", "momentum", "dropout", "batch",     "width",
                  "layers", "layer",    "depth", "hidden",   "units",   "dim",       "embd",
                  "embed",  "channels", "heads", "alpha",    "beta",    "beta1",     "beta2",
                  "gamma",  "lambda",   "eta",   "warmup",   "trees",   "leaves",    "estimators",
                  "epochs", "epoch",    "steps", "iters",    "rounds",  "smoothing", "temperature",
                  "weight", "reg",      "l1",    "l2",       "eps",     "clip",      "subsample"});
}

std::string FreeName(const KeyPath& path, const GuessedCommand& guess) {
  const auto is_free = [&](const std::string& name) {
    return !IsReservedPlaceholder(name) &&
           std::none_of(guess.parameters.begin(), guess.parameters.end(),
                        [&](const auto& known) { return known.parameter.name == name; });
  };
  std::string name = PlainName(path.back()).substr(0, kLongestName);
  if (is_free(name)) return name;
  std::string whole = PlainName(fmt::format("{}", fmt::join(path, "_"))).substr(0, kLongestName);
  name = whole;
  for (int i = 2; !is_free(name); ++i) name = fmt::format("{}_{}", whole, i);
  return name;
}

/// The parameters of one file; none if it cannot be read, or is of no use.
void TakeFile(const fs::path& path, const std::string& name, TextFormat format,
              GuessedCommand& guess) {
  const auto text = ReadFile(path.string(), kLongestFile);
  if (!text) return;
  const auto scalars = ScalarsOf(*text, format);
  if (!scalars) return;
  GuessedFile file{.name = name, .values = {}};
  for (const TextScalar& scalar : *scalars) {
    if (guess.parameters.size() >= kMostParameters) break;
    const bool plain = scalar.quote == '\0' && scalar.obstacle.empty() && !scalar.path.empty();
    if (!plain || !IsHyperparameter(NameWords(scalar.path.back()))) continue;
    const Value given = ValueOfText(scalar.text);
    if (std::holds_alternative<std::string>(given)) continue;
    // One that stands there twice cannot be replaced.
    if (!ReplaceScalars(*text, format, {{scalar.path, given}})) continue;
    auto range = GuessRange(scalar.path.back(), given, guess.script);
    if (!range) continue;
    range->name = FreeName(scalar.path, guess);
    file.values.emplace_back(KeyPathText(scalar.path), range->name);
    guess.parameters.push_back({.parameter = std::move(*range),
                                .given = given,
                                .from = fmt::format("{} in {}", scalar.text, name),
                                .text = scalar.text});
  }
  if (!file.values.empty()) guess.files.push_back(std::move(file));
}

}  // namespace

void GuessFile(const std::vector<std::string>& words, const Places& places, GuessedCommand& guess) {
  for (std::size_t i = 1; i < words.size() && guess.files.empty(); ++i) {
    const auto equals = words[i].find('=');
    const std::string named = equals == std::string::npos ? words[i] : words[i].substr(equals + 1);
    const auto format = FormatOfFile(named);
    std::error_code error;
    const fs::path path = (places.here / named).lexically_normal();
    if (!format || !fs::is_regular_file(path, error)) continue;
    const std::string name = path.lexically_proximate(places.study).string();
    if (!name.starts_with("..") && !name.starts_with('/')) TakeFile(path, name, *format, guess);
  }
}

}  // namespace joulefront
