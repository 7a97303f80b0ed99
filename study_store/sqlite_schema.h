// The schema of a SQLite store (docs/store_schema.md), its version, and the steps that bring an
// older store up to date. Private to study_store.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "study_store/sql_schema.h"
#include "study_store/sqlite_connection.h"

namespace joulefront {

/// PRAGMA application_id of our stores: "joul".
inline constexpr std::int64_t kApplicationId = 0x6a6f756c;

/// Brings a store from `version` to the next.
struct Migration {
  std::int64_t version;
  const char* script;
};

/// What a database file turns out to be.
enum class StoreState {
  kEmpty,    // a database without any table
  kOlder,    // ours, to be migrated before use
  kCurrent,  // ours
};

/// Errors: kCorrupt for the database of another application and for a version above `version`.
Result<StoreState> ExamineStore(SqliteConnection& connection,
                                std::int64_t version = kSchemaVersion);

/// Makes the schema in an empty database; nothing if another process was faster.
Result<void> CreateSchema(SqliteConnection& connection);

/// Applies the steps from the store's version up to `version`, in one transaction, after copying
/// the store to FILE.v<N>.bak; nothing if another process was faster. The parameters are there for
/// tests.
Result<void> Migrate(SqliteConnection& connection);
Result<void> Migrate(SqliteConnection& connection, std::span<const Migration> steps,
                     std::int64_t version);

}  // namespace joulefront
