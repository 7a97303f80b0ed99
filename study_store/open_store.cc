#include "study_store/open_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#ifdef JOULEFRONT_POSTGRESQL
#include "study_store/postgres_open.h"
#endif

namespace joulefront {

namespace {

/// "mysql" of mysql://HOST; empty of what is no URL.
std::string SchemeOf(const std::string& address) {
  const auto end = address.find("://");
  if (end == std::string::npos) return {};
  const bool letters =
      std::all_of(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(end),
                  [](unsigned char c) { return std::isalnum(c) || c == '+'; });
  return letters ? address.substr(0, end) : std::string();
}

}  // namespace

bool IsPostgresUrl(const std::string& address) {
  return address.starts_with("postgresql://") || address.starts_with("postgres://");
}

Result<std::unique_ptr<StudyStore>> OpenStore(const std::string& address, OpenMode mode) {
  if (!IsPostgresUrl(address)) {
    if (const std::string scheme = SchemeOf(address); !scheme.empty()) {
      // The rest of it may hold a password.
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("a store is a file, or a database postgresql://HOST/DATABASE, and no "
                              "{}://",
                              scheme));
    }
    auto store = OpenSqliteStore(address, mode);
    if (store || store.error().code != ErrorCode::kUnavailable) return store;
    return Fail(ErrorCode::kUnreachable, store.error().message);  // as a database that is away
  }
#ifdef JOULEFRONT_POSTGRESQL
  return OpenPostgresStore(address, mode, PostgresConnection::Clock::kServers);
#else
  return Fail(ErrorCode::kInvalidArgument,
              "this joulefront was built without PostgreSQL; install libpq-dev, and build it again "
              "with -DJOULEFRONT_POSTGRESQL=ON");
#endif
}

}  // namespace joulefront
