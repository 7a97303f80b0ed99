#include "base/number_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <optional>
#include <string>

namespace joulefront {
namespace {

constexpr std::string_view kUnicodeMinus = "\xE2\x88\x92";
/// Blanks that set thousands apart in print: no-break, narrow no-break and thin space.
constexpr std::string_view kPrintBlanks[] = {"\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsDigitAt(std::string_view text, std::size_t at) {
  return at < text.size() && IsDigit(text[at]);
}
std::size_t DigitsAt(std::string_view text, std::size_t at) {
  std::size_t length = 0;
  while (IsDigitAt(text, at + length)) ++length;
  return length;
}

/// Length of the sign at `at`, 0 if there is none.
std::size_t SignAt(std::string_view text, std::size_t at) {
  if (text.substr(at).starts_with(kUnicodeMinus)) return kUnicodeMinus.size();
  return at < text.size() && (text[at] == '-' || text[at] == '+') ? 1 : 0;
}

/// Length of the exponent at `at`, 0 if there is none. A D needs its sign: "3d" is no exponent.
std::size_t ExponentAt(std::string_view text, std::size_t at) {
  if (at >= text.size() || std::string_view("eEdD").find(text[at]) == std::string_view::npos) {
    return 0;
  }
  const std::size_t sign = SignAt(text, at + 1);
  if (sign == 0 && (text[at] == 'd' || text[at] == 'D')) return 0;
  const std::size_t digits = DigitsAt(text, at + 1 + sign);
  return digits == 0 ? 0 : 1 + sign + digits;
}

/// Whether the digits are groups of three set apart by `mark`: "12,345", and not "0,345".
bool IsGrouped(std::string_view digits, char mark) {
  const auto first = digits.find(mark);
  if (first == std::string_view::npos || first == 0 || first > 3 || digits[0] == '0') return false;
  for (std::size_t at = first; at < digits.size(); at += 4) {
    if (digits[at] != mark || DigitsAt(digits, at + 1) != 3) return false;
  }
  return true;
}

std::string Without(std::string_view text, char mark) {
  std::string rest(text);
  std::erase(rest, mark);
  return rest;
}

/// The digits of a number without sign and exponent, as C++ writes them. Empty: it is none; an
/// error: it can be read in two ways.
Result<std::string> PlainDigits(std::string_view text) {
  const bool known = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return IsDigit(c) || c == '.' || c == ',' || c == '\'' || c == '_';
  });
  if (!known || std::none_of(text.begin(), text.end(), IsDigit)) return std::string();
  for (const char mark : {'\'', '_'}) {
    if (text.find(mark) == std::string_view::npos) continue;
    const auto whole = text.substr(0, std::min(text.find('.'), text.size()));
    if (!IsGrouped(whole, mark)) return std::string();
    return PlainDigits(Without(text, mark));
  }
  const auto points = std::count(text.begin(), text.end(), '.');
  const auto commas = std::count(text.begin(), text.end(), ',');
  const auto point = text.find('.');
  const auto comma = text.find(',');
  if (commas == 0) return points <= 1 ? std::string(text) : std::string();
  // Behind thousands a mark of the other kind is the decimal one.
  if (points == 1 && comma < point && IsGrouped(text.substr(0, point), ',')) {
    return Without(text, ',');
  }
  if (commas == 1 && point < comma && IsGrouped(text.substr(0, comma), '.') &&
      IsDigitAt(text, comma + 1)) {
    std::string plain = Without(text, '.');
    std::replace(plain.begin(), plain.end(), ',', '.');
    return plain;
  }
  if (points > 0) return std::string();
  if (commas > 1) return IsGrouped(text, ',') ? Without(text, ',') : std::string();
  std::string decimal(text);
  std::replace(decimal.begin(), decimal.end(), ',', '.');
  if (!IsDigitAt(text, 0) || !IsDigitAt(text, comma + 1)) return std::string();
  if (!IsGrouped(text, ',')) return decimal;
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("can be read as {} and as {}", Without(text, ','), decimal));
}

std::optional<double> ReadWord(std::string_view text) {
  std::string word;
  for (const char c : text) word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (word == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (word == "inf" || word == "infinity") return std::numeric_limits<double>::infinity();
  return std::nullopt;
}

tl::unexpected<Error> NoNumber() { return Fail(ErrorCode::kInvalidArgument, "is no number"); }

/// Where the digits and marks that begin or go on at `at` end, without an exponent.
std::size_t EndOfDigits(std::string_view line, std::size_t at) {
  while (at < line.size()) {
    if (IsDigit(line[at])) {
      ++at;
    } else if ((line[at] == '.' || line[at] == ',') && IsDigitAt(line, at + 1)) {
      ++at;
    } else if ((line[at] == '\'' || line[at] == '_') && DigitsAt(line, at + 1) == 3 &&
               !(at + 4 < line.size() && IsLetter(line[at + 4]))) {
      ++at;
    } else {
      const auto blank = std::find_if(std::begin(kPrintBlanks), std::end(kPrintBlanks),
                                      [&](auto b) { return line.substr(at).starts_with(b); });
      if (blank == std::end(kPrintBlanks) || DigitsAt(line, at + blank->size()) != 3) break;
      at += blank->size();
    }
  }
  return at;
}

/// Where a number goes on to that has come as far as `at`.
std::size_t EndOfNumber(std::string_view line, std::size_t at) {
  const std::size_t end = EndOfDigits(line, at);
  std::size_t rest = end;
  if (rest < line.size() && line[rest] == '.' && ExponentAt(line, rest + 1) > 0) ++rest;
  if (const std::size_t exponent = ExponentAt(line, rest); exponent > 0) return rest + exponent;
  // A power of ten in words: "1.5x10^-5", "1.5 * 10**3".
  std::size_t power = end + (end < line.size() && line[end] == ' ' ? 1 : 0);
  for (const std::string_view times : {"x", "*", "\xC3\x97", "\xC2\xB7"}) {
    if (!line.substr(power).starts_with(times)) continue;
    power += times.size();
    if (power < line.size() && line[power] == ' ') ++power;
    const auto ten = line.substr(power);
    if (ten.starts_with("10^") || ten.starts_with("10**") || ten.starts_with("10\xE2\x81")) {
      power = line.find_first_of(" \t", power);
      return std::min(power, line.size());
    }
    break;
  }
  if (end > 0 && line[end - 1] == '0' && (end < 2 || !IsDigit(line[end - 2])) &&
      end + 1 < line.size() && (line[end] == 'x' || line[end] == 'X') &&
      std::isxdigit(static_cast<unsigned char>(line[end + 1])) != 0) {
    std::size_t hex = end + 1;
    while (hex < line.size() && std::isxdigit(static_cast<unsigned char>(line[hex])) != 0) ++hex;
    return hex;
  }
  return end;
}

/// Where the digits and marks begin that end before `at`.
std::size_t BeginOfDigits(std::string_view line, std::size_t at) {
  while (at > 0) {
    const char c = line[at - 1];
    const char before = at > 1 ? line[at - 2] : ' ';
    const bool leads = c == '.' && before != '.' && !IsLetter(before);  // ".5"
    const bool joins = (c == '.' || c == ',') && IsDigit(before);
    if (!IsDigit(c) && !(IsDigitAt(line, at) && (leads || joins))) break;
    --at;
  }
  return at;
}

/// Whether a minus ends at `at` that is a number's sign, and joins no two words or numbers.
std::size_t MinusBefore(std::string_view line, std::size_t at) {
  const std::size_t size = line.substr(0, at).ends_with(kUnicodeMinus) ? kUnicodeMinus.size()
                           : at > 0 && line[at - 1] == '-'             ? 1
                                                                       : 0;
  if (size == 0) return 0;
  const char before = at > size ? line[at - size - 1] : ' ';
  const bool joins = IsDigit(before) || IsLetter(before) ||
                     std::string_view(").]-").find(before) != std::string_view::npos;
  return joins ? 0 : size;
}

std::size_t BeginOfNumber(std::string_view line, std::size_t at) {
  const bool begins_bare = IsDigitAt(line, at) || (at < line.size() && line[at] == '.');
  const std::size_t begin = begins_bare ? BeginOfDigits(line, at) : at;
  // These digits may be an exponent's: "e-05".
  for (const std::size_t back : {std::size_t{1}, std::size_t{2}, std::size_t{4}}) {
    if (back >= begin || ExponentAt(line, begin - back) == 0) continue;
    const std::size_t mark = begin - back;
    const std::size_t mantissa = BeginOfDigits(line, line[mark - 1] == '.' ? mark - 1 : mark);
    if (mantissa < mark && IsDigitAt(line, mantissa)) return mantissa;
  }
  return begins_bare ? begin - MinusBefore(line, begin) : begin;
}

/// The element of a list that [begin, end) lies in, where the token is one: commas part it.
std::string_view ElementOf(std::string_view line, std::string_view token, std::size_t begin,
                           std::size_t end) {
  const auto offset = static_cast<std::size_t>(token.data() - line.data());
  const auto before =
      begin == offset ? std::string_view::npos : token.rfind(',', begin - offset - 1);
  const std::size_t from = before == std::string_view::npos ? 0 : before + 1;
  const std::size_t to = std::min(token.find(',', end - offset), token.size());
  return token.substr(from, to - from);
}

}  // namespace

constexpr std::string_view kNumberExpression =
    // Not in the middle of a number, nor of its exponent, nor of a word.
    R"((?<![0-9])(?<![^.A-Za-z_]\.)(?<!^\.)(?<![0-9.][eEdD])(?<![0-9.][eEdD][-+]))"
    R"((?<![A-Za-z_](?=[nNiI])))"
    // As a whole: nothing that is matched is given back.
    R"((?>(?:[-+]|\xE2\x88\x92)?(?:)"
    R"((?i:nan|inf(?:inity)?)(?![A-Za-z0-9_])|(?:)"
    R"([1-9][0-9]{0,2}(?:,[0-9]{3})++(?![0-9])(?:\.[0-9]*)?)"
    R"(|[1-9][0-9]{0,2}(?:\.[0-9]{3})++,[0-9]++(?![.,][0-9]))"
    R"(|[1-9][0-9]{0,2}(?:'[0-9]{3})++(?![0-9])(?:\.[0-9]*)?)"
    R"(|[1-9][0-9]{0,2}(?:_[0-9]{3})++(?![0-9A-Za-z])(?:\.[0-9]*)?)"
    R"(|[0-9]+,[0-9]++(?![.,][0-9]))"
    R"(|[0-9]+\.(?=[eE][-+0-9\xE2])|[0-9]+(?:\.[0-9]+)?|\.[0-9]+))"
    R"((?:[eE](?:[-+]|\xE2\x88\x92)?[0-9]+|[dD][-+][0-9]+)?)))";

Result<double> ReadNumber(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  const std::size_t sign = SignAt(text, 0);
  const double factor = sign > 0 && text.front() != '+' ? -1.0 : 1.0;
  const std::string_view unsigned_text = text.substr(sign);
  if (const auto word = ReadWord(unsigned_text)) return factor * *word;
  const auto mark = std::min(unsigned_text.find_first_of("eEdD"), unsigned_text.size());
  const std::string_view exponent = unsigned_text.substr(mark);
  if (!exponent.empty() && ExponentAt(exponent, 0) != exponent.size()) return NoNumber();
  auto plain = PlainDigits(unsigned_text.substr(0, mark));
  if (!plain) return Pass(plain);
  if (plain->empty()) return NoNumber();
  if (!exponent.empty()) {
    const std::size_t exponent_sign = SignAt(exponent, 1);
    *plain += exponent_sign > 0 && exponent[1] != '+' ? "e-" : "e";
    *plain += exponent.substr(1 + exponent_sign);
  }
  double number = 0.0;
  const auto parsed = std::from_chars(plain->data(), plain->data() + plain->size(), number);
  if (parsed.ec == std::errc::result_out_of_range) {
    return Fail(ErrorCode::kInvalidArgument, "is beyond the range of a 64-bit number");
  }
  if (parsed.ec != std::errc{} || parsed.ptr != plain->data() + plain->size()) return NoNumber();
  return factor * number;
}

std::string_view LongerNumber(std::string_view line, std::size_t begin, std::size_t end) {
  const std::string_view own = line.substr(begin, end - begin);
  if (std::none_of(own.begin(), own.end(), IsDigit)) return {};
  const std::size_t first = BeginOfNumber(line, begin);
  const bool ended = !IsDigit(own.back()) && own.back() != '.';  // behind a unit of its own
  const std::size_t last = ended ? end : EndOfNumber(line, end);
  if (first == begin && last == end) return {};
  const std::string_view token = line.substr(first, last - first);
  const bool is_list = token.find(',') != std::string_view::npos && !ReadNumber(token) &&
                       ReadNumber(token).error().message == "is no number";
  const std::string_view longer = is_list ? ElementOf(line, token, begin, end) : token;
  return longer.size() == own.size() ? std::string_view() : longer;
}

}  // namespace joulefront
