// SQL by SQLite: a connection that waits for locks, and SQLite's errors as ours. Private to
// study_store. A transaction that writes has the whole file for itself.
//
// Not across a fork: SQLite's file locks belong to the process that took them.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>

#include "base/result.h"
#include "base/units.h"
#include "study_store/sql_connection.h"

struct sqlite3;
struct sqlite3_stmt;

namespace joulefront {

class SqliteConnection;

class SqliteStatement final : public SqlStatement {
 public:
  SqliteStatement(SqliteConnection& connection, sqlite3_stmt* statement)
      : connection_(connection), statement_(statement) {}
  ~SqliteStatement() override;
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  bool IsBusy() const;
  void BindInt(int index, std::int64_t value) override;
  void BindReal(int index, double value) override;
  void BindText(int index, std::string_view value) override;
  void BindNull(int index, SqlType type) override;
  Result<bool> Step() override;
  std::int64_t Changed() const override;
  void Reset() override;
  bool IsNull(int column) const override;
  std::int64_t Int(int column) const override;
  double Real(int column) const override;
  std::string_view Text(int column) const override;

 private:
  void Note(int code);

  SqliteConnection& connection_;
  sqlite3_stmt* statement_;
  int failed_ = 0;                           // the first error of a Bind
  mutable std::deque<std::string> cleaned_;  // texts of this row that were no UTF-8
};

class SqliteConnection final : public SqlConnection {
 public:
  /// `name` is what SQLite opens (a path, or a URI where `flags` say so), `path` what messages call
  /// it. Locks are waited for up to `busy_wait`, then kBusy.
  static Result<std::unique_ptr<SqliteConnection>> Open(const std::string& name,
                                                        const std::string& path, int flags,
                                                        std::chrono::milliseconds busy_wait);
  ~SqliteConnection() override;
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  Result<Query> Prepare(std::string_view sql) override;
  /// Runs a script of any number of statements, and waits for locks that SQLite itself gives up on.
  Result<void> Execute(const char* script);
  /// The one value that `sql` selects.
  Result<std::int64_t> SelectInt(std::string_view sql);

  bool IsShared() const override { return false; }
  Result<std::vector<std::string>> FindDamage() override;

  /// The error that `code`, from SQLite, means to a person.
  Error ErrorFor(int code) const;

  sqlite3* handle() const { return handle_; }

 private:
  SqliteConnection(std::string path, std::chrono::milliseconds busy_wait);
  static int OnBusy(void* self, int tries);
  /// Pauses; false once the busy wait is over.
  bool WaitForLock(int tries);
  void Pause(int tries);
  Result<void> BeginWrite(Survives survives, const WriteLock& lock) override;
  Result<void> BeginRead() override { return Execute("BEGIN"); }
  Result<void> Commit() override;
  void Rollback() override;

  sqlite3* handle_ = nullptr;
  std::chrono::milliseconds busy_wait_;
  std::chrono::steady_clock::time_point waiting_since_;
  std::minstd_rand jitter_;
  Survives survives_ = Survives::kPowerCut;  // SQLite's default
  struct TextHash {
    using is_transparent = void;  // a text is looked for without being copied
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  std::unordered_map<std::string, std::unique_ptr<SqliteStatement>, TextHash, std::equal_to<>>
      prepared_;
};

}  // namespace joulefront
