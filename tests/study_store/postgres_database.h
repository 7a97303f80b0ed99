// A database of its own for a test, in the server that ctest starts
// (examples/07_cluster/postgres_server.py).
#pragma once

#include <string>

#include "study_store/postgres_open.h"

namespace joulefront {

class PostgresDatabase {
 public:
  PostgresDatabase();
  ~PostgresDatabase();
  PostgresDatabase(const PostgresDatabase&) = delete;
  PostgresDatabase& operator=(const PostgresDatabase&) = delete;

  const std::string& url() const { return url_; }
  /// Times are those that the test says, where `clock` is not kServers.
  std::unique_ptr<StudyStore> Open(
      OpenMode mode = OpenMode::kCreate,
      PostgresConnection::Clock clock = PostgresConnection::Clock::kCallers) const;
  /// Runs SQL as the server's owner.
  void Run(const std::string& script) const;

 private:
  std::string name_, url_;
};

}  // namespace joulefront
