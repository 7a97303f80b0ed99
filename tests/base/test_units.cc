#include <catch2/catch.hpp>

#include "base/energy.h"
#include "base/random.h"
#include "base/units.h"

using namespace joulefront;

TEST_CASE("energies are read in every unit, with or without a blank") {
  CHECK(ParseJoules("50 kJ")->value() == 50e3);
  CHECK(ParseJoules("2.5Wh")->value() == 9000.0);
  CHECK(ParseJoules(" 1e3 J ")->value() == 1e3);
  CHECK(ParseJoules("0 J")->value() == 0.0);
  CHECK(ParseJoules("7 mJ")->value() == Approx(7e-3));
}

TEST_CASE("times are read in every unit") {
  CHECK(ParseSeconds("30 min")->value() == 1800.0);
  CHECK(ParseSeconds("250ms")->value() == 0.25);
  CHECK(ParseSeconds("1.5 h")->value() == 5400.0);
}

TEST_CASE(
    "a quantity without a number, with no unit or with the wrong one is refused with advice") {
  for (const char* text : {"", "kJ", "50", "50 kW", "50 s", "-1 J", "nan J", "inf J", "1e400 J",
                           "5 0 J", "1,5 kJ", "50 KJ", "0x10 J"}) {
    CAPTURE(text);
    const auto energy = ParseJoules(text);
    REQUIRE_FALSE(energy);
    CHECK(energy.error().code == ErrorCode::kInvalidArgument);
    CHECK(energy.error().message.find("50 kJ") != std::string::npos);
  }
  CHECK(ParseSeconds("50 J").error().message ==
        "'50 J' is not a time: 'J' is no unit of it; write a number and a unit (ms, s, min, h, d), "
        "such as \"30 min\"");
}

TEST_CASE("quantities are shown with three digits and the unit that fits") {
  CHECK(FormatJoules(Joules(12345)) == "12.3 kJ");
  CHECK(FormatJoules(Joules(999.6)) == "1.00 kJ");
  CHECK(FormatJoules(Joules(0.95)) == "950 mJ");
  CHECK(FormatJoules(Joules(0)) == "0 J");
  CHECK(FormatJoules(Joules(-2.5)) == "-2.50 J");
  CHECK(FormatSeconds(Seconds(0.0123)) == "12.3 ms");
  CHECK(FormatSeconds(Seconds(59.97)) == "1 min 00 s");
  CHECK(FormatSeconds(Seconds(65)) == "1 min 05 s");
  CHECK(FormatSeconds(Seconds(7260)) == "2 h 01 min");
  CHECK(FormatSeconds(Seconds(200000)) == "2 d 07 h");
  CHECK(FormatNumber(0.027777) == "0.02778");
}

TEST_CASE("power times time is energy") {
  CHECK((Watts(4) * Seconds(2.5)).value() == 10.0);
  CHECK((Joules(10) / Seconds(2.5)).value() == 4.0);
  CHECK(Joules(6) / Joules(3) == 2.0);
}

TEST_CASE("every energy class keeps its name") {
  for (const auto energy_class : {EnergyClass::kMeasured, EnergyClass::kAttributed,
                                  EnergyClass::kCalibrated, EnergyClass::kEstimated}) {
    CHECK(EnergyClassFromName(Name(energy_class)) == energy_class);
  }
  CHECK_FALSE(EnergyClassFromName("guessed"));
}

TEST_CASE("random numbers depend on seed, stream and position alone") {
  Random a(1, 2), b(1, 2), other_stream(1, 3), other_seed(2, 2);
  const auto first = a();
  CHECK(first == b());
  CHECK(first != other_stream());
  CHECK(first != other_seed());
  for (int i = 0; i < 1000; ++i) {
    CHECK(a.Below(7) < 7);
    const double u = a.Uniform();
    CHECK((u >= 0.0 && u < 1.0));
  }
}
