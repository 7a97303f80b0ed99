// Joules, watts, seconds, bytes: numbers that carry their unit in the type, and text with a unit
// ("50 kJ"). Arithmetic is what physics allows: J + J, J - J, J * number, J / J (a number),
// J / s = W, W * s = J.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace joulefront {

/// A point of calendar time, to the millisecond, UTC. For stored stamps and leases; durations are
/// measured with a monotonic clock instead.
using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;

template <typename Unit>
class Quantity {
 public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(double value) : value_(value) {}
  constexpr double value() const { return value_; }

  constexpr auto operator<=>(const Quantity&) const = default;
  constexpr Quantity operator+(Quantity other) const { return Quantity(value_ + other.value_); }
  constexpr Quantity operator-(Quantity other) const { return Quantity(value_ - other.value_); }
  constexpr Quantity operator*(double factor) const { return Quantity(value_ * factor); }
  constexpr Quantity operator/(double divisor) const { return Quantity(value_ / divisor); }
  constexpr double operator/(Quantity other) const { return value_ / other.value_; }
  constexpr Quantity& operator+=(Quantity other) { return *this = *this + other; }

 private:
  double value_ = 0.0;
};

using Joules = Quantity<struct JouleUnit>;
using Watts = Quantity<struct WattUnit>;
using Seconds = Quantity<struct SecondUnit>;
using Bytes = Quantity<struct ByteUnit>;

constexpr Joules operator*(Watts power, Seconds time) {
  return Joules(power.value() * time.value());
}
constexpr Watts operator/(Joules energy, Seconds time) {
  return Watts(energy.value() / time.value());
}

/// Reads a number with its unit; blanks between the two are allowed: "50 kJ", "2.5Wh", "1e3 J".
/// Energy: uJ mJ J kJ MJ GJ Wh kWh. Time: ms s min h d. Memory: kB MB GB kiB MiB GiB.
/// Errors: kInvalidArgument when the number or the unit is missing, unknown, negative or not
/// finite; the message lists the units.
Result<Joules> ParseJoules(std::string_view text);
Result<Seconds> ParseSeconds(std::string_view text);
Result<Bytes> ParseBytes(std::string_view text);

/// For people: three significant digits and the unit that fits ("12.3 kJ", "1 min 05 s", "3.91
/// GiB").
std::string FormatJoules(Joules energy);
std::string FormatSeconds(Seconds time);
std::string FormatBytes(Bytes size);

/// A number for people: up to `digits` significant digits, no trailing zeros ("0.0278", "1.2e-05").
std::string FormatNumber(double number, int digits = 4);

}  // namespace joulefront
