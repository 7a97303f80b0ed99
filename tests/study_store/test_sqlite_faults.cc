// The n-th write to the disk fails, for n = 1, 2, 3 ..., until the whole scenario succeeds: each
// operation has happened entirely or not at all, and can be done again.
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "tests/study_store/write_scenario.h"

using namespace joulefront;

namespace {

/// SQLite's own file system, in which one write, sync or truncation can be made to fail.
class FaultyDisk {
 public:
  FaultyDisk() {
    original_ = sqlite3_vfs_find(nullptr);
    vfs_ = *original_;
    vfs_.zName = "faulty";
    vfs_.xOpen = &Open;
    REQUIRE(sqlite3_vfs_register(&vfs_, 1) == SQLITE_OK);
  }
  ~FaultyDisk() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(original_, 1);
  }

  /// Stands for a code: the process is killed before the operation.
  static constexpr int kKill = -1;

  /// From now on the n-th operation fails, and those after it do not.
  static void FailAt(int n, int code) {
    countdown_ = n;
    code_ = code;
  }
  static bool Failed() { return countdown_ <= 0; }

 private:
  /// A file's methods with the faulty ones put in, and the real ones.
  struct Methods {
    sqlite3_io_methods faulty;
    const sqlite3_io_methods* real;
  };

  static int Spend() {
    if (--countdown_ != 0) return SQLITE_OK;
    if (code_ == kKill) kill(getpid(), SIGKILL);
    return code_;
  }
  static const sqlite3_io_methods& Real(sqlite3_file* file) {
    return *reinterpret_cast<const Methods*>(file->pMethods)->real;
  }

  static int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
    const int code = original_->xOpen(vfs, name, file, flags, out);
    if (code != SQLITE_OK || file->pMethods == nullptr) return code;
    Methods& methods = methods_[file->pMethods];
    methods = {.faulty = *file->pMethods, .real = file->pMethods};
    methods.faulty.xWrite = [](sqlite3_file* f, const void* data, int size, sqlite3_int64 offset) {
      const int failure = Spend();
      return failure != SQLITE_OK ? failure : Real(f).xWrite(f, data, size, offset);
    };
    // No machine fails here, so nothing needs to reach the disk: the test takes seconds.
    methods.faulty.xSync = [](sqlite3_file*, int) {
      return Spend() != SQLITE_OK ? SQLITE_IOERR_FSYNC : SQLITE_OK;
    };
    methods.faulty.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
      return Spend() != SQLITE_OK ? SQLITE_IOERR_TRUNCATE : Real(f).xTruncate(f, size);
    };
    file->pMethods = &methods.faulty;
    return code;
  }

  static inline sqlite3_vfs* original_ = nullptr;
  static inline std::map<const sqlite3_io_methods*, Methods> methods_;
  static inline int countdown_ = 0, code_ = SQLITE_OK;
  sqlite3_vfs vfs_ = {};
};

/// Runs the scenario with the n-th disk operation failing; whether one did.
bool RunWithFault(int n, int code, const std::vector<std::string>& after_step) {
  TestFolder folder;
  const std::string path = folder / "store.db";
  const std::vector<Step> steps = Scenario();
  FaultyDisk::FailAt(n, code);
  auto store = OpenSqliteStore(path, OpenMode::kCreate);
  if (!store) {
    CHECK(store.error().code == ErrorCode::kUnavailable);
    store = OpenSqliteStore(path, OpenMode::kCreate);
    if (!store) FAIL(store.error().message);
  }
  for (std::size_t k = 0; k < steps.size(); ++k) {
    CAPTURE(k);
    auto done = steps[k](**store);
    if (!done) {
      REQUIRE(FaultyDisk::Failed());
      CHECK(done.error().code == ErrorCode::kUnavailable);
      CHECK(Show(**store) == (k == 0 ? "" : after_step[k - 1]));  // nothing of it has happened
      done = steps[k](**store);
    }
    if (!done) FAIL(done.error().message);
    REQUIRE(Show(**store) == after_step[k]);
  }
  const bool failed = FaultyDisk::Failed();
  store->reset();
  REQUIRE(Show(*OpenFile(path, OpenMode::kWrite)) == after_step.back());
  return failed;
}

}  // namespace

TEST_CASE("whichever write fails, an operation happens entirely or not at all") {
  const std::vector<std::string> after_step = ModelAfterEachStep();
  const int code = GENERATE(SQLITE_IOERR_WRITE, SQLITE_FULL);
  FaultyDisk disk;
  int n = 1;
  while (true) {
    CAPTURE(code, n);
    if (!RunWithFault(n, code, after_step)) break;
    ++n;
  }
  CHECK(n > 50);
}

TEST_CASE("a process killed at any write leaves a store with all that it had done") {
  const std::vector<std::string> after_step = ModelAfterEachStep();
  FaultyDisk disk;
  int n = 0, status = 0;
  do {
    CAPTURE(++n);
    TestFolder folder;
    const std::string path = folder / "store.db";
    int fds[2];
    REQUIRE(pipe(fds) == 0);
    const pid_t child = fork();
    if (child == 0) {
      FaultyDisk::FailAt(n, FaultyDisk::kKill);
      auto store = OpenSqliteStore(path, OpenMode::kCreate);
      for (const Step& step : Scenario()) {
        if (!store || !step(**store) || write(fds[1], ".", 1) != 1) _exit(1);
      }
      store->reset();
      _exit(0);
    }
    close(fds[1]);
    std::size_t done = 0;
    for (char dot = 0; read(fds[0], &dot, 1) == 1;) ++done;
    close(fds[0]);
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE((status == 0 || WIFSIGNALED(status)));
    const std::string found = Show(*OpenFile(path));
    // The step it was killed at has happened entirely or not at all.
    const bool before = found == (done == 0 ? "" : after_step[done - 1]);
    const bool after = done < after_step.size() && found == after_step[done];
    CAPTURE(done, found);
    REQUIRE((before || after));
  } while (status != 0);
  CHECK(n > 50);
}
