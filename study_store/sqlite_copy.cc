#include "study_store/sqlite_copy.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "base/files.h"
#include "base/shortage.h"
#include "study_store/open_store.h"

namespace joulefront {
namespace {

namespace fs = std::filesystem;

struct DatabaseCloser {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};

using Database = std::unique_ptr<sqlite3, DatabaseCloser>;

int OpenDatabase(const char* file, int flags, Database& database) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(file, &opened, flags, nullptr);
  database.reset(opened);
  return code;
}

/// In one step: one snapshot, however much is written meanwhile. Gives SQLite's code.
int CopyPages(const std::string& file, const std::string& copy) {
  Database source, target;
  int code = OpenDatabase(file.c_str(), SQLITE_OPEN_READWRITE, source);
  if (code != SQLITE_OK) return code;
  sqlite3_busy_timeout(source.get(), 30'000);
  code = OpenDatabase(copy.c_str(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, target);
  if (code != SQLITE_OK) return code;
  sqlite3_backup* backup = sqlite3_backup_init(target.get(), "main", source.get(), "main");
  if (backup == nullptr) return sqlite3_errcode(target.get());
  sqlite3_backup_step(backup, -1);
  return sqlite3_backup_finish(backup);
}

}  // namespace

Result<void> CopyDatabase(const std::string& file, const std::string& copy) {
  const std::string partial = copy + ".partial";
  std::error_code error;
  const int made = OpenOwnFile(partial, OwnFile::kNew);  // one of a copy that was cut short goes
  if (made < 0) {
    return Fail(CodeOf(errno),
                fmt::format("cannot copy {} to {}: {}", file, copy, std::strerror(errno)));
  }
  close(made);
  const int code = CopyPages(file, partial);
  if (code == SQLITE_OK) fs::rename(partial, copy, error);
  if (code == SQLITE_OK && !error) return {};
  std::error_code ignored;
  fs::remove(partial, ignored);
  return Fail(ErrorCode::kUnavailable,
              fmt::format("cannot copy {} to {}: {}", file, copy,
                          code == SQLITE_OK ? error.message() : sqlite3_errstr(code)));
}

Result<void> CopySqliteStore(const std::string& path, const std::string& target) {
  JF_TRY(OpenSqliteStore(path, OpenMode::kRead));  // that it is a store at all
  std::error_code error;
  if (fs::exists(fs::symlink_status(target, error))) {
    return Fail(ErrorCode::kConflict,
                fmt::format("{} exists already; name a file that is not there yet", target));
  }
  JF_TRY(CopyDatabase(path, target));
  auto copy = OpenSqliteStore(target, OpenMode::kRead);
  if (!copy) return Pass(copy);
  auto damage = (*copy)->FindDamage();
  if (!damage) return Pass(damage);
  if (damage->empty()) return {};
  return Fail(
      ErrorCode::kCorrupt,
      fmt::format("{} is damaged, and so is its copy {}: {}; `joulefront export` writes the "
                  "trials that can be read",
                  path, target, damage->front()));
}

}  // namespace joulefront
