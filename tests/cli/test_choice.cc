// Choosing from a front: --prefer, --weight, --lifetime-inferences.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/command.h"
#include "tests/cli/sample_store.h"

namespace joulefront {
namespace {

using Catch::Contains;
using nlohmann::json;

/// The front of a store as JSON.
json FrontOf(const Workshop& shop, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "front");
  arguments.insert(arguments.end(), {"--format", "json"});
  const Outcome front = shop.Run(arguments);
  INFO(front.err);
  REQUIRE(front.code == 0);
  return json::parse(front.out);
}

TEST_CASE("a preference marks the trial that fits it, and says what would change that") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const Outcome front = shop.Run({"front", "digits.db", "--prefer", "error=2,energy=1"});
  CHECK(front.code == 0);
  CHECK_THAT(front.out, Contains("<- chosen, knee"));
  CHECK_THAT(front.out, Contains("chosen: trial 1, by preference error 2, energy 1. It stays the "
                                 "choice from 0.5 up to 5 times as much weight for error as for "
                                 "energy; below, trial 0; above, trial 2."));
  CHECK(FrontOf(shop, {"digits.db", "--prefer", "error=20"})["chosen"] == 2);
  CHECK(FrontOf(shop, {"digits.db", "--prefer", "energy=20"})["chosen"] == 0);
  CHECK(FrontOf(shop, {"digits.db"})["chosen"].is_null());
}

TEST_CASE("a weight is the price of a unit of what is not paid") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  // From trial 0 to 1 a unit of error costs 200 J, from 1 to 2 800 J.
  const Outcome front = shop.Run({"front", "digits.db", "--weight", "error=500"});
  CHECK(front.code == 0);
  CHECK_THAT(front.out, Contains("chosen: trial 1, by the weighted sum error 500, energy 1. It "
                                 "stays the choice from 2"));
  CHECK_THAT(front.out, Contains("J for a unit of error; below, trial 0; above, trial 2."));
  CHECK(FrontOf(shop, {"digits.db", "--weight", "error=190"})["chosen"] == 0);
  CHECK(FrontOf(shop, {"digits.db", "--weight", "error=810"})["chosen"] == 2);
}

TEST_CASE("over the lives of models the front pays training and inferences") {
  const Workshop shop;
  MakeDeployedStore(shop / "d.db");
  const std::vector<std::string> wish = {"d.db", "--max", "error=0.2", "--lifetime-inferences"};
  const auto with = [&](const std::string& inferences) {
    auto arguments = wish;
    arguments.push_back(inferences);
    return FrontOf(shop, arguments);
  };
  const json few = with("1000");
  CHECK(few["chosen"] == 1);
  CHECK(few["front"][0]["values"]["lifetime_energy"] == 54.0);
  CHECK_THAT(few["choice"].get<std::string>(),
             Contains("the cheapest within the bounds, over 1000 inferences. It stays the choice "
                      "up to 1.5e+04 inferences; above, trial 2."));
  CHECK(with("1e6")["chosen"] == 2);
  const Outcome table =
      shop.Run({"front", "d.db", "--lifetime-inferences", "1e6", "--prefer", "energy=1,error=3"});
  CHECK(table.code == 0);
  CHECK_THAT(table.out, Contains("lifetime_energy [J, estimated]"));
  CHECK_THAT(table.out, Contains("1000 inferences [J]"));
  CHECK_THAT(table.out, Contains("chosen: trial 2"));
}

TEST_CASE("wishes that mean nothing are refused") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const auto fault = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"front", "digits.db"});
    const Outcome front = shop.Run(arguments);
    CHECK(front.code == 2);
    CHECK(front.out == "");
    return front.err;
  };
  CHECK_THAT(fault({"--prefer", "eror=2"}),
             Contains("no objective 'eror'; there are: error, energy"));
  CHECK_THAT(fault({"--prefer", "error"}), Contains("error=2,energy=1"));
  CHECK_THAT(fault({"--prefer", "error=-1"}), Contains("numbers from 0"));
  CHECK_THAT(fault({"--prefer", "error=0,energy=0"}), Contains("above 0"));
  CHECK_THAT(fault({"--weight", "energy=1"}), Contains("what is a unit of error worth?"));
  CHECK_THAT(fault({"--weight", "error=1", "--prefer", "error=1"}),
             Contains("--prefer or --weight"));
  CHECK_THAT(fault({"--lifetime-inferences", "many"}), Contains("such as 1e6"));
  CHECK_THAT(fault({"--lifetime-inferences", "1e6"}),
             Contains("what an inference takes is not known of any complete trial"));
}

}  // namespace
}  // namespace joulefront
