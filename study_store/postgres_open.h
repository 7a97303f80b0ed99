// Opening PostgreSQL stores with more to say than open_store.h offers. Private to study_store and
// its tests.
#pragma once

#include <memory>
#include <string>

#include "study_store/open_store.h"
#include "study_store/postgres_connection.h"

namespace joulefront {

/// "postgresql://host/database". Errors as for OpenStore().
Result<std::unique_ptr<StudyStore>> OpenPostgresStore(const std::string& url, OpenMode mode,
                                                      PostgresConnection::Clock clock);

}  // namespace joulefront
