#include "study_store/sqlite_open.h"

// Opening a SQLite store: what the file is, how it may be opened, and what must be refused before
// SQLite touches it.
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>

#include "base/files.h"
#include "study_store/sql_store.h"
#include "study_store/sqlite_connection.h"
#include "study_store/sqlite_schema.h"

namespace joulefront {
namespace {

namespace fs = std::filesystem;

// include/uapi/linux/magic.h and the file systems' own headers; what is remote but not there
// (sshfs) hides behind FUSE and cannot be told from local ones.
constexpr std::uint32_t kNetworkTypes[] = {
    0x6969,      // NFS
    0x517b,      // SMB
    0xff534d42,  // CIFS
    0xfe534d42,  // SMB 2 and later
    0x5346414f,  // AFS, OpenAFS
    0x6b414653,  // AFS, the kernel's own
    0x73757245,  // Coda
    0x564c,      // NCP
    0x00c36400,  // Ceph
    0x0bd00bd0,  // Lustre
    0x47504653,  // GPFS
    0x19830326,  // BeeGFS
    0x01161970,  // GFS2
    0x7461636f,  // OCFS2
    0xaad7aaea,  // PanFS
    0x20030528,  // OrangeFS
};

struct Place {
  std::string path;  // as the user wrote it, for messages
  std::string file;  // absolute, symbolic links resolved
  bool exists = false;
  std::uintmax_t size = 0;
  bool writable = false;  // file and folder: WAL makes files beside the store
  bool network = false;
  bool has_wal = false;
};

bool Writable(const std::string& path) { return access(path.c_str(), W_OK) == 0; }

Result<Place> Locate(const std::string& path) {
  Place place{.path = path, .file = {}};
  std::error_code error;
  const fs::path file = fs::weakly_canonical(fs::absolute(path, error), error);
  const std::string folder = file.parent_path().string();
  struct stat status = {};
  if (path.empty() || error || stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("store '{}': its folder cannot be reached; make the folder, or name "
                            "another file",
                            path));
  }
  if (IsForeignLink(path)) {
    return Fail(
        ErrorCode::kUnavailable,
        fmt::format("store '{}' is a symbolic link of another user's, which is not followed; "
                    "name the file that it leads to",
                    path));
  }
  place.file = file.string();
  if (stat(place.file.c_str(), &status) == 0) {
    if (!S_ISREG(status.st_mode)) {
      return Fail(ErrorCode::kCorrupt,
                  fmt::format("{} is not a joulefront store: it is {}; name a file", path,
                              S_ISDIR(status.st_mode) ? "a folder" : "no regular file"));
    }
    place.exists = true;
    place.size = static_cast<std::uintmax_t>(status.st_size);
  } else if (errno != ENOENT) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("{} cannot be reached: {}", path, std::strerror(errno)));
  }
  place.writable = Writable(folder) && (!place.exists || Writable(place.file));
  place.has_wal = fs::exists(place.file + "-wal", error);
  struct statfs system = {};
  if (statfs(folder.c_str(), &system) == 0) {
    place.network = IsNetworkFileSystem(static_cast<std::uint32_t>(system.f_type));
  }
  return place;
}

std::uint32_t BigEndian(std::span<const char, 4> bytes) {
  std::uint32_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

/// Refuses what is not ours by the file's head alone [SQLite, "Database File Format", 1.3], so that
/// the database of another application is not even opened: opening one would play back its journal
/// or checkpoint its WAL. Ours carries its application id from its first transaction on.
Result<void> CheckHead(const Place& place) {
  std::error_code error;
  // With a rollback journal beside it the head may be that of a transaction cut short.
  if (place.size == 0 || fs::exists(place.file + "-journal", error)) return {};
  std::array<char, 100> head = {};
  std::ifstream file(place.file, std::ios::binary);
  if (!file.is_open()) {
    return Fail(ErrorCode::kUnavailable, fmt::format("{} cannot be read: {}; check its permissions",
                                                     place.path, std::strerror(errno)));
  }
  file.read(head.data(), head.size());
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  if (std::string_view(head.data(), kMagic.size()) != kMagic) {
    return Fail(ErrorCode::kCorrupt,
                fmt::format("{} is not a joulefront store: it is no SQLite database; name another "
                            "file",
                            place.path));
  }
  if (BigEndian(std::span<const char, 4>(head.data() + 68, 4)) != kApplicationId) {
    return Fail(ErrorCode::kCorrupt,
                fmt::format("{} is not a joulefront store: it is the database of another "
                            "application, left as it was; name another file",
                            place.path));
  }
  return {};
}

Result<void> CheckMode(const Place& place, OpenMode mode) {
  if (!place.exists && mode != OpenMode::kCreate) {
    return Fail(ErrorCode::kNotFound, fmt::format("there is no store {}", place.path));
  }
  if (place.network && (mode != OpenMode::kRead || place.has_wal)) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("{} is on a network file system, where a SQLite store would be "
                            "damaged; keep it on a disk of this machine (--store FILE)",
                            place.path));
  }
  if (mode != OpenMode::kRead && !place.writable) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("{} is read-only; check the permissions of the file and its folder, or "
                            "name another store",
                            place.path));
  }
  return {};
}

/// "file:" URI with everything escaped that means something in one.
std::string ImmutableUri(const std::string& file) {
  std::string uri = "file:";
  for (const char c : file) {
    if (c == '?' || c == '#' || c == '%') {
      uri += fmt::format("%{:02x}", static_cast<unsigned>(c));
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

Result<std::unique_ptr<SqliteConnection>> Connect(const Place& place, OpenMode mode,
                                                  std::chrono::milliseconds busy_wait) {
  if (mode == OpenMode::kCreate) {
    return SqliteConnection::Open(place.file, place.path,
                                  SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, busy_wait);
  }
  // Also to read: a read-only connection would leave the files of WAL behind it, which is in the
  // way of others. PRAGMA query_only keeps it from writing.
  if (mode == OpenMode::kWrite || (place.writable && !place.network)) {
    return SqliteConnection::Open(place.file, place.path, SQLITE_OPEN_READWRITE, busy_wait);
  }
  // Where nothing may be written WAL cannot be set up. Without a WAL file nobody is writing, so
  // the file is all there is.
  if (!place.has_wal) {
    return SqliteConnection::Open(ImmutableUri(place.file), place.path,
                                  SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, busy_wait);
  }
  return SqliteConnection::Open(place.file, place.path, SQLITE_OPEN_READONLY, busy_wait);
}

Result<void> Prepare(SqliteConnection& connection, OpenMode mode) {
  JF_TRY(connection.Execute("PRAGMA foreign_keys = ON"));
  if (mode == OpenMode::kRead) JF_TRY(connection.Execute("PRAGMA query_only = ON"));
  auto state = ExamineStore(connection);
  if (!state) return Pass(state);
  if (*state == StoreState::kEmpty && mode != OpenMode::kCreate) {
    return Fail(ErrorCode::kCorrupt,
                fmt::format("{} is not a joulefront store: it is empty", connection.name()));
  }
  if (mode == OpenMode::kRead) {
    if (*state == StoreState::kCurrent) return {};
    return Fail(ErrorCode::kCorrupt,
                fmt::format("{} was written by an older joulefront; `joulefront run` or "
                            "`joulefront worker` on it brings it up to date",
                            connection.name()));
  }
  // The schema is made before the switch to WAL, so that the application id stands in the file
  // itself from the first moment (CheckHead).
  if (*state == StoreState::kEmpty) JF_TRY(CreateSchema(connection));
  JF_TRY(connection.Execute("PRAGMA journal_mode = WAL"));
  if (*state == StoreState::kOlder) JF_TRY(Migrate(connection));
  return {};
}

}  // namespace

bool IsNetworkFileSystem(std::uint32_t statfs_type) {
  return std::find(std::begin(kNetworkTypes), std::end(kNetworkTypes), statfs_type) !=
         std::end(kNetworkTypes);
}

Result<std::unique_ptr<StudyStore>> OpenSqliteStore(const std::string& path, OpenMode mode,
                                                    std::chrono::milliseconds busy_wait) {
  auto place = Locate(path);
  if (!place) return Pass(place);
  JF_TRY(CheckMode(*place, mode));
  JF_TRY(CheckHead(*place));
  auto connection = Connect(*place, mode, busy_wait);
  if (!connection) return Pass(connection);
  JF_TRY(Prepare(**connection, mode));
  return std::make_unique<SqlStore>(std::move(*connection));
}

Result<std::unique_ptr<StudyStore>> OpenSqliteStore(const std::string& path, OpenMode mode) {
  return OpenSqliteStore(path, mode, kBusyWait);
}

}  // namespace joulefront
