#include <catch2/catch.hpp>

#include "search/history.h"

namespace joulefront {
namespace {

TEST_CASE("a history holds what was proposed, whatever became of it", "[history]") {
  History history(2);
  history.Add({1.0, {}});
  history.Add({2.0, 0.0});
  history.Add({3.0, {}});
  history.Evaluate(0, {{0.5, 1.0}, 0.0});
  history.Fail(1);
  for (const auto& entry : history.entries()) REQUIRE(history.Contains(entry.configuration));
  REQUIRE_FALSE(history.Contains({2.0, {}}));
  REQUIRE_FALSE(history.Contains({4.0, {}}));
  REQUIRE(history.size() == 3);
  REQUIRE(history.evaluated() == 1);
  REQUIRE(history.entries()[1].state == EntryState::kFailed);
  REQUIRE(history.entries()[2].state == EntryState::kPending);
}

TEST_CASE("settling a trial again replaces what was said before", "[history]") {
  History history(1);
  history.Add({1.0});
  history.Evaluate(0, {{0.5}, 0.0});
  history.Evaluate(0, {{0.25}, 2.0});
  REQUIRE(history.evaluated() == 1);
  REQUIRE(history.entries()[0].evaluation == Evaluation{{0.25}, 2.0});
  history.Fail(0);
  REQUIRE(history.evaluated() == 0);
  history.Fail(0);
  REQUIRE(history.evaluated() == 0);
  history.Evaluate(0, {{1.0}, 0.0});
  REQUIRE(history.evaluated() == 1);
}

TEST_CASE("the same configuration may be in a history twice", "[history]") {
  History history(1);
  history.Add({0.0});
  history.Add({-0.0});
  REQUIRE(history.size() == 2);
  REQUIRE(history.Contains({0.0}));
}

}  // namespace
}  // namespace joulefront
