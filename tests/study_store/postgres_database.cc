#include "tests/study_store/postgres_database.h"

#include <fmt/format.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/files.h"

namespace joulefront {
namespace {

std::string ServerUrl() {
  const auto url = ReadFile(JOULEFRONT_POSTGRES "/url");
  if (!url) {
    FAIL(
        "no PostgreSQL server: run the tests by ctest, or `examples/07_cluster/postgres_server.py "
        "start " JOULEFRONT_POSTGRES "` before them");
  }
  return *url;
}

void RunOn(const std::string& url, const std::string& script) {
  auto connection = PostgresConnection::Open(url, false, PostgresConnection::Clock::kCallers);
  if (!connection) FAIL(connection.error().message);
  auto done = (*connection)->Execute(script);
  if (!done) FAIL(done.error().message);
}

}  // namespace

PostgresDatabase::PostgresDatabase() {
  static int count = 0;
  const std::string server = ServerUrl();
  name_ = fmt::format("test_{}_{}", getpid(), ++count);
  RunOn(server, "CREATE DATABASE " + name_);
  url_ = server.substr(0, server.rfind('/') + 1) + name_;
}

PostgresDatabase::~PostgresDatabase() {
  auto connection =
      PostgresConnection::Open(ServerUrl(), false, PostgresConnection::Clock::kCallers);
  if (connection) {
    static_cast<void>((*connection)->Execute("DROP DATABASE " + name_ + " WITH (FORCE)"));
  }
}

std::unique_ptr<StudyStore> PostgresDatabase::Open(OpenMode mode,
                                                   PostgresConnection::Clock clock) const {
  auto store = OpenPostgresStore(url_, mode, clock);
  if (!store) FAIL(store.error().message);
  return std::move(*store);
}

void PostgresDatabase::Run(const std::string& script) const { RunOn(url_, script); }

}  // namespace joulefront
