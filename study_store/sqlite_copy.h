// Copies of SQLite databases that are in use. Private to study_store.
#pragma once

#include <string>

#include "base/result.h"

namespace joulefront {

/// Copies the committed state, WAL included, to `copy`, whole or not at all; an older file of that
/// name is replaced. Errors: kUnavailable.
Result<void> CopyDatabase(const std::string& file, const std::string& copy);

}  // namespace joulefront
