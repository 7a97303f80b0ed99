#include "cli/value_guess.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "cli/name_words.h"

namespace joulefront {
namespace {

using Words = std::vector<std::string>;

constexpr std::size_t kLongestDeclaration = 500;

/// Words that are known to have alternatives; where `option` is not empty, as the value of an
/// option with this in its name. (No precisions: few processors compute in all of them.)
struct Alternatives {
  std::string_view option;
  std::vector<std::string_view> words;
};

const Alternatives kAlternatives[] = {
    {"", {"adam", "adamw", "sgd", "rmsprop", "adagrad", "nadam", "lion"}},
    {"", {"relu", "gelu", "tanh", "silu", "elu", "leaky_relu", "swish", "mish"}},
    {"sched", {"constant", "cosine", "linear", "step", "onecycle", "one-cycle", "exponential"}},
    {"kernel", {"linear", "rbf", "poly", "sigmoid"}},
};

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

template <typename Number>
std::optional<Number> Whole(std::string_view text) {
  Number number{};
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return number;
}

/// What is set for the machine, for looking on, for judging, or by the data.
bool IsFixed(const Words& words) {
  const bool machine = HasWord(
      words, {"seed",   "worker",  "workers", "thread",   "threads", "port",  "gpu",   "gpus",
              "device", "devices", "rank",    "node",     "nodes",   "nproc", "jobs",  "job",
              "cpu",    "cpus",    "cores",   "prefetch", "world",   "cache", "memory"});
  const bool looking =
      HasWord(words, {"verbose", "verbosity", "every", "freq", "interval", "frequency", "log",
                      "debug", "save", "ckpt", "print", "wandb", "plot", "checkpoint", "display"});
  const bool judging =
      HasWord(words, {"test", "val", "valid", "validation", "eval", "split", "splits", "fold",
                      "folds", "cv", "patience", "early", "timeout", "topk"});
  const bool data =
      HasWord(words, {"class", "classes", "label", "labels", "vocab", "input", "output", "in",
                      "out", "image", "img", "id", "version", "resolution", "year", "date"});
  return machine || looking || judging || data;
}

bool IsLength(const Words& words) {
  return HasWord(words, {"epoch", "epochs", "step", "steps", "iter", "iters", "iteration",
                         "iterations", "round", "rounds", "nrounds", "passes", "updates"});
}

bool IsDimension(const Words& words) {
  return HasWord(words, {"embd", "embed", "embedding", "emb", "dim", "model", "hidden", "width",
                         "channels", "units", "size", "ffn", "ff"}) &&
         !HasWord(words, {"batch"});
}

Parameter Range(ParameterType type, double low, double high) {
  Parameter parameter{.type = type, .low = low, .high = high};
  parameter.log = low > 0.0 && high / low >= 8.0;
  return parameter;
}

double Rounded(double value) { return std::stod(fmt::format("{:.6g}", value)); }

/// Numbers between 0 and 1: what they are parts of cannot be more than the whole.
std::optional<Parameter> RangeOfShare(const Words& words, double value) {
  const auto floats = [](double low, double high) {
    return Range(ParameterType::kFloat, Rounded(low), Rounded(high));
  };
  if (HasWord(words, {"dropout", "drop", "momentum", "beta", "gamma", "prob", "probability",
                      "smoothing", "ema"}) &&
      value >= 0.0 && value < 1.0) {
    // 0.999 is another setting than 0.99: near 1, what is missing to it is what varies.
    if (value > 0.95) return floats(1.0 - 4.0 * (1.0 - value), 1.0 - (1.0 - value) / 4.0);
    return floats(0.0, std::clamp(2.0 * value, 0.5, 0.99));
  }
  if (value <= 0.0 || value > 1.0) return std::nullopt;
  if (HasWord(words, {"nu", "contamination"})) return floats(value / 4.0, value);
  if (HasWord(words, {"subsample", "colsample", "sample", "samples", "fraction", "frac", "ratio",
                      "share", "features", "feature", "quantile", "keep"})) {
    return floats(value / 4.0, 1.0);
  }
  return std::nullopt;
}

std::optional<Parameter> RangeOfFloat(const Words& words, double value) {
  if (auto share = RangeOfShare(words, value)) return share;
  if (value == 0.0) return Range(ParameterType::kFloat, 0.0, 0.1);
  if (std::abs(value) < 1e-100 || std::abs(value) > 1e100) return std::nullopt;  // no setting
  if (value < 0.0) return Range(ParameterType::kFloat, Rounded(2.0 * value), Rounded(value / 2.0));
  const double factor = value < 1.0 ? 10.0 : 4.0;
  return Range(ParameterType::kFloat, Rounded(value / factor), Rounded(value * factor));
}

std::optional<Parameter> RangeOfInt(const Words& words, std::int64_t value) {
  constexpr std::int64_t kMost = std::int64_t{1} << 40;
  if (value < 1 || value > kMost) return std::nullopt;
  // Kinds that have numbers, the geometry of layers, and rates of the data.
  if (HasWord(words, {"type", "mode", "kind", "method", "algorithm", "algo", "kernel", "stride",
                      "padding", "pad", "pool", "patch", "dilation", "groups", "objective"}) ||
      (HasWord(words, {"sample"}) && HasWord(words, {"rate"}))) {
    return std::nullopt;
  }
  std::int64_t low = std::max<std::int64_t>(1, value / 4);
  std::int64_t high = value * (IsLength(words) ? 2 : 4);
  if (HasWord(words, {"leaves", "bin", "bins"}))
    low = std::min(value, std::max<std::int64_t>(2, low));
  // What the data has so many of, as far as anybody knows.
  if (HasWord(words, {"components", "features", "len", "length", "seq", "context", "block"})) {
    high = value;
  }
  Parameter range = Range(ParameterType::kInt, static_cast<double>(low), static_cast<double>(high));
  // Layers divide it into heads or groups, which nobody sees here: a quarter is divided as it was.
  if (IsDimension(words) && value >= 16 && value % 4 == 0 && high > value) {
    range.step = static_cast<double>(value / 4);
    range.log = false;
  }
  return range;
}

/// On or off: only of learning, since a switch of the machine ("compile") may not work on this one.
std::optional<Parameter> RangeOfSwitch(const Words& words, const Value& given, const Value& other) {
  if (!HasWord(words, {"nesterov", "bias",  "shuffle",       "augment",   "augmentation",
                       "norm",     "bn",    "batchnorm",     "layernorm", "amsgrad",
                       "residual", "skip",  "bidirectional", "normalize", "standardize",
                       "flip",     "mixup", "cutmix",        "bootstrap", "ema",
                       "tied",     "tie",   "shrinking"})) {
    return std::nullopt;
  }
  return Parameter{.type = ParameterType::kCategorical, .choices = {given, other}};
}

/// The word given, and alternatives to it that the script has in quotes.
std::optional<Parameter> RangeOfText(const Words& name, const std::string& option,
                                     const std::string& text, const ScriptText& script) {
  for (const auto& [yes, no] :
       {std::pair("true", "false"), {"True", "False"}, {"yes", "no"}, {"on", "off"}}) {
    if (text != yes && text != no) continue;
    return RangeOfSwitch(name, text, std::string(text == yes ? no : yes));
  }
  Parameter parameter{.type = ParameterType::kCategorical, .choices = {text}};
  const std::string lower = Lower(text);
  for (const auto& [hint, words] : kAlternatives) {
    if (std::find(words.begin(), words.end(), lower) == words.end()) continue;
    if (Lower(option).find(hint) == std::string::npos) continue;
    const auto declared = script.DeclaredChoices(option);
    for (const std::string_view word : words) {
      std::string other = script.QuotedLike(word);
      const bool allowed =
          declared.empty() || std::find(declared.begin(), declared.end(), other) != declared.end();
      if (word != lower && !other.empty() && allowed) parameter.choices.emplace_back(other);
    }
    return parameter;
  }
  return std::nullopt;
}

/// Of "-t 2" nobody can tell whether 2 is a kind; of "-c 1", a cost, and "-b 18" one can.
bool MayBeKind(const Words& words, std::int64_t value) {
  constexpr std::int64_t kMostKinds = 9;
  if (words.size() != 1 || words[0].size() != 1) return false;
  const char letter = words[0][0];
  if (letter == 'j' || letter == 'p' || letter == 's' || letter == 't' || letter == 'v')
    return true;
  return value <= kMostKinds && letter != 'c' && letter != 'e' && letter != 'n';
}

}  // namespace

ScriptText::ScriptText(std::string text) : text_(std::move(text)), lower_(Lower(text_)) {}

std::string ScriptText::QuotedLike(std::string_view word) const {
  for (const char quote : {'"', '\''}) {
    const auto at = lower_.find(fmt::format("{0}{1}{0}", quote, word));
    if (at != std::string::npos) return text_.substr(at + 1, word.size());
  }
  return "";
}

std::string ScriptText::DeclarationOf(const std::string& option) const {
  for (const char quote : {'"', '\''}) {
    const auto at = text_.find(fmt::format("{0}{1}{0}", quote, option));
    if (at == std::string::npos) continue;
    const std::string text = text_.substr(at, kLongestDeclaration);
    const auto next =
        std::min({text.find("add_argument"), text.find("option("), text.find("\n\n")});
    return text.substr(0, next);
  }
  return "";
}

bool ScriptText::DeclaresFloat(const std::string& option) const {
  std::string plain;
  for (const char c : DeclarationOf(option)) {
    if (c != ' ' && c != '"' && c != '\'') plain += c;
  }
  return plain.find("type=float") != std::string::npos ||
         plain.find("type=double") != std::string::npos;
}

std::vector<std::string> ScriptText::DeclaredChoices(const std::string& option) const {
  const std::string text = DeclarationOf(option);
  auto at = text.find("hoice");  // choices=[...], click.Choice([...])
  if (at == std::string::npos) return {};
  at = text.find_first_of("[(", text.find_first_of("=(", at));
  if (at != std::string::npos && text.substr(at, 2) == "([") ++at;
  if (at == std::string::npos) return {};
  const std::string list = text.substr(at, text.find_first_of("])", at) - at);
  std::vector<std::string> words;
  for (auto begin = list.find_first_of("\"'"); begin != std::string::npos;) {
    const auto end = list.find(list[begin], begin + 1);
    if (end == std::string::npos) break;
    words.push_back(list.substr(begin + 1, end - begin - 1));
    begin = list.find_first_of("\"'", end + 1);
  }
  return words;
}

Value ValueOfText(const std::string& text) {
  const auto whole = Whole<std::int64_t>(text);
  // "007" would be passed on as 7.
  if (whole) return fmt::format("{}", *whole) == text ? Value(*whole) : Value(text);
  const auto number = Whole<double>(text);
  const bool is_number = number && std::isfinite(*number);
  return is_number && text.find_first_not_of("+-.eE0123456789") == std::string::npos
             ? Value(*number)
             : Value(text);
}

std::optional<Parameter> GuessRange(const std::string& option, const Value& given,
                                    const ScriptText& script) {
  const Words words = NameWords(option);
  if (words.empty() || IsFixed(words)) return std::nullopt;
  if (const auto* flag = std::get_if<bool>(&given)) return RangeOfSwitch(words, given, !*flag);
  if (const auto* number = std::get_if<double>(&given)) return RangeOfFloat(words, *number);
  if (const auto* whole = std::get_if<std::int64_t>(&given)) {
    return MayBeKind(words, *whole) ? std::nullopt : RangeOfInt(words, *whole);
  }
  return RangeOfText(words, option, std::get<std::string>(given), script);
}

}  // namespace joulefront
