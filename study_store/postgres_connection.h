// SQL by PostgreSQL, through libpq: a connection that is made anew when it is lost, and the
// server's errors as ours. Private to study_store.
//
// A transaction that writes begins by locking what it is about (WriteLock), so that what it then
// reads stays true, as in a SQLite file: the store's rules need no other argument. Commits are not
// waited for until they are on the disk; where they must be (Survives::kPowerCut), the log is
// flushed after the lock is gone, so that the flushes of several workers are one.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "study_store/sql_connection.h"

struct pg_conn;
struct pg_result;

namespace joulefront {

/// The first numbers of advisory locks, which are the database's, not ours alone: "joul" and on.
inline constexpr int kLeaderLocks = 0x6a6f756c, kStudyLocks = 0x6a6f756d, kSchemaLocks = 0x6a6f756e;

class PostgresConnection;

struct PostgresResultDeleter {
  void operator()(pg_result* result) const;
};
using PostgresResult = std::unique_ptr<pg_result, PostgresResultDeleter>;

class PostgresStatement final : public SqlStatement {
 public:
  PostgresStatement(PostgresConnection& connection, std::string sql, std::string name);

  void BindInt(int index, std::int64_t value) override;
  void BindReal(int index, double value) override;  // what is not a number becomes NULL
  void BindText(int index, std::string_view value) override;
  void BindNull(int index, SqlType type) override;
  Result<bool> Step() override;  // the first fetches all rows
  std::int64_t Changed() const override;
  void Reset() override;
  bool IsNull(int column) const override;
  std::int64_t Int(int column) const override;
  double Real(int column) const override;
  std::string_view Text(int column) const override;

 private:
  void Set(int index, SqlType type, std::optional<std::string> value);

  PostgresConnection& connection_;
  std::string sql_, name_;
  int prepared_in_ = 0;  // the session that knows it; 0: none
  std::vector<SqlType> types_;
  std::vector<std::optional<std::string>> values_;
  PostgresResult result_;  // of the run
  int row_ = -1;
};

class PostgresConnection final : public SqlConnection {
 public:
  /// Whose clock leases go by. kCallers is for tests, which say what time it is.
  enum class Clock { kServers, kCallers };

  /// `url` has no password in it. Errors: kUnreachable.
  static Result<std::unique_ptr<PostgresConnection>> Open(const std::string& url, bool read_only,
                                                          Clock clock);
  ~PostgresConnection() override;
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  Result<Query> Prepare(std::string_view sql) override;
  /// Runs any number of statements, and gives the rows of the last.
  Result<PostgresResult> Execute(const std::string& script);

  bool IsShared() const override { return true; }
  std::chrono::milliseconds ClockAhead() const override { return ahead_; }
  /// The server guards foreign keys by itself; whether every row can be read, it tells when asked.
  Result<std::vector<std::string>> FindDamage() override;
  bool WasInDoubt() const override { return in_doubt_; }
  Result<void> Announce(StudyId study) override;
  int NewsFd(StudyId study) override;
  bool TakeNews() override;
  Result<bool> TryLead(const std::string& study) override;

 private:
  friend class PostgresStatement;

  PostgresConnection(const std::string& url, bool read_only, Clock clock);
  /// Makes the connection anew if it is lost, but not in a transaction, and not at once again.
  Result<void> EnsureConnected();
  Result<void> Connect();
  /// Sends nothing: waits for the answer of what was sent, and takes the last result of it.
  Result<PostgresResult> Await();
  Error ErrorOf(const pg_result* result) const;
  Error Lost();
  std::string LastMessage() const;

  Result<void> BeginWrite(Survives survives, const WriteLock& lock) override;
  Result<void> BeginRead() override;
  Result<void> Commit() override;
  void Rollback() override;

  std::string url_;
  bool read_only_;
  Clock clock_;
  pg_conn* handle_ = nullptr;
  int session_ = 0;  // counts connections made
  bool in_transaction_ = false;
  bool flush_ = false;     // once committed, wait until it is on the disk
  bool in_doubt_ = false;  // a commit was sent and not answered
  std::chrono::milliseconds ahead_{0};
  std::chrono::steady_clock::time_point next_try_{};
  std::chrono::milliseconds pause_{0};  // before the next try to connect
  std::optional<StudyId> listens_;
  int listening_in_ = 0;                 // the session that listens
  std::map<std::string, int> leads_in_;  // the session that holds the advisory lock
  bool news_ = false;
  std::map<std::string, std::unique_ptr<PostgresStatement>, std::less<>> prepared_;
};

}  // namespace joulefront
