// The tables of a store (docs/store_schema.md) and their version. Private to study_store.
#pragma once

#include <cstdint>

namespace joulefront {

/// The version that this program writes.
inline constexpr std::int64_t kSchemaVersion = 3;

/// The tables, and the view with a row a trial, in SQLite's words; postgres_open.cc puts them into
/// PostgreSQL's.
extern const char* const kTables;
extern const char* const kTrialsWide;

}  // namespace joulefront
