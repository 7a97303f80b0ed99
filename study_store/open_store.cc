#include "study_store/open_store.h"

#ifdef JOULEFRONT_POSTGRESQL
#include "study_store/postgres_open.h"
#endif

namespace joulefront {

bool IsPostgresUrl(const std::string& address) {
  return address.starts_with("postgresql://") || address.starts_with("postgres://");
}

Result<std::unique_ptr<StudyStore>> OpenStore(const std::string& address, OpenMode mode) {
  if (!IsPostgresUrl(address)) return OpenSqliteStore(address, mode);
#ifdef JOULEFRONT_POSTGRESQL
  return OpenPostgresStore(address, mode, PostgresConnection::Clock::kServers);
#else
  return Fail(ErrorCode::kInvalidArgument,
              "this joulefront was built without PostgreSQL; install libpq-dev, and build it again "
              "with -DJOULEFRONT_POSTGRESQL=ON");
#endif
}

}  // namespace joulefront
