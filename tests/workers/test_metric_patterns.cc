#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "workers/metric_patterns.h"

using namespace joulefront;

namespace {

MetricPatterns Make(const std::map<std::string, std::string>& expressions) {
  auto patterns = MetricPatterns::Create(expressions);
  if (!patterns) FAIL(patterns.error().message);
  return std::move(*patterns);
}

NamedValues Match(const std::map<std::string, std::string>& expressions,
                  const std::vector<std::string>& lines) {
  const MetricPatterns patterns = Make(expressions);
  NamedValues values;
  for (const std::string& line : lines) patterns.Match(line, values);
  return values;
}

}  // namespace

TEST_CASE("of all matches of an expression the last one counts") {
  const std::map<std::string, std::string> error = {{"error", "error=([0-9.eE+-]+)"}};
  CHECK(Match(error, {"epoch 1 error=0.5", "epoch 2 error=0.25", "done"}) ==
        NamedValues{{"error", 0.25}});
  CHECK(Match(error, {"error=3 error=2 error=1e-3"}) == NamedValues{{"error", 1e-3}});
  CHECK(Match(error, {"nothing to see"}).empty());
  CHECK(Match(error, {}).empty());
}

TEST_CASE("several expressions read several values from the same lines") {
  CHECK(Match({{"error", "error=(\\S+)"}, {"loss", "loss: *(\\S+)"}, {"size", "(\\d+) weights"}},
              {"loss:  -1.5 error=+0.125", "650 weights"}) ==
        NamedValues{{"error", 0.125}, {"loss", -1.5}, {"size", 650.0}});
}

TEST_CASE("the first group is the number; one that took no part leaves the value alone") {
  CHECK(Match({{"a", "(?:x|y)=(\\d+) of (\\d+)"}}, {"y=3 of 9"}) == NamedValues{{"a", 3.0}});
  CHECK(Match({{"a", "a=(\\d+)|b="}}, {"a=7", "b="}) == NamedValues{{"a", 7.0}});
}

TEST_CASE("a match that is no number is NaN, never a score and never the value before it") {
  const std::map<std::string, std::string> error = {{"error", "error=(\\S*)"}};
  for (const char* text : {"error=nan", "error=NaN", "error=oops", "error=", "error=1,5",
                           "error=0x10", "error=1e999"}) {
    INFO(text);
    const NamedValues values = Match(error, {"error=0.1", text});
    CHECK(std::isnan(values.at("error")));
  }
  CHECK(std::isinf(Match(error, {"error=inf"}).at("error")));
  CHECK(std::isinf(Match(error, {"error=-inf"}).at("error")));
}

TEST_CASE("an expression that matches the empty text comes to an end") {
  CHECK(Match({{"a", "(\\d*)"}}, {"12 ab"}).size() == 1);
}

TEST_CASE("lines of any bytes, and expressions that would search for ever, come to an end") {
  CHECK(Match({{"a", "a=(\\d+)"}}, {std::string("\xff\0\xfe a=4", 7)}) == NamedValues{{"a", 4.0}});
  CHECK(Match({{"a", "(x+x+)+y"}}, {std::string(5000, 'x')}).empty());
}

TEST_CASE("a bad expression is refused with its name, the reason and the place") {
  const auto broken = MetricPatterns::Create({{"error", "error=([0-9"}});
  REQUIRE(!broken);
  CHECK(broken.error().code == ErrorCode::kInvalidArgument);
  CHECK(broken.error().message ==
        "[trainer.metrics] error: 'error=([0-9' is no regular expression: missing terminating ] "
        "for character class (at character 12)");
}

TEST_CASE("an expression without a group is refused and told how to have one") {
  const auto groupless = MetricPatterns::Create({{"error", "error=[0-9.]+"}});
  REQUIRE(!groupless);
  CHECK(groupless.error().code == ErrorCode::kInvalidArgument);
  CHECK(groupless.error().message ==
        "[trainer.metrics] error: 'error=[0-9.]+' has no group; put the number in parentheses, as "
        "in 'error=([0-9.]+)'");
}

TEST_CASE("an expression that backtracks without end gives the line up and reads the next one") {
  const std::string line(2000, 'a');
  CHECK(Match({{"error", "(?:(?:a+)+c|error=([0-9.]+))"}}, {line + "b", "error=0.5"}) ==
        NamedValues{{"error", 0.5}});
}
