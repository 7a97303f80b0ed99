#include "study_store/sqlite_schema.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "base/check.h"
#include "study_store/sqlite_copy.h"

namespace joulefront {
namespace {

// Pairwise, so quadratic in the number of complete trials; `joulefront front` is not.
constexpr const char* kFront = R"sql(
CREATE VIEW front AS
WITH objective AS MATERIALIZED (
  SELECT study.id AS study, item.key AS position, item.value ->> '$.name' AS name,
    iif(item.value ->> '$.direction' = 'maximize', -1.0, 1.0) AS sign,
    item.value ->> '$.phase' IS NOT NULL AS metered
  FROM study, json_each(study.definition, '$.objectives') AS item
),
-- Figures of different provenance are not compared: each key has a front of its own.
-- What is paid: the last metered objective, or the last one. The front runs from cheap to dear.
cost AS MATERIALIZED (
  SELECT study, coalesce(max(iif(metered, position, NULL)), max(position)) AS position
  FROM objective GROUP BY study
),
bound AS MATERIALIZED (
  SELECT study.id AS study, item.value ->> '$.name' AS name,
    item.value ->> '$.min' AS low, item.value ->> '$.max' AS high
  FROM study, json_each(study.definition, '$.constraints') AS item
),
feasible AS MATERIALIZED (
  SELECT t.study, t.number,
    (SELECT e.provenance FROM energy AS e WHERE e.study = t.study AND e.trial = t.number
      AND e.attempt = t.attempts AND e.phase = 'total') AS key
  FROM trial AS t
  WHERE t.state = 'complete'
    AND NOT EXISTS (
      SELECT 1 FROM bound AS b
      LEFT JOIN trial_value AS v ON v.study = t.study AND v.trial = t.number AND v.name = b.name
      WHERE b.study = t.study AND (v.value IS NULL OR v.value < b.low OR v.value > b.high))
    AND NOT EXISTS (
      SELECT 1 FROM objective AS o
      LEFT JOIN trial_value AS v ON v.study = t.study AND v.trial = t.number AND v.name = o.name
      WHERE o.study = t.study AND v.value IS NULL)
),
score AS MATERIALIZED (
  SELECT f.study, f.number, o.position, o.sign * v.value AS score
  FROM feasible AS f
  JOIN objective AS o ON o.study = f.study
  JOIN trial_value AS v ON v.study = f.study AND v.trial = f.number AND v.name = o.name
)
SELECT wide.*
FROM feasible AS a
JOIN study ON study.id = a.study
JOIN trials_wide AS wide ON wide.study = study.name AND wide.number = a.number
JOIN cost ON cost.study = a.study
JOIN score AS paid ON paid.study = a.study AND paid.number = a.number
  AND paid.position = cost.position
WHERE NOT EXISTS (
  SELECT 1 FROM feasible AS b
  WHERE b.study = a.study AND b.key IS a.key
    AND 1 = (
      -- 1 if b is nowhere worse and somewhere better, else 0.
      SELECT max(sb.score < sa.score) AND NOT max(sb.score > sa.score)
      FROM score AS sa
      JOIN score AS sb ON sb.study = sa.study AND sb.number = b.number AND sb.position = sa.position
      WHERE sa.study = a.study AND sa.number = a.number))
ORDER BY a.study, paid.score, a.number;
)sql";

// Shared counters and domains; the failure class energy-limit; replayed joules; a front for each
// comparability key. CHECK constraints cannot be altered but in the schema's own text, where a list
// that only allows more is safe to write.
constexpr const char* kFrom1To2 = R"sql(
ALTER TABLE energy ADD COLUMN measured_j REAL;
ALTER TABLE energy ADD COLUMN idle_j REAL;
ALTER TABLE energy ADD COLUMN others_j REAL;
ALTER TABLE energy ADD COLUMN idle_of_others_j REAL;
ALTER TABLE energy ADD COLUMN residual_j REAL;
ALTER TABLE energy ADD COLUMN domains TEXT CHECK (domains IS NULL OR json_valid(domains));
ALTER TABLE progress ADD COLUMN joules REAL;
ALTER TABLE trial ADD COLUMN continues INTEGER CHECK (continues < number);
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '''timeout'',', '''timeout'', ''energy-limit'',')
  WHERE type = 'table' AND name IN ('trial', 'attempt');
UPDATE sqlite_schema SET sql = replace(sql, '''estimated'')', '''estimated'', ''replayed'')')
  WHERE type = 'table' AND name = 'provenance';
PRAGMA writable_schema = RESET;
)sql";

// Confirmations, the joules that are foreseen, those of the search, what a proposal was made from,
// and the failure class stalled.
constexpr const char* kFrom2To3 = R"sql(
ALTER TABLE trial ADD COLUMN foreseen_j REAL CHECK (foreseen_j > 0.0);
ALTER TABLE trial ADD COLUMN basis TEXT CHECK (basis IS NULL OR json_valid(basis));
ALTER TABLE attempt ADD COLUMN kind TEXT NOT NULL DEFAULT 'trial' CHECK (kind IN ('trial', 'confirmation'));
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '''told'')', '''told'', ''stalled'')')
  WHERE type = 'table' AND name IN ('trial', 'attempt');
PRAGMA writable_schema = RESET;
CREATE TABLE confirmed_value (
  study INTEGER NOT NULL,
  trial INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  name TEXT NOT NULL,
  value REAL NOT NULL,
  PRIMARY KEY (study, trial, attempt, name),
  FOREIGN KEY (study, trial, attempt) REFERENCES attempt (study, trial, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE search_energy (
  study INTEGER NOT NULL REFERENCES study (id),
  provenance INTEGER NOT NULL REFERENCES provenance (id),
  wall_s REAL NOT NULL,
  cpu_s REAL NOT NULL,
  joules REAL NOT NULL,
  coverage REAL NOT NULL CHECK (coverage > 0.0 AND coverage <= 1.0),
  own_uncertainty REAL NOT NULL,
  PRIMARY KEY (study, provenance)
) STRICT, WITHOUT ROWID;
)sql";

// From version 1 on. A step never changes what it does once it is released; views are dropped
// before the first and made anew after the last.
constexpr Migration kMigrations[] = {{1, kFrom1To2}, {2, kFrom2To3}};

Result<std::int64_t> VersionOf(SqliteConnection& connection) {
  return connection.SelectInt("PRAGMA user_version");
}

Result<void> SetVersion(SqliteConnection& connection, std::int64_t version) {
  return connection.Execute(fmt::format("PRAGMA user_version = {}", version).c_str());
}

Result<void> CreateViews(SqliteConnection& connection) {
  JF_TRY(connection.Execute(kTrialsWide));
  return connection.Execute(kFront);
}

/// The path, or with ".2", ".3", ... behind it, the first that nothing has.
std::string FreeName(const std::string& path) {
  std::string name = path;
  std::error_code error;
  for (int k = 2; std::filesystem::exists(std::filesystem::symlink_status(name, error)); ++k) {
    name = fmt::format("{}.{}", path, k);
  }
  return name;
}

}  // namespace

Result<StoreState> ExamineStore(SqliteConnection& connection, std::int64_t version) {
  // In one statement, so that a schema that another process is just making is seen whole.
  auto query = connection.Prepare(
      "SELECT a.application_id, v.user_version, (SELECT count(*) FROM sqlite_schema)"
      " FROM pragma_application_id AS a, pragma_user_version AS v");
  if (!query) return Pass(query);
  auto row = query->Step();
  if (!row) return Pass(row);
  JF_CHECK(*row);
  const std::int64_t application = query->Int(0), found = query->Int(1), tables = query->Int(2);
  if (application == 0 && tables == 0 && found == 0) return StoreState::kEmpty;
  if (application != kApplicationId) {
    return Fail(ErrorCode::kCorrupt,
                fmt::format("{} is not a joulefront store: it is the database of another "
                            "application, left as it was; name another file",
                            connection.name()));
  }
  if (found > version) {
    return Fail(ErrorCode::kCorrupt,
                fmt::format("{} was written by a newer joulefront (store version {}; this one "
                            "knows versions up to {}); update joulefront",
                            connection.name(), found, version));
  }
  return found == version ? StoreState::kCurrent : StoreState::kOlder;
}

Result<void> CreateSchema(SqliteConnection& connection) {
  return connection.Write(Survives::kPowerCut, {}, [&]() -> Result<void> {
    auto state = ExamineStore(connection);
    if (!state) return Pass(state);
    if (*state != StoreState::kEmpty) return {};
    JF_TRY(connection.Execute(kTables));
    JF_TRY(CreateViews(connection));
    JF_TRY(connection.Execute(fmt::format("PRAGMA application_id = {}", kApplicationId).c_str()));
    return SetVersion(connection, kSchemaVersion);
  });
}

Result<void> Migrate(SqliteConnection& connection) {
  return Migrate(connection, kMigrations, kSchemaVersion);
}

Result<void> Migrate(SqliteConnection& connection, std::span<const Migration> steps,
                     std::int64_t version) {
  return connection.Write(Survives::kPowerCut, {}, [&]() -> Result<void> {
    auto found = VersionOf(connection);
    if (!found) return Pass(found);
    if (*found >= version) return {};
    const std::string copy = FreeName(fmt::format("{}.v{}.bak", connection.name(), *found));
    // A connection that holds the write lock cannot be copied from, so another one reads; the lock
    // keeps the store as it is meanwhile.
    auto copied = CopyDatabase(sqlite3_db_filename(connection.handle(), "main"), copy);
    if (!copied) {
      return Fail(
          ErrorCode::kUnavailable,
          fmt::format("{} is of an older version and must be copied before it is brought up "
                      "to date, but: {}; make room there and run again",
                      connection.name(), copied.error().message));
    }
    JF_TRY(connection.Execute("DROP VIEW IF EXISTS front; DROP VIEW IF EXISTS trials_wide"));
    for (std::int64_t from = *found; from < version; ++from) {
      const auto step = std::find_if(steps.begin(), steps.end(),
                                     [&](const Migration& s) { return s.version == from; });
      if (step == steps.end()) {
        return Fail(ErrorCode::kCorrupt,
                    fmt::format("{} claims to be of version {}, which never was; restore a copy",
                                connection.name(), from));
      }
      JF_TRY(connection.Execute(step->script));
    }
    if (version == kSchemaVersion) JF_TRY(CreateViews(connection));
    return SetVersion(connection, version);
  });
}

}  // namespace joulefront
