// Opening SQLite files with more to say than open_store.h offers. Private to study_store and its
// tests.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "study_store/open_store.h"

namespace joulefront {

/// How long a lock is waited for. Transactions last milliseconds: whoever holds a lock for longer
/// than this is stopped or hung.
inline constexpr std::chrono::milliseconds kBusyWait{30'000};

/// As OpenSqliteStore(), with another wait for locks.
Result<std::unique_ptr<StudyStore>> OpenSqliteStore(const std::string& path, OpenMode mode,
                                                    std::chrono::milliseconds busy_wait);

/// Whether statfs() calls this type of file system remote: WAL needs memory that all users of the
/// file share.
bool IsNetworkFileSystem(std::uint32_t statfs_type);

}  // namespace joulefront
