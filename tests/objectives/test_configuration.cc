#include <catch2/catch.hpp>

#include "objectives/bad_input.h"
#include "objectives/configuration.h"

using namespace joulefront::objectives;
using Catch::Matchers::Contains;

namespace {

const std::vector<Parameter> kParameters{
    {"layers", IntRange{2, 1, 8}, "hidden layers"},
    {"rate", FloatRange{0.1, 1e-3, 1.0}, "step size"},
    {"optimizer", Choices{{"adam", "sgd"}}, "how"},
    {"momentum", FloatRange{0.9, 0.0, 1.0}, "inertia", OnlyWhen{"optimizer", "sgd"}},
};

Configuration Read(const std::string& json, std::vector<Assignment> assignments = {}) {
  return Configuration::Read(kParameters, json, assignments);
}

std::string Problem(const std::string& json, std::vector<Assignment> assignments = {}) {
  try {
    Read(json, std::move(assignments));
  } catch (const BadInput& error) {
    return error.what();
  }
  return "no problem";
}

}  // namespace

TEST_CASE("parameters not given hold their defaults", "[objectives]") {
  for (const char* nothing : {"", "{}"}) {
    const Configuration configuration = Read(nothing);
    CHECK(configuration.Int("layers") == 2);
    CHECK(configuration.Float("rate") == 0.1);
    CHECK(configuration.Choice("optimizer") == "adam");
    CHECK(configuration.Float("momentum") == 0.9);
  }
}

TEST_CASE("given values hold, whole numbers for floats too", "[objectives]") {
  const Configuration configuration =
      Read(R"({"layers": 8, "rate": 1, "optimizer": "sgd", "momentum": 0.5})");
  CHECK(configuration.Int("layers") == 8);
  CHECK(configuration.Float("rate") == 1.0);
  CHECK(configuration.Choice("optimizer") == "sgd");
  CHECK(configuration.Float("momentum") == 0.5);
}

TEST_CASE("assignments win over the configuration", "[objectives]") {
  const Configuration configuration =
      Read(R"({"layers": 8})", {{"layers", "3"}, {"rate", "5e-3"}, {"optimizer", "sgd"}});
  CHECK(configuration.Int("layers") == 3);
  CHECK(configuration.Float("rate") == 5e-3);
  CHECK(configuration.Choice("optimizer") == "sgd");
}

TEST_CASE("a name that no parameter has is refused with those there are", "[objectives]") {
  CHECK_THAT(Problem(R"({"layer": 2})"), Contains("layer: no such parameter; there are layers"));
  CHECK_THAT(Problem("", {{"widht", "2"}}), Contains("widht: no such parameter"));
}

TEST_CASE("wrong types are refused with the parameter's name", "[objectives]") {
  CHECK(Problem(R"({"layers": 2.5})") == "layers: expected an integer, got 2.5");
  CHECK(Problem(R"({"layers": "2"})") == "layers: expected an integer, got \"2\"");
  CHECK(Problem(R"({"layers": true})") == "layers: expected an integer, got true");
  CHECK(Problem(R"({"rate": null})") == "rate: expected a number, got null");
  CHECK(Problem(R"({"optimizer": 3})") == "optimizer: expected one of adam, sgd, got 3");
  CHECK_THAT(Problem("", {{"layers", "two"}}), Contains("expected an integer, got \"two\""));
  CHECK_THAT(Problem("", {{"rate", ""}}), Contains("expected a number, got \"\""));
}

TEST_CASE("values out of range are refused with the range", "[objectives]") {
  CHECK(Problem(R"({"layers": 0})") == "layers: expected a value from 1 to 8, got 0");
  CHECK(Problem(R"({"layers": 9})") == "layers: expected a value from 1 to 8, got 9");
  CHECK_THAT(Problem(R"({"layers": 18446744073709551615})"), Contains("layers: expected a value"));
  CHECK_THAT(Problem(R"({"rate": 0.0001})"), Contains("rate: expected a value from 0.001 to 1.0"));
  CHECK_THAT(Problem(R"({"optimizer": "adma"})"), Contains("one of adam, sgd, got \"adma\""));
}

TEST_CASE("a parameter without effect is refused with the mending", "[objectives]") {
  CHECK_THAT(Problem(R"({"momentum": 0.5})"), Contains("momentum: has an effect only with") &&
                                                  Contains("when = { optimizer = \"sgd\" }"));
  CHECK(Problem(R"({"optimizer": "sgd", "momentum": 0.5})") == "no problem");
}

TEST_CASE("a configuration that is no JSON object is refused", "[objectives]") {
  for (const char* text : {"[]", "3", "{", "{\"layers\": 2", "layers=2", "{\"rate\": 1e999}"}) {
    CHECK_THAT(Problem(text), Contains("not a JSON object"));
  }
}

TEST_CASE("the description lists each parameter with its default and range", "[objectives]") {
  const std::string text = DescribeParameters(kParameters);
  CHECK_THAT(text, Contains("layers         2  (int, 1 to 8)") && Contains("hidden layers"));
  CHECK_THAT(text, Contains("optimizer      adam  (adam, sgd)"));
}
