#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/command.h"
#include "tests/cli/sample_store.h"

namespace joulefront {
namespace {

using nlohmann::json;

/// The text of the page's block of data.
std::string BlockOf(const std::string& page) {
  const std::string begin = R"(<script type="application/json" id="data">)";
  const auto from = page.find(begin);
  REQUIRE(from != std::string::npos);
  const auto to = page.find("</script>", from);
  return page.substr(from + begin.size(), to - from - begin.size());
}

std::string PageOf(const Workshop& shop, const std::string& store = "digits.db") {
  const Outcome report = shop.Run({"export", store, "--format", "html"});
  CHECK(report.code == 0);
  CHECK(report.err == "");
  return report.out;
}

json Column(const json& data, const std::string& key) {
  for (const json& column : data["columns"]) {
    if (column["key"] == key) return column;
  }
  FAIL("no column " << key);
  return {};
}

TEST_CASE("a report holds every trial, with nothing where there is no figure") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const json data = json::parse(BlockOf(PageOf(shop)));
  CHECK(data["study"] == "digits");
  CHECK(data["trials"] == 6);
  CHECK(data["sample"].is_null());
  CHECK(Column(data, "trial:trial")["data"] == json::parse("[0,1,2,3,4,5]"));
  CHECK(Column(data, "objective:error")["data"] == json::parse("[0.3,0.1,0.05,0.3,null,null]"));
  CHECK(Column(data, "objective:energy")["unit"] == "J");
  CHECK(Column(data, "parameter:momentum")["data"] == json::parse("[null,0.5,null,null,null,0.5]"));
  const json optimizer = Column(data, "parameter:optimizer");
  CHECK(optimizer["labels"] == json::parse(R"(["sgd","adam"])"));
  CHECK(optimizer["data"] == json::parse("[1,0,1,1,1,0]"));
  const json result = Column(data, "place:result");
  CHECK(result["labels"] == json::parse(R"(["front","dominated","failed","waiting"])"));
  CHECK(result["data"] == json::parse("[0,0,0,1,2,3]"));
  CHECK(Column(data, "phase:train")["data"] == json::parse("[10,50,90,20,null,null]"));
  // Of the failed trial too: its attempt burned them.
  CHECK(Column(data, "joules:joules of all attempts")["data"] ==
        json::parse("[15,55,95,25,2.5,null]"));
}

TEST_CASE("a report has the front with its prices and its knee, and recommends three of it") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const json data = json::parse(BlockOf(PageOf(shop)));
  REQUIRE(data["front"].size() == 3);
  CHECK(data["front"][0]["price"].is_null());
  CHECK(data["front"][1]["price"] == 200);
  CHECK(data["front"][1]["knee"] == true);
  CHECK(data["front"][2]["price"] == 800);
  CHECK(data["front"][2]["configuration"] == json::parse(R"({"width":64,"optimizer":"adam"})"));
  REQUIRE(data["wishes"].size() == 3);
  CHECK(data["wishes"][0]["wish"] == "lowest error");
  CHECK(data["wishes"][0]["point"] == 2);
}

TEST_CASE("a report says in words what was searched and what it took") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const json data = json::parse(BlockOf(PageOf(shop)));
  CHECK(
      data["summary"] ==
      json::parse(
          R"(["This study searched 3 parameters for low error and low energy (joules of the phase 'train').",
          "Of 6 trials, 4 complete, 1 failed and 1 waiting; 3 points are on the front, which no other beats in everything.",
          "All of it took 192 J, at least in part estimated by a model and not measured.",
          "The study file has no [carbon], so no gCO2e is stated."])"));
}

TEST_CASE("a report tells where the joules went, and where each figure comes from") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const json energy = json::parse(BlockOf(PageOf(shop)))["energy"];
  CHECK(energy["joules"] == 192.5);
  CHECK(energy["class"] == "estimated");
  CHECK(energy["by_fate"] == json::parse(R"([{"name":"front","joules":165,"attempts":3,"without":0},
                        {"name":"dominated","joules":25,"attempts":1,"without":0},
                        {"name":"failed","joules":2.5,"attempts":1,"without":0}])"));
  REQUIRE(energy["by_phase"].size() == 1);
  CHECK(energy["by_phase"][0]["name"] == "train");
  CHECK(energy["by_phase"][0]["joules"] == 170);
  REQUIRE(energy["origins"]["list"].size() == 1);
  CHECK(energy["origins"]["list"][0]["source"] == "cpu-time");
  CHECK(energy["origins"]["list"][0]["attempts"] == 5);
  CHECK(energy["origins"]["list"][0]["common_uncertainty"] == 0.5);
}

TEST_CASE("the course of a report ends at the hypervolume of the front") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const json data = json::parse(BlockOf(PageOf(shop)));
  const json& course = data["course"];
  CHECK(course["volume"].back() == data["hypervolume"]);
  CHECK(course["finished"] == json::parse("[1,2,3]"));
  CHECK(course["joules"] == json::parse("[15,70,165]"));
  CHECK(course["trials"] == 5);
}

TEST_CASE("a report of a study without a trial, or without joules, makes none up") {
  const Workshop shop;
  MakeEmptyStore(shop / "digits.db");
  const json empty = json::parse(BlockOf(PageOf(shop)));
  CHECK(empty["front"].empty());
  CHECK(empty["wishes"].empty());
  CHECK(empty["energy"]["joules"].is_null());
  CHECK(empty["summary"][2] == "No joules were metered.");
  shop.Write("told.toml", kTwoReported);
  shop.Run({"ask-tell", "told.toml", "--store", "told.db"},
           "{\"ask\": 1}\n{\"tell\": 0, \"values\": {\"error\": 0.1, \"accuracy\": 0.9}}\n");
  const json told = json::parse(BlockOf(PageOf(shop, "told.db")));
  CHECK(told["front"].size() == 1);
  CHECK(told["energy"]["joules"].is_null());
  CHECK(told["course"]["joules"].is_null());
  CHECK(told["importance"]["objectives"][0]["share"].empty());
}

TEST_CASE("hostile names and messages in a report stay data") {
  const Workshop shop;
  const std::string hostile = "</script><script>alert(1)</script><!--<script>\"'&\x01\xe2\x80\xae";
  Study study = DigitsStudy();
  study.name = hostile;
  study.objectives[0].unit = hostile;
  MakeDigitsStore(shop / "digits.db", study);
  const std::string page = PageOf(shop);
  const std::string block = BlockOf(page);
  CHECK(block.find_first_of("<>&") == std::string::npos);
  for (const char c : block) REQUIRE((c >= ' ' && c <= '~'));
  CHECK(json::parse(block)["study"] == hostile);
  std::string rest = page;
  rest.erase(rest.find(block), block.size());
  CHECK(rest.find("alert(1)") == std::string::npos);
}

TEST_CASE("a report loads nothing, and names the licence of what it carries") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const std::string page = PageOf(shop);
  CHECK(page.find("Content-Security-Policy\" content=\"default-src 'none';") != std::string::npos);
  for (const char* loads :
       {"<script src", "<link rel=\"stylesheet", "@import", "<img", "url(http"}) {
    CHECK(page.find(loads) == std::string::npos);
  }
  CHECK(page.find("Chart.js Contributors") != std::string::npos);
  CHECK(page.find("Permission is hereby granted, free of charge") != std::string::npos);
}

}  // namespace
}  // namespace joulefront
