#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "study_store/open_store.h"
#include "tests/cli/command.h"
#include "tests/cli/sample_store.h"
#include "tests/cli/sql_rows.h"

namespace joulefront {
namespace {

using nlohmann::json;

constexpr TimePoint kStart{std::chrono::milliseconds(1'700'000'000'250)};

template <typename T>
T Take(Result<T> result) {
  if (!result) FAIL(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// A store that is filled trial by trial.
class Told {
 public:
  Told(const std::string& path, const Study& study)
      : store_(Take(OpenSqliteStore(path, OpenMode::kCreate))),
        id_(Take(store_->CreateStudy(study, kStart))) {}

  void Add(const std::string& configuration, const AttemptResult& result,
           const std::vector<ProgressReport>& reports = {}) {
    Take(store_->AddTrial(id_, {.configuration = configuration, .proposed_by = "x", .reason = ""},
                          {}, kStart));
    const WorkerIdentity worker{.name = "w", .host = "h", .boot_id = "b", .pid = 1};
    const Claim claim =
        *Take(store_->ClaimTrial(id_, worker, kStart + std::chrono::seconds(60), kStart));
    for (const ProgressReport& report : reports) {
      Take(store_->AddProgress(claim, report.step, report.values, kStart));
    }
    Take(store_->FinishAttempt(claim, result, {}, kStart + std::chrono::milliseconds(1500)));
  }

 private:
  std::unique_ptr<StudyStore> store_;
  StudyId id_;
};

Study OneParameter(const Parameter& parameter) {
  Study study;
  study.name = "s";
  study.objectives = {{.name = "error"}};
  study.space = SearchSpace::Create({parameter}).value();
  return study;
}

std::string AttributeOf(const std::string& path, int trial, const std::string& key) {
  const Rows rows = Sql(path,
                        "SELECT value_json FROM trial_user_attributes JOIN trials"
                        " USING (trial_id) WHERE number = " +
                            std::to_string(trial) + " AND key = '" + key + "'");
  return rows.empty() ? "" : rows[0];
}

TEST_CASE("A study stands in Optuna's tables with directions, names, states and values") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  REQUIRE(shop.Run({"export", "digits.db", "--format", "optuna", "-o", "o.db"}).code == 0);
  const std::string file = shop / "o.db";
  CHECK(Sql(file, "SELECT version_num FROM alembic_version") == Rows{"v3.2.0.a"});
  CHECK(Sql(file, "SELECT schema_version FROM version_info") == Rows{"12"});
  CHECK(Sql(file, "SELECT study_name FROM studies") == Rows{"digits"});
  CHECK(Sql(file, "SELECT objective, direction FROM study_directions ORDER BY objective") ==
        Rows{"0|MINIMIZE", "1|MINIMIZE"});
  CHECK(Sql(file, "SELECT key, value_json FROM study_system_attributes") ==
        Rows{R"(study:metric_names|["error","energy"])"});
  CHECK(Sql(file, "SELECT number, state FROM trials ORDER BY number") ==
        Rows{"0|COMPLETE", "1|COMPLETE", "2|COMPLETE", "3|COMPLETE", "4|FAIL", "5|WAITING"});
  CHECK(Sql(file,
            "SELECT number, objective, value, value_type FROM trial_values JOIN trials"
            " USING (trial_id) WHERE number < 2 ORDER BY number, objective") ==
        Rows{"0|0|0.3|FINITE", "0|1|10.0|FINITE", "1|0|0.1|FINITE", "1|1|50.0|FINITE"});
  CHECK(Sql(file, "SELECT COUNT(*) FROM trials WHERE datetime_start IS NULL") == Rows{"1"});
}

TEST_CASE("Parameters stand with their distributions, and inactive ones do not") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  REQUIRE(shop.Run({"export", "digits.db", "--format", "optuna", "-o", "o.db"}).code == 0);
  const Rows rows = Sql(shop / "o.db",
                        "SELECT number, param_name, param_value, distribution_json FROM"
                        " trial_params JOIN trials USING (trial_id) WHERE number < 2"
                        " ORDER BY number, param_id");
  const std::string width = R"({"name":"IntDistribution","attributes":)"
                            R"({"log":false,"step":1,"low":8,"high":64}})";
  const std::string optimizer = R"({"name":"CategoricalDistribution","attributes":)"
                                R"({"choices":["sgd","adam"]}})";
  const std::string momentum = R"({"name":"FloatDistribution","attributes":)"
                               R"({"step":null,"low":0.0,"high":0.99,"log":false}})";
  CHECK(rows == Rows{"0|width|8.0|" + width, "0|optimizer|1.0|" + optimizer,
                     "1|width|16.0|" + width, "1|optimizer|0.0|" + optimizer,
                     "1|momentum|0.5|" + momentum});
}

TEST_CASE("Joules are user attributes with their class, and those of a failure are not zero") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  REQUIRE(shop.Run({"export", "digits.db", "--format", "optuna", "-o", "o.db"}).code == 0);
  const std::string file = shop / "o.db";
  CHECK(AttributeOf(file, 1, "energy.train_j") == "50.0");
  CHECK(AttributeOf(file, 1, "energy.train_class") == "\"estimated\"");
  CHECK(AttributeOf(file, 1, "energy.train_coverage") == "1.0");
  CHECK(AttributeOf(file, 1, "energy.total_j") == "55.0");
  CHECK(AttributeOf(file, 1, "class.energy") == "\"estimated\"");
  CHECK(AttributeOf(file, 4, "energy.total_j") == "");
  CHECK(AttributeOf(file, 4, "failure") == "\"exit-code\"");
  CHECK(json::parse(AttributeOf(file, 4, "message")) ==
        "exit status 1; its last line: \"no\",\n\x1b[2Jgone");
  CHECK(AttributeOf(file, 5, "proposed_by") == "\"nsga2\"");
}

TEST_CASE("Joules that an ask-tell session gave are called told") {
  const Workshop shop;
  Told(shop / "s.db", DigitsStudy())
      .Add(R"({"width":8,"optimizer":"adam"})",
           {.state = AttemptState::kComplete, .values = {{"error", 1e300}, {"energy", 0.0}}});
  REQUIRE(shop.Run({"export", "s.db", "--format", "optuna", "-o", "o.db"}).code == 0);
  CHECK(AttributeOf(shop / "o.db", 0, "class.energy") == "\"told\"");
  CHECK(Sql(shop / "o.db", "SELECT value = 1e300, value_type FROM trial_values LIMIT 1") ==
        Rows{"1|FINITE"});
}

TEST_CASE("Limits are Optuna's constraints, at most 0 where they are kept") {
  const Workshop shop;
  Study study = OneParameter({.name = "x"});
  study.constraints = {{.name = "size", .min = 2.0, .max = 500.0}};
  Told told(shop / "s.db", study);
  told.Add(R"({"x":0.5})",
           {.state = AttemptState::kComplete, .values = {{"error", 1}, {"size", 510}}});
  told.Add(R"({"x":0.25})", {.state = AttemptState::kPruned, .values = {{"error", 2}}});
  REQUIRE(shop.Run({"export", "s.db", "--format", "optuna", "-o", "o.db"}).code == 0);
  CHECK(Sql(shop / "o.db", "SELECT trial_id, key, value_json FROM trial_system_attributes") ==
        Rows{"1|constraints|[10.0,-508.0]"});
  CHECK(Sql(shop / "o.db",
            "SELECT value_json FROM study_user_attributes WHERE key ="
            " 'constraints'") == Rows{R"(["size <= 500","size >= 2"])"});
  CHECK(AttributeOf(shop / "o.db", 0, "value.size") == "510.0");
}

TEST_CASE("Progress is Optuna's intermediate values, unless its samplers would choke on it") {
  const Workshop shop;
  const std::vector<ProgressReport> reports = {
      {.step = 1, .values = {{"error", 0.5}, {"speed", 1.0}}, .joules = {}},
      {.step = 2, .values = {{"speed", 1.0}}, .joules = {}},
      {.step = 3, .values = {{"error", 0.25}}, .joules = {}}};
  const AttemptResult pruned{.state = AttemptState::kPruned, .values = {{"error", 0.25}}};
  const std::string select =
      "SELECT step, intermediate_value, intermediate_value_type"
      " FROM trial_intermediate_values ORDER BY step";
  Study study = OneParameter({.name = "x"});
  Told(shop / "one.db", study).Add(R"({"x":0.5})", pruned, reports);
  REQUIRE(shop.Run({"export", "one.db", "--format", "optuna", "-o", "o.db"}).code == 0);
  CHECK(Sql(shop / "o.db", select) == Rows{"1|0.5|FINITE", "3|0.25|FINITE"});
  CHECK(Sql(shop / "o.db", "SELECT state, value FROM trials JOIN trial_values USING (trial_id)") ==
        Rows{"PRUNED|0.25"});

  study.objectives.push_back({.name = "speed", .direction = Direction::kMaximize});
  Told(shop / "two.db", study).Add(R"({"x":0.5})", pruned, reports);
  REQUIRE(shop.Run({"export", "two.db", "--format", "optuna", "-o", "p.db"}).code == 0);
  CHECK(Sql(shop / "p.db", select).empty());
  CHECK(AttributeOf(shop / "p.db", 0, "progress.error") == R"({"1":0.5,"3":0.25})");
  CHECK(AttributeOf(shop / "p.db", 0, "value.error") == "0.25");  // of two values it has one
  CHECK(Sql(shop / "p.db", "SELECT COUNT(*) FROM trial_values") == Rows{"0"});
}

TEST_CASE("Times are those of the attempt that finished the trial, in local time as Optuna's") {
  const Workshop shop;
  Told(shop / "s.db", OneParameter({.name = "x"}))
      .Add(R"({"x":0.5})", {.state = AttemptState::kComplete, .values = {{"error", 1}}});
  REQUIRE(shop.Shell("TZ=JST-9 $JF export s.db --format optuna -o o.db").code == 0);
  CHECK(Sql(shop / "o.db", "SELECT datetime_start, datetime_complete FROM trials") ==
        Rows{"2023-11-15 07:13:20.250000|2023-11-15 07:13:21.750000"});
}

TEST_CASE("Choices and names that look like SQL or markup are text, and stay whole") {
  const Workshop shop;
  const std::string hostile = "'; DROP TABLE trials; -- <b>\"\\\u202e\x01";
  Told(shop / "s.db", OneParameter({.name = "x.y-z",
                                    .type = ParameterType::kOrdinal,
                                    .choices = {std::int64_t{1}, 2.5, true, hostile}}))
      .Add(json({{"x.y-z", hostile}}).dump(),
           {.state = AttemptState::kComplete,
            .values = {{"error", 1}, {"'); DELETE FROM studies; --", 2}}});
  REQUIRE(shop.Run({"export", "s.db", "--format", "optuna", "-o", "o.db"}).code == 0);
  const Rows rows = Sql(shop / "o.db", "SELECT param_value, distribution_json FROM trial_params");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].substr(0, 4) == "3.0|");
  CHECK(json::parse(rows[0].substr(4))["attributes"]["choices"] ==
        json::array({1, 2.5, true, hostile}));
  CHECK(Sql(shop / "o.db", "SELECT key FROM trial_user_attributes WHERE value_json = '2.0'") ==
        Rows{"value.'); DELETE FROM studies; --"});
}

TEST_CASE("A file of Optuna's is there whole or not at all, and none is replaced") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  shop.Write("mine.db", "mine");
  const auto fault = [&](const std::vector<std::string>& more, int code) {
    std::vector<std::string> arguments = {"export", "digits.db", "--format", "optuna"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = shop.Run(arguments);
    CHECK(outcome.code == code);
    CHECK(outcome.out == "");
    return outcome.err;
  };
  CHECK(fault({"--output", "mine.db"}, 2) ==
        "joulefront export: mine.db exists already; name a file that is not there yet\n");
  CHECK(shop.Read("mine.db") == "mine");
  CHECK(fault({}, 2).starts_with("joulefront export: --format optuna needs --output FILE\n"));
  CHECK(fault({"--output", "no/folder/o.db"}, 1) != "");
  // A trial that cannot be read ends it in the middle.
  Sql(shop / "digits.db", "UPDATE trial SET configuration = '{\"width\":9000}' WHERE number = 3");
  CHECK(fault({"--output", "o.db"}, 6).find("trial 3") != std::string::npos);
  CHECK_FALSE(shop.Has("o.db"));
  CHECK_FALSE(shop.Has("o.db.partial"));
}

}  // namespace
}  // namespace joulefront
