#include "cli/command_guess.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/files.h"
#include "cli/name_words.h"
#include "study_store/placeholders.h"

namespace joulefront {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestScript = 4 << 20;
constexpr std::size_t kLongestName = 90;

/// Words that are known to have alternatives; where `option` is not empty, as the value of an
/// option with this in its name.
struct Alternatives {
  std::string_view option;
  std::vector<std::string_view> words;
};

const Alternatives kAlternatives[] = {
    {"", {"adam", "adamw", "sgd", "rmsprop", "adagrad", "nadam", "lion"}},
    {"", {"relu", "gelu", "tanh", "silu", "elu", "leaky_relu", "swish", "mish"}},
    {"", {"float32", "bfloat16", "float16", "fp32", "bf16", "fp16"}},
    {"sched", {"constant", "cosine", "linear", "step", "onecycle", "one-cycle", "exponential"}},
    {"kernel", {"linear", "rbf", "poly", "sigmoid"}},
};

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// As `word` in a text, in quotes and however it is capitalised there; empty if it is not.
std::string QuotedIn(const std::string& text, const std::string& lower_text,
                     std::string_view word) {
  for (const char quote : {'"', '\''}) {
    const std::string wanted = fmt::format("{0}{1}{0}", quote, word);
    const auto at = lower_text.find(wanted);
    if (at != std::string::npos) return text.substr(at + 1, word.size());
  }
  return "";
}

Parameter Range(ParameterType type, double low, double high) {
  Parameter parameter{.type = type, .low = low, .high = high};
  parameter.log = low > 0.0 && high / low >= 8.0;
  return parameter;
}

double Rounded(double value) { return std::stod(fmt::format("{:.6g}", value)); }

/// What is set for the machine, for looking on, or for judging, and not for learning.
bool IsFixed(const std::vector<std::string>& words) {
  return HasWord(words,
                 {"seed",  "worker",  "workers",  "thread",     "threads", "port",  "gpu",
                  "gpus",  "device",  "devices",  "rank",       "node",    "nodes", "verbose",
                  "every", "freq",    "interval", "frequency",  "version", "id",    "classes",
                  "split", "timeout", "nproc",    "jobs",       "test",    "val",   "valid",
                  "log",   "debug",   "port",     "validation", "eval",    "world"});
}

std::optional<Parameter> RangeOfFloat(const std::vector<std::string>& words, double value) {
  const bool share =
      HasWord(words, {"dropout", "drop", "momentum", "beta", "gamma", "prob", "ratio",
                      "probability", "fraction", "frac", "smoothing", "share"});
  if (share && value >= 0.0 && value < 1.0) {
    return Range(ParameterType::kFloat, 0.0, std::clamp(Rounded(2.0 * value), 0.5, 0.99));
  }
  if (value == 0.0) return Range(ParameterType::kFloat, 0.0, 0.1);
  if (std::abs(value) < 1e-100 || std::abs(value) > 1e100) return std::nullopt;  // no setting
  if (value < 0.0) return Range(ParameterType::kFloat, Rounded(2.0 * value), Rounded(value / 2.0));
  const double factor = value < 1.0 ? 10.0 : 4.0;
  return Range(ParameterType::kFloat, Rounded(value / factor), Rounded(value * factor));
}

std::optional<Parameter> RangeOfInt(const std::vector<std::string>& words, std::int64_t value) {
  constexpr std::int64_t kMost = std::int64_t{1} << 40;
  if (value < 1 || value > kMost) return std::nullopt;
  const bool length = HasWord(words, {"epoch", "epochs", "step", "steps", "iter", "iters"});
  return Range(ParameterType::kInt, static_cast<double>(std::max<std::int64_t>(1, value / 4)),
               static_cast<double>(value * (length ? 2 : 4)));
}

template <typename Number>
std::optional<Number> Whole(std::string_view text) {
  Number number{};
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return number;
}

bool IsOption(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && !Whole<double>(word);
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
      } else if (!IsOption(word) && Whole<double>(word)) {
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
    constexpr std::array<std::string_view, 7> kScripts = {".py", ".sh", ".R",  ".jl",
                                                          ".pl", ".rb", ".lua"};
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (i > 0 && words_[i - 1] == "-m") return i + 1;
      const auto ends = [&](std::string_view end) { return words_[i].ends_with(end); };
      if (std::none_of(kScripts.begin(), kScripts.end(), ends)) continue;
      auto text = ReadFile((places_.here / words_[i]).string(), kLongestScript);
      if (!text) continue;
      script_ = std::move(*text);
      lower_script_ = Lower(script_);
      return i + 1;
    }
    return 1;
  }

  bool IsNumber(std::size_t i) const { return i < words_.size() && Whole<double>(words_[i]); }

  /// A word that stays as it is; one that names a file or a folder is found from elsewhere too.
  void Keep(const std::string& word, bool may_be_path) {
    guess_.words.push_back(may_be_path ? Placed(word, false) : Escaped(word));
  }

  static std::string Escaped(const std::string& word) {
    std::string text;
    for (const char c : word) text += c == '{' ? "{{" : std::string(1, c);
    return text;
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
    const auto words = NameWords(bare);
    std::optional<GuessedParameter> found;
    if (!words.empty() && !IsFixed(words)) found = GuessValue(words, option, text);
    if (!found) {
      whole_word_ = before.empty();
      guess_.words.push_back(Escaped(before) + Placed(text, true));
      whole_word_ = true;
      return;
    }
    found->parameter.name = FreeName(PlainName(bare).substr(0, kLongestName));
    found->from = before.empty() && IsOption(option) ? option + " " + text
                  : before.empty()                   ? text
                                                     : before + text;
    guess_.words.push_back(Escaped(before) + "{" + found->parameter.name + "}");
    guess_.parameters.push_back(std::move(*found));
  }

  std::optional<GuessedParameter> GuessValue(const std::vector<std::string>& words,
                                             const std::string& option, const std::string& text) {
    const bool rate = HasWord(
        words, {"lr", "rate", "decay", "wd", "eps", "alpha", "lambda", "l1", "l2", "temperature"});
    const auto whole = Whole<std::int64_t>(text);
    std::optional<Parameter> range;
    Value given = text;
    if (whole && !rate) {
      range = RangeOfInt(words, *whole);
      given = *whole;
    } else if (const auto number = Whole<double>(text); number && std::isfinite(*number)) {
      range = RangeOfFloat(words, *number);
      given = *number;
    } else {
      range = ChoicesOf(option, text);
    }
    if (!range) return std::nullopt;
    return GuessedParameter{.parameter = std::move(*range), .given = std::move(given), .from = {}};
  }

  /// The word given, and alternatives to it that the script has in quotes.
  std::optional<Parameter> ChoicesOf(const std::string& option, const std::string& text) const {
    Parameter parameter{.type = ParameterType::kCategorical, .choices = {text}};
    const std::string lower = Lower(text);
    for (const auto& [yes, no] :
         {std::pair("true", "false"), {"True", "False"}, {"yes", "no"}, {"on", "off"}}) {
      if (text != yes && text != no) continue;
      parameter.choices.emplace_back(std::string(text == yes ? no : yes));
      return parameter;
    }
    for (const auto& [hint, words] : kAlternatives) {
      if (std::find(words.begin(), words.end(), lower) == words.end()) continue;
      if (Lower(option).find(hint) == std::string::npos) continue;
      for (const std::string_view word : words) {
        const std::string other = QuotedIn(script_, lower_script_, word);
        if (word != lower && !other.empty()) parameter.choices.emplace_back(other);
      }
      return parameter;
    }
    return std::nullopt;
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
  std::string script_, lower_script_;  // the program's text, if it is a script
  bool whole_word_ = true;             // Placed() looks at a word of the command, not a part of it
  GuessedCommand guess_;
};

}  // namespace

GuessedCommand GuessCommand(const std::vector<std::string>& words, const Places& places) {
  return CommandGuesser(words, places).Guess();
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
