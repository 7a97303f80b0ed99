#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/command.h"
#include "tests/cli/sample_store.h"

namespace joulefront {
namespace {

using nlohmann::json;

std::vector<json> Lines(const std::string& text) {
  std::vector<json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
  return lines;
}

/// A shop with study.toml, whose session in memory answers `input`.
std::vector<json> Answers(const std::string& input) {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  const Outcome session = shop.Run({"ask-tell", "study.toml"}, input);
  CHECK(session.code == 0);
  CHECK(session.err == "");
  return Lines(session.out);
}

TEST_CASE("ask-tell answers asks, tells and front, a line each, and ends with its input") {
  const auto answers = Answers(
      "{\"ask\": 2}\n"
      "{\"tell\": 0, \"values\": {\"error\": 0.1, \"accuracy\": 0.5, \"extra\": 7}}\n"
      "{\"tell\": 1, \"failed\": \"out of memory\"}\n"
      "\n"
      "{\"front\": true}");  // without an end of line
  REQUIRE(answers.size() == 4);
  const json& trials = answers[0]["trials"];
  REQUIRE(trials.size() == 2);
  CHECK(trials[0]["number"] == 0);
  CHECK(trials[1]["number"] == 1);
  CHECK(trials[0]["configuration"].contains("width"));
  CHECK(trials[0]["configuration"].contains("momentum") ==
        (trials[0]["configuration"]["optimizer"] == "sgd"));
  CHECK(answers[1] == json::parse(R"({"ok": true})"));
  CHECK(answers[2] == json::parse(R"({"ok": true})"));
  CHECK(answers[3] == json{{"front",
                            {{{"number", 0},
                              {"configuration", trials[0]["configuration"]},
                              {"values", {{"error", 0.1}, {"accuracy", 0.5}, {"extra", 7.0}}}}}}});
}

TEST_CASE("ask-tell answers a bad line with an error and goes on") {
  const std::string hint = "a line must be one JSON object; NaN and Infinity are no JSON numbers";
  const std::string one_of =
      "a line must hold one of \"ask\", \"tell\", \"progress\" and \"front\"";
  const std::vector<std::pair<std::string, std::string>> lines = {
      {"hello", hint},
      {"[1]", hint},
      {"{\"ask\": 1} {\"ask\": 1}", hint},
      {"\xff\xfe", hint},
      {"{}", one_of},
      {"{\"ask\": 1, \"tell\": 0}", one_of},
      {"{\"front\": false}", "\"front\" must be true"},
      {"{\"ask\": 0}", "\"ask\" must be a whole number from 1 to 10000"},
      {"{\"ask\": -1}", "\"ask\" must be a whole number from 1 to 10000"},
      {"{\"ask\": 1.5}", "\"ask\" must be a whole number from 1 to 10000"},
      {"{\"ask\": 18446744073709551615}", "\"ask\" must be a whole number from 1 to 10000"},
      {"{\"ask\": \"2\"}", "\"ask\" must be a whole number from 1 to 10000"},
      {"{\"tell\": 5, \"failed\": \"x\"}", "trial 5 is not waiting to be told here"},
      {"{\"tell\": \"0\"}", "\"tell\" must be the number of a trial"},
      {"{\"tell\": " + std::string(100'000, '[') + std::string(100'000, ']') + "}",
       "\"tell\" must be the number of a trial"},
      {"{\"tell\": 0}",
       "a line on a trial needs \"values\": {...}, a tell that or \"failed\": \"why\""},
      {"{\"tell\": 0, \"values\": [1]}",
       "a line on a trial needs \"values\": {...}, a tell that or \"failed\": \"why\""},
      {"{\"tell\": 0, \"failed\": 1}", "\"failed\" must be a text"},
      {"{\"tell\": 0, \"values\": {\"error\": 1}}", "\"values\" lacks \"accuracy\""},
      {"{\"progress\": 5}", "trial 5 is not waiting to be told here"},
      {"{\"progress\": 0}", "a progress report needs \"step\": a whole number, 0 or more"},
      {"{\"progress\": 0, \"step\": -1}",
       "a progress report needs \"step\": a whole number, 0 or more"},
      {"{\"progress\": 0, \"step\": 1}",
       "a line on a trial needs \"values\": {...}, a tell that or \"failed\": \"why\""},
      {"{\"tell\": 0, \"values\": {\"error\": 1, \"accuracy\": 1, \"resumed_j\": 1}}",
       "\"resumed_j\" is a name of joulefront's own values"},
      {"{\"tell\": 0, \"values\": {\"error\": null, \"accuracy\": 1}}",
       "value \"error\" is not a finite number; tell the trial as failed"},
      {"{\"tell\": 0, \"values\": {\"error\": \"nan\", \"accuracy\": 1}}",
       "value \"error\" is not a finite number; tell the trial as failed"},
      {"{\"tell\": 0, \"values\": {\"error\": NaN, \"accuracy\": 1}}", hint},
      {"{\"tell\": 0, \"values\": {\"error\": 1e999, \"accuracy\": 1}}", hint}};
  std::string input = "{\"ask\": 1}\n";
  for (const auto& [line, message] : lines) input += line + "\n";
  input += "{\"tell\": 0, \"values\": {\"error\": 1, \"accuracy\": 1}}\n";
  input += "{\"tell\": 0, \"values\": {\"error\": 1, \"accuracy\": 1}}\n";
  const auto answers = Answers(input);
  REQUIRE(answers.size() == lines.size() + 3);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    INFO(lines[i].first.substr(0, 100));
    CHECK(answers[i + 1] == json{{"error", lines[i].second}});
  }
  CHECK(answers[lines.size() + 1] == json::parse(R"({"ok": true})"));
  CHECK(answers.back() == json{{"error", "trial 0 is not waiting to be told here"}});
}

TEST_CASE("ask-tell orders and chooses the front in the user's directions") {
  std::string input = "{\"ask\": 4}\n";
  const char* values[] = {"0.1, \"accuracy\": 0.2", "0.2, \"accuracy\": 0.9",
                          "0.3, \"accuracy\": 0.5", "0.1, \"accuracy\": 0.1"};
  for (int i = 0; i < 4; ++i) {
    input += "{\"tell\": " + std::to_string(i) + ", \"values\": {\"error\": " + values[i] + "}}\n";
  }
  const auto answers = Answers(input + "{\"front\": true}\n");
  const json& front = answers.back()["front"];
  REQUIRE(front.size() == 2);
  CHECK(front[0]["number"] == 1);
  CHECK(front[1]["number"] == 0);
}

TEST_CASE("ask-tell proposes the same again in every session of the same answers") {
  CHECK(Answers("{\"ask\": 20}\n") == Answers("{\"ask\": 20}\n"));
}

TEST_CASE("ask-tell says that one objective is one objective") {
  const Workshop shop;
  shop.Write("one.toml",
             "[study]\nname = \"one\"\n[objectives]\nerror = { direction = \"minimize\" }\n"
             "[space]\nx = { type = \"int\", low = 1, high = 2 }\n");
  const Outcome session = shop.Run({"ask-tell", "one.toml"}, "{\"ask\": 4}\n");
  CHECK(session.code == 0);
  CHECK(session.err ==
        "note: one objective only ('error'): the front will be a single best trial\n");
  CHECK(Lines(session.out)[0]["trials"].size() == 4);  // of two configurations
}

TEST_CASE("With --store the next session goes on, and what was never told comes back") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  const std::vector<std::string> arguments = {"ask-tell", "study.toml", "--store", "told.db"};
  std::string untold;
  {
    Conversation session(shop, arguments);
    const json asked = json::parse(session.Say("{\"ask\": 3}"));
    REQUIRE(asked["trials"].size() == 3);
    untold = asked["trials"][1]["configuration"].dump();
    CHECK(session.Say("{\"tell\": 0, \"values\": {\"error\": 1, \"accuracy\": 1}}") ==
          "{\"ok\":true}");
    CHECK(session.Say("{\"tell\": 2, \"failed\": \"broke\"}") == "{\"ok\":true}");
    CHECK(session.Kill(SIGKILL) == 128 + SIGKILL);
  }
  Conversation session(shop, arguments);
  json asked = json::parse(session.Say("{\"ask\": 2}"));
  REQUIRE(asked["trials"].size() == 2);
  CHECK(asked["trials"][0]["number"] == 1);
  CHECK(asked["trials"][0]["configuration"].dump() == untold);
  CHECK(asked["trials"][1]["number"] == 3);
  CHECK(json::parse(session.Say("{\"front\": true}"))["front"].size() == 1);

  SECTION("the end of its input gives back what was asked for") { CHECK(session.End() == 0); }
  SECTION("so does a signal, after which its code is that of the signal") {
    CHECK(session.Kill(SIGTERM) == 143);
  }
  SECTION("a second session in the meantime is refused") {
    const Outcome second = shop.Run(arguments, "{\"ask\": 1}\n");
    CHECK(second.code == 6);
    CHECK(second.out == "");
    CHECK(second.err.starts_with(
        "joulefront ask-tell: another `joulefront run`, `confirm` or `ask-tell` is at work on"));
    CHECK(session.End() == 0);
  }
  const Outcome third = shop.Run(arguments, "{\"ask\": 1}\n");
  CHECK(Lines(third.out)[0]["trials"][0]["number"] == 1);
  const Outcome status = shop.Run({"status", "told.db", "--format", "json"});
  CHECK(json::parse(status.out)["trials"] ==
        json::parse(R"({"complete":1,"failed":1,"pruned":0,"running":0,"waiting":2})"));
}

TEST_CASE("ask-tell refuses joules below 0") {
  const Workshop shop;
  shop.Write("s.toml",
             "[study]\nname = \"s\"\n[objectives]\nerror = { direction = \"minimize\" }\n"
             "energy = { direction = \"minimize\", phase = \"train\" }\n"
             "[space]\nx = { type = \"float\", low = 0.0, high = 1.0 }\n");
  const Outcome session =
      shop.Run({"ask-tell", "s.toml"},
               "{\"ask\": 1}\n{\"tell\": 0, \"values\": {\"error\": -1, \"energy\": -2}}\n"
               "{\"tell\": 0, \"values\": {\"error\": -1, \"energy\": 2}}\n");
  CHECK_THAT(session.out, Catch::Contains("\"energy\\\" is in joules, which are never below 0"));
  CHECK(session.out.ends_with("{\"ok\":true}\n"));
}

TEST_CASE("A session in a store proposes what one without interruption would have") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  const auto turn = [](int i) {
    return "{\"ask\": 1}\n{\"tell\": " + std::to_string(i) +
           ", \"values\": {\"error\": " + std::to_string(i % 7) +
           ", \"accuracy\": " + std::to_string(i % 5) + "}}\n";
  };
  std::string all, parts;
  for (int i = 0; i < 30; ++i) {
    all += turn(i);
    if (i % 10 != 9) continue;
    std::string part;
    for (int k = i - 9; k <= i; ++k) part += turn(k);
    parts += shop.Run({"ask-tell", "study.toml", "--store", "parts.db"}, part).out;
  }
  CHECK(parts == shop.Run({"ask-tell", "study.toml"}, all).out);
}

}  // namespace
}  // namespace joulefront
