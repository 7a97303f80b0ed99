// Opens a store by its address: a file name (SQLite), or a URL (PostgreSQL); or keeps it in memory.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "study_store/store.h"

namespace joulefront {

enum class OpenMode {
  kRead,    // to look: changes nothing, leaves no file behind, disturbs no running study; also on a
            // read-only disk
  kWrite,   // an existing store; kNotFound if there is none
  kCreate,  // makes the file if there is none
};

/// Whether the address is that of a PostgreSQL database: "postgresql://host/database", and all that
/// libpq knows of such URLs.
bool IsPostgresUrl(const std::string& address);

/// A store by its address. Errors: those of OpenSqliteStore(); of a URL kUnreachable (no such
/// server or database, wrong password, no rights), kNotFound and kCorrupt (no store of this
/// version), and kInvalidArgument (a password in the URL, or this program was built without libpq).
Result<std::unique_ptr<StudyStore>> OpenStore(const std::string& address, OpenMode mode);

/// Migrates an older schema (kWrite, kCreate), after copying the file to FILE.v<N>.bak. Errors:
/// kNotFound, kCorrupt (not a database, not ours, damaged, from a newer version), kUnavailable
/// (no permission, disk full, network file system).
Result<std::unique_ptr<StudyStore>> OpenSqliteStore(const std::string& path, OpenMode mode);

/// Copies a SQLite store, as it is at one moment, to a file that is not there yet, while others go
/// on writing to it. Errors: those of opening it to read; kConflict if the target exists;
/// kUnavailable; kCorrupt if what was copied is damaged.
Result<void> CopySqliteStore(const std::string& path, const std::string& target);

/// Copies a store's studies (or the one of that name), with all that is recorded of them, each as
/// it is at one moment, to another store, which is made if it is not there. Gives their names.
/// Errors: those of opening either; kNotFound if there is no such study; kConflict if the other
/// store has a study of that name.
Result<std::vector<std::string>> CopyStudies(const std::string& from, const std::string& to,
                                             const std::optional<std::string>& name = {});

/// A store that lives as long as the object: for ask-tell without --store, and for tests.
std::unique_ptr<StudyStore> NewMemoryStore();

}  // namespace joulefront
