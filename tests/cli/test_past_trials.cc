#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "study_store/optuna_schema.h"
#include "tests/cli/command.h"
#include "tests/cli/sample_store.h"
#include "tests/cli/sql_rows.h"

namespace joulefront {
namespace {

using nlohmann::json;

/// The study of MakeDigitsStore() as a study file.
const std::string kDigits = R"([study]
name = "digits"
[objectives]
error = { direction = "minimize" }
energy = { direction = "minimize", phase = "train" }
[space]
width = { type = "int", low = 8, high = 64 }
optimizer = { type = "categorical", choices = ["sgd", "adam"] }
momentum = { type = "float", low = 0.0, high = 0.99, when = { optimizer = "sgd" } }
[trainer]
command = ["train"]
[budget]
trials = 60
)";

/// What an import keeps of finished trials.
json Finished(const Workshop& shop, const std::string& store) {
  const json data = json::parse(shop.Run({"export", store, "--format", "json"}).out);
  json all = json::array();
  for (const json& trial : data["trials"]) {
    if (trial["state"] == "waiting") continue;
    all.push_back({trial["state"], trial["configuration"], trial["values"],
                   trial.contains("failure") ? trial["failure"]["class"] : json()});
  }
  return all;
}

/// A file as Optuna writes it, with two trials over width and optimizer.
void MakeOptunaFile(const std::string& path, const std::string& more = "") {
  Sql(path, kOptunaSchema);
  Sql(path, R"(
INSERT INTO studies VALUES (1, 'lenet');
INSERT INTO study_directions VALUES (1, 'MINIMIZE', 1, 0), (2, 'MAXIMIZE', 1, 1);
INSERT INTO trials VALUES (1, 0, 1, 'COMPLETE', NULL, NULL), (2, 1, 1, 'COMPLETE', NULL, NULL);
INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES
  (1, 'width', 16, '{"name": "IntDistribution", "attributes": {"low": 1, "high": 99, "step": 1}}'),
  (1, 'optimizer', 2, '{"name": "CategoricalDistribution", "attributes": {"choices": ["sgd", null, "adam"]}}'),
  (2, 'width', 32, '{"name": "UniformDistribution", "attributes": {"low": 1, "high": 99}}'),
  (2, 'optimizer', 0, '{"name": "CategoricalDistribution", "attributes": {"choices": ["adam"]}}');
INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES
  (1, 0, 0.25, 'FINITE'), (1, 1, 0.75, 'FINITE'), (2, 0, 0.125, 'FINITE'), (2, 1, 0.5, 'FINITE');
)" + more);
}

Outcome Import(const Workshop& shop, const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"import", "--into", "study.toml", "--store", "s.db"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const Outcome outcome = shop.Run(arguments);
  CHECK(outcome.out == "");
  return outcome;
}

TEST_CASE("What was exported for Optuna comes back: the same finished trials and values") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  shop.Write("study.toml", kDigits);
  REQUIRE(shop.Run({"export", "digits.db", "--format", "optuna", "-o", "o.db"}).code == 0);
  const Outcome first = Import(shop, {"o.db", "--told"});
  CHECK(first.code == 0);
  CHECK(first.err ==
        "5 trials of study 'digits' in o.db added: 4 complete, 0 pruned, 1 failed\n"
        "their energy is told: a front never compares it with what is metered here\n"
        "1 left out, not finished\n"
        "the study has 5 trials now, which count to its budget of 60; for 60 more: [budget] trials "
        "= 65\n");
  CHECK(Finished(shop, "s.db") == Finished(shop, "digits.db"));
  CHECK(shop.Run({"front", "s.db"}).out.find("energy [J, told]") != std::string::npos);
  CHECK(shop.Run({"audit", "s.db"}).code == 0);

  const Outcome again = Import(shop, {"sqlite:///o.db", "--told"});
  CHECK(again.code == 0);
  CHECK(again.err.find("5 skipped, since the study has them: trial 0, trial 1, ") !=
        std::string::npos);
  CHECK(Finished(shop, "s.db") == Finished(shop, "digits.db"));
}

TEST_CASE("So does what was exported as CSV, and neither doubles the other") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  shop.Write("study.toml", kDigits);
  REQUIRE(shop.Run({"export", "digits.db", "--output", "all.csv"}).code == 0);
  REQUIRE(shop.Run({"export", "digits.db", "--format", "optuna", "-o", "o.db"}).code == 0);
  CHECK(Import(shop, {"all.csv", "--told"}).code == 0);
  CHECK(Import(shop, {"o.db", "--told"}).code == 0);
  CHECK(Finished(shop, "s.db") == Finished(shop, "digits.db"));
}

TEST_CASE("Where joules are metered, the front of earlier work is trained again instead") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  shop.Write("study.toml", kDigits);
  REQUIRE(shop.Run({"export", "digits.db", "--format", "optuna", "-o", "o.db"}).code == 0);
  for (int times = 0; times < 2; ++times) {
    const Outcome outcome = Import(shop, {"o.db"});
    CHECK(outcome.code == 0);
    CHECK(outcome.err.find("energy is metered here, and joules from elsewhere cannot be compared "
                           "with that") == 0);
    const json trials = json::parse(shop.Run({"export", "s.db", "--format", "json"}).out)["trials"];
    REQUIRE(trials.size() == 3);  // trial 3 is beaten
    CHECK(trials[0]["state"] == "waiting");
    CHECK(trials[0]["configuration"] == json({{"width", 8}, {"optimizer", "adam"}}));
    CHECK(trials[0]["values"].empty());
    CHECK(trials[0]["proposed_by"] == "imported");
    CHECK(trials[2]["reason"] == "trial 2 of study 'digits' in o.db");
  }
}

TEST_CASE("A study of Optuna's own gives its values to objectives that --values names") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  MakeOptunaFile(shop / "o.db");
  const Outcome unnamed = Import(shop, {"o.db"});
  CHECK(unnamed.code == 2);
  CHECK(unnamed.err ==
        "joulefront import: study 'lenet' in o.db: it has 2 values and 0 names for them; say what "
        "they are, in their order, such as --values error\n");
  CHECK(Import(shop, {"o.db", "--values", "accuracy,error"}).err ==
        "joulefront import: study 'lenet' in o.db: 'accuracy' is minimized there and maximized "
        "here: they are not the same\n");
  CHECK(Import(shop, {"o.db", "--values", "loss,score"}).code == 2);
  CHECK_FALSE(shop.Has("s.db"));
  REQUIRE(Import(shop, {"o.db", "--values", "error,accuracy"}).code == 0);
  CHECK(Finished(shop, "s.db") == json::parse(R"([["complete",{"width":16,"optimizer":"adam"},
                         {"accuracy":0.75,"error":0.25},null],
                        ["complete",{"width":32,"optimizer":"adam"},
                         {"accuracy":0.5,"error":0.125},null]])"));
}

TEST_CASE("The names that Optuna knows are taken, and what is infinite is a failure") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  MakeOptunaFile(shop / "o.db", R"(
INSERT INTO study_system_attributes VALUES (1, 1, 'study:metric_names', '["error", "accuracy"]');
UPDATE trial_values SET value = NULL, value_type = 'INF_POS' WHERE trial_id = 2 AND objective = 0;
INSERT INTO trial_user_attributes VALUES (1, 1, 'value.seconds', '7.5'), (2, 1, 'host', '"n1"');
)");
  REQUIRE(Import(shop, {"o.db"}).code == 0);
  CHECK(Finished(shop, "s.db") == json::parse(R"([["complete",{"width":16,"optimizer":"adam"},
                         {"accuracy":0.75,"error":0.25,"seconds":7.5},null],
                        ["failed",{"width":32,"optimizer":"adam"},{},"non-finite"]])"));
}

TEST_CASE("Trials that do not fit the space are left out, counted and named") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  MakeOptunaFile(shop / "o.db", R"(
UPDATE trial_params SET param_value = 99 WHERE trial_id = 2 AND param_name = 'width';
INSERT INTO trials VALUES (3, 2, 1, 'FAIL', NULL, NULL), (4, 3, 1, 'COMPLETE', NULL, NULL),
  (5, 4, 1, 'RUNNING', NULL, NULL);
INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)
  SELECT 3, param_name, param_value, distribution_json FROM trial_params WHERE trial_id = 1;
INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES
  (4, 'batch', 3, '{}');
)");
  const Outcome outcome = Import(shop, {"o.db", "--values", "error,accuracy"});
  CHECK(outcome.code == 0);
  CHECK(outcome.err ==
        "1 trials of study 'lenet' in o.db added: 1 complete, 0 pruned, 0 failed\n"
        "1 left out, not finished\n"
        "3 left out: trial 1 (parameter 'width' cannot be 99.0), trial 2 (it failed, and nothing "
        "says whether its configuration was why), trial 3 ('batch' is no parameter of the "
        "study)\n");
}

TEST_CASE("A table of past runs has plain names, and other columns are left aside") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  shop.Write("runs.csv",
             "\xEF\xBB\xBF"
             "date,optimizer,width,momentum,error,accuracy,\"notes, mine\"\r\n"
             "1 May,sgd,16.0,0.75,0.5,0.25,\"a \"\"b\"\",\nc\"\r\n"
             "2 May,adam,8,0.5,1e-3,1,\r\n"  // momentum has no effect there
             "2 May,adam,8,,1e-3,1,\r\n"     // the same, and its values: repeated
             "\r\n"
             "3 May,adam,9,,,,not yet\r\n");
  for (int times = 0; times < 2; ++times) {
    CHECK(Import(shop, {"runs.csv"}).code == 0);
    CHECK(Finished(shop, "s.db") ==
          json::parse(R"([["complete",{"width":16,"optimizer":"sgd","momentum":0.75},
                           {"accuracy":0.25,"error":0.5},null],
                          ["complete",{"width":8,"optimizer":"adam"},
                           {"accuracy":1.0,"error":0.001},null],
                          ["complete",{"width":8,"optimizer":"adam"},
                           {"accuracy":1.0,"error":0.001},null]])"));
  }
}

TEST_CASE("So may it have the columns of Optuna's trials_dataframe()") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  shop.Write("frame.csv",
             ",number,values_0,values_1,duration,params_optimizer,params_width,state\n"
             "0,0,0.5,0.25,0 days,adam,16,COMPLETE\n"
             "1,1,,,0 days,adam,17,FAIL\n");
  CHECK(Import(shop, {"frame.csv", "--values", "error,accuracy"}).code == 0);
  CHECK(Finished(shop, "s.db") == json::parse(R"([["complete",{"width":16,"optimizer":"adam"},
                         {"accuracy":0.25,"error":0.5},null]])"));
}

TEST_CASE("Complete trials that lack an objective wait to be trained, the best of them") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  shop.Write("runs.csv", "optimizer,width,error\nadam,8,0.5\nadam,9,0.25\n");
  const Outcome outcome = Import(shop, {"runs.csv"});
  CHECK(outcome.code == 0);
  CHECK(outcome.err ==
        "0 trials of runs.csv added: 0 complete, 0 pruned, 0 failed\n"
        "1 trials wait to be trained, of the front of 2 without all values\n");
  const Outcome session = shop.Run({"ask-tell", "study.toml", "--store", "s.db"}, "{\"ask\": 1}\n");
  CHECK(session.out == R"({"trials":[{"number":0,"configuration":{"width":9,"optimizer":"adam"}}]})"
                       "\n");
}

TEST_CASE("The default of the study file stays the first to be tried") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported + "[search]\ndefault = { width = 40 }\n");
  shop.Write("runs.csv", "optimizer,width,error,accuracy\nadam,8,0.5,1\n");
  CHECK(Import(shop, {"runs.csv"}).code == 0);
  const Outcome session = shop.Run({"ask-tell", "study.toml", "--store", "s.db"}, "{\"ask\": 1}\n");
  CHECK(session.out.find("{\"number\":0,\"configuration\":{\"width\":40,") != std::string::npos);
  CHECK(Finished(shop, "s.db").size() == 1);
}

TEST_CASE("What is wrong with a table is said with its line, and exit code 2") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  const auto fault = [&](const std::string& text) {
    shop.Write("runs.csv", text);
    const Outcome outcome = Import(shop, {"runs.csv"});
    CHECK(outcome.code == 2);
    return outcome.err;
  };
  const std::string header = "optimizer,width,error,accuracy,state\n";
  CHECK(fault(header + "adam,8,low,1,\n") ==
        "joulefront import: runs.csv as CSV: line 2: value 'error' is no number: 'low'\n");
  CHECK(fault(header + "adam,8,1\n") ==
        "joulefront import: runs.csv as CSV: line 2: 3 cells under a header of 5\n");
  CHECK(fault(header + "adam,8,1,1,done\n") ==
        "joulefront import: runs.csv as CSV: line 2: there is no state 'done'\n");
  CHECK(fault(header + "adam,\"8,1,1,\n") ==
        "joulefront import: runs.csv as CSV: a quote opened in line 2 has no end\n");
  CHECK(fault(header) ==
        "joulefront import: runs.csv as CSV: no trials: a line of column names and a trial a "
        "line\n");
  CHECK(fault("optimizer,width\nadam,8\n")
            .find("a value for none of the objectives (error, "
                  "accuracy)") != std::string::npos);
  CHECK(fault(header + "rmsprop,8,1,1,\n") ==
        "joulefront import: no finished trial of runs.csv fits the study: line 2 (parameter "
        "'optimizer' cannot be \"rmsprop\")\n");
  CHECK(Import(shop, {"none.csv"}).code == 2);
  CHECK(shop.Run({"import", "runs.csv", "--told"}).code == 2);
}

TEST_CASE("A database that is not Optuna's, or damaged, is refused with exit code 6") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  MakeDigitsStore(shop / "digits.db");
  const Outcome ours = Import(shop, {"digits.db"});
  CHECK(ours.code == 6);
  CHECK(ours.err.find("is not a file of Optuna 3 or later") != std::string::npos);
  CHECK(ours.err.find("run --warm-start") != std::string::npos);
  MakeOptunaFile(shop / "o.db");
  shop.Write("cut.db", shop.Read("o.db").substr(0, 20'000));
  CHECK(Import(shop, {"cut.db", "--values", "error,accuracy"}).code == 6);
}

TEST_CASE("Of several studies of Optuna's one must be named") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  MakeOptunaFile(shop / "o.db", "INSERT INTO studies VALUES (2, 'vgg')");
  CHECK(Import(shop, {"o.db"}).err ==
        "joulefront import: o.db holds several studies; choose one with --study: lenet, vgg\n");
  CHECK(Import(shop, {"o.db", "--study", "alexnet"}).err ==
        "joulefront import: o.db holds no study 'alexnet'; it has: lenet, vgg\n");
  CHECK(Import(shop, {"o.db", "--study", "lenet", "--values", "error,accuracy"}).code == 0);
}

}  // namespace
}  // namespace joulefront
