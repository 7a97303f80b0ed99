// What a study tries first: its default, enqueued configurations, the front of an earlier one.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/command.h"
#include "tests/cli/sample_store.h"

namespace joulefront {
namespace {

using nlohmann::json;

/// Over the parameters of DigitsStudy(), trained by sh.
const std::string kStudy = R"([study]
name = "next"
[objectives]
error = { direction = "minimize" }
energy = { direction = "minimize", phase = "total" }
[space]
width = { type = "int", low = 8, high = 32 }
optimizer = { type = "categorical", choices = ["sgd", "adam"] }
momentum = { type = "float", low = 0.0, high = 1.0, when = { optimizer = "sgd" } }
[trainer]
command = ["sh", "train.sh", "{width}"]
[budget]
trials = 7
)";

constexpr const char* kDefault = "[search]\ndefault = { width = 9, optimizer = \"adam\" }\n";

void WriteStudy(const Workshop& shop, const std::string& search = "") {
  shop.Write("study.toml", kStudy + search);
  shop.Write("train.sh",
             "echo \"{\\\"joulefront\\\": \\\"result\\\", \\\"values\\\": {\\\"error\\\": $(expr "
             "101 - $1)}}\"\n");
}

/// proposed_by of every trial, in order.
std::vector<std::string> Proposers(const Workshop& shop, const std::string& store = "next.db") {
  std::vector<std::string> proposers;
  const json data = json::parse(shop.Run({"export", store, "--format", "json"}).out);
  for (const json& trial : data["trials"]) proposers.push_back(trial["proposed_by"]);
  return proposers;
}

bool Says(const Outcome& outcome, const std::string& text) {
  INFO(outcome.err);
  return outcome.err.find(text) != std::string::npos;
}

TEST_CASE(
    "a new study begins with its default, what is enqueued, an earlier front, in this order") {
  const Workshop shop;
  WriteStudy(shop, kDefault);
  MakeDigitsStore(shop / "digits.db");
  const std::string before = shop.Read("digits.db");
  shop.Write("next.jsonl", "{\"width\": 12}\n{\"width\": 9, \"optimizer\": \"adam\"}\n");
  const Outcome run =
      shop.Run({"run", "study.toml", "-q", "--enqueue", "next.jsonl", "--warm-start", "digits.db"});
  CHECK(run.code == 0);
  CHECK(Says(run, "note: 1 of 2 configurations of next.jsonl enqueued\n"));
  CHECK(Says(run, "note: 1 skipped, since proposed before: line 2\n"));
  CHECK(Says(
      run, "note: the study begins with 3 trial(s) of the front of study 'digits' in digits.db\n"));
  CHECK(Proposers(shop) == std::vector<std::string>{"default", "enqueued", "warm-start",
                                                    "warm-start", "warm-start", "sobol", "sobol"});
  CHECK(shop.Read("digits.db") == before);
  const json trials =
      json::parse(shop.Run({"export", "next.db", "--format", "json"}).out)["trials"];
  CHECK(trials[0]["configuration"] == json::parse(R"({"width":9,"optimizer":"adam"})"));
  // What an enqueued configuration leaves out is taken from the default.
  CHECK(trials[1]["configuration"] == json::parse(R"({"width":12,"optimizer":"adam"})"));
  CHECK(trials[2]["reason"] == "trial 0, on the front of study 'digits' in digits.db");
  CHECK(trials[4]["configuration"] == json::parse(R"({"width":32,"optimizer":"adam"})"));  // was 64
  const Outcome status = shop.Run({"status", "next.db"});
  CHECK(status.out.find("proposed 1 default (14 %), 1 enqueued (14 %), 3 warm-start (43 %), 2 "
                        "sobol (29 %)\nlast     sobol: ") != std::string::npos);

  // The next run adds neither a default nor a warm start, and says so of the one that was asked
  // for.
  const Outcome again =
      shop.Run({"run", "study.toml", "-q", "--warm-start", "digits.db", "--enqueue", "next.jsonl"});
  CHECK(again.code == 0);
  CHECK(Says(again, "note: the front of the earlier study is left out: this one has begun\n"));
  CHECK(Says(again, "note: 2 skipped, since proposed before: line 1, line 2\n"));
  CHECK(Proposers(shop).size() == 7);
}

TEST_CASE("what front and export write can be enqueued, also from stdin") {
  const Workshop shop;
  WriteStudy(shop);
  MakeDigitsStore(shop / "digits.db");
  shop.Write("study.toml", [] {
    std::string text = kStudy;
    return text.replace(text.find("high = 32"), 9, "high = 64");
  }());
  const Outcome run =
      shop.Shell("$JF front digits.db --format json | $JF run study.toml -q --enqueue -");
  INFO(run.err);
  CHECK(run.code == 0);
  CHECK(Says(run, "note: 3 of 3 configurations of stdin enqueued\n"));
  const Outcome more = shop.Shell(
      "$JF export digits.db --format json > all.json; $JF run study.toml -q --trials 8 --enqueue "
      "all.json");
  INFO(more.err);
  CHECK(more.code == 0);
  CHECK(Says(more, "note: 1 of 6 configurations of all.json enqueued\n"));
  const auto proposers = Proposers(shop);
  CHECK(std::count(proposers.begin(), proposers.end(), "enqueued") == 4);
  CHECK(proposers[7] == "enqueued");
}

TEST_CASE("configurations that are enqueued beyond the budget are left out, and it is said") {
  const Workshop shop;
  WriteStudy(shop);
  shop.Write("next.json", R"([{"width":8},{"width":9},{"width":10}])");
  const Outcome run =
      shop.Run({"run", "study.toml", "-q", "--trials", "2", "--enqueue", "next.json"});
  CHECK(run.code == 0);
  CHECK(Says(run, "note: 1 left out, since the budget is 2 trials: element 3\n"));
  CHECK(Proposers(shop) == std::vector<std::string>{"enqueued", "enqueued"});
}

TEST_CASE("a fault in what is to be tried first is told before anything is stored") {
  const Workshop shop;
  WriteStudy(shop);
  const auto fault = [&](const std::vector<std::string>& flags) {
    std::vector<std::string> arguments = {"run", "study.toml"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const Outcome run = shop.Run(arguments);
    CHECK(run.code == 2);
    CHECK_FALSE(shop.Has("next.db"));
    return run.err;
  };
  shop.Write("next.jsonl", "{\"width\": 12}\n{\"width\": 99}\n");
  CHECK(fault({"--enqueue", "next.jsonl"}) ==
        "joulefront run: --enqueue: next.jsonl, line 2: parameter 'width' cannot be 99\n");
  CHECK(fault({"--enqueue", "none.jsonl"}) ==
        "joulefront run: --enqueue: cannot read 'none.jsonl': No such file or directory\n");
  CHECK(fault({"--enqueue", "."}) ==
        "joulefront run: --enqueue: cannot read '.': Is a directory\n");
  CHECK(fault({"--warm-start", "none.db"}).starts_with("joulefront run: --warm-start: "));
  MakeDigitsStore(shop / "two.db");
  MakeEmptyStore(shop / "two.db", DigitsStudy("other"));
  CHECK(fault({"--warm-start", "two.db"}) ==
        "joulefront run: --warm-start: 'two.db' holds several studies; choose one with "
        "--warm-start-study: digits other\n");
  CHECK(fault({"--warm-start-study", "digits"})
            .starts_with("joulefront run: --warm-start-study needs --warm-start\n"));
  const Outcome empty = shop.Run({"run", "study.toml", "-q", "--trials", "1", "--warm-start",
                                  "two.db", "--warm-start-study", "other"});
  CHECK(empty.code == 0);
  CHECK(Says(empty, "the front of study 'other' in two.db is empty: nothing to begin with\n"));
}

TEST_CASE("ask-tell begins with the default of its study, once") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported + "[search]\ndefault = { width = 33 }\n");
  const auto first = [&](const std::vector<std::string>& flags) {
    std::vector<std::string> arguments = {"ask-tell", "study.toml"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const Outcome session = shop.Run(
        arguments, "{\"ask\": 1}\n{\"tell\": 0, \"values\": {\"error\": 1, \"accuracy\": 1}}\n");
    CHECK(session.code == 0);
    return json::parse(session.out.substr(0, session.out.find('\n')))["trials"][0];
  };
  const json expected = json::parse(R"({"width":33,"optimizer":"sgd","momentum":0.7})");
  CHECK(first({})["configuration"] == expected);
  CHECK(first({"--store", "told.db"})["configuration"] == expected);
  CHECK(first({"--store", "told.db"})["number"] == 1);
  CHECK(Proposers(shop, "told.db") == std::vector<std::string>{"default", "sobol"});
}

TEST_CASE("ask-tell is bound by no budget of joules") {
  const Workshop shop;
  const std::string was = "accuracy = { direction = \"maximize\" }";
  std::string study = kTwoReported;
  study.replace(study.find(was), was.size(),
                "energy = { direction = \"minimize\", phase = \"total\" }");
  shop.Write("study.toml", study + "[budget]\nenergy = \"1 J\"\n");
  const Outcome session = shop.Run(
      {"ask-tell", "study.toml"},
      "{\"ask\": 1}\n{\"tell\": 0, \"values\": {\"error\": 1, \"energy\": 500}}\n{\"ask\": 2}\n");
  CHECK(session.code == 0);
  CHECK(json::parse(session.out.substr(session.out.rfind("{\"trials")))["trials"].size() == 2);
}

}  // namespace
}  // namespace joulefront
