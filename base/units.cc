#include "base/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <span>

namespace joulefront {
namespace {

struct Unit {
  std::string_view name;
  double factor;  // of the base unit
};

constexpr Unit kEnergyUnits[] = {{"uJ", 1e-6}, {"mJ", 1e-3}, {"J", 1.0},     {"kJ", 1e3},
                                 {"MJ", 1e6},  {"GJ", 1e9},  {"Wh", 3600.0}, {"kWh", 3.6e6}};
constexpr Unit kTimeUnits[] = {
    {"ms", 1e-3}, {"s", 1.0}, {"min", 60.0}, {"h", 3600.0}, {"d", 86400.0}};
constexpr double kKibi = 1024.0, kMebi = kKibi * 1024.0, kGibi = kMebi * 1024.0;
constexpr Unit kByteUnits[] = {{"kB", 1e3},    {"MB", 1e6},    {"GB", 1e9},
                               {"kiB", kKibi}, {"MiB", kMebi}, {"GiB", kGibi}};

std::string NamesOf(std::span<const Unit> units) {
  std::string names;
  for (const Unit& unit : units) names += (names.empty() ? "" : ", ") + std::string(unit.name);
  return names;
}

std::string_view Trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

Result<double> ParseQuantity(std::string_view text, std::span<const Unit> units,
                             std::string_view what, std::string_view example) {
  const auto refuse = [&](std::string_view why) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is not {}: {}; write a number and a unit ({}), such as \"{}\"",
                            text, what, why, NamesOf(units), example));
  };
  const std::string_view trimmed = Trim(text);
  double number = 0.0;
  const auto [end, error] =
      std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), number);
  if (error != std::errc{}) return refuse("it does not begin with a number");
  const std::string_view name =
      Trim(trimmed.substr(static_cast<std::size_t>(end - trimmed.data())));
  if (name.empty()) return refuse("it has no unit");
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    const double value = number * unit.factor;
    if (!std::isfinite(value)) return refuse("it is not finite");
    if (value < 0.0) return refuse("it is negative");
    return value;
  }
  return refuse(fmt::format("'{}' is no unit of it", name));
}

/// Three significant digits, without an exponent for numbers of everyday size.
std::string ThreeDigits(double number) {
  if (number == 0.0) return "0";
  const int whole = static_cast<int>(std::floor(std::log10(std::abs(number)))) + 1;
  return fmt::format("{:.{}f}", number, std::max(0, 3 - std::max(whole, 1)));
}

}  // namespace

Result<Joules> ParseJoules(std::string_view text) {
  auto value = ParseQuantity(text, kEnergyUnits, "an energy", "50 kJ");
  if (!value) return Pass(value);
  return Joules(*value);
}

Result<Seconds> ParseSeconds(std::string_view text) {
  auto value = ParseQuantity(text, kTimeUnits, "a time", "30 min");
  if (!value) return Pass(value);
  return Seconds(*value);
}

Result<Bytes> ParseBytes(std::string_view text) {
  auto value = ParseQuantity(text, kByteUnits, "an amount of memory", "4 GiB");
  if (!value) return Pass(value);
  return Bytes(*value);
}

std::string FormatBytes(Bytes size) {
  const double bytes = size.value();
  if (bytes >= kGibi) return fmt::format("{} GiB", ThreeDigits(bytes / kGibi));
  if (bytes >= kMebi) return fmt::format("{} MiB", ThreeDigits(bytes / kMebi));
  return fmt::format("{} kiB", ThreeDigits(bytes / kKibi));
}

std::string FormatJoules(Joules energy) {
  const double size = std::abs(energy.value());
  constexpr std::array<Unit, 6> kShown = {
      {{"GJ", 1e9}, {"MJ", 1e6}, {"kJ", 1e3}, {"J", 1.0}, {"mJ", 1e-3}, {"uJ", 1e-6}}};
  if (size == 0.0) return "0 J";
  for (const Unit& unit : kShown) {
    // 0.9995 of a unit would be shown as 1.00 of it already.
    if (size >= 0.9995 * unit.factor || unit.factor == 1e-6) {
      return fmt::format("{} {}", ThreeDigits(energy.value() / unit.factor), unit.name);
    }
  }
  return "0 J";
}

std::string FormatSeconds(Seconds time) {
  const double seconds = time.value();
  if (seconds < 0.9995) return fmt::format("{} ms", ThreeDigits(seconds * 1e3));
  if (seconds < 59.95) return fmt::format("{} s", ThreeDigits(seconds));
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {:02d} s", whole / 60, whole % 60);
  const std::int64_t minutes = std::llround(seconds / 60.0);
  if (minutes < 48 * 60) return fmt::format("{} h {:02d} min", minutes / 60, minutes % 60);
  return fmt::format("{} d {:02d} h", minutes / 1440, minutes % 1440 / 60);
}

std::string FormatNumber(double number, int digits) {
  return fmt::format("{:.{}g}", number, digits);
}

}  // namespace joulefront
