// What makes a space impossible: each case names the parameter and the key to mend, and its message
// says how.
#include <catch2/catch.hpp>
#include <limits>

#include "tests/search/spaces.h"

namespace joulefront {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

SpaceFault FaultOf(std::vector<Parameter> parameters) {
  const auto space = SearchSpace::Create(std::move(parameters));
  REQUIRE_FALSE(space.has_value());
  return space.error();
}

void RequireFault(std::vector<Parameter> parameters, const std::string& parameter,
                  const std::string& key, const std::string& part_of_message) {
  const SpaceFault fault = FaultOf(std::move(parameters));
  INFO(fault.message);
  REQUIRE(fault.parameter == parameter);
  REQUIRE(fault.key == key);
  REQUIRE(fault.message.find(part_of_message) != std::string::npos);
}

WhenClause Range(std::optional<double> min, std::optional<double> max) {
  return {"n", {}, min, max};
}

Parameter Child(WhenClause clause) {
  Parameter p = Float("child", 0, 1);
  p.when.push_back(std::move(clause));
  return p;
}

TEST_CASE("names that would break SQL, a shell or a file name are refused", "[space]") {
  for (const char* name : {"", "a b", "a;b", "a'b", "a\"b", "$(rm)", "-rf", ".hidden", "a/b",
                           "a\nb", "m\xc3\xbc", "{x}", "a=b"}) {
    RequireFault({Float(name, 0, 1)}, name, "", "rename it");
  }
  RequireFault({Float(std::string(101, 'a'), 0, 1)}, std::string(101, 'a'), "", "1 to 100");
  for (const char* name : {"a", "_", "0", "learning_rate", "adam.beta-2"}) {
    REQUIRE(SearchSpace::Create({Float(name, 0, 1)}).has_value());
  }
  REQUIRE(SearchSpace::Create({Float(std::string(100, 'a'), 0, 1)}).has_value());
}

TEST_CASE("a fidelity is a number above 0 that is always active, one in a space", "[space]") {
  const auto fidelity = [](Parameter p) {
    p.fidelity = true;
    return p;
  };
  REQUIRE(SearchSpace::Create({fidelity(Int("epochs", 1, 100, true)), Float("x", 0, 1)}));
  REQUIRE(SearchSpace::Create({fidelity(Float("share", 0.1, 1))}));
  RequireFault({fidelity(Float("share", 0, 1))}, "share", "low", "low above 0, not 0");
  RequireFault({fidelity(Int("epochs", 5, 5))}, "epochs", "high", "one value is none");
  RequireFault({fidelity(Choice("c", {true, false}))}, "c", "fidelity", "type float or int");
  RequireFault({Int("n", 0, 1), fidelity(WhenAtLeast(Int("epochs", 1, 9), "n", 1))}, "epochs",
               "when", "always active");
  RequireFault({fidelity(Int("epochs", 1, 9)), fidelity(Float("share", 0.1, 1))}, "share",
               "fidelity", "'epochs' is it: drop one");
}

TEST_CASE("two parameters of one name are refused", "[space]") {
  RequireFault({Float("a", 0, 1), Int("a", 0, 1)}, "a", "", "two parameters");
}

TEST_CASE("a space has 1 to 1,000 parameters", "[space]") {
  RequireFault({}, "", "", "no parameters");
  std::vector<Parameter> many;
  for (int i = 0; i < 1000; ++i) many.push_back(Float("p" + std::to_string(i), 0, 1));
  REQUIRE(SearchSpace::Create(many).has_value());
  many.resize(10'000, Float("x", 0, 1));
  RequireFault(many, "", "", "10000 parameters, 1000 is the most");
}

TEST_CASE("bounds must be finite, in order, and for log above 0", "[space]") {
  RequireFault({Float("a", 2, 1)}, "a", "low", "low (2) is above high (1)");
  RequireFault({Float("a", kNan, 1)}, "a", "low", "finite");
  RequireFault({Float("a", 0, kInfinity)}, "a", "high", "finite");
  RequireFault({Int("a", -kInfinity, 0)}, "a", "low", "finite");
  RequireFault({Float("a", 0, 1, true)}, "a", "low", "above 0");
  RequireFault({Int("a", -1, 5, true)}, "a", "low", "above 0");
  REQUIRE(SearchSpace::Create({Float("a", 1, 1), Float("b", 2, 2, true), Int("c", 3, 3, true)}));
}

TEST_CASE("bounds of ints are whole and exact as doubles", "[space]") {
  RequireFault({Int("a", 0.5, 2)}, "a", "low", "whole, not 0.5");
  RequireFault({Int("a", 0, 2.5)}, "a", "high", "whole, not 2.5");
  RequireFault({Int("a", 0, 0x1.0p54)}, "a", "high", "2^53");
  RequireFault({Int("a", -0x1.0p60, 0)}, "a", "low", "2^53");
  REQUIRE(SearchSpace::Create({Int("a", -0x1.0p53, 0x1.0p53)}));
}

TEST_CASE("a step is positive, hits high, and does not go with log", "[space]") {
  RequireFault({Stepped(Float("a", 0, 1), 0)}, "a", "step", "above 0");
  RequireFault({Stepped(Float("a", 0, 1), -0.1)}, "a", "step", "above 0");
  RequireFault({Stepped(Float("a", 0, 1), kNan)}, "a", "step", "above 0");
  RequireFault({Stepped(Float("a", 0, 1), kInfinity)}, "a", "step", "above 0");
  RequireFault({Stepped(Float("a", 1, 2, true), 0.5)}, "a", "step", "drop one");
  RequireFault({Stepped(Int("a", 0, 4), 0.5)}, "a", "step", "whole");
  RequireFault({Stepped(Float("a", 0, 1), 0.3)}, "a", "step", "set high to 0.9 or 1.2");
  RequireFault({Stepped(Float("a", 0, 1), 2)}, "a", "step", "set high to 0 or 2");
  RequireFault({Stepped(Int("a", 1, 10), 4)}, "a", "step", "set high to 9 or 13");
  RequireFault({Stepped(Float("a", 0, 1), 1e-300)}, "a", "step", "too many levels");
  RequireFault({Stepped(Float("a", -1e308, 1e308), 1e-5)}, "a", "step", "too many levels");
  REQUIRE(SearchSpace::Create({Stepped(Float("a", 0.1, 0.9), 0.1), Stepped(Int("b", 2, 10), 4)}));
}

TEST_CASE("choices are there, finite and different from one another", "[space]") {
  RequireFault({Choice("a", {})}, "a", "choices", "empty");
  RequireFault({Ordinal("a", {})}, "a", "choices", "empty");
  RequireFault({Choice("a", {Text("x"), Text("y"), Text("x")})}, "a", "choices", "\"x\" more than");
  RequireFault({Choice("a", {std::int64_t{1}, 1.0})}, "a", "choices", "1 more than once");
  RequireFault({Choice("a", {true, true})}, "a", "choices", "true more than once");
  RequireFault({Choice("a", {1.0, kNan})}, "a", "choices", "finite");
  REQUIRE(SearchSpace::Create({Choice("a", {std::int64_t{1}, true, Text("1"), Text("")})}));
  REQUIRE(SearchSpace::Create({Choice("a", {Text("only")})}));
}

TEST_CASE("a when that names nothing, itself or a circle is refused", "[space]") {
  RequireFault({WhenAtLeast(Float("a", 0, 1), "b", 0)}, "a", "when", "'b', which is not");
  RequireFault({WhenAtLeast(Float("a", 0, 1), "a", 0)}, "a", "when", "itself");
  RequireFault({WhenAtLeast(Int("a", 0, 1), "b", 1), WhenAtLeast(Int("b", 0, 1), "a", 1)}, "a",
               "when", "a needs b needs a");
  // The parameter outside of the circle that depends on it is not blamed.
  const auto fault =
      FaultOf({WhenAtLeast(Int("x", 0, 1), "a", 1), WhenAtLeast(Int("a", 0, 1), "b", 1),
               WhenAtLeast(Int("b", 0, 1), "c", 1), WhenAtLeast(Int("c", 0, 1), "a", 1)});
  REQUIRE(fault.parameter != "x");
  REQUIRE(fault.message.find("a needs b needs c needs a") != std::string::npos);
}

TEST_CASE("a when that its parent can never meet is refused", "[space]") {
  const auto choice = Choice("arch", {Text("mlp"), Text("conv")});
  RequireFault({choice, When(Float("a", 0, 1), "arch", {Text("mpl")})}, "a", "when",
               "'arch' never holds \"mpl\": it may be \"mlp\", \"conv\"");
  RequireFault({choice, When(Float("a", 0, 1), "arch", {std::int64_t{0}})}, "a", "when", "holds 0");
  RequireFault({Int("n", 1, 4), When(Float("a", 0, 1), "n", {std::int64_t{5}})}, "a", "when",
               "'n' never holds 5: it may be 1 to 4");
  RequireFault({Int("n", 1, 4), When(Float("a", 0, 1), "n", {2.5})}, "a", "when", "2.5");
  RequireFault({Int("n", 1, 4), Child(Range(5, {}))}, "child", "when", "never lies");
  RequireFault({Int("n", 1, 4), Child(Range({}, 0.5))}, "child", "when", "never lies");
  RequireFault({Int("n", 1, 4), Child(Range(2.2, 2.8))}, "child", "when", "never lies");
  RequireFault({Int("n", 1, 4), Child(Range(3, 2))}, "child", "when", "must not be above");
  RequireFault({Int("n", 1, 4), Child(Range(kNan, 2))}, "child", "when", "must not be above");
  RequireFault({Ordinal("n", {1.0, 2.0}), Child(Range(3, {}))}, "child", "when", "never lies");
}

TEST_CASE("a when says values or a range, and a range needs numbers", "[space]") {
  RequireFault({Int("n", 1, 4), Child(Range({}, {}))}, "child", "when", "says nothing of 'n'");
  RequireFault({Int("n", 1, 4), Child({"n", {std::int64_t{2}}, 1.0, {}})}, "child", "when", "both");
  RequireFault({Choice("n", {1.0, 2.0}), Child(Range(1, {}))}, "child", "when", "list the values");
  RequireFault({Ordinal("n", {Text("s"), Text("m")}), Child(Range(1, {}))}, "child", "when",
               "list the values");
  RequireFault({Float("n", 0, 1), When(Int("a", 0, 1), "n", {0.5})}, "a", "when", "min and max");
  REQUIRE(SearchSpace::Create({Float("n", 0, 1), Child(Range(0.5, {}))}));
  REQUIRE(SearchSpace::Create({Int("n", 1, 4), Child(Range(2.2, 3.0))}));
}

}  // namespace
}  // namespace joulefront
