#include <algorithm>
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

  // Nobody proposed them, and nothing of them was metered here: unknown is not zero.
  const json audit = json::parse(shop.Run({"audit", "s.db", "--format", "json"}).out);
  CHECK(audit["proposals"]["without_basis"] == 0);
  CHECK(audit["joules"].is_null());
  CHECK(audit["by_fate"]["front"]["attempts_without"] == audit["by_fate"]["front"]["attempts"]);
  CHECK(audit["by_fate"]["front"]["joules"].is_null());
  CHECK(shop.Run({"audit", "s.db"}).out.find("0 J") == std::string::npos);

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
INSERT INTO trial_intermediate_values VALUES (1, 1, 0, NULL, 'NAN'), (2, 1, 1, NULL, 'INF_POS');
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
        "2 trials of study 'lenet' in o.db added: 1 complete, 0 pruned, 1 failed\n"
        "1 failed, and nothing says whether their configurations were why: the search learns "
        "nothing from them (a column or attribute failure may say a class, such as exit-code)\n"
        "1 left out, not finished\n"
        "2 left out: trial 1 (parameter 'width' cannot be 99.0), trial 3 ('batch' is no parameter "
        "of the study)\n");
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
                         {"accuracy":0.25,"error":0.5},null],
                        ["failed",{"width":17,"optimizer":"adam"},{},"lost"]])"));
}

TEST_CASE("States have the words of other programs: what runs is left out, what failed is failed") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  for (const std::string column : {"State", "status", "STATE"}) {
    shop.Write("runs.csv", "optimizer,width,error,accuracy," + column +
                               "\nadam,8,0.5,0.1,finished\nadam,9,0.4,0.2,Crashed\n"
                               "adam,10,0.3,0.3,KILLED\nadam,11,0.2,0.4,running\n"
                               "adam,12,0.1,0.5,COMPLETE\nadam,13,0.9,0.9,pruned\n"
                               "adam,14,0.1,0.1,Pending\n");
    const Outcome outcome = Import(shop, {"runs.csv"});
    CHECK(outcome.code == 0);
    CHECK(outcome.err.find("2 left out, not finished") != std::string::npos);
    std::string states;
    for (const json& trial : Finished(shop, "s.db")) states += trial[0].get<std::string>() + " ";
    CHECK(states == "complete failed failed complete pruned ");
  }
  CHECK(shop.Run({"audit", "s.db"}).code == 0);
}

TEST_CASE("Columns that say the same twice are refused, by whatever names") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  const auto fault = [&](const std::string& columns) {
    std::string cells = "adam,8,0.5,1";
    for (auto n = std::count(columns.begin(), columns.end(), ','); n > 3; --n) cells += ",1";
    shop.Write("runs.csv", columns + "\n" + cells + "\n");
    const Outcome outcome = Import(shop, {"runs.csv"});
    CHECK(outcome.code == 2);
    return outcome.err;
  };
  const std::string known = "optimizer,width,error,accuracy",
                    is = "joulefront import: runs.csv as CSV: ";
  CHECK(fault(known + ",width") == is + "column 'width' is there twice\n");
  CHECK(fault(known + ",params_width") ==
        is + "column 'width' is there twice, as 'width' and 'params_width'\n");
  CHECK(fault(known + ",parameter.width") ==
        is + "column 'width' is there twice, as 'width' and 'parameter.width'\n");
  CHECK(fault(known + ",value.error") ==
        is + "column 'error' is there twice, as 'error' and 'value.error'\n");
  CHECK(fault(known + ",values_error").find("column 'error' is there twice") != std::string::npos);
  CHECK(fault(known + ",state,Status").find("column 'state' is there twice") != std::string::npos);
  shop.Write("runs.csv", known + ",note,note\nadam,8,0.5,1,a,b\n");  // nobody reads those
  CHECK(Import(shop, {"runs.csv"}).code == 0);
}

TEST_CASE("A column named like a parameter and an objective must say which it is") {
  const Workshop shop;
  shop.Write("study.toml", R"([study]
name = "s"
[objectives]
size = { direction = "minimize" }
[space]
size = { type = "int", low = 1, high = 9 }
)");
  shop.Write("runs.csv", "size\n3\n");
  CHECK(Import(shop, {"runs.csv"}).err ==
        "joulefront import: runs.csv as CSV: column 'size' may be the parameter or the value: call "
        "it parameter.size or value.size\n");
  shop.Write("runs.csv", "parameter.size,value.size\n3,4.5\n");
  CHECK(Import(shop, {"runs.csv"}).code == 0);
  CHECK(Finished(shop, "s.db") == json::parse(R"([["complete",{"size":3},{"size":4.5},null]])"));
}

TEST_CASE("Choices that look alike come back from our CSV, and are not guessed from another") {
  const Workshop shop;
  const std::string study = R"([study]
name = "m"
[objectives]
a = { direction = "minimize" }
[space]
p = { type = "categorical", choices = [1, "1", true, "true", "", "=1+1", "None", "\"x\"", "a\u0007b", "-3", 2.5, "2.5e0", "json:1", "01"] }
)";
  shop.Write("study.toml", study);
  std::string lines;
  for (int k = 0; k < 14; ++k) {
    lines += "{\"ask\": 1}\n{\"tell\": " + std::to_string(k) +
             ", \"values\": {\"a\": " + std::to_string(k) + ".5}}\n";
  }
  REQUIRE(shop.Run({"ask-tell", "study.toml", "--store", "m.db"}, lines).code == 0);
  REQUIRE(Finished(shop, "m.db").size() == 14);
  REQUIRE(shop.Run({"export", "m.db", "-o", "all.csv"}).code == 0);
  CHECK(shop.Read("all.csv").find(",=") == std::string::npos);
  CHECK(Import(shop, {"all.csv"}).code == 0);
  CHECK(Finished(shop, "s.db") == Finished(shop, "m.db"));

  shop.Write("runs.csv", "p,a\n1,0.1\ntrue,0.2\n2.5,0.3\n");
  const Outcome foreign =
      shop.Run({"import", "--into", "study.toml", "--store", "f.db", "runs.csv"});
  CHECK(foreign.code == 0);
  CHECK(
      foreign.err.find("2 left out: line 2 (parameter 'p' is 1, which may be either of two of its "
                       "choices: the text alone is \"1\", the other json:1), line 3 (parameter 'p' "
                       "is true, ") != std::string::npos);
  CHECK(Finished(shop, "f.db") == json::parse(R"([["complete",{"p":2.5},{"a":0.3},null]])"));
}

TEST_CASE("Optuna's None is the choice \"None\" where there is one, and that is said") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  const std::string null_trial = R"(
UPDATE trial_params SET param_value = 1 WHERE trial_id = 1 AND param_name = 'optimizer';)";
  MakeOptunaFile(shop / "o.db", null_trial);
  const Outcome without = Import(shop, {"o.db", "--values", "error,accuracy"});
  CHECK(without.err.find("1 left out: trial 0 (parameter 'optimizer' is null; the study would take "
                         "that as a choice \"None\")") != std::string::npos);
  std::string with = kTwoReported;
  const auto at = with.find("\"adam\"");
  REQUIRE(at != std::string::npos);
  with.replace(at, 6, "\"adam\", \"None\"");
  shop.Write("none.toml", with);
  const auto import = [&](const std::string& from, const std::string& store) {
    return shop.Run(
        {"import", "--into", "none.toml", "--store", store, from, "--values", "error,accuracy"});
  };
  const Outcome taken = import("o.db", "n.db");
  CHECK(taken.err.find("null is taken as the choice \"None\" of 'optimizer'") != std::string::npos);
  CHECK(Finished(shop, "n.db").at(0).at(1).at("optimizer") == "None");
  MakeOptunaFile(shop / "both.db", null_trial + R"(
UPDATE trial_params SET distribution_json =
  '{"name": "CategoricalDistribution", "attributes": {"choices": ["None", null]}}'
  WHERE trial_id = 1 AND param_name = 'optimizer';)");
  CHECK(import("both.db", "b.db")
            .err.find("trial 0 (parameter 'optimizer' is null, and \"None\" is "
                      "another choice there)") != std::string::npos);
}

TEST_CASE(
    "Trials that break Optuna's constraints are kept where the study's say so, else left out") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  const std::string broken = R"(
INSERT INTO trial_system_attributes VALUES (1, 1, 'constraints', '[-1.0, 0.0]'),
  (2, 2, 'constraints', '[-1.0, 2.5]');)";
  MakeOptunaFile(shop / "o.db", broken);
  const Outcome outcome = Import(shop, {"o.db", "--values", "error,accuracy"});
  CHECK(outcome.code == 0);
  CHECK(Finished(shop, "s.db").size() == 1);
  CHECK(outcome.err.find("1 left out: trial 1 (it breaks a constraint there that is none of the "
                         "study's, or has no value here)") != std::string::npos);

  shop.Write("study.toml",
             kTwoReported + "[constraints]\nmemory = { max = 0 }\nlag = { max = 0 }\n");
  const auto named = [&](const std::string& names) {
    return shop.Run(
        {"import", "--into", "study.toml", "--store", "c.db", "o.db", "--values", names});
  };
  CHECK(named("error,accuracy,memory,lag").code == 0);
  const json both = Finished(shop, "c.db");
  REQUIRE(both.size() == 2);
  CHECK(both[1][2]["lag"] == 2.5);
  const json front = json::parse(shop.Run({"front", "c.db", "--format", "json"}).out)["front"];
  REQUIRE(front.size() == 1);
  CHECK(front[0]["number"] == 0);
}

TEST_CASE("Files of other kinds are refused by name, with what to do") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  const auto refused = [&](const std::string& text) {
    shop.Write("file", text);
    const Outcome outcome = Import(shop, {"file"});
    CHECK(outcome.code == 2);
    return outcome.err;
  };
  CHECK(refused("{\"op_code\": 0, \"worker_id\": \"w\", \"study_name\": \"s\"}\n")
            .find("file is a journal of Optuna's (JournalStorage)") != std::string::npos);
  CHECK(refused("[{\"width\": 8}]").find("run --enqueue") != std::string::npos);
  CHECK(refused("PK\x03\x04zip").find("save it as CSV") != std::string::npos);
  CHECK(refused("\xFF\xFEw").find("save it as UTF-8") != std::string::npos);
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
        "joulefront import: runs.csv as CSV: line 2: there is no state 'done'; there are: aborted, "
        "canceled, cancelled, complete, completed, crashed, error, errored, fail, failed, failure, "
        "finished, killed, paused, pending, preempted, preempting, pruned, queued, running, "
        "scheduled, started, succeeded, success, waiting\n");
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
