#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "study_store/trial.h"
#include "workers/metric_patterns.h"

using namespace joulefront;

namespace {

MetricPatterns Make(const std::map<std::string, std::string>& expressions) {
  auto patterns = MetricPatterns::Create(expressions);
  if (!patterns) FAIL(patterns.error().message);
  return std::move(*patterns);
}

MetricMatches Find(const std::map<std::string, std::string>& expressions,
                   const std::vector<std::string>& lines) {
  const MetricPatterns patterns = Make(expressions);
  MetricMatches matches;
  for (const std::string& line : lines) patterns.Match(line, matches);
  return matches;
}

/// The values that were read; what gave none is left out.
NamedValues Match(const std::map<std::string, std::string>& expressions,
                  const std::vector<std::string>& lines) {
  NamedValues values;
  for (const auto& [name, match] : Find(expressions, lines)) {
    if (match.problem.empty()) values[name] = match.value;
  }
  return values;
}

/// What the expression makes of the line: the value as text, or why there is none.
std::string Verdict(const std::string& expression, const std::string& line) {
  const auto matches = Find({{"v", expression}}, {line});
  if (matches.empty()) return "no match";
  const MetricMatch& match = matches.at("v");
  return match.problem.empty() ? fmt::format("{}", match.value) : match.problem;
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

TEST_CASE("a match that is no number is a problem that shows it, and never the value before it") {
  const std::map<std::string, std::string> error = {{"error", "error=(\\S*)"}};
  for (const std::string text : {"oops", "", "0x10", "71.59%", "tensor(0.25)", "null", "0.25."}) {
    INFO(text);
    const auto matches = Find(error, {"error=0.1", "error=" + text});
    CHECK(matches.at("error").problem == "matched \"" + text + "\", which is no number");
  }
  CHECK(Find(error, {"error=1e999"}).at("error").problem ==
        "matched \"1e999\", which is beyond the range of a 64-bit number");
  CHECK(Find(error, {"error=1,234"}).at("error").problem ==
        "matched \"1,234\", which can be read as 1234 and as 1.234");
  CHECK(Match(error, {"error=oops", "error=0.1"}) == NamedValues{{"error", 0.1}});
}

TEST_CASE("what a program calls nan or infinite is that, and no problem of the expression") {
  const std::map<std::string, std::string> error = {{"error", "error=(\\S*)"}};
  for (const char* text : {"error=nan", "error=NaN", "error=-nan"}) {
    CHECK(std::isnan(Match(error, {text}).at("error")));
  }
  CHECK(std::isinf(Match(error, {"error=inf"}).at("error")));
  CHECK(std::isinf(Match(error, {"error=-inf"}).at("error")));
}

TEST_CASE("an expression that cuts a number off gives no value and says what it cut") {
  const std::string usual = "val_error=([0-9.]+)";
  CHECK(Verdict(usual, "val_error=0.31") == "0.31");
  CHECK(Verdict(usual, "val_error=9.97e-05") ==
        "matched \"9.97\", which is only a part of \"9.97e-05\"; write {number} where the number "
        "stands");
  CHECK_THAT(Verdict(usual, "val_error=0,516"), Catch::Contains("only a part of \"0,516\""));
  CHECK_THAT(Verdict(usual, "val_error=12,345.6"), Catch::Contains("part of \"12,345.6\""));
  CHECK_THAT(Verdict("loss: ?([0-9.]+)", "loss:1.e-05"), Catch::Contains("part of \"1.e-05\""));
  CHECK_THAT(Verdict("loss.*?([0-9.]+)", "loss: -0.25"), Catch::Contains("part of \"-0.25\""));
  CHECK_THAT(Verdict("loss.*([0-9.]+)", "loss: 0.25"), Catch::Contains("part of \"0.25\""));
  CHECK_THAT(Verdict("acc=(\\d+)", "acc=93.5"), Catch::Contains("part of \"93.5\""));
  CHECK(Verdict(usual, "val_error=0.31, train_error=0.2") == "0.31");
  CHECK(Verdict("^\\d+,([0-9.]+),", "3,0.31,0.5") == "0.31");
}

TEST_CASE("a minus that the expression itself names before the number is taken away on purpose") {
  CHECK(Verdict("neg_mse=-([0-9.]+)", "neg_mse=-0.25") == "0.25");
  CHECK(Verdict("neg_mse=-?([0-9.]+)", "neg_mse=-0.25") == "0.25");
  CHECK(Verdict("neg_mse=[-+]?([0-9.]+)", "neg_mse=-0.25") == "0.25");
  CHECK(Verdict("neg_mse=-{number}", "neg_mse=-0.25") == "0.25");
}

TEST_CASE("{number} stands for any number as programs print them, as a whole") {
  const std::string loss = "loss[ :=]*{number}";
  CHECK(Verdict(loss, "loss=0.31") == "0.31");
  CHECK(Verdict(loss, "loss: -9.97e-05,") == "-9.97e-05");
  CHECK(Verdict(loss, "loss 1.e-05") == "1e-05");
  CHECK(Verdict(loss, "loss = .5") == "0.5");
  CHECK(Verdict(loss,
                "loss: \xE2\x88\x92"
                "0.25") == "-0.25");
  CHECK(Verdict(loss, "loss: 0,516") == "0.516");
  CHECK(Verdict(loss, "loss: 12,345.6") == "12345.6");
  CHECK(Verdict(loss, "loss: 1.234,5") == "1234.5");
  CHECK(Verdict(loss, "loss: 71.59% of all") == "71.59");
  CHECK(Verdict(loss, "loss: 0.25.") == "0.25");
  CHECK(Verdict(loss, "loss: 0.1,0.2,0.3") == "0.1");
  CHECK(Verdict(loss, "loss: 3, 4") == "3");
  CHECK(Verdict(loss, "loss: nan") == "nan");
  CHECK(Verdict(loss, "loss: inf") == "inf");
  CHECK(Verdict(loss, "loss: nano 3") == "no match");
  CHECK_THAT(Verdict(loss, "loss: 1,234"), Catch::Contains("can be read as 1234 and as 1.234"));
  CHECK_THAT(Verdict(loss, "loss: 1.2.3"), Catch::Contains("only a part of \"1.2.3\""));
  // Also where the user's own part of the expression is greedy, or ends the line.
  CHECK(Verdict("loss.*{number}", "loss: 9.97e-05") == "9.97e-05");
  CHECK(Verdict("loss.*{number}", "loss: .25") == "0.25");
  CHECK(Verdict("^loss={number}$", "loss=2.5E+3") == "2500");
  CHECK(Verdict("loss=({number})%", "loss=2.5%") == "2.5");
  CHECK(Verdict("P@1\\s+{number}", "P@1\t0.762") == "0.762");
}

TEST_CASE("an expression that matches the empty text comes to an end") {
  CHECK(Find({{"a", "(\\d*)"}}, {"12 ab"}).size() == 1);
}

TEST_CASE("lines of any bytes, and expressions that would search for ever, come to an end") {
  CHECK(Match({{"a", "a=(\\d+)"}}, {std::string("\xff\0\xfe a=4", 7)}) == NamedValues{{"a", 4.0}});
  CHECK_THAT(Find({{"a", "(x+x+)+(?:y|z)"}}, {std::string(5000, 'x')}).at("a").problem,
             Catch::Contains("was given up on a line of 5000 bytes"));
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
        "[trainer.metrics] error: 'error=[0-9.]+' has no group; write {number} where the number "
        "stands, as in 'error={number}'");
}

TEST_CASE("an expression that backtracks without end gives the line up and reads the next one") {
  const std::string line(2000, 'a');
  CHECK(Match({{"error", "(?:(?:a+)+c|error=([0-9.]+))"}}, {line + "b", "error=0.5"}) ==
        NamedValues{{"error", 0.5}});
}
