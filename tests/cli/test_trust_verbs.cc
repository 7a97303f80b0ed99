// audit, confirm, branches, checks, copies and rescues: what a user does to trust a study.
#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "study_store/open_store.h"
#include "tests/cli/command.h"

namespace joulefront {
namespace {

using nlohmann::json;

std::string StudyText(const std::string& more = "", int high = 100) {
  return "[study]\nname = \"shell\"\n[objectives]\nerror = { direction = \"minimize\" }\n"
         "energy = { direction = \"minimize\", phase = \"total\" }\n[space]\n"
         "width = { type = \"int\", low = 1, high = " +
         std::to_string(high) +
         " }\n[trainer]\ncommand = [\"sh\", \"train.sh\", \"{width}\"]\n[budget]\ntrials = 6\n" +
         more;
}

/// Trained by sh: an error that falls with width.
constexpr const char* kTrainer =
    "echo \"{\\\"joulefront\\\": \\\"result\\\", \\\"values\\\": {\\\"error\\\": $((200 - "
    "$1))}}\"\n";

void WriteStudy(const Workshop& shop) {
  shop.Write("study.toml", StudyText());
  shop.Write("train.sh", kTrainer);
}

void RunStudy(const Workshop& shop) {
  WriteStudy(shop);
  REQUIRE(shop.Run({"run", "study.toml", "-q"}).code == 0);
}

/// Runs it on the store; the last value that it gives.
std::string Sql(const Workshop& shop, const std::string& statement) {
  sqlite3* database = nullptr;
  std::string last;
  const auto keep = [](void* text, int columns, char** values, char**) {
    const char* value = columns > 0 ? values[columns - 1] : nullptr;
    *static_cast<std::string*>(text) = value != nullptr ? value : "";
    return 0;
  };
  REQUIRE(sqlite3_open((shop / "shell.db").c_str(), &database) == SQLITE_OK);
  CHECK(sqlite3_exec(database, statement.c_str(), keep, &last, nullptr) == SQLITE_OK);
  sqlite3_close(database);
  return last;
}

TEST_CASE("audit finds that a study holds, and where its joules went") {
  const Workshop shop;
  RunStudy(shop);
  const Outcome audit = shop.Run({"audit", "shell.db", "--format", "json"});
  INFO(audit.err);
  REQUIRE(audit.code == 0);
  const json report = json::parse(audit.out);
  CHECK(report["holds"] == true);
  CHECK(report["proposals"]["replayed"] == 6);
  double sum = 0.0;
  for (const auto& [fate, share] : report["by_fate"].items()) {
    if (share["joules"].is_number()) sum += share["joules"].get<double>();
  }
  CHECK(sum == Approx(report["joules"].get<double>()));
  CHECK(shop.Run({"audit", "shell.db"}).out.find("ledger    holds") != std::string::npos);
}

TEST_CASE("audit says what does not hold, with exit code 3") {
  const Workshop shop;
  RunStudy(shop);
  std::string found;
  SECTION("joules that somebody changed") {
    Sql(shop, "UPDATE energy SET joules = joules + 1 WHERE trial = 2 AND phase = 'total'");
    found = "trial 2 attempt 1: its phases are";
  }
  SECTION("a configuration that the sampler would not propose") {
    Sql(shop, "UPDATE trial SET configuration = '{\"width\":50}' WHERE number = 3");
    found = "trial 3: now it is {\"width\":";
  }
  SECTION("an attempt that belongs to nothing") {
    Sql(shop, "DELETE FROM trial_value WHERE trial = 1; DELETE FROM trial WHERE number = 1");
    found = "row(s) of table attempt belong to nothing";
  }
  const Outcome audit = shop.Run({"audit", "shell.db"});
  CHECK(audit.code == 3);
  CHECK(audit.out.find("DOES NOT HOLD") != std::string::npos);
  CHECK(audit.out.find(found) != std::string::npos);
}

TEST_CASE("audit of a store that lacks a whole trial says so, and looks no further") {
  const Workshop shop;
  RunStudy(shop);
  for (const char* table : {"energy", "progress_value", "progress", "attempt", "trial_value"}) {
    Sql(shop, std::string("DELETE FROM ") + table + " WHERE trial = 1");
  }
  Sql(shop, "DELETE FROM trial WHERE number = 1");
  const Outcome audit = shop.Run({"audit", "shell.db"});
  CHECK(audit.code == 3);
  CHECK(audit.out.find("trial 1 is missing") != std::string::npos);
}

TEST_CASE("confirm trains the front again, says what holds, and goes on where it was") {
  const Workshop shop;
  RunStudy(shop);
  const std::string before = shop.Run({"export", "shell.db"}).out;
  const Outcome first =
      shop.Run({"confirm", "shell.db", "--repeat", "1", "--format", "json", "-q"});
  INFO(first.err);
  REQUIRE(first.code == 0);
  const json once = json::parse(first.out);
  for (const json& point : once["points"]) CHECK(point["replicates"] == 1);
  const json twice =
      json::parse(shop.Run({"confirm", "shell.db", "--repeat", "2", "--format", "json", "-q"}).out);
  REQUIRE(twice["points"].size() == once["points"].size());
  for (const json& point : twice["points"]) {
    CHECK(point["replicates"] == 2);
    CHECK(point["values"]["error"]["sd"] == 0.0);  // this trainer heeds no seed
    CHECK(point["probability"].is_number());
  }
  CHECK(shop.Run({"export", "shell.db"}).out == before);
  CHECK(shop.Run({"audit", "shell.db"}).code == 0);
  // Only what is asked for.
  CHECK(shop.Run({"confirm", "shell.db", "--trial", "99"}).code == 2);
  const json shown =
      json::parse(shop.Run({"confirm", "shell.db", "--repeat", "0", "--format", "json"}).out);
  CHECK(shown == twice);
}

TEST_CASE("confirm warns where no value moved between seeds, and says what to do") {
  const Workshop shop;
  RunStudy(shop);
  const Outcome outcome =
      shop.Run({"confirm", "shell.db", "--repeat", "2", "--format", "json", "-q"});
  CHECK(outcome.err.find("warning: error did not move at all between seeds") != std::string::npos);
  CHECK(outcome.err.find("{seed} in [trainer] command") != std::string::npos);
  CHECK(json::parse(outcome.out)["unmoved"] == json({"error"}));
}

TEST_CASE("a trial that confirm refuted is no knee and not recommended, in every view") {
  const Workshop shop;
  shop.Write("study.toml", R"([study]
name = "luck"
[objectives]
error = { direction = "minimize" }
size = { direction = "minimize" }
[space]
x = { type = "int", low = 0, high = 3 }
)");
  // Trial 1 is the knee as recorded.
  std::string lines;
  const double errors[] = {1.0, 0.2, 0.15, 0.0}, sizes[] = {0, 10, 50, 100};
  for (int k = 0; k < 4; ++k) {
    lines += "{\"ask\": 1}\n{\"tell\": " + std::to_string(k) +
             ", \"values\": {\"error\": " + std::to_string(errors[k]) +
             ", \"size\": " + std::to_string(sizes[k]) + "}}\n";
  }
  REQUIRE(shop.Run({"ask-tell", "study.toml", "--store", "luck.db"}, lines).code == 0);
  const auto knee = [&] {
    const json data = json::parse(shop.Run({"front", "luck.db", "--format", "json"}).out);
    for (const json& point : data["front"]) {
      if (point["knee"] == true) return point["number"].get<int>();
    }
    return -1;
  };
  CHECK(knee() == 1);
  CHECK(shop.Run({"front", "luck.db", "--prefer", "error=1,size=1"}).out.find("chosen: trial 1,") !=
        std::string::npos);
  // Again it has an error of 1.5 and so is beaten by trial 0, which holds.
  const auto again = [&](int trial, double error, double size) {
    auto store = OpenStore(shop / "luck.db", OpenMode::kWrite).value();
    const StudyId id = store->ListStudies().value().front().id;
    const WorkerIdentity worker{
        .name = "w", .host = "h", .boot_id = "b", .pid = 1, .start_ticks = 1};
    const TimePoint now{};
    auto claim =
        store->ClaimConfirmation(id, trial, 9, worker, now + std::chrono::seconds(60), now);
    REQUIRE(claim);
    REQUIRE(store->FinishAttempt(*claim,
                                 {.state = AttemptState::kComplete,
                                  .values = {{"error", error}, {"size", size}},
                                  .energy = {}},
                                 {}, now));
  };
  again(0, 1.0, 0.0);
  again(1, 1.5, 10.0);
  CHECK(knee() == 2);
  const Outcome front = shop.Run({"front", "luck.db"});
  CHECK(front.out.find("<- refuted") != std::string::npos);
  CHECK(front.err.find("1 trial(s) did not hold when they were trained again") !=
        std::string::npos);
  CHECK(shop.Run({"front", "luck.db", "--prefer", "error=1,size=1"}).out.find("chosen: trial 2,") !=
        std::string::npos);
  CHECK(shop.Run({"front", "luck.db", "--format", "csv"}).out.find("refuted") != std::string::npos);
  for (const char* format : {"markdown", "latex"}) {
    const std::string table = shop.Run({"export", "luck.db", "--format", format}).out;
    CHECK(table.find("refuted") != std::string::npos);
  }
  const std::string page = shop.Run({"export", "luck.db", "--format", "html"}).out;
  const auto begin = page.find("\"wishes\":"), end = page.find("\"cost\":");
  REQUIRE(begin != std::string::npos);
  const std::string wishes = page.substr(begin, end - begin);
  CHECK(wishes.find("\"point\":1") == std::string::npos);
}

TEST_CASE("a branch is a new study in the same store that begins with the old front") {
  const Workshop shop;
  RunStudy(shop);
  shop.Write("study.toml", StudyText("", 150));
  const Outcome refused = shop.Run({"run", "study.toml", "-q"});
  CHECK(refused.code == 2);
  CHECK(refused.err.find("--branch NAME") != std::string::npos);
  const Outcome branch = shop.Run({"run", "study.toml", "-q", "--branch", "wider"});
  INFO(branch.err);
  CHECK(branch.code == 0);
  const json trials =
      json::parse(shop.Run({"export", "shell.db", "--study", "wider", "--format", "json"}).out);
  CHECK(trials["trials"].size() == 6);
  CHECK(trials["trials"][0]["proposed_by"] == "warm-start");
  CHECK(shop.Run({"run", "study.toml", "-q", "--branch", "wider"}).code == 0);  // goes on
  CHECK(shop.Run({"run", "study.toml", "-q", "--branch", "shell"}).code == 2);
  CHECK(shop.Run({"run", "study.toml", "-q", "--branch", "a/b"}).code == 2);
}

TEST_CASE("run --check says what would be run, and runs nothing") {
  const Workshop shop;
  shop.Write(
      "study.toml",
      StudyText("[limits]\nattempt_energy = \"1 kJ\"\non_alert = [\"touch\", \"alerted\"]\n"
                "[metering]\nsources = [\"plug\"]\n"
                "own = { plug = { command = [\"touch\", \"metered\"], gives = \"joules\" } }\n"));
  shop.Write("train.sh", "touch \"$JOULEFRONT_WORK_DIR/../../trained\"\n");
  const Outcome check = shop.Run({"run", "study.toml", "--check"});
  INFO(check.err);
  CHECK(check.code == 0);
  CHECK(check.out.find("runs     sh train.sh {width}") != std::string::npos);
  CHECK(check.out.find("alert    touch alerted") != std::string::npos);
  CHECK(check.out.find("meter    touch metered") != std::string::npos);
  CHECK(check.out.find("a new study") != std::string::npos);
  for (const char* made : {"shell.db", "shell.work", "metered", "alerted", "trained"}) {
    CHECK_FALSE(shop.Has(made));
  }
  shop.Write("study.toml", "[study]\nname = 3\n");
  CHECK(shop.Run({"run", "study.toml", "--check"}).code == 2);
}

TEST_CASE("run --check looks at the library of a trainer, and does not load it") {
  const Workshop shop;
  std::string text = StudyText();
  text.replace(text.find("[trainer]\n"), 10, "[trainer]\npreload = true\n");
  text.replace(text.find("\"sh\", \"train.sh\""), 16, "\"./prog\"");
  shop.Write("study.toml", text);
  shop.Write("prog", "");
  const auto check = [&] { return shop.Run({"run", "study.toml", "--check"}); };
  const auto refused = [&](const std::string& why) {
    const Outcome outcome = check();
    CHECK(outcome.code == 2);
    CHECK_THAT(outcome.err, Catch::Contains("preload = true: ") && Catch::Contains(why));
  };
  const std::string real = std::string(JOULEFRONT_BIN_DIR) + "/counting-trainer.so";
  shop.Shell("cp " + real + " prog.so");
  const Outcome good = check();
  INFO(good.err);
  CHECK(good.code == 0);
  CHECK_THAT(good.out, Catch::Contains("prog.so: has the functions; it was not loaded"));
  // What is no such library is refused, whatever its file says; and nothing is waited for.
  shop.Write("prog.so", "#!/bin/sh\ntouch loaded\n");
  refused("is no library (ELF)");
  shop.Shell("cp $(command -v sh) prog.so");
  refused("prog.so' has no function");
  shop.Shell("head -c 3000 " + real + " > prog.so");
  refused("has no table of functions");
  shop.Shell("cp " + real +
             " prog.so; printf '\\377\\377\\377\\377\\377\\377\\377\\177' |"
             " dd of=prog.so bs=1 seek=40 conv=notrunc");
  refused("has no table of functions");
  shop.Shell("cp " + real + " prog.so; printf '\\001' | dd of=prog.so bs=1 seek=4 conv=notrunc");
  refused("another kind of machine");
  shop.Shell("rm prog.so; mkfifo prog.so");
  refused("is no regular file");
}

TEST_CASE("a library whose loading does something is not loaded by --check") {
  const Workshop shop;
  shop.Write(
      "trap.c",
      "#include <stdio.h>\n"
      "__attribute__((constructor)) static void trap(void) { fclose(fopen(\"loaded\", \"w\")); }\n"
      "const char* joulefront_preload(void) { return 0; }\n"
      "int joulefront_main(int n, char** v) { return 0; }\n");
  if (shop.Shell("cc -shared -fPIC -o prog.so trap.c").code != 0) return;  // no compiler here
  std::string text = StudyText();
  text.replace(text.find("[trainer]\n"), 10, "[trainer]\npreload = true\n");
  text.replace(text.find("\"sh\", \"train.sh\""), 16, "\"./prog\"");
  shop.Write("study.toml", text);
  shop.Write("prog", "");
  CHECK(shop.Run({"run", "study.toml", "--check"}).code == 0);
  CHECK_FALSE(shop.Has("loaded"));
}

TEST_CASE("nothing that a study file or a flag names is waited for, or read without end") {
  const Workshop shop;
  shop.Write("study.toml", StudyText("[carbon]\nseries = \"series.csv\"\n"));
  shop.Shell("mkfifo pipe; ln -s pipe series.csv; ln -s /dev/zero zero");
  const auto refused = [&](const std::vector<std::string>& arguments) {
    const Outcome outcome = shop.Run(arguments);
    INFO(outcome.err);
    CHECK(outcome.code == 2);
    CHECK_THAT(outcome.err, Catch::Contains("name a regular file"));
  };
  refused({"run", "study.toml", "--check"});
  shop.Shell("ln -sf zero series.csv");
  refused({"run", "study.toml", "--check"});
  shop.Write("study.toml", StudyText());
  for (const char* odd : {"pipe", "zero"}) {
    refused({"run", odd, "--check"});
    refused({"run", "study.toml", "--check", "--enqueue", odd});
    refused({"meters", "--calibrate", odd});
    refused({"meters", "--replay", odd});
    refused({"gate", "--baseline", odd, "--", "true"});
  }
  RunStudy(shop);
  for (const char* odd : {"pipe", "zero"}) refused({"import", odd, "--into", "study.toml"});
}

TEST_CASE("what a shell gives in the place of a file is read as it was") {
  const Workshop shop;
  shop.Write("study.toml", StudyText());
  shop.Write("first.jsonl", "{\"width\": 3}\n");
  const auto bash = [&](const std::string& line) {
    const Outcome outcome = shop.Shell("exec bash -c '" + line + "'");
    INFO(outcome.err);
    CHECK(outcome.code == 0);
  };
  bash("$JF run <(sleep 0.3; cat study.toml) --check");
  bash("$JF run /dev/stdin --check < study.toml");
  bash("sleep 0.3 | cat - study.toml | $JF run /dev/stdin --check");
  bash("$JF run study.toml --check --enqueue <(cat first.jsonl)");
  bash("cat first.jsonl | $JF run study.toml --check --enqueue -");
}

TEST_CASE("a store is copied whole, also one that is in use") {
  const Workshop shop;
  RunStudy(shop);
  CHECK(shop.Run({"export", "shell.db", "--format", "sqlite"}).code == 2);
  CHECK(shop.Run({"export", "shell.db", "--format", "sqlite", "-o", "copy.db"}).code == 0);
  CHECK(shop.Run({"export", "copy.db"}).out == shop.Run({"export", "shell.db"}).out);
  CHECK(shop.Run({"export", "shell.db", "--format", "sqlite", "-o", "copy.db"}).code == 2);
  CHECK(shop.Run({"audit", "copy.db"}).code == 0);
}

TEST_CASE("of a damaged store, what can be read is exported, with exit code 6") {
  const Workshop shop;
  shop.Write("study.toml", StudyText("[workers]\ncount = 2\n"));
  shop.Write("train.sh", kTrainer);
  REQUIRE(shop.Run({"run", "study.toml", "-q", "--trials", "90"}).code == 0);
  Sql(shop, "PRAGMA wal_checkpoint(TRUNCATE)");
  // One page in the midst of the trials' values or configurations.
  const auto size = std::filesystem::file_size(shop / "shell.db");
  bool damaged = false;
  for (std::uintmax_t page = 20; page < size / 4096 && !damaged; ++page) {
    std::filesystem::copy_file(shop / "shell.db", shop / "bad.db",
                               std::filesystem::copy_options::overwrite_existing);
    std::fstream file(shop / "bad.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(page * 4096));
    file << std::string(4096, '\xff');
    file.close();
    const Outcome exported = shop.Run({"export", "bad.db", "--format", "json"});
    if (exported.code != 6 || exported.out.empty()) continue;
    const json trials = json::parse(exported.out)["trials"];
    if (trials.empty()) continue;
    damaged = true;
    CHECK(exported.err.find("is damaged") != std::string::npos);
    CHECK(shop.Run({"export", "bad.db", "--format", "sqlite", "-o", "copied.db"}).code == 6);
    const Outcome audit = shop.Run({"audit", "bad.db"});
    CHECK(audit.code == 3);
    CHECK(audit.out.find("store     DOES NOT HOLD") != std::string::npos);
  }
  CHECK(damaged);
}

TEST_CASE(
    "of a store whose values are damaged, configurations and joules are exported all the same") {
  const Workshop shop;
  shop.Write("study.toml", StudyText("[workers]\ncount = 2\n"));
  shop.Write("train.sh", kTrainer);
  REQUIRE(shop.Run({"run", "study.toml", "-q", "--trials", "20"}).code == 0);
  Sql(shop, "PRAGMA wal_checkpoint(TRUNCATE)");
  const auto root =
      std::stoll(Sql(shop, "SELECT rootpage FROM sqlite_schema WHERE name = 'trial_value'"));
  std::fstream file(shop / "shell.db", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp((root - 1) * 4096);
  file << std::string(4096, '\xff');
  file.close();
  const Outcome exported = shop.Run({"export", "shell.db", "--format", "json"});
  CHECK(exported.code == 6);
  const json trials = json::parse(exported.out)["trials"];
  REQUIRE(trials.size() == 20);
  for (const json& trial : trials) {
    CHECK(trial["values"].empty());
    CHECK_FALSE(trial["configuration"].empty());
    CHECK_FALSE(trial["energy"].empty());
  }
}

}  // namespace
}  // namespace joulefront
