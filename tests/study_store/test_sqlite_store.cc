// SQLite stores that cannot be opened, or not be written: what each answers, and that it harms
// nothing.
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/files.h"
#include "study_store/sqlite_connection.h"
#include "study_store/sqlite_open.h"
#include "study_store/sqlite_schema.h"
#include "tests/study_store/store_contract.h"

using namespace joulefront;
namespace fs = std::filesystem;

namespace {

constexpr OpenMode kAllModes[] = {OpenMode::kRead, OpenMode::kWrite, OpenMode::kCreate};

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// The error that opening gives.
Error OpenError(const std::string& path, OpenMode mode,
                std::chrono::milliseconds busy_wait = kBusyWait) {
  auto store = OpenSqliteStore(path, mode, busy_wait);
  return store ? Error{ErrorCode{-1}, "opened"} : store.error();
}

/// Runs SQL as another application would.
void Sql(const std::string& path, const std::string& script) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
  char* message = nullptr;
  if (sqlite3_exec(database, script.c_str(), nullptr, nullptr, &message) != SQLITE_OK) {
    FAIL(message);
  }
  REQUIRE(sqlite3_close(database) == SQLITE_OK);
}

/// A closed store with a complete, a running and a waiting trial.
void MakeStore(const std::string& path) {
  const auto store = OpenFile(path);
  const StudyId study = Require(store->CreateStudy(SampleStudy(), At(1)));
  for (int k = 0; k < 3; ++k) Require(store->AddTrial(study, SampleTrial(k), {}, At(2)));
  const Claim claim = ClaimNext(*store, study, "a", At(3));
  Require(store->FinishAttempt(claim, Completed({{"error", 0.5}}, 3.0), RetryLimits{}, At(4)));
  ClaimNext(*store, study, "a", At(5));
}

std::vector<std::string> FilesIn(const TestFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder / ".")) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Runs `body` in a child as a user without rights; its exit status.
int AsNobody(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(99);
    _exit(body());
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

/// Bits of what a reader without rights can and cannot do; 0 if all is as it should be.
int LookAsNobody(const std::string& path) {
  int wrong = 0;
  auto reader = OpenSqliteStore(path, OpenMode::kRead);
  if (!reader) return 1;
  const auto trials = (*reader)->LoadTrials(1);
  if (!trials || trials->size() != 3) wrong |= 2;
  if (OpenError(path, OpenMode::kWrite).code != ErrorCode::kUnavailable) wrong |= 4;
  if (OpenError(path, OpenMode::kCreate).message.find("read-only") == std::string::npos) wrong |= 8;
  return wrong;
}

}  // namespace

TEST_CASE("a store that is not there is not found, and is made by kCreate alone") {
  TestFolder folder;
  CHECK(OpenError(folder / "none.db", OpenMode::kRead).code == ErrorCode::kNotFound);
  CHECK(OpenError(folder / "none.db", OpenMode::kWrite).code == ErrorCode::kNotFound);
  CHECK(FilesIn(folder).empty());
  OpenFile(folder / "none.db");
  CHECK(FilesIn(folder) == std::vector<std::string>{"none.db"});
  OpenFile(folder / "none.db", OpenMode::kRead);
  OpenFile(folder / "none.db", OpenMode::kWrite);
}

TEST_CASE("a path that can hold no store is refused with the reason") {
  TestFolder folder;
  fs::create_directory(folder / "inner");
  REQUIRE(mkfifo((folder / "fifo").c_str(), 0600) == 0);
  for (const OpenMode mode : kAllModes) {
    CHECK(OpenError("", mode).code == ErrorCode::kUnavailable);
    CHECK(OpenError(folder / "no/such/folder.db", mode).code == ErrorCode::kUnavailable);
    CHECK(OpenError(folder / "inner", mode).message.find("it is a folder") != std::string::npos);
    CHECK(OpenError(folder / "fifo", mode).code == ErrorCode::kCorrupt);
  }
}

TEST_CASE("a store keeps everything when it is opened again") {
  TestFolder folder;
  MakeStore(folder / "store.db");
  const std::string before = Show(*OpenFile(folder / "store.db", OpenMode::kRead));
  CHECK(Show(*OpenFile(folder / "store.db", OpenMode::kWrite)) == before);
  CHECK(Show(*OpenFile(folder / "store.db", OpenMode::kCreate)) == before);
  CHECK(before.find("trial 0 complete") != std::string::npos);
}

TEST_CASE("what is no database is refused in every mode and left as it was") {
  TestFolder folder;
  const std::string path = folder / "file";
  for (const std::string& bytes : {std::string("x"), std::string("[study]\nname = \"a\"\n"),
                                   std::string(5000, '\0'), std::string("SQLite format 3")}) {
    WriteFile(path, bytes);
    for (const OpenMode mode : kAllModes) {
      const Error error = OpenError(path, mode);
      CHECK(error.code == ErrorCode::kCorrupt);
      CHECK(error.message.find(path + " is not a joulefront store") == 0);
      CHECK(ReadFile(path) == bytes);
    }
  }
  CHECK(FilesIn(folder) == std::vector<std::string>{"file"});
}

TEST_CASE("an empty file becomes a store by kCreate, and is none otherwise") {
  TestFolder folder;
  WriteFile(folder / "empty.db", "");
  CHECK(OpenError(folder / "empty.db", OpenMode::kRead).code == ErrorCode::kCorrupt);
  CHECK(OpenError(folder / "empty.db", OpenMode::kWrite).code == ErrorCode::kCorrupt);
  CHECK(ReadFile(folder / "empty.db") == std::string());
  MakeStore(folder / "empty.db");
}

TEST_CASE("the database of another application is refused and left as it was") {
  TestFolder folder;
  const std::string path = folder / "other.db";
  std::string script = "CREATE TABLE trial (a); INSERT INTO trial VALUES (1);";
  SECTION("with tables like ours") {}
  SECTION("with an application id of its own") { script += "PRAGMA application_id = 77;"; }
  SECTION("with a version like ours") { script += "PRAGMA user_version = 1;"; }
  SECTION("in WAL mode") { script += "PRAGMA journal_mode = WAL;"; }
  Sql(path, script);
  const std::string before = ReadFile(path).value();
  for (const OpenMode mode : kAllModes) {
    const Error error = OpenError(path, mode);
    CHECK(error.code == ErrorCode::kCorrupt);
    CHECK(error.message.find("another application") != std::string::npos);
    CHECK(ReadFile(path) == before);
  }
  CHECK(FilesIn(folder) == std::vector<std::string>{"other.db"});
}

TEST_CASE("a store of a newer version says which, and to update") {
  TestFolder folder;
  const std::string path = folder / "store.db";
  MakeStore(path);
  Sql(path, "PRAGMA user_version = 7");
  for (const OpenMode mode : kAllModes) {
    const Error error = OpenError(path, mode);
    CHECK(error.code == ErrorCode::kCorrupt);
    CHECK(error.message ==
          path +
              " was written by a newer joulefront (store version 7; this one knows "
              "versions up to 3); update joulefront");
  }
}

TEST_CASE("a store that claims a version that never was is refused") {
  TestFolder folder;
  MakeStore(folder / "store.db");
  Sql(folder / "store.db", "PRAGMA user_version = -3");
  for (const OpenMode mode : kAllModes) {
    CHECK(OpenError(folder / "store.db", mode).code == ErrorCode::kCorrupt);
  }
}

TEST_CASE("a store is migrated step by step, after a copy of it was made") {
  TestFolder folder;
  const std::string path = folder / "store.db";
  MakeStore(path);
  const std::string before = Show(*OpenFile(path, OpenMode::kRead));
  constexpr std::int64_t kNow = kSchemaVersion, kLater = kSchemaVersion + 2;
  const Migration good[] = {{kNow, "ALTER TABLE study ADD COLUMN note TEXT"},
                            {kNow + 1, "UPDATE study SET note = 'kept'"}};
  const Migration bad[] = {{kNow, "ALTER TABLE study ADD COLUMN note TEXT"},
                           {kNow + 1, "DROP TABLE none"}};
  {
    auto connection = SqliteConnection::Open(path, path, SQLITE_OPEN_READWRITE, kBusyWait);
    REQUIRE(connection);
    REQUIRE_FALSE(Migrate(**connection, bad, kLater));
    CHECK(Require((*connection)->SelectInt("PRAGMA user_version")) == kNow);
    Require(Migrate(**connection, good, kLater));
    Require(Migrate(**connection, good, kLater));  // nothing left to do
    CHECK(Require((*connection)->SelectInt("PRAGMA user_version")) == kLater);
    CHECK(Require((*connection)->SelectInt("SELECT count(*) FROM study WHERE note = 'kept'")) == 1);
  }
  CHECK(Show(*OpenFile(fmt::format("{}.v{}.bak", path, kNow), OpenMode::kRead)) == before);
  CHECK(OpenError(path, OpenMode::kRead).message.find(fmt::format("version {}", kLater)) !=
        std::string::npos);
}

TEST_CASE("a store of version 1 is brought up to date, and keeps what it holds") {
  TestFolder folder;
  const std::string path = folder / "store.db";
  Sql(path, ReadFile(JOULEFRONT_SOURCE_DIR "/tests/study_store/schema_v1.sql").value());
  const Study study = SampleStudy();
  Sql(path,
      fmt::format("INSERT INTO study (name, created_ms, definition_hash, settings, definition)"
                  " VALUES ('{}', 1, 'x', '{}', '{}');"
                  "INSERT INTO trial VALUES (1, 0, 'complete', 1, 1, 1, 2, 7, 'sobol', NULL,"
                  " '', 'start', '{{}}');"
                  "INSERT INTO attempt VALUES (1, 0, 1, 'complete', 'w', 'h', 'b', 1, 1, 1, 1,"
                  " 2, NULL, '');"
                  "INSERT INTO provenance VALUES (1, 'estimated', 'cpu-time', 'cpu',"
                  " 'process-tree', 'excluded', 'h', 0.4);"
                  "INSERT INTO energy VALUES (1, 0, 1, 0, 'total', 1.0, 0.5, 2.0, 1.0, 0.1, 1)",
                  study.name, SettingsJson(study), DefinitionJson(study)));
  std::ofstream(path + ".v1.bak") << "precious";
  const auto store = OpenFile(path, OpenMode::kWrite);
  CHECK(ReadFile(path + ".v1.bak").value() == "precious");  // nobody's file is replaced
  CHECK(std::filesystem::exists(path + ".v1.bak.2"));
  const auto trials = Require(store->LoadTrials(1));
  REQUIRE(trials.size() == 1);
  CHECK(trials[0].energy.at(0).figure->joules == Joules(2.0));
  CHECK_FALSE(trials[0].energy.at(0).figure->division);
  Require(store->AddTrial(1, SampleTrial(1), {}, At(2)));
  const Claim claim = ClaimNext(*store, 1, "a", At(3));
  AttemptResult failed = Ended(AttemptState::kFailed, Energy(3.0));
  failed.failure = FailureClass::kEnergyLimit;
  Require(store->FinishAttempt(claim, failed, RetryLimits{}, At(4)));
  CHECK(Show(Require(store->LoadAttempts(1, 1)).at(0).energy) == Show(Energy(3.0)));
  Sql(path, "SELECT * FROM front; SELECT * FROM trials_wide; PRAGMA integrity_check");
}

TEST_CASE("a damaged store is told from a good one, and never crashes a reader") {
  TestFolder folder;
  const std::string path = folder / "store.db";
  MakeStore(path);
  const std::string good = ReadFile(path).value();
  int noticed = 0;
  for (std::size_t page = 0; page < good.size() / 4096; ++page) {
    std::string bad = good;
    bad.replace(page * 4096 + 100, 3900, 3900, '\xa5');
    WriteFile(path, bad);
    auto store = OpenSqliteStore(path, OpenMode::kRead);
    if (!store) {
      CHECK(store.error().code == ErrorCode::kCorrupt);
      ++noticed;
      continue;
    }
    const auto trials = (*store)->LoadTrials(1);
    const auto attempts = (*store)->LoadAttempts(1);
    if (!trials || !attempts) ++noticed;
    // Garbage in the table of studies may also look like a store without this one.
    for (const ErrorCode code : {trials ? ErrorCode::kCorrupt : trials.error().code,
                                 attempts ? ErrorCode::kCorrupt : attempts.error().code}) {
      CHECK((code == ErrorCode::kCorrupt || code == ErrorCode::kNotFound));
    }
  }
  CHECK(noticed >= 3);
}

TEST_CASE("a look leaves neither file nor trace") {
  TestFolder folder;
  const std::string path = folder / "store.db";
  MakeStore(path);
  const std::string before = ReadFile(path).value();
  {
    const auto store = OpenFile(path, OpenMode::kRead);
    Show(*store);
    const auto refused = store->AddTrial(1, SampleTrial(), {}, At(2));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::kUnavailable);
  }
  CHECK(FilesIn(folder) == std::vector<std::string>{"store.db"});
  CHECK(ReadFile(path) == before);
}

TEST_CASE("a store may lie where nothing may be written, and be looked at") {
  TestFolder folder;
  fs::permissions(folder / ".", fs::perms(0755));
  const std::string path = folder / "odd ?#%41 name.db";
  MakeStore(path);
  SECTION("read-only file and folder") {
    fs::permissions(path, fs::perms(0444));
    fs::permissions(folder / ".", fs::perms(0555));
  }
  SECTION("read-only file") {
    fs::permissions(path, fs::perms(0444));
    fs::permissions(folder / ".", fs::perms(0777));
  }
  SECTION("read-only folder") {
    fs::permissions(path, fs::perms(0666));
    fs::permissions(folder / ".", fs::perms(0555));
  }
  CHECK(AsNobody([&] { return LookAsNobody(path); }) == 0);
  fs::permissions(folder / ".", fs::perms(0755));
  CHECK(FilesIn(folder).size() == 1);
}

TEST_CASE("a running study of another user can be looked at") {
  TestFolder folder;
  fs::permissions(folder / ".", fs::perms(0755));
  const std::string path = folder / "store.db";
  MakeStore(path);
  const auto writer = OpenFile(path, OpenMode::kWrite);
  Require(writer->AddEvent(1, "now", "in the WAL", At(9)));
  if (geteuid() == 0) CHECK(AsNobody([&] { return LookAsNobody(path); }) == 0);
  Require(writer->AddEvent(1, "now", "not disturbed", At(10)));
}

TEST_CASE("a lock that is held for too long is told, and mends") {
  TestFolder folder;
  const std::string path = folder / "store.db";
  MakeStore(path);
  auto store = OpenSqliteStore(path, OpenMode::kWrite, std::chrono::milliseconds(20));
  REQUIRE(store);
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  const auto refused = (*store)->AddTrial(1, SampleTrial(), {}, At(2));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kBusy);
  CHECK(refused.error().message.find(path) != std::string::npos);
  CHECK(Require((*store)->LoadTrials(1)).size() == 3);  // readers do not wait
  sqlite3_close(other);
  Require((*store)->AddTrial(1, SampleTrial(), {}, At(2)));
}

TEST_CASE("a full disk is told, loses nothing, and the study goes on once there is room") {
  TestFolder folder;
  const std::string path = folder / "store.db", log = folder / "message";
  { Require(OpenFile(path)->CreateStudy(SampleStudy(), At(1))); }
  const pid_t child = fork();
  if (child == 0) {
    // A limit of the size of files, which the kernel tells by a signal and then as EFBIG.
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{300'000, 300'000};
    setrlimit(RLIMIT_FSIZE, &limit);
    auto store = OpenSqliteStore(path, OpenMode::kWrite);
    if (!store) _exit(1);
    for (int k = 0; k < 100'000; ++k) {
      const auto added = (*store)->AddTrial(1, SampleTrial(k), {}, At(2));
      if (added) continue;
      std::ofstream(log) << k << " " << static_cast<int>(added.error().code) << " "
                         << added.error().message;
      const auto again = (*store)->LoadTrials(1);  // reading still works
      _exit(again && again->size() == static_cast<std::size_t>(k) ? 0 : 2);
    }
    _exit(3);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  std::ifstream told(log);
  std::size_t added = 0;
  int code = 0;
  std::string message;
  std::getline(told >> added >> code, message);
  CHECK(ErrorCode{code} == ErrorCode::kUnavailable);
  CHECK_THAT(message, Catch::Contains("the disk is full"));
  CHECK(added > 10);
  const auto store = OpenFile(path, OpenMode::kWrite);
  CHECK(Require(store->LoadTrials(1)).size() == added);
  Require(store->AddTrial(1, SampleTrial(), {}, At(2)));
}

TEST_CASE("file systems that machines share are known by their type") {
  for (const std::uint32_t remote : {0x6969U, 0xff534d42U, 0xfe534d42U, 0x0bd00bd0U}) {
    CHECK(IsNetworkFileSystem(remote));
  }
  for (const std::uint32_t local : {0xef53U, 0x01021994U, 0x9123683eU, 0x58465342U, 0x794c7630U}) {
    CHECK_FALSE(IsNetworkFileSystem(local));
  }
}
