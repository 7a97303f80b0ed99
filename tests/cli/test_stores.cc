#include <sqlite3.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/cli/command.h"
#include "tests/cli/sample_store.h"

namespace joulefront {
namespace {

const char* const kLookers[] = {"front", "status", "export"};

/// The message of a verb that must fail with this code and print no data.
std::string Fault(const Workshop& shop, const std::vector<std::string>& arguments, int code) {
  const Outcome outcome = shop.Run(arguments);
  INFO(outcome.err);
  CHECK(outcome.code == code);
  CHECK(outcome.out == "");
  return outcome.err;
}

void Execute(const std::string& path, const char* sql) {
  sqlite3* connection = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &connection) == SQLITE_OK);
  CHECK(sqlite3_exec(connection, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(connection);
}

TEST_CASE("A store that is not there is a usage error, and none is made") {
  const Workshop shop;
  for (const std::string verb : {"front", "status", "export", "worker"}) {
    CHECK(Fault(shop, {verb, "none.db"}, 2) ==
          "joulefront " + verb + ": there is no store none.db\n");
    CHECK(Fault(shop, {verb}, 2) == "joulefront " + verb +
                                        ": name a store, such as digits.db, or set "
                                        "JOULEFRONT_STORE\n");
  }
  CHECK_FALSE(shop.Has("none.db"));
}

TEST_CASE("A file that is no store is left as it was, with exit code 6") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  shop.Write("notes.txt", "buy milk\n");
  shop.Write("empty.db", "");
  Execute(shop / "other.db", "CREATE TABLE t (x)");
  const std::string other = shop.Read("other.db");
  for (const std::string verb : kLookers) {
    CHECK(Fault(shop, {verb, "notes.txt"}, 6) ==
          "joulefront " + verb +
              ": notes.txt is not a joulefront store: it is no SQLite database; name another "
              "file\n");
    CHECK(Fault(shop, {verb, "other.db"}, 6) ==
          "joulefront " + verb +
              ": other.db is not a joulefront store: it is the database of another application, "
              "left as it was; name another file\n");
    CHECK(Fault(shop, {verb, "empty.db"}, 6) ==
          "joulefront " + verb + ": empty.db is not a joulefront store: it is empty\n");
    CHECK(Fault(shop, {verb, "."}, 6) ==
          "joulefront " + verb + ": . is not a joulefront store: it is a folder; name a file\n");
  }
  Fault(shop, {"ask-tell", "study.toml", "--store", "notes.txt"}, 6);
  Fault(shop, {"ask-tell", "study.toml", "--store", "other.db"}, 6);
  Fault(shop, {"ask-tell", "study.toml", "--store", "no/folder/s.db"}, 6);
  CHECK(shop.Read("notes.txt") == "buy milk\n");
  CHECK(shop.Read("other.db") == other);
}

TEST_CASE("A database of a kind that is not known is no file name, and its password is not shown") {
  const Workshop shop;
  for (const std::string verb : {"front", "worker", "import"}) {
    for (const std::string scheme : {"mysql", "POSTGRESQL", "postgresql+psycopg2"}) {
      const std::string message =
          Fault(shop, {verb, scheme + "://me:secret@h/d", "--store", "x.db"}, 2);
      if (verb == "import") CHECK(message.find(scheme + "://\n") != std::string::npos);
      CHECK(message.find("secret") == std::string::npos);
    }
  }
}

TEST_CASE("A store of a newer version is refused with exit code 6") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  Execute(shop / "digits.db", "PRAGMA user_version = 1000");
  for (const std::string verb : kLookers) {
    const std::string message = Fault(shop, {verb, "digits.db"}, 6);
    CHECK(message.find("newer") != std::string::npos);
  }
}

TEST_CASE("A store that may not be written is no place for run, but can be looked at") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  REQUIRE(shop.Run({"ask-tell", "study.toml", "--store", "s.db"}, "{\"ask\": 1}\n").code == 0);
  REQUIRE(shop.Shell("chmod 755 . && chmod 444 s.db study.toml").code == 0);
  // root may write everywhere, so it becomes nobody.
  const std::string run =
      geteuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups $JF " : "$JF ";
  if (shop.Shell(run + "--version").code != 0) {
    WARN("nobody cannot reach the program: not tested");
    return;
  }
  const Outcome session = shop.Shell(run + "ask-tell study.toml --store s.db");
  CHECK(session.code == 6);
  CHECK(session.err ==
        "joulefront ask-tell: s.db is read-only; check the permissions of the file and its folder, "
        "or name another store\n");
  CHECK(shop.Shell(run + "status s.db").code == 0);
}

TEST_CASE("A study of another definition is refused with the difference, and exit code 2") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  REQUIRE(shop.Run({"ask-tell", "study.toml", "--store", "s.db"}, "{\"ask\": 1}\n").code == 0);
  std::string changed = kTwoReported;
  changed.replace(changed.find("high = 64"), 9, "high = 99");
  shop.Write("study.toml", changed);
  CHECK(
      Fault(shop, {"ask-tell", "study.toml", "--store", "s.db"}, 2) ==
      "joulefront ask-tell: study 'told' in 's.db' was begun with another definition, and results "
      "of two definitions cannot be mixed:\n"
      "  space.width.high: 64.0 in the store, 99.0 in the study file\n"
      "undo the change, or begin a new study with the front of this one: --branch NAME, or another "
      "--store\n");
  shop.Write("study.toml", kTwoReported + "[budget]\ntrials = 9\n[search]\nsampler = \"random\"\n");
  CHECK(shop.Run({"ask-tell", "study.toml", "--store", "s.db"}, "{\"ask\": 1}\n").code == 0);
  CHECK(shop.Run({"status", "s.db"}).out.find("budget   9 trials\n") != std::string::npos);
}

TEST_CASE("Where a store holds several studies one must be named") {
  const Workshop shop;
  MakeDigitsStore(shop / "s.db", DigitsStudy("first"));
  MakeEmptyStore(shop / "s.db", DigitsStudy("second"));
  for (const std::string verb : kLookers) {
    CHECK(Fault(shop, {verb, "s.db"}, 2) ==
          "joulefront " + verb +
              ": 's.db' holds several studies; choose one with --study: first second\n");
    CHECK(Fault(shop, {verb, "s.db", "--study", "third"}, 2) ==
          "joulefront " + verb + ": 's.db' holds no study 'third'; it has first second\n");
    CHECK(shop.Run({verb, "s.db", "--study", "first"}).code == 0);
  }
}

TEST_CASE("A store is also found by its study file, and by JOULEFRONT_STORE") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  REQUIRE(shop.Run({"ask-tell", "study.toml", "--store", "told.db"}, "{\"ask\": 1}\n").code == 0);
  const std::string status = shop.Run({"status", "told.db"}).out;
  CHECK(status.starts_with("study    told (open)\n"));
  CHECK(shop.Run({"status", "study.toml"}).out == status);
  CHECK(shop.Shell("mv told.db else.db; JOULEFRONT_STORE=else.db $JF status").out == status);
  CHECK(shop.Shell("JOULEFRONT_STORE=else.db $JF status study.toml").out == status);
}

}  // namespace
}  // namespace joulefront
