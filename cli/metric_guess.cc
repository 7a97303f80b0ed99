#include "cli/metric_guess.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/printable.h"
#include "cli/name_words.h"

namespace joulefront {
namespace {

constexpr std::size_t kLongestLine = 2000;  // what is longer is no report for people
constexpr std::size_t kLongestName = 60;
constexpr std::size_t kMostMetrics = 100;
constexpr std::size_t kLongestGap = 80;  // "Accuracy of the network on the test images: 93"

constexpr std::string_view kNumber = R"(([-+]?(?:\d*\.?\d+(?:[eE][-+]?\d+)?|(?i:nan|inf))))";
/// A name begins here and not in the middle of "val_loss".
constexpr std::string_view kNameBegins = R"((?<![\w./@-]))";

bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool BeginsName(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool IsInName(char c) {
  return BeginsName(c) || IsDigit(c) || c == '.' || c == '/' || c == '@' || c == '-';
}

bool IsOfTraining(const std::vector<std::string>& words) {
  return HasWord(words, {"train", "training"});
}
bool IsOfValidation(const std::vector<std::string>& words) {
  return HasWord(words, {"val", "valid", "validation", "test", "eval", "dev", "holdout"});
}
bool IsOfPart(const std::vector<std::string>& words) {
  return IsOfTraining(words) || IsOfValidation(words);
}

/// Where the number that begins at `at` ends; `at` itself if none does.
std::size_t EndOfNumber(std::string_view line, std::size_t at) {
  std::size_t end = at;
  if (end < line.size() && (line[end] == '-' || line[end] == '+')) ++end;
  const auto word = line.substr(end, 3);
  if (word == "nan" || word == "NaN" || word == "inf") return end + 3;
  if (end < line.size() && line[end] == '.') ++end;
  if (end >= line.size() || !IsDigit(line[end])) return at;
  while (end < line.size() && (IsDigit(line[end]) || line[end] == '.')) ++end;
  return end;
}

std::size_t SkipBlanks(std::string_view line, std::size_t at) {
  while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at;
  return at;
}

/// What may stand between a name and its number: a sign, or the line between two cells of a table.
constexpr std::string_view kSigns[] = {":", "=", "|", "\u2502"};
constexpr std::string_view kBetween = "[\"']?\\s*(?:[:=|]|\u2502)?\\s*";

/// Where the number after a name that ends at `at` begins: behind a quote, blanks and a sign.
std::optional<std::size_t> NumberAfter(std::string_view line, std::size_t at) {
  std::size_t place = at;
  if (place < line.size() && (line[place] == '"' || line[place] == '\'')) ++place;
  place = SkipBlanks(line, place);
  for (const std::string_view sign : kSigns) {
    if (!line.substr(place).starts_with(sign)) continue;
    place += sign.size();
    break;
  }
  place = SkipBlanks(line, place);
  if (place == at || EndOfNumber(line, place) == place) return std::nullopt;
  return place;
}

/// The same behind the next ':' or '=', where words lie between.
std::optional<std::size_t> NumberBeyond(std::string_view line, std::size_t at) {
  const auto mark = line.find_first_of(":=", at);
  if (mark == std::string_view::npos || mark - at > kLongestGap) return std::nullopt;
  const std::size_t place = SkipBlanks(line, mark + 1);
  if (EndOfNumber(line, place) == place) return std::nullopt;
  return place;
}

/// A name with the marks of regular expressions that it may have escaped.
std::string Quoted(std::string_view name) {
  std::string quoted;
  for (const char c : name) quoted += c == '.' ? std::string("\\.") : std::string(1, c);
  return quoted;
}

}  // namespace

std::optional<Direction> DirectionOf(std::string_view name) {
  const auto words = NameWords(name);
  if (HasWord(words, {"acc", "accuracy", "f1", "auc", "auroc", "precision", "recall", "score", "r2",
                      "bleu", "rouge", "iou", "miou", "dice", "map", "reward", "psnr"})) {
    return Direction::kMaximize;
  }
  if (HasWord(words, {"loss", "error", "err", "mse", "rmse", "mae", "nll", "perplexity", "ppl",
                      "wer", "cer", "fid", "deviance", "logloss", "rmsle", "mape"})) {
    return Direction::kMinimize;
  }
  return std::nullopt;
}

int RankOf(std::string_view name) {
  const auto words = NameWords(name);
  const int part = IsOfValidation(words) ? 20 : IsOfTraining(words) ? 0 : 10;
  return part + (HasWord(words, {"loss"}) ? 1 : 2);
}

void MetricFinder::TakeLine(std::string_view line) {
  // A progress bar redraws its line: each state is one of its own.
  for (std::size_t begin = 0; begin <= line.size();) {
    const auto end = std::min(line.find('\r', begin), line.size());
    TakeState(line.substr(begin, std::min(end - begin, kLongestLine)));
    begin = end + 1;
  }
}

void MetricFinder::TakeState(std::string_view line) {
  ++lines_;
  std::string_view part;  // the last word that says of which data the numbers are
  for (std::size_t at = 0; at < line.size();) {
    if (!BeginsName(line[at]) || (at > 0 && IsInName(line[at - 1]))) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    while (at < line.size() && IsInName(line[at])) ++at;
    const std::string_view name = line.substr(begin, at - begin);
    const auto words = NameWords(name);
    const auto direction = DirectionOf(name);
    if (!direction) {
      if (words.size() <= 2 && IsOfPart(words)) part = name;  // also "valid_0"
      continue;
    }
    const auto beside = NumberAfter(line, at);
    const auto number = beside ? beside : NumberBeyond(line, at);
    if (!number || name.size() > kLongestName) continue;
    const bool in_part = !part.empty() && !IsOfPart(words);
    std::string pattern = in_part ? fmt::format(R"(\b{}\b.*?)", Quoted(part)) : std::string();
    pattern += fmt::format("{}{}{}{}", kNameBegins, Quoted(name),
                           beside ? kBetween : R"([^:=]*[:=]\s*)", kNumber);
    const std::string full = in_part ? fmt::format("{}_{}", part, name) : std::string(name);
    const FoundMetric metric{
        .name = fmt::format("{}", fmt::join(NameWords(full), "_")),
        .pattern = std::move(pattern),
        .excerpt = Printable(line.substr(begin, EndOfNumber(line, *number) - begin)),
        .direction = *direction,
        .line = lines_};
    const auto known = std::find_if(found_.begin(), found_.end(),
                                    [&](const auto& f) { return f.name == metric.name; });
    if (known != found_.end()) {
      *known = metric;
    } else if (found_.size() < kMostMetrics) {
      found_.push_back(metric);
    }
  }
}

std::vector<FoundMetric> MetricFinder::Found() const {
  std::vector<FoundMetric> found = found_;
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::pair(RankOf(a.name), a.line) > std::pair(RankOf(b.name), b.line);
  });
  return found;
}

}  // namespace joulefront
