// Reading energy rows of a store in a database. Private to study_store.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "base/energy.h"
#include "base/result.h"
#include "study_store/sql_connection.h"

namespace joulefront {

using Provenances = std::unordered_map<std::int64_t, Provenance>;

/// All provenances of the store: a handful, however many figures refer to them.
Result<Provenances> ReadProvenances(SqlConnection& connection);

/// Columns that a row for ReadPhase() begins with, and how many they are.
inline constexpr const char* kPhaseColumns =
    "phase, wall_s, cpu_s, joules, coverage, own_uncertainty, provenance, measured_j, idle_j,"
    " others_j, idle_of_others_j, residual_j, domains";
inline constexpr int kPhaseColumnCount = 13;

/// The phase in a row that begins with kPhaseColumns. Error: kCorrupt.
Result<PhaseEnergy> ReadPhase(const SqlConnection& store, const Query& row,
                              const Provenances& provenances);

}  // namespace joulefront
