#include <fmt/format.h>
#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "base/number_text.h"

using namespace joulefront;

namespace {

double Read(const std::string& text) {
  INFO(text);
  auto number = ReadNumber(text);
  if (!number) FAIL(number.error().message);
  return *number;
}

std::string ProblemOf(const std::string& text) {
  INFO(text);
  auto number = ReadNumber(text);
  REQUIRE(!number);
  return number.error().message;
}

/// The longer number that `part`, found once in `line`, was cut out of.
std::string Longer(const std::string& line, const std::string& part) {
  const auto begin = line.find(part);
  REQUIRE(begin != std::string::npos);
  return std::string(LongerNumber(line, begin, begin + part.size()));
}

}  // namespace

TEST_CASE("numbers are read in the ways in which programs print them") {
  CHECK(Read("0.25") == 0.25);
  CHECK(Read("-3") == -3.0);
  CHECK(Read("+3") == 3.0);
  CHECK(Read(" .5 ") == 0.5);
  CHECK(Read("12.") == 12.0);
  CHECK(Read("1.e-05") == 1e-5);
  CHECK(Read("9.97E-05") == 9.97e-5);
  CHECK(Read("1.5D-03") == 1.5e-3);
  CHECK(Read("\xE2\x88\x92"
             "0.25") == -0.25);
  CHECK(Read("1e\xE2\x88\x92"
             "05") == 1e-5);
  CHECK(Read("0,516") == 0.516);
  CHECK(Read("12,34") == 12.34);
  CHECK(Read("1234,567") == 1234.567);
  CHECK(Read("12,345.6") == 12345.6);
  CHECK(Read("1,234,567") == 1234567.0);
  CHECK(Read("1.234,5") == 1234.5);
  CHECK(Read("1'234'567.5") == 1234567.5);
  CHECK(Read("12_345") == 12345.0);
  CHECK(std::isnan(Read("nan")));
  CHECK(std::isnan(Read("-NaN")));
  CHECK(std::isinf(Read("Infinity")));
  CHECK(Read("-inf") < 0.0);
}

TEST_CASE("text that is no number, or two numbers, is none") {
  for (const char* text : {"", "-", "71.59%", "tensor(0.25)", "0.25.", "1.2.3", "null", "1e", "e5",
                           "0x10", "1,2,3", "12,345.6.7", "1.234.567", "--1", "1 2", "12:30"}) {
    CHECK(ProblemOf(text) == "is no number");
  }
  CHECK(ProblemOf("1,234") == "can be read as 1234 and as 1.234");
  CHECK(ProblemOf("1e400") == "is beyond the range of a 64-bit number");
  CHECK(ProblemOf("1e-400") == "is beyond the range of a 64-bit number");
}

TEST_CASE("a part of a number is known to be one, on either side") {
  CHECK(Longer("val_error=9.97e-05", "9.97") == "9.97e-05");
  CHECK(Longer("val_error=0,516 done", "0") == "0,516");
  CHECK(Longer("val_error=12,345.6", "12") == "12,345.6");
  CHECK(Longer("x=1.e-05", "1.") == "1.e-05");
  CHECK(Longer("x=0.25", "25") == "0.25");
  CHECK(Longer("x=.25", "25") == ".25");
  CHECK(Longer("x=1e-05", "05") == "1e-05");
  CHECK(Longer("loss: -0.25", "0.25") == "-0.25");
  CHECK(Longer("loss: \xE2\x88\x92"
               "0.25",
               "0.25") ==
        "\xE2\x88\x92"
        "0.25");
  CHECK(Longer("x=0x1F", "0") == "0x1F");
  CHECK(Longer("x=1.5x10^-5 J", "1.5") == "1.5x10^-5");
  CHECK(Longer("x=12\xC2\xA0"
               "345",
               "12") ==
        "12\xC2\xA0"
        "345");
  CHECK(Longer("x=1.2.3", "1.2") == "1.2.3");
}

TEST_CASE("a number that stands alone is no part of another") {
  for (const char* line : {"x=0.25", "x=0.25.", "x=0.25, y=3", "loss 0.25e", "0.25%", "[0.25]",
                           "0.25s", "a-0.25", "0.1,0.25,0.5", "0.25/0.5", "epoch 0.25_final",
                           "....0.25", "run3-0.25", "0.25,", "0.25;0.5", "(0.25)", "1, 0.25"}) {
    INFO(line);
    CHECK(Longer(line, "0.25").empty());
  }
  CHECK(Longer("counts=17,2,35", "2").empty());
  CHECK(Longer("tensor(nan)", "nan").empty());
}

TEST_CASE("whatever a number's place in a line, looking at its neighbours ends well") {
  CHECK(rc::check([] {
    const auto line = *rc::gen::container<std::string>(
        rc::gen::elementOf(std::string("01.,eE+-_' x\xE2\x88\x92\xC2\xA0:")));
    const auto begin = *rc::gen::inRange<std::size_t>(0, line.size() + 1);
    const auto end = *rc::gen::inRange<std::size_t>(begin, line.size() + 1);
    const std::string_view longer = LongerNumber(line, begin, end);
    RC_ASSERT(longer.size() <= line.size());
    static_cast<void>(ReadNumber(line));
  }));
}

TEST_CASE("what C prints of a number is read as that number") {
  CHECK(rc::check([] {
    const double number =
        *rc::gen::map(rc::gen::pair(rc::gen::arbitrary<int>(), rc::gen::inRange(-30, 30)),
                      [](const auto& p) { return p.first * std::pow(10.0, p.second); });
    for (const auto& text : {fmt::format("{:.17g}", number), fmt::format("{:.17e}", number)}) {
      RC_ASSERT(ReadNumber(text).value() == number);
      const std::string line = "loss=" + text + " end";
      RC_ASSERT(LongerNumber(line, 5, 5 + text.size()).empty());
      for (std::size_t cut = 1; cut + 1 < text.size(); ++cut) {
        if (text[cut - 1] < '0' || text[cut - 1] > '9') continue;
        RC_ASSERT(LongerNumber(line, 5, 5 + cut) == text);
      }
    }
  }));
}
