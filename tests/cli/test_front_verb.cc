#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/command.h"
#include "tests/cli/sample_store.h"

namespace joulefront {
namespace {

using nlohmann::json;

TEST_CASE("front says once where its phase is a small part of what its trials took") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  CHECK(shop.Run({"front", "digits.db"}).err == "");
  MakeDigitsStore(shop / "slow.db", DigitsStudy(), 2000.0);
  CHECK(shop.Run({"front", "slow.db"}).err ==
        "note: 'energy' is of the phase train alone: 150 J of the 6.15 kJ that the trials of this "
        "front took in all; an objective with phase = \"total\" weighs all of it\n");
}

TEST_CASE("front shows each point with its joules, their class, the price of a step and the knee") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const Outcome front = shop.Run({"front", "digits.db"});
  CHECK(front.code == 0);
  CHECK(front.err == "");
  CHECK(
      front.out ==
      "study 'digits': front of 3 of 4 complete trials; hypervolume 12.2 to reference (0.325, 98)\n"
      "\n"
      "trial  error  energy [J, estimated]  J per 0.01 error           width  optimizer  momentum\n"
      "-----  -----  ---------------------  ----------------  -------  -----  ---------  --------\n"
      "    0    0.3                     10                 -               8       adam         -\n"
      "    1    0.1                     50                 2  <- knee     16        sgd       0.5\n"
      "    2   0.05                     90                 8              64       adam         "
      "-\n");
}

TEST_CASE("front as CSV has every figure in full, with its class") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const Outcome front = shop.Run({"front", "digits.db", "--format", "csv"});
  CHECK(front.code == 0);
  CHECK(front.out ==
        "trial,error,energy,energy_class,energy_coverage,energy_is_bound,mixed,price_per_step,knee,"
        "parameter.width,parameter.optimizer,parameter.momentum\n"
        "0,0.3,10,estimated,1,false,0,,0,8,adam,\n"
        "1,0.1,50,estimated,1,false,0,2.0000000000000004,1,16,sgd,0.5\n"
        "2,0.05,90,estimated,1,false,0,8,0,64,adam,\n");
}

TEST_CASE("front as JSON has the documented shape and the provenance of every joule") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const Outcome front = shop.Run({"front", "digits.db", "--format", "json"});
  REQUIRE(front.code == 0);
  const json data = json::parse(front.out);
  CHECK(data["study"] == "digits");
  CHECK(data["objectives"] ==
        json::parse(R"([{"name": "error", "direction": "minimize", "unit": ""},
                        {"name": "energy", "direction": "minimize", "unit": "J"}])"));
  CHECK(data["hypervolume"].get<double>() == Approx(12.2));  // 2.2 + 9.6 + 0.4
  CHECK(data["reference_point"].size() == 2);
  REQUIRE(data["front"].size() == 3);
  CHECK(data["front"][1] == json::parse(R"(
      {"number": 1,
       "configuration": {"width": 16, "optimizer": "sgd", "momentum": 0.5},
       "values": {"error": 0.1, "energy": 50.0},
       "energy": {"energy": {"joules": 50.0, "class": "estimated", "source": "cpu-time",
                             "boundary": "cpu", "coverage": 1.0, "attribution": "process-tree",
                             "idle_policy": "excluded", "host": "a machine",
                             "own_uncertainty": 0.0, "common_uncertainty": 0.5}},
       "knee": true})"));
}

TEST_CASE("front --plot draws the front, the knee and the other trials") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const Outcome front = shop.Run({"front", "digits.db", "--plot"});
  CHECK(front.code == 0);
  const std::string plot = front.out.substr(front.out.find("\n\nerror"));
  CHECK(plot.find("K") != std::string::npos);
  CHECK(plot.find("energy [J, estimated]") != std::string::npos);
  CHECK(plot.ends_with("o on the front, K its knee, . other trials\n"));
}

std::string NumbersOf(const Outcome& front) {
  std::string numbers;
  const json data = json::parse(front.out);
  for (const json& point : data["front"]) numbers += point["number"].dump() + " ";
  return numbers;
}

TEST_CASE("front takes bounds on joules with a unit and on values without one") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const auto within = [&](std::vector<std::string> bounds) {
    std::vector<std::string> arguments = {"front", "digits.db", "--format", "json"};
    arguments.insert(arguments.end(), bounds.begin(), bounds.end());
    return NumbersOf(shop.Run(arguments));
  };
  CHECK(within({"--max", "energy=60J"}) == "0 1 ");
  CHECK(within({"--max", "energy=0.05 kJ"}) == "0 1 ");
  CHECK(within({"--max=error=0.1"}) == "1 2 ");
  CHECK(within({"--min", "energy=15 J"}) == "3 1 2 ");
  CHECK(within({"--max", "error=0.1", "--max", "energy=60J"}) == "1 ");
}

TEST_CASE("front refuses bounds that mean nothing") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const auto fault = [&](const std::string& flag, const std::string& bound) {
    const Outcome front = shop.Run({"front", "digits.db", flag, bound});
    CHECK(front.code == 2);
    CHECK(front.out == "");
    return front.err;
  };
  CHECK(fault("--max", "energy") ==
        "joulefront front: --max energy: write NAME=VALUE, such as energy=10kJ\n");
  CHECK(fault("--max", "energy=10") ==
        "joulefront front: --max: '10' is not an energy: it has no unit; write a number and a unit "
        "(uJ, mJ, J, kJ, MJ, GJ, Wh, kWh), such as \"50 kJ\"\n");
  CHECK(fault("--min", "error=10kJ") ==
        "joulefront front: --min error=10kJ: '10kJ' is not a number\n");
  CHECK(fault("--min", "error=nan") ==
        "joulefront front: --min error=nan: 'nan' is not a number\n");
  CHECK(fault("--min", "error=") == "joulefront front: --min error=: '' is not a number\n");
  CHECK(fault("--max", "engery=10kJ") ==
        "joulefront front: --max engery=10kJ: no trial has a value 'engery'; there are: energy, "
        "error\n");
}

TEST_CASE("front without a trial to show says why, with exit code 4") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const Outcome bounded = shop.Run({"front", "digits.db", "--max", "energy=1 J"});
  CHECK(bounded.code == 4);
  CHECK(bounded.err == "joulefront front: no trial meets --max and --min\n");
  CHECK(bounded.out == "");

  MakeEmptyStore(shop / "empty.db");
  const Outcome empty = shop.Run({"front", "empty.db"});
  CHECK(empty.code == 4);
  CHECK(empty.err ==
        "joulefront front: no trial is complete yet; joulefront status shows where they are\n");

  Study study = DigitsStudy();
  study.constraints = {{.name = "error", .max = 0.01}};
  MakeDigitsStore(shop / "strict.db", study);
  const Outcome infeasible = shop.Run({"front", "strict.db", "--format", "json"});
  CHECK(infeasible.code == 4);
  CHECK(infeasible.err == "joulefront front: no trial meets the constraints\n");
  const json data = json::parse(infeasible.out);
  CHECK(data["front"].empty());
  CHECK(data["hypervolume"].is_null());
}

TEST_CASE("front of one objective is the best trial, of three has no price") {
  const Workshop shop;
  Study study = DigitsStudy();
  study.objectives.pop_back();
  MakeDigitsStore(shop / "one.db", study);
  const Outcome one = shop.Run({"front", "one.db"});
  CHECK(one.code == 0);
  CHECK(one.out ==
        "study 'digits': front of 1 of 4 complete trials; hypervolume 0.275 to reference (0.325)\n"
        "\n"
        "trial  error  width  optimizer  momentum\n"
        "-----  -----  -----  ---------  --------\n"
        "    2   0.05     64       adam         -\n");
  study = DigitsStudy();
  study.objectives.push_back({.name = "width", .direction = Direction::kMaximize, .unit = "px"});
  MakeEmptyStore(shop / "three.db", study);
  CHECK(shop.Run({"front", "three.db", "--format", "csv"}).code == 4);
}

TEST_CASE("an anytime front shows at which step each of its points is") {
  const Workshop shop;
  shop.Write("train.sh",
             "for step in 1 2 3 4; do\n"
             "  echo \"{\\\"joulefront\\\": \\\"energy\\\", \\\"joules\\\": $((step * 10))}\"\n"
             "  echo \"{\\\"joulefront\\\": \\\"progress\\\", \\\"step\\\": $step, \\\"values\\\": "
             "{\\\"error\\\": 0.$((9 - step))}}\"\n"
             "done\n"
             "echo '{\"joulefront\": \"result\", \"values\": {\"error\": 0.5}}'\n");
  shop.Write("any.toml",
             "[study]\nname = 'any'\n[objectives]\nerror = { direction = 'minimize' }\n"
             "energy = { direction = 'minimize', phase = 'total' }\n"
             "[space]\nepochs = { type = 'int', low = 1, high = 4, fidelity = true }\n"
             "[trainer]\ncommand = ['sh', 'train.sh']\nanytime = true\n"
             "[search]\ndefault = { epochs = 4 }\n"
             "[metering]\nsources = ['trainer']\n[budget]\ntrials = 1\n");
  REQUIRE(shop.Run({"run", "any.toml", "--quiet"}).code == 0);
  const Outcome front = shop.Run({"front", "any.db"});
  CHECK_THAT(front.out,
             Catch::StartsWith("study 'any': front of 4 of 4 complete trials and reports"));
  CHECK_THAT(front.out, Catch::Contains("trial  step  error  energy [J, replayed]"));
  CHECK_THAT(front.out, Catch::Contains("    0     1    0.8                    10"));
  CHECK_THAT(front.out, Catch::Contains("    0   end    0.5                    40"));
  const json data = json::parse(shop.Run({"front", "any.db", "--format", "json"}).out);
  CHECK(data["front"][1]["step"] == 2);
  CHECK(data["front"][1]["configuration"]["epochs"] == 2);
  CHECK(data["front"][3]["step"].is_null());
  CHECK_THAT(shop.Run({"front", "any.db", "--format", "csv"}).out,
             Catch::StartsWith("trial,step,error,energy,energy_class"));
}

}  // namespace
}  // namespace joulefront
