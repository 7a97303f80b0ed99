#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/command.h"
#include "tests/cli/sample_store.h"

namespace joulefront {
namespace {

using nlohmann::json;

TEST_CASE("status tells where the study stands, what it spent and what failed") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const Outcome status = shop.Run({"status", "digits.db"});
  CHECK(status.code == 0);
  CHECK(status.err == "");
  CHECK(status.out ==
        "study    digits (open)\n"
        "trials   4 complete, 1 failed, 0 pruned, 0 running, 1 waiting\n"
        "budget   60 trials\n"
        "spent    192 J (estimated); 1 min 15 s of running\n"
        "front    3 trials, hypervolume 12.2\n"
        "proposed 5 sobol (83 %), 1 nsga2 (17 %)\n"
        "last     nsga2: bred\n"
        "\n"
        "failed     count     last  why\n"
        "---------  -----  -------  --------------------------------------------\n"
        "exit-code      1  trial 4  exit status 1; its last line: \"no\",??[2Jgone\n");
}

TEST_CASE("status as CSV and JSON has the same figures for programs") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  CHECK(shop.Run({"status", "digits.db", "--format", "csv"}).out ==
        "study,complete,failed,pruned,running,waiting,energy_j,energy_class,elapsed_s\n"
        "digits,4,1,0,0,1,192.5,estimated,75\n");
  const json data = json::parse(shop.Run({"status", "digits.db", "--format", "json"}).out);
  CHECK(data["study"] == "digits");
  CHECK(data["open"] == true);
  CHECK(data["trials"] ==
        json::parse(R"({"complete":4,"failed":1,"pruned":0,"running":0,"waiting":1})"));
  CHECK(data["energy"] ==
        json::parse(
            R"({"joules":192.5,"search_joules":0.0,"class":"estimated","attempts_without":0})"));
  CHECK(data["front"] == 3);
  CHECK(data["proposed_by"] == json::parse(R"({"nsga2":1,"sobol":5})"));
  CHECK(data["last_proposal"] ==
        json::parse(R"({"trial":5,"proposed_by":"nsga2","reason":"bred"})"));
  CHECK(data["failures"]["exit-code"]["last_trial"] == 4);
}

TEST_CASE("status of a study without a trial shows no figure that is not there") {
  const Workshop shop;
  MakeEmptyStore(shop / "digits.db");
  CHECK(shop.Run({"status", "digits.db"}).out ==
        "study    digits (open)\n"
        "trials   0 complete, 0 failed, 0 pruned, 0 running, 0 waiting\n"
        "budget   60 trials\n"
        "spent    none recorded; 0 ms of running\n"
        "front    0 trials\n");
  const json data = json::parse(shop.Run({"status", "digits.db", "--format", "json"}).out);
  CHECK(data["energy"]["joules"].is_null());
  CHECK(data["hypervolume"].is_null());
  CHECK(data["last_proposal"].is_null());
}

TEST_CASE("export as CSV is one trial a line, where a missing value is an empty cell") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const Outcome data = shop.Run({"export", "digits.db"});
  CHECK(data.code == 0);
  CHECK(data.out ==
        "number,state,parameter.width,parameter.optimizer,parameter.momentum,value.energy,value."
        "error,energy.total_j,energy.total_class,energy.total_coverage,"
        "energy.total_at_most_j,energy.train_j,energy.train_class,energy.train_coverage,"
        "energy.train_at_most_j,attempts,"
        "proposed_by,reason,failure,message\n"
        "0,complete,8,adam,,10.0,0.3,15.0,estimated,1.0,,10.0,estimated,1.0,,1,sobol,start,,\n"
        "1,complete,16,sgd,0.5,50.0,0.1,55.0,estimated,1.0,,50.0,estimated,1.0,,1,sobol,start,,\n"
        "2,complete,64,adam,,90.0,0.05,95.0,estimated,1.0,,90.0,estimated,1.0,,1,sobol,start,,\n"
        "3,complete,32,adam,,20.0,0.3,25.0,estimated,1.0,,20.0,estimated,1.0,,1,sobol,start,,\n"
        "4,failed,8,adam,,,,,,,,,,,,1,sobol,start,exit-code,\"\"\"exit status 1; its last line: "
        "\\\"\"no\\\"\",\\n\\u001b[2Jgone\"\"\"\n"
        "5,waiting,16,sgd,0.5,,,,,,,,,,,0,nsga2,bred,,\n");
}

TEST_CASE("export as JSON has the documented shape") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const json data = json::parse(shop.Run({"export", "digits.db", "--format", "json"}).out);
  CHECK(data["study"] == "digits");
  CHECK(data["objectives"].size() == 2);
  REQUIRE(data["trials"].size() == 6);
  const json& first = data["trials"][0];
  CHECK(first["number"] == 0);
  CHECK(first["state"] == "complete");
  CHECK(first["configuration"] == json::parse(R"({"width":8,"optimizer":"adam"})"));
  CHECK(first["values"] == json::parse(R"({"error":0.3,"energy":10.0})"));
  CHECK(first["attempts"] == 1);
  CHECK(first["proposed_by"] == "sobol");
  CHECK(first["energy"]["train"]["joules"] == 10.0);
  CHECK(first["energy"]["total"]["class"] == "estimated");
  CHECK(first["energy"]["total"]["wall_s"] == 2.0);
  const json& failed = data["trials"][4];
  CHECK(failed["state"] == "failed");
  CHECK(failed["values"].empty());
  CHECK(failed["failure"]["class"] == "exit-code");
  CHECK(data["trials"][5]["state"] == "waiting");
}

TEST_CASE("export writes to a file, and never over the store") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const Outcome out = shop.Run({"export", "digits.db", "--output", "trials.csv"});
  CHECK(out.code == 0);
  CHECK(out.out == "");
  CHECK(shop.Read("trials.csv") == shop.Run({"export", "digits.db"}).out);
  const Outcome onto = shop.Run({"export", "digits.db", "-o", "./digits.db"});
  CHECK(onto.code == 2);
  CHECK(onto.err.starts_with("joulefront export: --output ./digits.db is the store itself\n"));
  CHECK(shop.Run({"export", "digits.db"}).out == shop.Read("trials.csv"));
  const Outcome nowhere = shop.Run({"export", "digits.db", "-o", "no/such/folder.csv"});
  CHECK(nowhere.code == 1);
  CHECK(nowhere.err ==
        "joulefront export: --output: 'no/such/folder.csv' cannot be written: "
        "No such file or directory\n");
  const Outcome full = shop.Run({"export", "digits.db", "-o", "/dev/full"});
  CHECK(full.code == 1);
  CHECK(full.err == "joulefront export: cannot write '/dev/full': No space left on device\n");
}

TEST_CASE("Looking at a store leaves it and its folder as they were") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const std::string before = shop.Shell("ls; cksum digits.db").out;
  for (const char* verb : {"front", "status", "export"}) {
    CHECK(shop.Run({verb, "digits.db"}).code == 0);
  }
  CHECK(shop.Shell("ls; cksum digits.db").out == before);
}

TEST_CASE("meters says what can be measured here, in every format") {
  const Workshop shop;
  CHECK(shop.Run({"meters"}).out.starts_with("host "));
  const json data = json::parse(shop.Run({"meters", "--format", "json"}).out);
  CHECK_FALSE(data["meters"].empty());
  CHECK(
      shop.Run({"meters", "--format", "csv"})
          .out.starts_with("source,domain,boundary,readable,used,update_period_s,detail,remedy\n"));
}

}  // namespace
}  // namespace joulefront
