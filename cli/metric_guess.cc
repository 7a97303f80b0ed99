#include "cli/metric_guess.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/number_text.h"
#include "base/printable.h"
#include "cli/name_words.h"

namespace joulefront {
namespace {

constexpr std::size_t kLongestLine = 2000;  // what is longer is no report for people
constexpr std::size_t kLongestName = 60;
constexpr std::size_t kMostMetrics = 100;
constexpr std::size_t kLongestGap = 80;  // "Accuracy of the network on the test images: 93"

constexpr std::string_view kNumber = "{number}";
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

/// Where the number that begins at `at` ends; `at` itself if none does, or if it can be read in two
/// ways.
std::size_t EndOfNumber(std::string_view line, std::size_t at) {
  constexpr std::string_view kMinus = "\xE2\x88\x92";
  std::size_t end = at;
  if (line.substr(end).starts_with(kMinus)) {
    end += kMinus.size();
  } else if (end < line.size() && (line[end] == '-' || line[end] == '+')) {
    ++end;
  }
  const auto word = line.substr(end, 3);
  if (word == "nan" || word == "NaN" || word == "inf") return end + 3;
  if (end < line.size() && line[end] == '.') ++end;
  if (end >= line.size() || !IsDigit(line[end])) return at;
  while (end < line.size() && (IsDigit(line[end]) || line[end] == '.')) ++end;
  while (line[end - 1] == '.' && end - 1 > at) --end;  // the end of a sentence
  const std::string_view longer = LongerNumber(line, at, end);
  if (!longer.empty() && longer.data() == line.data() + at) end = at + longer.size();
  return ReadNumber(line.substr(at, end - at)) ? end : at;
}

std::size_t SkipBlanks(std::string_view line, std::size_t at) {
  while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at;
  return at;
}

/// What may stand between a name and its number: a sign, or the line between two cells of a table.
constexpr std::string_view kSigns[] = {":", "=", "|", "\u2502"};
constexpr std::string_view kBetween = "[\"']?\\s*(?:[:=|]|\u2502)?\\s*";

/// Behind the bracket of "tensor(0.35" or "np.float64(0.35", where one begins at `at`; else `at`.
std::size_t PlaceInCall(std::string_view line, std::size_t at) {
  std::size_t end = at;
  while (end < line.size() && IsInName(line[end])) ++end;
  const bool is_call = end > at && BeginsName(line[at]) && line.substr(end).starts_with('(');
  return is_call ? end + 1 : at;
}
constexpr std::string_view kCall = R"([A-Za-z_][\w.]*\()";

/// Where the number after a name that ends at `at` begins: behind a quote, blanks, a sign, and the
/// bracket of a call.
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
  if (place == at) return std::nullopt;
  if (EndOfNumber(line, place) != place) return place;
  const std::size_t inside = PlaceInCall(line, place);
  return inside > place && EndOfNumber(line, inside) != inside ? std::optional(inside)
                                                               : std::nullopt;
}

/// Whether the words speak of a spread, and not of the value itself.
bool IsOfSpread(const std::vector<std::string>& words) {
  return HasWord(words, {"std", "stdev", "stddev", "sd", "stderr", "sem", "deviation", "variance",
                         "var", "ci"}) &&
         !HasWord(words, {"mean", "avg", "average"});
}

/// Whether the name is that of a spread by the words before it: "std of accuracy".
bool FollowsSpread(std::string_view line, std::size_t begin) {
  constexpr std::size_t kWordsBefore = 24;
  std::string_view before = line.substr(0, begin);
  before = before.substr(before.size() - std::min(before.size(), kWordsBefore));
  const auto stop = before.find_last_of("0123456789,;|");
  if (stop != std::string_view::npos) before = before.substr(stop + 1);
  return IsOfSpread(NameWords(before));
}

/// The same behind a later ':' or '=', where words lie between that speak of no spread.
std::optional<std::size_t> NumberBeyond(std::string_view line, std::size_t at) {
  std::size_t from = at;
  while (true) {
    const auto mark = line.find_first_of(":=", from);
    if (mark == std::string_view::npos || mark - at > kLongestGap) return std::nullopt;
    std::string_view said = line.substr(from, mark - from);  // of the number behind the mark
    if (const auto comma = said.find_last_of(",;("); comma != std::string_view::npos) {
      said = said.substr(comma + 1);
    }
    from = mark + 1;
    const std::size_t place = SkipBlanks(line, from);
    if (EndOfNumber(line, place) != place && !IsOfSpread(NameWords(said))) return place;
  }
}

/// The same behind a word or two that say nothing more: "accuracy is 0.9", "accuracy mean 0.9".
std::optional<std::size_t> NumberBehindWords(std::string_view line, std::size_t at) {
  std::size_t place = at;
  for (int i = 0; i < 2; ++i) {
    place = SkipBlanks(line, place);
    const auto end = std::min(line.find_first_of(" \t", place), line.size());
    if (!HasWord(NameWords(line.substr(place, end - place)),
                 {"is", "was", "of", "mean", "avg", "average", "at", "score"})) {
      return std::nullopt;
    }
    place = SkipBlanks(line, end);
    if (EndOfNumber(line, place) != place) return place;
  }
  return std::nullopt;
}

/// Where the number right before a name begins: "0.98 accuracy", "93 % accuracy".
std::optional<std::size_t> NumberBefore(std::string_view line, std::size_t name) {
  auto end = line.find_last_not_of(" \t", name == 0 ? 0 : name - 1);
  if (name == 0 || end == std::string_view::npos || end + 1 == name) return std::nullopt;
  if (line[end] == '%') end = line.find_last_not_of(" \t%", end);
  if (end == std::string_view::npos || !IsDigit(line[end])) return std::nullopt;
  const auto before = line.find_last_of(" \t(:=", end);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  if (EndOfNumber(line, begin) != end + 1) return std::nullopt;
  return begin;
}

/// A text as a regular expression for it, with any blanks and any numbers where it has some.
std::string Quoted(std::string_view text) {
  std::string quoted;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ' || c == '\t') {
      i = SkipBlanks(text, i) - 1;
      quoted += "\\s*";
    } else if (const std::size_t end = EndOfNumber(text, i);
               IsDigit(c) && end != i && (i == 0 || !IsInName(text[i - 1]))) {
      i = end - 1;
      quoted += "\\S*?";
    } else {
      if (std::string_view("\\^$.[]|()?*+{}").find(c) != std::string_view::npos) quoted += '\\';
      quoted += c;
    }
  }
  return quoted;
}

/// To be shown: a tab is a blank there.
std::string Excerpt(std::string_view text) {
  std::string excerpt(text);
  std::replace(excerpt.begin(), excerpt.end(), '\t', ' ');
  return Printable(excerpt);
}

/// Where the value of a name stands in a line, and an expression that reads it there.
struct Spot {
  std::size_t begin = 0, number = 0;
  std::string pattern;
};

std::optional<Spot> SpotOf(std::string_view line, std::size_t begin, std::size_t end) {
  const std::string name = std::string(kNameBegins) + Quoted(line.substr(begin, end - begin));
  if (const auto beside = NumberAfter(line, end)) {
    const bool in_call = line[*beside - 1] == '(';
    return Spot{
        begin, *beside,
        name + std::string(kBetween) + std::string(in_call ? kCall : "") + std::string(kNumber)};
  }
  auto number = NumberBehindWords(line, end);
  if (!number) number = NumberBeyond(line, end);
  if (number) {
    return Spot{begin, *number,
                name + Quoted(line.substr(end, *number - end)) + std::string(kNumber)};
  }
  if (const auto before = NumberBefore(line, begin)) {
    const std::size_t behind = EndOfNumber(line, *before);
    return Spot{*before, *before,
                std::string(kNumber) + Quoted(line.substr(behind, begin - behind)) +
                    Quoted(line.substr(begin, end - begin)) + R"(\b)"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Direction> DirectionOf(std::string_view name) {
  const auto words = NameWords(name);
  if (HasWord(
          words,
          {"acc",        "accuracy", "f1",    "auc",   "auroc", "precision", "recall", "score",
           "r2",         "bleu",     "rouge", "iou",   "miou",  "dice",      "map",    "reward",
           "psnr",       "ndcg",     "mrr",   "hit",   "hits",  "kappa",     "mcc",    "spearman",
           "pearson",    "jaccard",  "roc",   "aucpr", "top1",  "top5",      "nmi",    "ari",
           "silhouette", "prec",     "ssim",  "em",    "return"})) {
    return Direction::kMaximize;
  }
  // P@1 and R@1 are precision and recall among the first.
  if (name.find('@') != std::string_view::npos && HasWord(words, {"p", "r", "f"})) {
    return Direction::kMaximize;
  }
  if (HasWord(words, {"loss",       "error", "err",          "mse",   "rmse", "mae",      "nll",
                      "perplexity", "ppl",   "wer",          "cer",   "fid",  "deviance", "logloss",
                      "rmsle",      "mape",  "smape",        "brier", "bpb",  "bpc",      "bpd",
                      "xent",       "bce",   "crossentropy", "cost"})) {
    return Direction::kMinimize;
  }
  return std::nullopt;
}

int RankOf(std::string_view name) {
  const auto words = NameWords(name);
  // Validation before test: what is chosen by the test says nothing of other data any more.
  const bool is_test = HasWord(words, {"test", "holdout"});
  const bool is_validation = IsOfValidation(words) && !HasWord(words, {"test", "holdout"});
  const int part = is_validation ? 300 : is_test ? 200 : IsOfTraining(words) ? 0 : 100;
  if (HasWord(words, {"loss", "cost"})) return part + 1;
  // Half the truth each: everything is found by who finds everything.
  if (HasWord(words, {"recall", "r"})) return part + 2;
  if (HasWord(words, {"precision", "prec", "p"})) return part + 3;
  return part + 4;
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
    if (name.size() > kLongestName || IsOfSpread(words) || FollowsSpread(line, begin)) continue;
    auto spot = SpotOf(line, begin, at);
    if (!spot) continue;
    const bool in_part = !part.empty() && !IsOfPart(words);
    std::string pattern = in_part ? fmt::format(R"(\b{}\b.*?)", Quoted(part)) : std::string();
    const std::string full = in_part ? fmt::format("{}_{}", part, name) : std::string(name);
    const std::size_t end = std::max(at, EndOfNumber(line, spot->number));
    const FoundMetric metric{.name = fmt::format("{}", fmt::join(NameWords(full), "_")),
                             .pattern = pattern + spot->pattern,
                             .excerpt = Excerpt(line.substr(spot->begin, end - spot->begin)),
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
