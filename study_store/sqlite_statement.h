// SQLite as the store uses it: a connection that waits for locks and keeps its statements prepared,
// one run of a statement, transactions, and SQLite's errors as ours. Private to study_store.
//
// A connection belongs to one thread and never crosses a fork: SQLite's file locks belong to the
// process that took them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>

#include "base/result.h"
#include "base/units.h"

struct sqlite3;
struct sqlite3_stmt;

namespace joulefront {

class SqliteConnection;

/// One run of a prepared statement; the destructor makes the statement ready for the next.
class Query {
 public:
  Query(SqliteConnection& connection, sqlite3_stmt* statement);
  Query(Query&& other) noexcept;
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();

  /// Binds ?1, ?2, ...: integers, bools, TimePoints, doubles, text, and optionals of them (NULL).
  template <typename... Args>
  Query& Bind(const Args&... args) {
    int index = 0;
    (BindOne(++index, args), ...);
    return *this;
  }

  /// Whether there is a row; then the columns, from 0, hold until the next Step().
  Result<bool> Step();
  /// Runs to the end, and gives the number of rows changed.
  Result<std::int64_t> Run();

  bool IsNull(int column) const;
  std::int64_t Int(int column) const;
  double Real(int column) const;
  std::string_view Text(int column) const;
  std::string String(int column) const { return std::string(Text(column)); }
  TimePoint Time(int column) const { return TimePoint(std::chrono::milliseconds(Int(column))); }

 private:
  template <typename T>
  void BindOne(int index, const T& value) {
    if constexpr (std::is_integral_v<T>) {
      BindInt(index, static_cast<std::int64_t>(value));
    } else if constexpr (std::is_same_v<T, TimePoint>) {
      BindInt(index, value.time_since_epoch().count());
    } else if constexpr (std::is_floating_point_v<T>) {
      BindReal(index, value);
    } else if constexpr (std::is_convertible_v<T, std::string_view>) {
      BindText(index, value);
    } else if (value) {
      BindOne(index, *value);
    }  // An empty optional stays NULL, as every parameter is before it is bound.
  }
  void BindInt(int index, std::int64_t value);
  void BindReal(int index, double value);
  void BindText(int index, std::string_view value);
  void Note(int code);

  SqliteConnection* connection_;
  sqlite3_stmt* statement_;  // owned by the connection; null once moved from
  int failed_ = 0;           // the first error of a Bind
};

/// What a write transaction survives once it is committed: a crash of the process (kProcess), or
/// of the machine too (kPowerCut), which costs an fsync.
enum class Survives { kProcess, kPowerCut };

class SqliteConnection {
 public:
  /// `name` is what SQLite opens (a path, or a URI where `flags` say so), `path` what messages call
  /// it. Locks are waited for up to `busy_wait`, then kBusy.
  static Result<std::unique_ptr<SqliteConnection>> Open(const std::string& name,
                                                        const std::string& path, int flags,
                                                        std::chrono::milliseconds busy_wait);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  /// The prepared statement is kept under its text. No two Query of one text at once.
  Result<Query> Prepare(std::string_view sql);
  /// Runs a script of any number of statements, and waits for locks that SQLite itself gives up on.
  Result<void> Execute(const char* script);
  /// The one value that `sql` selects.
  Result<std::int64_t> SelectInt(std::string_view sql);

  /// Runs `body`, which returns a Result, in one transaction. If it fails nothing has happened.
  template <typename Body>
  auto Write(Survives survives, Body body) -> decltype(body()) {
    JF_TRY(BeginWrite(survives));
    return Finish(body());
  }
  /// Runs `body` on one snapshot.
  template <typename Body>
  auto Read(Body body) -> decltype(body()) {
    JF_TRY(Execute("BEGIN"));
    return Finish(body());
  }

  /// The error that `code`, from SQLite, means to a person.
  Error ErrorFor(int code) const;

  const std::string& path() const { return path_; }
  sqlite3* handle() const { return handle_; }

 private:
  struct StatementDeleter {
    void operator()(sqlite3_stmt* statement) const;
  };

  SqliteConnection(std::string path, std::chrono::milliseconds busy_wait);
  static int OnBusy(void* self, int tries);
  /// Pauses; false once the busy wait is over.
  bool WaitForLock(int tries);
  void Pause(int tries);
  Result<void> BeginWrite(Survives survives);
  Result<void> Commit();
  void Rollback();

  template <typename T>
  Result<T> Finish(Result<T> result) {
    if (result) {
      auto committed = Commit();
      if (committed) return result;
      result = Pass(committed);
    }
    Rollback();
    return result;
  }

  std::string path_;
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
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, StatementDeleter>, TextHash,
                     std::equal_to<>>
      prepared_;
};

}  // namespace joulefront
