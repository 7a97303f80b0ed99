// Opens a store by its address: a file name (SQLite), or nothing (kept in memory).
#pragma once

#include <memory>
#include <string>

#include "study_store/store.h"

namespace joulefront {

enum class OpenMode {
  kRead,    // to look: changes nothing, leaves no file behind, disturbs no running study; also on a
            // read-only disk
  kWrite,   // an existing store; kNotFound if there is none
  kCreate,  // makes the file if there is none
};

/// Migrates an older schema (kWrite, kCreate), after copying the file to FILE.v<N>.bak. Errors:
/// kNotFound, kCorrupt (not a database, not ours, damaged, from a newer version), kUnavailable
/// (no permission, disk full, network file system).
Result<std::unique_ptr<StudyStore>> OpenSqliteStore(const std::string& path, OpenMode mode);

/// Copies a SQLite store, as it is at one moment, to a file that is not there yet, while others go
/// on writing to it. Errors: those of opening it to read; kConflict if the target exists;
/// kUnavailable; kCorrupt if what was copied is damaged.
Result<void> CopySqliteStore(const std::string& path, const std::string& target);

/// A store that lives as long as the object: for ask-tell without --store, and for tests.
std::unique_ptr<StudyStore> NewMemoryStore();

}  // namespace joulefront
