// Reading energy rows of a SQLite store. Private to study_store.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "base/energy.h"
#include "base/result.h"
#include "study_store/sqlite_statement.h"

namespace joulefront {

using Provenances = std::unordered_map<std::int64_t, Provenance>;

/// All provenances of the store: a handful, however many figures refer to them.
Result<Provenances> ReadProvenances(SqliteConnection& connection);

/// The phase in a row whose columns begin with phase, wall_s, cpu_s, joules, coverage,
/// own_uncertainty, provenance.
PhaseEnergy ReadPhase(const Query& row, const Provenances& provenances);

}  // namespace joulefront
