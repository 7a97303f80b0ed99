// What a person sees with the sqlite3 shell: the views, and the queries of docs/store_schema.md.
#include <sqlite3.h>

#include <fstream>

#include "base/random.h"
#include "study_store/front.h"
#include "tests/study_store/store_contract.h"

using namespace joulefront;

namespace {

using Row = std::vector<std::string>;

/// The rows that a query gives; NULL as "NULL".
std::vector<Row> Ask(const std::string& path, const std::string& sql) {
  sqlite3* database = nullptr;
  std::vector<Row> rows;
  REQUIRE(sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
  const auto append = [](void* all, int columns, char** values, char**) {
    Row& row = static_cast<std::vector<Row>*>(all)->emplace_back();
    for (int k = 0; k < columns; ++k) row.push_back(values[k] != nullptr ? values[k] : "NULL");
    return 0;
  };
  char* message = nullptr;
  if (sqlite3_exec(database, sql.c_str(), append, &rows, &message) != SQLITE_OK) {
    FAIL(sql << ": " << message);
  }
  sqlite3_close(database);
  return rows;
}

/// Adds a trial and completes it with these values.
void Complete(StudyStore& store, StudyId study, const NamedValues& values, double joules = 4.0) {
  const auto number = Require(store.AddTrial(study, SampleTrial(), {}, At(2)));
  const auto claim = store.ClaimTrial(study, Worker("w"), At(99), At(3), number);
  REQUIRE(Require(claim).has_value());
  Require(store.FinishAttempt(**claim, Completed(values, joules), RetryLimits{}, At(4)));
}

/// Study, number and what is paid of the trials on the front.
struct OnFront {
  std::string study;
  TrialNumber number;
  double cost;

  auto operator<=>(const OnFront&) const = default;
};

std::vector<OnFront> FrontByView(const std::string& path) {
  std::vector<OnFront> points;
  for (const Row& row :
       Ask(path,
           "SELECT study, number, values_json ->> ('$.f' || (substr(study, -1) - 1)) FROM front")) {
    points.push_back({row[0], std::stoll(row[1]), std::stod(row[2])});
  }
  return points;
}

std::vector<OnFront> FrontByProgram(StudyStore& store) {
  std::vector<OnFront> points;
  for (const StudyEntry& entry : Require(store.ListStudies())) {
    const auto trials = Require(store.LoadTrials(entry.id));
    const Front front = ComputeFront(Require(store.LoadStudy(entry.id)), trials);
    for (const FrontPoint& point : front.points) {
      points.push_back({entry.name, trials[point.trial].number, point.objectives[front.cost]});
    }
  }
  return points;
}

/// The ```sql blocks of a page.
std::vector<std::string> QueriesIn(const std::string& page) {
  std::ifstream file(page);
  REQUIRE(file.is_open());
  std::vector<std::string> queries;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line == "```sql") {
      queries.emplace_back();
      inside = true;
    } else if (line == "```") {
      inside = false;
    } else if (inside) {
      queries.back() += line + "\n";
    }
  }
  return queries;
}

}  // namespace

TEST_CASE("trials_wide shows every trial with its values and its joules, missing ones as NULL") {
  TestFolder folder;
  const std::string path = folder / "store.db";
  const auto store = OpenFile(path);
  const StudyId study = Require(store->CreateStudy(SampleStudy(), At(1)));
  Complete(*store, study, {{"error", 0.5}, {"energy", 3.0}}, 4.0);
  for (int k = 1; k < 3; ++k) Require(store->AddTrial(study, SampleTrial(k), {}, At(2)));
  const Claim lost = ClaimNext(*store, study, "a", At(3));
  Require(store->FinishAttempt(lost, Ended(AttemptState::kLost, Energy(2.0)), {}, At(4)));
  const Claim failing = ClaimNext(*store, study, "a", At(5));
  Require(store->FinishAttempt(failing, Ended(AttemptState::kFailed, Energy(1.0)), {}, At(6)));
  const auto rows = Ask(path,
                        "SELECT study, number, state, configuration, values_json, energy_j, "
                        "energy_class, spent_j, attempts, failure, finished FROM trials_wide");
  CHECK(rows == std::vector<Row>{
                    {"digits", "0", "complete", "{\"x\":0.5}", "{\"energy\":3.0,\"error\":0.5}",
                     "4.0", "estimated", "4.0", "1", "NULL", "1970-01-01 00:00:04"},
                    {"digits", "1", "failed", "{\"x\":1.5}", "{}", "NULL", "NULL", "3.0", "2",
                     "exit-code", "1970-01-01 00:00:06"},
                    {"digits", "2", "waiting", "{\"x\":2.5}", "{}", "NULL", "NULL", "NULL", "0",
                     "NULL", "NULL"}});
}

TEST_CASE("the view front agrees with the front that the program computes") {
  const auto seed = GENERATE(range(1, 9));
  INFO("seed " << seed);
  Random random(static_cast<std::uint64_t>(seed), 0);
  TestFolder folder;
  const std::string path = folder / "store.db";
  const auto store = OpenFile(path);
  for (const std::size_t objectives : {1U, 2U, 3U}) {
    Study study = SampleStudy(fmt::format("study-{}", objectives));
    study.objectives.clear();
    for (std::size_t k = 0; k < objectives; ++k) {
      study.objectives.push_back(
          {.name = fmt::format("f{}", k),
           .direction = random.Below(2) == 0 ? Direction::kMinimize : Direction::kMaximize});
    }
    study.constraints = {{.name = "c", .min = 1.0, .max = 7.0}, {.name = "f0", .max = 5.0}};
    if (random.Below(3) == 0) study.constraints.clear();
    const StudyId id = Require(store->CreateStudy(study, At(1)));
    for (int k = 0; k < 40; ++k) {
      // Few distinct values, so that ties and repeats are common; sometimes one is missing.
      NamedValues values;
      for (const char* name : {"f0", "f1", "f2", "c"}) {
        if (random.Below(25) != 0) values[name] = static_cast<double>(random.Below(9));
      }
      Complete(*store, id, values);
    }
    Require(store->AddTrial(id, SampleTrial(), {}, At(2)));
  }
  auto by_view = FrontByView(path), by_program = FrontByProgram(*store);
  const auto same_order = [](const OnFront& a, const OnFront& b) {
    return a.study == b.study && a.cost == b.cost;
  };
  CHECK(
      std::equal(by_view.begin(), by_view.end(), by_program.begin(), by_program.end(), same_order));
  std::sort(by_view.begin(), by_view.end());
  std::sort(by_program.begin(), by_program.end());
  CHECK((by_view == by_program));
  CHECK(by_view.size() > 3);
}

TEST_CASE("a store without a complete trial has an empty front") {
  TestFolder folder;
  const auto store = OpenFile(folder / "store.db");
  CHECK(Ask(folder / "store.db", "SELECT * FROM front").empty());
  Require(store->CreateStudy(SampleStudy(), At(1)));
  CHECK(Ask(folder / "store.db", "SELECT * FROM front").empty());
}

TEST_CASE("every query of docs/store_schema.md answers") {
  TestFolder folder;
  const std::string path = folder / "store.db";
  const auto store = OpenFile(path);
  Study study = SampleStudy();
  study.constraints.clear();
  const StudyId id = Require(store->CreateStudy(study, At(1)));
  for (int k = 0; k < 3; ++k) {
    NewTrial trial = SampleTrial(k);
    trial.configuration = "{\"optimizer\":\"adam\"}";
    Require(store->AddTrial(id, trial, {}, At(2)));
  }
  const Claim first = ClaimNext(*store, id, "a", At(3));
  Require(store->AddProgress(first, 1, {{"error", 0.75}}, At(4)));
  Require(
      store->FinishAttempt(first, Completed({{"error", 0.5}, {"energy", 3.0}}, 4.0), {}, At(5)));
  Require(store->FinishAttempt(ClaimNext(*store, id, "a", At(6)), Ended(AttemptState::kFailed), {},
                               At(7)));
  ClaimNext(*store, id, "a", At(8));
  const auto queries = QueriesIn(JOULEFRONT_SOURCE_DIR "/docs/store_schema.md");
  CHECK(queries.size() >= 8);
  for (const std::string& query : queries) {
    CAPTURE(query);
    CHECK_FALSE(Ask(path, query).empty());
  }
}
