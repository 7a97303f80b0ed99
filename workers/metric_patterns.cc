#include "workers/metric_patterns.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace joulefront {

namespace {

// Of matching one line: about a tenth of a millisecond.
constexpr std::uint32_t kMostSteps = 10'000;

}  // namespace

struct MetricPatterns::Pattern {
  std::string name;
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

Result<MetricPatterns> MetricPatterns::Create(
    const std::map<std::string, std::string>& expressions) {
  MetricPatterns patterns;
  for (const auto& [name, expression] : expressions) {
    int error = 0;
    PCRE2_SIZE offset = 0;
    auto pattern = std::make_unique<Pattern>();
    pattern->name = name;
    pattern->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()),
                                      expression.size(), 0, &error, &offset, nullptr));
    if (!pattern->code) {
      PCRE2_UCHAR text[200];
      pcre2_get_error_message(error, text, sizeof text);
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("[trainer.metrics] {}: '{}' is no regular expression: {} (at "
                              "character {})",
                              name, expression, reinterpret_cast<const char*>(text), offset + 1));
    }
    std::uint32_t groups = 0;
    pcre2_pattern_info(pattern->code.get(), PCRE2_INFO_CAPTURECOUNT, &groups);
    if (groups == 0) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("[trainer.metrics] {}: '{}' has no group; put the number in "
                              "parentheses, as in 'error=([0-9.]+)'",
                              name, expression));
    }
    pattern->match.reset(pcre2_match_data_create_from_pattern(pattern->code.get(), nullptr));
    // An expression that backtracks without end must not keep the worker from its deadlines.
    pattern->limits.reset(pcre2_match_context_create(nullptr));
    pcre2_set_match_limit(pattern->limits.get(), kMostSteps);
    patterns.patterns_.push_back(std::move(pattern));
  }
  return patterns;
}

void MetricPatterns::Match(std::string_view line, NamedValues& values) const {
  for (const auto& pattern : patterns_) {
    std::size_t from = 0;
    while (from <= line.size() &&
           pcre2_match(pattern->code.get(), reinterpret_cast<PCRE2_SPTR>(line.data()), line.size(),
                       from, 0, pattern->match.get(), pattern->limits.get()) > 0) {
      const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(pattern->match.get());
      from = bounds[1] > from ? bounds[1] : from + 1;
      if (bounds[2] == PCRE2_UNSET) continue;
      const char* begin = line.data() + bounds[2];
      const char* end = line.data() + bounds[3];
      if (begin != end && *begin == '+') ++begin;
      double number = 0.0;
      const auto parsed = std::from_chars(begin, end, number);
      const bool whole = parsed.ec == std::errc{} && parsed.ptr == end;
      values[pattern->name] = whole ? number : std::numeric_limits<double>::quiet_NaN();
    }
  }
}

}  // namespace joulefront
