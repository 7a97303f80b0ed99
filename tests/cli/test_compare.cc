// compare and importance.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/command.h"
#include "tests/cli/sample_store.h"

namespace joulefront {
namespace {

using Catch::Contains;
using nlohmann::json;

TEST_CASE("compare shows what moved, with an interval, and how the fronts lie") {
  const Workshop shop;
  MakeDigitsStore(shop / "a.db");
  MakeDigitsStore(shop / "b.db");
  const Outcome same = shop.Run({"compare", "a.db", "b.db"});
  CHECK(same.code == 0);
  CHECK_THAT(same.out, Contains("A  study 'digits' in a.db: 4 complete trials"));
  CHECK_THAT(same.out, Contains("energy         4     x 1  x 1 to x 1  not clear"));
  CHECK_THAT(same.out, Contains("0 % of A's front by B's, 0 % of B's by A's"));
  CHECK_THAT(same.out, Contains("for as good error B pays x 1 of A's energy"));
  const Outcome data = shop.Run({"compare", "a.db", "b.db", "--format", "json"});
  const json comparison = json::parse(data.out);
  CHECK(comparison["changes"][0]["objective"] == "error");
  CHECK(comparison["changes"][0]["mean"] == 0.0);
  CHECK(comparison["fronts"]["hypervolume_a"] == comparison["fronts"]["hypervolume_b"]);
  CHECK_THAT(shop.Run({"compare", "a.db", "b.db", "--format", "csv"}).out,
             Contains("objective,pairs,"));
}

TEST_CASE("compare takes two studies of one store, and says what it needs") {
  const Workshop shop;
  MakeDigitsStore(shop / "a.db");
  MakeDigitsStore(shop / "b.db", DigitsStudy("later"));
  REQUIRE(shop.Run({"import", "b.db", "--store", "a.db"}).code == 0);
  CHECK(shop.Run({"compare", "a.db", "--study-a", "digits", "--study-b", "later"}).code == 0);
  CHECK_THAT(shop.Run({"compare", "a.db"}).err, Contains("--study-b NAME"));
  CHECK_THAT(shop.Run({"compare", "a.db", "b.db"}).err, Contains("--study-a"));
  CHECK_THAT(shop.Run({"compare", "b.db", "b.db", "--confidence", "95"}).err,
             Contains("between 0 and 1"));
  MakeEmptyStore(shop / "empty.db");
  CHECK(shop.Run({"compare", "b.db", "empty.db"}).code == 4);
}

TEST_CASE("importance needs trials enough, and shares sum to one") {
  const Workshop shop;
  MakeDigitsStore(shop / "few.db");
  const Outcome few = shop.Run({"importance", "few.db"});
  CHECK(few.code == 4);
  CHECK(few.err ==
        "joulefront importance: 4 complete trials whose values can be compared; it takes 20\n");
  shop.Write("study.toml", kTwoReported);
  std::string session;
  for (int i = 0; i < 60; ++i) {
    session += "{\"ask\": 1}\n";
    session += "{\"tell\": " + std::to_string(i) +
               ", \"values\": {\"error\": " + std::to_string((i * 37) % 60) +
               ", \"accuracy\": " + std::to_string((i * 11) % 7) + "}}\n";
  }
  REQUIRE(shop.Run({"ask-tell", "study.toml", "--store", "s.db"}, session).code == 0);
  const json importance = json::parse(shop.Run({"importance", "s.db", "--format", "json"}).out);
  CHECK(importance["importance"]["error"]["trials"] == 60);
  const Outcome table = shop.Run({"importance", "s.db"});
  CHECK(table.code == 0);
  CHECK_THAT(table.out, Contains("by 60 complete trials"));
  CHECK_THAT(table.out, Contains("momentum"));
}

}  // namespace
}  // namespace joulefront
