#include "workers/metric_patterns.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/number_text.h"
#include "base/printable.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace joulefront {

namespace {

// For one line: about a millisecond.
constexpr std::uint32_t kMostSteps = 100'000;
constexpr std::size_t kLongestExcerpt = 60;

constexpr std::string_view kNumberWord = "{number}";

/// Replaces {number}: by a group, or inside of the first group by what stands in one.
std::string WithNumbers(std::string_view expression) {
  std::string plain;
  for (std::size_t at = 0; at < expression.size();) {
    if (expression[at] == '\\') {
      plain += expression.substr(at, 2);
      at += 2;
    } else if (expression.substr(at).starts_with(kNumberWord)) {
      const bool in_group = plain.ends_with('(') && !plain.ends_with("\\(") &&
                            expression.substr(at + kNumberWord.size()).starts_with(')');
      plain += in_group ? std::string(kNumberExpression) : fmt::format("({})", kNumberExpression);
      at += kNumberWord.size();
    } else {
      plain += expression[at++];
    }
  }
  return plain;
}

/// Whether the expression takes the minus before its first group away on purpose: 'neg_mse: -(...'.
bool TakesMinus(std::string_view expression) {
  const auto group = std::min(expression.find('('), expression.find(kNumberWord));
  std::string_view before = expression.substr(0, std::min(group, expression.size()));
  while (before.ends_with('?') || before.ends_with('*')) before.remove_suffix(1);
  if (before.ends_with('-') || before.ends_with("\xE2\x88\x92")) return true;
  if (!before.ends_with(']')) return false;
  const auto open = before.rfind('[');
  return open != std::string_view::npos && before.find('-', open) != std::string_view::npos;
}

}  // namespace

struct MetricPatterns::Pattern {
  std::string name;
  bool takes_minus = false;
  std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)> code{nullptr, pcre2_code_free};
  std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)> limits{
      nullptr, pcre2_match_context_free};
  std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> match{nullptr,
                                                                            pcre2_match_data_free};
};

MetricPatterns::MetricPatterns() = default;
MetricPatterns::MetricPatterns(MetricPatterns&&) noexcept = default;
MetricPatterns& MetricPatterns::operator=(MetricPatterns&&) noexcept = default;
MetricPatterns::~MetricPatterns() = default;

Result<MetricPatterns> MetricPatterns::Create(const std::map<std::string, std::string>& expressions,
                                              std::string_view section) {
  MetricPatterns patterns;
  for (const auto& [name, expression] : expressions) {
    int error = 0;
    PCRE2_SIZE offset = 0;
    auto pattern = std::make_unique<Pattern>();
    pattern->name = name;
    pattern->takes_minus = TakesMinus(expression);
    const std::string plain = WithNumbers(expression);
    pattern->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(plain.data()), plain.size(), 0,
                                      &error, &offset, nullptr));
    if (!pattern->code) {
      PCRE2_UCHAR text[200];
      pcre2_get_error_message(error, text, sizeof text);
      return Fail(
          ErrorCode::kInvalidArgument,
          fmt::format("[{}] {}: '{}' is no regular expression: {} (at character {})", section, name,
                      plain, reinterpret_cast<const char*>(text), offset + 1));
    }
    std::uint32_t groups = 0;
    pcre2_pattern_info(pattern->code.get(), PCRE2_INFO_CAPTURECOUNT, &groups);
    if (groups == 0) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("[{}] {}: '{}' has no group; write {{number}} where the number "
                              "stands, as in 'error={{number}}'",
                              section, name, expression));
    }
    pattern->match.reset(pcre2_match_data_create_from_pattern(pattern->code.get(), nullptr));
    // An expression that backtracks without end must not keep the worker from its deadlines.
    pattern->limits.reset(pcre2_match_context_create(nullptr));
    pcre2_set_match_limit(pattern->limits.get(), kMostSteps);
    patterns.patterns_.push_back(std::move(pattern));
  }
  return patterns;
}

namespace {

/// What line[begin, end) says as a number.
MetricMatch ReadMatch(std::string_view line, std::size_t begin, std::size_t end, bool takes_minus) {
  const std::string_view text = line.substr(begin, end - begin);
  const auto quoted = [](std::string_view t) { return Printable(t, kLongestExcerpt); };
  auto number = ReadNumber(text);
  if (!number) {
    return {.problem =
                fmt::format("matched \"{}\", which {}", quoted(text), number.error().message)};
  }
  std::string_view longer = LongerNumber(line, begin, end);
  if (takes_minus && longer.size() > text.size() && longer.ends_with(text) &&
      (longer == "-" + std::string(text) || longer == "\xE2\x88\x92" + std::string(text))) {
    longer = {};
  }
  if (longer.empty()) return {.value = *number};
  return {.problem = fmt::format("matched \"{}\", which is only a part of \"{}\"; write {{number}} "
                                 "where the number stands",
                                 quoted(text), quoted(longer))};
}

}  // namespace

bool MetricPatterns::Match(std::string_view line, MetricMatches& matches) const {
  bool any = false;
  for (const auto& pattern : patterns_) {
    std::size_t from = 0;
    int found = 0;
    while (from <= line.size() &&
           (found = pcre2_match(pattern->code.get(), reinterpret_cast<PCRE2_SPTR>(line.data()),
                                line.size(), from, 0, pattern->match.get(),
                                pattern->limits.get())) > 0) {
      const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(pattern->match.get());
      from = bounds[1] > from ? bounds[1] : from + 1;
      if (bounds[2] == PCRE2_UNSET) continue;
      any = true;
      matches[pattern->name] = ReadMatch(line, bounds[2], bounds[3], pattern->takes_minus);
    }
    if (found == PCRE2_ERROR_MATCHLIMIT) {
      // What came before stands: this line may have nothing to say.
      const std::string problem = fmt::format(
          "was given up on a line of {} bytes, since it tries too many ways to match: \"{}\"",
          line.size(), Printable(line, kLongestExcerpt));
      matches.try_emplace(pattern->name, MetricMatch{.problem = problem});
    }
  }
  return any;
}

}  // namespace joulefront
