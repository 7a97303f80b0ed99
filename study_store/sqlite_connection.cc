#include "study_store/sqlite_connection.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/printable.h"

namespace joulefront {
namespace {

/// errno of what failed last on a file of the store, or 0. SQLite forgets the one of a COMMIT, but
/// each of its open files remembers its own.
int LastErrno(sqlite3* handle) {
  if (handle == nullptr) return 0;
  if (const int code = sqlite3_system_errno(handle); code != 0) return code;
  for (const int which : {SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER}) {
    sqlite3_file* file = nullptr;
    int code = 0;
    if (sqlite3_file_control(handle, "main", which, &file) == SQLITE_OK && file != nullptr &&
        file->pMethods != nullptr &&
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &code) == SQLITE_OK &&
        code != 0) {
      return code;
    }
  }
  return 0;
}

}  // namespace

SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement_); }

bool SqliteStatement::IsBusy() const { return sqlite3_stmt_busy(statement_) != 0; }

void SqliteStatement::Reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  failed_ = SQLITE_OK;
}

void SqliteStatement::Note(int code) {
  if (failed_ == SQLITE_OK) failed_ = code;
}

void SqliteStatement::BindInt(int index, std::int64_t value) {
  Note(sqlite3_bind_int64(statement_, index, value));
}

void SqliteStatement::BindReal(int index, double value) {
  Note(sqlite3_bind_double(statement_, index, value));
}

void SqliteStatement::BindText(int index, std::string_view value) {
  // An empty view may have no address, which SQLite would take for NULL.
  Note(sqlite3_bind_text64(statement_, index, value.data() == nullptr ? "" : value.data(),
                           value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

Result<bool> SqliteStatement::Step() {
  if (failed_ != SQLITE_OK) return tl::unexpected(connection_.ErrorFor(failed_));
  cleaned_.clear();
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return tl::unexpected(connection_.ErrorFor(code));
}

std::int64_t SqliteStatement::Changed() const { return sqlite3_changes64(connection_.handle()); }

void SqliteStatement::BindNull(int index, SqlType) { Note(sqlite3_bind_null(statement_, index)); }

bool SqliteStatement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t SqliteStatement::Int(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double SqliteStatement::Real(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view SqliteStatement::Text(int column) const {
  const void* text = sqlite3_column_text(statement_, column);
  if (text == nullptr) return {};
  const std::string_view held(static_cast<const char*>(text),
                              static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
  if (IsUtf8(held)) return held;
  return cleaned_.emplace_back(
      Printable(held));  // the file is damaged, or an old one's path is odd
}

SqliteConnection::SqliteConnection(std::string path, std::chrono::milliseconds busy_wait)
    : SqlConnection(std::move(path)),
      busy_wait_(busy_wait),
      // Processes that wait for the same lock must not wake together, so each has its own seed.
      jitter_(static_cast<std::minstd_rand::result_type>(getpid())) {}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(
    const std::string& name, const std::string& path, int flags,
    std::chrono::milliseconds busy_wait) {
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(path, busy_wait));
  const int code = sqlite3_open_v2(name.c_str(), &connection->handle_,
                                   flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(connection->ErrorFor(code));
  sqlite3_busy_handler(connection->handle_, &SqliteConnection::OnBusy, connection.get());
  return connection;
}

SqliteConnection::~SqliteConnection() {
  prepared_.clear();
  sqlite3_close(handle_);
}

int SqliteConnection::OnBusy(void* self, int tries) {
  return static_cast<SqliteConnection*>(self)->WaitForLock(tries) ? 1 : 0;
}

bool SqliteConnection::WaitForLock(int tries) {
  const auto now = std::chrono::steady_clock::now();
  if (tries == 0) waiting_since_ = now;
  if (now - waiting_since_ >= busy_wait_) return false;
  Pause(tries);
  return true;
}

void SqliteConnection::Pause(int tries) {
  // Transactions take a fraction of a millisecond (those that sync, a few): the mean wait grows
  // from 0.25 ms to 16 ms, and varies by half of itself so that waiters do not march in step.
  const double mean_us = 250.0 * static_cast<double>(1 << std::min(tries, 6));
  std::uniform_real_distribution<double> vary(0.5, 1.5);
  std::this_thread::sleep_for(std::chrono::duration<double, std::micro>(mean_us * vary(jitter_)));
}

Result<Query> SqliteConnection::Prepare(std::string_view sql) {
  auto kept = prepared_.find(sql);
  if (kept == prepared_.end()) {
    sqlite3_stmt* made = nullptr;
    const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    if (code != SQLITE_OK) return tl::unexpected(ErrorFor(code));
    kept = prepared_.emplace(sql, std::make_unique<SqliteStatement>(*this, made)).first;
  }
  JF_CHECK(!kept->second->IsBusy());
  return Query(kept->second.get());
}

Result<void> SqliteConnection::Execute(const char* script) {
  const auto began = std::chrono::steady_clock::now();
  for (int tries = 0;; ++tries) {
    const int code = sqlite3_exec(handle_, script, nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) return {};
    // Where waiting inside SQLite could deadlock (a change of the journal mode, recovery), it
    // answers BUSY without asking the busy handler. Outside a transaction the script may just
    // start again.
    const bool again = (code & 0xff) == SQLITE_BUSY && sqlite3_get_autocommit(handle_) != 0 &&
                       std::chrono::steady_clock::now() - began < busy_wait_;
    if (!again) return tl::unexpected(ErrorFor(code));
    Pause(tries);
  }
}

Result<std::int64_t> SqliteConnection::SelectInt(std::string_view sql) {
  auto query = Prepare(sql);
  if (!query) return Pass(query);
  auto row = query->Step();
  if (!row) return Pass(row);
  JF_CHECK(*row);
  return query->Int(0);
}

Result<void> SqliteConnection::BeginWrite(Survives survives, const WriteLock&) {
  if (survives != survives_) {
    JF_TRY(Execute(survives == Survives::kPowerCut ? "PRAGMA synchronous = FULL"
                                                   : "PRAGMA synchronous = NORMAL"));
    survives_ = survives;
  }
  // IMMEDIATE: a transaction that begins as a reader and then writes may find the snapshot stale,
  // which no waiting mends.
  return Execute("BEGIN IMMEDIATE");
}

Result<void> SqliteConnection::Commit() { return Execute("COMMIT"); }

void SqliteConnection::Rollback() {
  // After some errors (disk full, I/O) SQLite has rolled back already.
  if (sqlite3_get_autocommit(handle_) != 0) return;
  sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<std::vector<std::string>> SqliteConnection::FindDamage() {
  std::vector<std::string> damage;
  auto pages = Prepare("PRAGMA integrity_check(20)");
  if (!pages) return Pass(pages);
  while (true) {
    auto row = pages->Step();
    if (!row) {  // the check itself came upon what cannot be read
      damage.push_back(row.error().message);
      return damage;
    }
    if (!*row) break;
    if (pages->Text(0) != "ok") damage.push_back(pages->String(0));
  }
  auto keys = Prepare(
      "SELECT \"table\", count(*) FROM pragma_foreign_key_check"
      " GROUP BY \"table\"");
  if (!keys) return Pass(keys);
  while (true) {
    auto row = keys->Step();
    if (!row) return Pass(row);
    if (!*row) return damage;
    damage.push_back(
        fmt::format("{} row(s) of table {} belong to nothing", keys->Int(1), keys->Text(0)));
  }
}

Error SqliteConnection::ErrorFor(int code) const {
  const int system = LastErrno(handle_);
  const char* said = sqlite3_errmsg(handle_);
  const bool no_room = system == ENOSPC || system == EDQUOT || system == EFBIG;
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return {ErrorCode::kBusy,
              fmt::format("{} is locked by another process for too long; try again once it is done "
                          "(`fuser {}` names it)",
                          name(), name())};
    case SQLITE_NOTADB:
      return {ErrorCode::kCorrupt,
              fmt::format("{} is not a joulefront store: it is no SQLite database", name())};
    case SQLITE_CORRUPT:
      return {ErrorCode::kCorrupt,
              fmt::format("{} is damaged ({}); restore a copy, or save what can be read with "
                          "`sqlite3 {} .recover`",
                          name(), said, name())};
    case SQLITE_ERROR:
      return {ErrorCode::kCorrupt,
              fmt::format("{} is not a joulefront store of this version: {}", name(), said)};
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
      return {ErrorCode::kInvalidArgument, fmt::format("{} refuses a record: {}", name(), said)};
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      if ((code & 0xff) == SQLITE_FULL || no_room) {
        return {ErrorCode::kUnavailable,
                fmt::format("the disk is full (or a quota or size limit is reached) and {} cannot "
                            "grow; make room and run again: nothing finished is lost",
                            name())};
      }
      return {ErrorCode::kUnavailable,
              fmt::format("{} cannot be {} ({}); check the disk, and that file and folder may be "
                          "written",
                          name(), (code & 0xff) == SQLITE_IOERR ? "read or written" : "opened",
                          system == 0 ? said : std::strerror(system))};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {ErrorCode::kUnavailable,
              fmt::format("{} is read-only; check the permissions of the file and its folder, or "
                          "name another store",
                          name())};
    default:
      return {ErrorCode::kUnavailable, fmt::format("{}: {}", name(), said)};
  }
}

}  // namespace joulefront
