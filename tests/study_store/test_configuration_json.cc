#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "study_store/configuration_json.h"
#include "tests/search/spaces.h"

namespace joulefront {
namespace {

TEST_CASE("A configuration comes back from its JSON as it was, in any space") {
  CHECK(rc::check([](std::uint64_t seed) {
    Random random(seed, 1);
    const SearchSpace space = MakeSpace(RandomParameters(random, /*finite=*/false));
    const Configuration configuration = RandomConfiguration(space, random);
    const std::string text = ConfigurationToJson(space, configuration);
    const auto again = ConfigurationFromJson(space, text);
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == configuration);
    RC_ASSERT(ConfigurationToJson(space, *again) == text);
  }));
}

TEST_CASE("JSON holds the active parameters only, in the order of the space") {
  const SearchSpace space = ConditionalSpace();
  const std::string text =
      R"({"arch":"mlp","rate":0.01,"layers":2,"width":64,"width2":8,"dropout":0.1})";
  const auto configuration = ConfigurationFromJson(space, text);
  REQUIRE(configuration);
  CHECK(ConfigurationToJson(space, *configuration) == text);
  CHECK_FALSE((*configuration)[*space.IndexOf("kernel")]);
  CHECK(ConfigurationToJson(
            space,
            *ConfigurationFromJson(space, R"( {"dropout": 0, "arch": "linear", "rate": 1e-5} )")) ==
        R"({"arch":"linear","rate":1e-05,"dropout":0.0})");
}

TEST_CASE("A whole number is as good for a float, and a float without fraction for an int") {
  const SearchSpace space = MakeSpace({Float("f", 0, 4), Int("i", 0, 4), Choice("c", {1.0, 2.5})});
  const auto configuration = ConfigurationFromJson(space, R"({"f":2,"i":3.0,"c":1})");
  REQUIRE(configuration);
  CHECK(ConfigurationToJson(space, *configuration) == R"({"f":2.0,"i":3,"c":1.0})");
}

TEST_CASE("A configuration that the space does not hold is refused by the parameter's name") {
  const SearchSpace space = ConditionalSpace();
  const auto fault = [&](const std::string& text) {
    const auto configuration = ConfigurationFromJson(space, text);
    REQUIRE_FALSE(configuration);
    CHECK(configuration.error().code == ErrorCode::kInvalidArgument);
    return configuration.error().message;
  };
  CHECK(fault(R"({"arch":"linear","dropout":0})") == "parameter 'rate' has no value");
  CHECK(fault(R"({"arch":"linear","rate":0.01,"dropout":0,"width":8})") ==
        "parameter 'width' is inactive here: its `when` does not hold");
  CHECK(fault(R"({"arch":"linear","rate":0.01,"dropout":0,"wdith":8})") ==
        "'wdith' is no parameter of the study");
  CHECK(fault(R"({"arch":"lstm"})") == "parameter 'arch' cannot be \"lstm\"");
  CHECK(fault(R"({"arch":"linear","rate":1})") == "parameter 'rate' cannot be 1");
  CHECK(fault(R"({"arch":"linear","rate":"0.01"})") == "parameter 'rate' cannot be \"0.01\"");
  CHECK(fault(R"({"arch":null})") == "parameter 'arch' cannot be null");
  CHECK(fault(R"({"arch":["linear"]})") == "parameter 'arch' cannot be [\"linear\"]");
  CHECK(fault(R"({"arch":"linear","rate":0.01,"dropout":0.15})") ==
        "parameter 'dropout' cannot be 0.15");
  CHECK(fault(R"({"arch":"linear","rate":0.01,"dropout":true})") ==
        "parameter 'dropout' cannot be true");
}

TEST_CASE("Numbers beyond 64 bits do not wrap round") {
  const SearchSpace space = MakeSpace({Int("i", -2, 2), Float("f", 0, 1e30)});
  // 2^64 - 1 would be -1 as a signed number.
  CHECK_FALSE(ConfigurationFromJson(space, R"({"i":18446744073709551615,"f":0})"));
  const auto large = ConfigurationFromJson(space, R"({"i":-1,"f":18446744073709551615})");
  REQUIRE(large);
  CHECK((*large)[1] == 18446744073709551615.0);
}

TEST_CASE("Text that is no JSON object is refused and shown in part") {
  const SearchSpace space = FiniteSpace();
  const std::string texts[] = {"", "[]", "1", "{", "{\"a\":NaN}", "\xff", std::string(10'000, '[')};
  for (const std::string& text : texts) {
    const auto configuration = ConfigurationFromJson(space, text);
    REQUIRE_FALSE(configuration);
    CHECK(configuration.error().message ==
          "a configuration is a JSON object, not '" + text.substr(0, 80) + "'");
  }
}

}  // namespace
}  // namespace joulefront
