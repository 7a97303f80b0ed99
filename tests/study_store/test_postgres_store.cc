// What is PostgreSQL's own: many processes, lost connections, who may do what, news, and the
// server's clock. The contract of all stores is in test_store_contract.cc.
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <map>
#include <set>
#include <thread>

#include "base/files.h"
#include "tests/study_store/postgres_database.h"
#include "tests/study_store/processes.h"
#include "tests/study_store/store_contract.h"

using namespace joulefront;

namespace {

using Clock = PostgresConnection::Clock;

/// Claims and finishes until nothing waits; 0 unless something went wrong.
int Work(const std::string& url, const std::string& name) {
  auto store = OpenPostgresStore(url, OpenMode::kWrite, Clock::kCallers);
  if (!store) return 1;
  while (true) {
    auto claim = (*store)->ClaimTrial(1, Worker(name), At(1000), At(3));
    if (!claim) return 2;
    if (!*claim) return 0;
    const double joules = static_cast<double>((*claim)->trial);
    if (!(*store)->RenewLease(**claim, At(1001), Energy(0.5 * joules))) return 3;
    if (!(*store)->FinishAttempt(**claim, Completed({{"error", 0.5}}, joules), {}, At(4))) return 4;
  }
}

void Fill(const PostgresDatabase& database, int trials) {
  const auto store = database.Open();
  Require(store->CreateStudy(SampleStudy(), At(1)));
  for (int k = 0; k < trials; ++k) Require(store->AddTrial(1, SampleTrial(k), {}, At(2)));
}

Error OpenError(const std::string& url, OpenMode mode = OpenMode::kRead) {
  auto store = OpenPostgresStore(url, mode, Clock::kServers);
  REQUIRE_FALSE(store);
  return store.error();
}

/// Ends all other connections to the database, as a cut would.
void CutConnections(const PostgresDatabase& database) {
  database.Run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
      " AND pid <> pg_backend_pid()");
}

}  // namespace

TEST_CASE("16 processes share 1,000 trials in PostgreSQL: none is claimed twice") {
  constexpr int kProcesses = 16, kTrials = 1000;
  PostgresDatabase database;
  Fill(database, kTrials);
  std::vector<pid_t> children;
  for (int k = 0; k < kProcesses; ++k) {
    children.push_back(Fork([&] { return Work(database.url(), fmt::format("w{}", k)); }));
  }
  for (const pid_t child : children) CHECK(Wait(child) == 0);
  const auto store = database.Open(OpenMode::kRead);
  CHECK(Require(store->CountTrials(1)).complete == kTrials);
  CHECK(Require(store->LoadAttempts(1)).size() == kTrials);
  CHECK(Require(store->EnergySpent(1)).joules.value() == Approx(kTrials * (kTrials - 1) / 2.0));
}

TEST_CASE("16 processes that make the same PostgreSQL store at once all find it made") {
  PostgresDatabase database;
  std::vector<pid_t> children;
  for (int k = 0; k < 16; ++k) {
    children.push_back(Fork([&, k] {
      auto store = OpenPostgresStore(database.url(), OpenMode::kCreate, Clock::kCallers);
      if (!store) return 1;
      return (*store)->CreateStudy(SampleStudy(fmt::format("study-{}", k)), At(1)) ? 0 : 2;
    }));
  }
  for (const pid_t child : children) CHECK(Wait(child) == 0);
  CHECK(Require(database.Open(OpenMode::kRead)->ListStudies()).size() == 16);
}

TEST_CASE("a reader of changes in PostgreSQL misses none, however many write") {
  PostgresDatabase database;
  Fill(database, 400);
  std::vector<pid_t> children;
  for (int k = 0; k < 4; ++k) {
    children.push_back(Fork([&] { return Work(database.url(), fmt::format("w{}", k)); }));
  }
  const auto store = database.Open(OpenMode::kRead);
  std::map<TrialNumber, TrialState> seen;
  std::int64_t revision = 0;
  const auto complete = [&] {
    return std::count_if(seen.begin(), seen.end(),
                         [](const auto& entry) { return entry.second == TrialState::kComplete; });
  };
  for (int looks = 0; complete() < 400 && looks < 20000; ++looks) {
    for (const Trial& trial : Require(store->LoadTrials(1, revision))) {
      seen[trial.number] = trial.state;
      revision = std::max(revision, trial.revision);
    }
  }
  CHECK(complete() == 400);
  for (const pid_t child : children) CHECK(Wait(child) == 0);
}

TEST_CASE("kill -9 of a writer to PostgreSQL loses nothing that was finished") {
  PostgresDatabase database;
  Fill(database, 500);
  for (int round = 0; round < 8; ++round) {
    const pid_t child = Fork([&] { return Work(database.url(), "w"); });
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + 7 * round));
    kill(child, SIGKILL);
    Wait(child);
    const auto store = database.Open();
    for (const Trial& trial : Require(store->LoadTrials(1))) {
      if (trial.state != TrialState::kComplete) continue;
      const auto joules = static_cast<double>(trial.number);
      if (trial.energy != Energy(joules)) FAIL("finished, then lost: " << Show(trial));
    }
    const auto running = Require(store->LoadRunningAttempts(1));
    CHECK(running.size() <= 1);
    for (const Attempt& attempt : running) {
      Require(store->FinishAttempt({.study = 1,
                                    .trial = attempt.trial,
                                    .attempt = attempt.number,
                                    .worker = attempt.worker.name},
                                   Ended(AttemptState::kLost), RetryLimits{}, At(2000)));
    }
  }
}

TEST_CASE("a lost connection is an error once, and made anew by the next operation") {
  PostgresDatabase database;
  Fill(database, 3);
  const auto store = database.Open();
  const Claim claim = ClaimNext(*store, 1, "w", At(3));
  CutConnections(database);
  const auto lost = store->RenewLease(claim, At(99), Energy(1));
  REQUIRE_FALSE(lost);
  CHECK(lost.error().code == ErrorCode::kUnreachable);
  Require(store->RenewLease(claim, At(99), Energy(1)));
  Require(store->FinishAttempt(claim, Completed({{"error", 0.5}}, 2), {}, At(4)));
  CHECK(Require(store->LoadTrial(1, claim.trial)).state == TrialState::kComplete);
}

TEST_CASE("machines may share a PostgreSQL store") {
  PostgresDatabase database;
  Fill(database, 2);
  const auto store = database.Open();
  CHECK(store->IsShared());
  CHECK(Require(store->ClaimTrial(1, Worker("a", "boot-1"), At(99), At(3))).has_value());
  CHECK(Require(store->ClaimTrial(1, Worker("b", "boot-2"), At(99), At(3))).has_value());
}

TEST_CASE("leases go by the server's clock, not by the worker's") {
  PostgresDatabase database;
  Fill(database, 1);
  const auto store = database.Open(OpenMode::kWrite, Clock::kServers);
  const auto here =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  Require(store->ClaimTrial(1, Worker("w"), here + std::chrono::seconds(60), here));
  const Attempt attempt = Require(store->LoadRunningAttempts(1)).at(0);
  // One machine here, so the clocks agree; what is stored is shifted by their difference.
  CHECK(std::abs(store->ClockAhead().count()) < 1000);
  CHECK((attempt.lease_until - attempt.started) == std::chrono::seconds(60));
  CHECK(attempt.started == here + store->ClockAhead());
}

TEST_CASE("a worker that waits hears of a new trial, of one that waits again, and of the end") {
  PostgresDatabase database;
  Fill(database, 0);
  const auto proposer = database.Open(), worker = database.Open();
  const auto news = [&] {
    const int fd = worker->NewsFd(1);
    REQUIRE(fd >= 0);
    if (worker->TakeNews()) return true;
    pollfd one{fd, POLLIN, 0};
    return poll(&one, 1, 2000) == 1 && worker->TakeNews();
  };
  CHECK(news());  // it cannot know what came before it listened
  CHECK_FALSE(worker->TakeNews());
  Require(proposer->AddTrial(1, SampleTrial(), {}, At(2)));
  CHECK(news());
  const Claim claim = ClaimNext(*worker, 1, "w", At(3));
  worker->TakeNews();
  Require(proposer->FinishAttempt(claim, Ended(AttemptState::kInterrupted), {}, At(4)));
  CHECK(news());
  Require(proposer->SetOpen(1, false));
  CHECK(news());
}

TEST_CASE("one process leads a study in PostgreSQL, and another can once it is gone") {
  PostgresDatabase database;
  Fill(database, 0);
  auto first = database.Open();
  const auto second = database.Open();
  CHECK(Require(first->TryLead("digits")));
  CHECK(Require(first->TryLead("digits")));
  CHECK_FALSE(Require(second->TryLead("digits")));
  CHECK(Require(second->TryLead("another")));  // another study
  first.reset();
  bool leads = false;
  for (int k = 0; k < 100 && !leads; ++k) {
    leads = Require(second->TryLead("digits"));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  CHECK(leads);
}

TEST_CASE("a text that PostgreSQL could not keep is made fit, and others are as they were") {
  PostgresDatabase database;
  Fill(database, 1);
  const auto store = database.Open();
  const Claim claim = ClaimNext(*store, 1, "w", At(3));
  AttemptResult failed = Ended(AttemptState::kFailed);
  failed.message = std::string("bytes \xff and \0 nul, \xc3\xa4 and\ttab", 30);
  Require(store->FinishAttempt(claim, failed, {}, At(4)));
  CHECK_THAT(Require(store->LoadTrial(1, 0)).message, Catch::StartsWith("bytes ? and"));
  Require(store->AddEvent(1, "kind", "\xc3\xa4 and\ttab", At(5)));
  CHECK(Require(store->LoadEvents(1)).at(0).message == "\xc3\xa4 and\ttab");
}

TEST_CASE("a study goes from a file to PostgreSQL and home again, with nothing lost") {
  PostgresDatabase database;
  TestFolder folder;
  {
    const auto store = OpenFile(folder / "laptop.db");
    Require(store->CreateStudy(SampleStudy("other"), At(1)));
    const StudyId id = Require(store->CreateStudy(SampleStudy("digits"), At(1)));
    for (int k = 0; k < 5; ++k) Require(store->AddTrial(id, SampleTrial(k), {}, At(2)));
    const Claim done = ClaimNext(*store, id, "w", At(3));
    Require(store->AddProgress(done, 1, {{"error", 0.75}, {"odd", std::nan("")}}, At(4)));
    Require(store->FinishAttempt(done, Completed({{"error", 0.5}}, 3), {}, At(5)));
    const Claim again =
        Require(store->ClaimConfirmation(id, done.trial, 9, Worker("w"), At(99), At(6)));
    Require(store->FinishAttempt(again, Completed({{"error", 0.625}}, 4), {}, At(7)));
    ClaimNext(*store, id, "w", At(8));
    Require(store->AddSearchEnergy(id, Phase("search", 0.25)));
    Require(store->AddElapsed(id, Seconds(12.5)));
    Require(store->SetOpen(id, false));
    Require(store->AddEvent(id, "kind", "what", At(9)));
  }
  const auto there = Require(CopyStudies(folder / "laptop.db", database.url(), "digits"));
  CHECK(there == std::vector<std::string>{"digits"});
  Require(CopyStudies(database.url(), folder / "home.db"));
  // The copy has one study, of another number.
  const auto show = [](StudyStore& store) {
    std::string text;
    for (const StudyEntry& entry : Require(store.ListStudies())) {
      if (entry.name != "digits") continue;
      text = Show(store);
      const std::string head = fmt::format("study {} 'digits'", entry.id);
      text = text.substr(text.find(head) + head.size());
    }
    return text;
  };
  const std::string laptop = show(*OpenFile(folder / "laptop.db"));
  CHECK(laptop.size() > 1000);
  CHECK(show(*database.Open(OpenMode::kRead)) == laptop);
  CHECK(show(*OpenFile(folder / "home.db")) == laptop);
  const auto twice = CopyStudies(folder / "laptop.db", database.url());
  REQUIRE_FALSE(twice);
  CHECK(twice.error().code == ErrorCode::kConflict);
}

TEST_CASE("a worker needs no more rights than docs/cluster.md gives it, and cannot alter a study") {
  PostgresDatabase database;
  Fill(database, 2);
  const std::string docs = Require(ReadFile(JOULEFRONT_SOURCE_DIR "/docs/cluster.md"));
  const auto begin = docs.find("-- A worker\n");
  REQUIRE(begin != docs.npos);
  std::string grants = docs.substr(begin, docs.find("```", begin) - begin);
  const std::string role = fmt::format("worker_{}", getpid());
  for (std::size_t at = 0; (at = grants.find("joulefront_worker", at)) != grants.npos;) {
    grants.replace(at, 17, role);
  }
  database.Run("CREATE ROLE " + role + " LOGIN; " + grants);
  std::string url = database.url();
  url.replace(url.find("joulefront@"), 10, role);
  {
    auto store = Require(OpenPostgresStore(url, OpenMode::kWrite, Clock::kCallers));
    const Claim claim = ClaimNext(*store, 1, "w", At(3));
    Require(store->RenewLease(claim, At(99), Energy(1)));
    Require(store->AddProgress(claim, 1, {{"error", 0.75}}, At(4)));
    Require(store->FinishAttempt(claim, Completed({{"error", 0.5}}, 2), {}, At(5)));
    Require(store->AddSearchEnergy(1, Phase("search", 0.25)));
    Require(store->AddEvent(1, "kind", "what", At(5)));
    const auto lost = ClaimNext(*store, 1, "w", At(6));
    Require(store->FinishAttempt(lost, Ended(AttemptState::kInterrupted), {}, At(7)));
    const auto refused = store->UpdateSettings(1, SampleStudy());
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, Catch::Contains("may not do that"));
    CHECK_FALSE(store->SetOpen(1, false));
    CHECK_FALSE(store->AddTrial(1, SampleTrial(9), {}, At(8)));
  }
  database.Run("DROP OWNED BY " + role + "; DROP ROLE " + role);
}

TEST_CASE("whatever a role or a database has set, numbers are read as they were written") {
  PostgresDatabase database;
  for (const char* setting :
       {"extra_float_digits = -15", "datestyle = 'German, DMY'", "intervalstyle = postgres_verbose",
        "bytea_output = escape", "search_path = pg_catalog", "timezone = 'Asia/Kathmandu'",
        "client_encoding = LATIN1", "standard_conforming_strings = off",
        "default_transaction_isolation = serializable", "default_transaction_read_only = on",
        "default_transaction_deferrable = on", "transform_null_equals = on",
        "statement_timeout = '50ms'", "lock_timeout = '1ms'",
        "idle_in_transaction_session_timeout = '1ms'", "idle_session_timeout = '300ms'"}) {
    const std::string name = database.url().substr(database.url().rfind('/') + 1);
    database.Run(fmt::format("ALTER DATABASE {} SET {}", name, setting));
  }
  const double error = 0.1 + 0.2, joules = 1.0 / 3.0, seconds = 1e-300 / 7.0;
  const std::string text = "back\\slash, quote ' and a snowman \xE2\x98\x83";
  const auto store = database.Open();
  Require(store->CreateStudy(SampleStudy(), At(1)));
  for (int k = 0; k < 3; ++k) Require(store->AddTrial(1, SampleTrial(k), {}, At(2)));
  Require(store->AddElapsed(1, Seconds(seconds)));
  Require(store->AddEvent(1, "kind", text, At(2)));
  const Claim claim = ClaimNext(*store, 1, "w", At(3));
  usleep(500'000);  // longer than a session may be idle
  Require(store->FinishAttempt(claim, Completed({{"error", error}}, joules), {}, At(4)));
  for (const OpenMode mode : {OpenMode::kWrite, OpenMode::kRead}) {
    const auto reader = database.Open(mode);
    const Trial trial = Require(reader->LoadTrial(1, claim.trial));
    CHECK(trial.values.at("error") == error);
    CHECK(FindFigure(trial.energy, "total")->joules.value() == joules);
    CHECK(Require(reader->Elapsed(1)).value() == seconds);
    CHECK(Require(reader->LoadEvents(1)).front().message == text);
  }
  database.Run("SELECT pg_sleep(0.2)");  // longer than a statement may take
}

TEST_CASE("nobody is told to begin again where a database asks for serializable transactions") {
  PostgresDatabase database;
  database.Run("ALTER DATABASE " + database.url().substr(database.url().rfind('/') + 1) +
               " SET default_transaction_isolation = serializable");
  Fill(database, 60);
  std::vector<std::thread> workers;
  std::array<int, 4> codes{};
  for (std::size_t i = 0; i < codes.size(); ++i) {
    workers.emplace_back([&, i] { codes[i] = Work(database.url(), fmt::format("w{}", i)); });
  }
  for (std::thread& worker : workers) worker.join();
  CHECK(codes == std::array<int, 4>{});
  CHECK(Require(database.Open()->CountTrials(1)).complete == 60);
}

TEST_CASE("a server that is read-only since another leads is away for a while, and asked again") {
  PostgresDatabase database;
  auto connection = PostgresConnection::Open(database.url(), false, Clock::kCallers);
  REQUIRE(connection);
  const auto refused = (*connection)->Execute("BEGIN READ ONLY; CREATE TABLE public.t (x int)");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kUnreachable);
  CHECK_THAT(refused.error().message, Catch::Contains("read-only"));
  CHECK((*connection)->Execute("CREATE TABLE public.t (x int)"));  // in a new connection
}

TEST_CASE("a database whose texts are not UTF-8 is refused before a store is made in it") {
  PostgresDatabase database;
  const auto slash = database.url().rfind('/') + 1;
  const std::string name = database.url().substr(slash) + "_latin";
  database.Run("CREATE DATABASE " + name + " ENCODING LATIN1 LOCALE 'C' TEMPLATE template0");
  const Error error = OpenError(database.url().substr(0, slash) + name, OpenMode::kCreate);
  CHECK(error.code == ErrorCode::kInvalidArgument);
  CHECK_THAT(error.message, Catch::Contains("LATIN1") && Catch::Contains("createdb"));
  database.Run("DROP DATABASE " + name + " WITH (FORCE)");
}

TEST_CASE("what is wrong with a PostgreSQL store's address is said") {
  PostgresDatabase database;
  const std::string server = database.url().substr(0, database.url().rfind('/') + 1);
  SECTION("a password in the URL") {
    const std::string with = "postgresql://joulefront:secret@127.0.0.1/db";
    const Error error = OpenError(with);
    CHECK(error.code == ErrorCode::kInvalidArgument);
    CHECK_THAT(error.message, Catch::Contains("PGPASSWORD") && !Catch::Contains("secret"));
    CHECK(OpenError("postgresql://127.0.0.1/db?password=x").code == ErrorCode::kInvalidArgument);
  }
  SECTION("no such database") {
    const Error error = OpenError(server + "nowhere");
    CHECK(error.code == ErrorCode::kUnreachable);
    CHECK_THAT(error.message, Catch::Contains("nowhere\" does not exist"));
  }
  SECTION("no server") {
    const Error error = OpenError("postgresql://joulefront@127.0.0.1:1/db");
    CHECK(error.code == ErrorCode::kUnreachable);
    CHECK_THAT(error.message, Catch::Contains("Connection refused"));
  }
  SECTION("encryption demanded of a server without") {
    const Error error = OpenError(database.url() + "?sslmode=require");
    CHECK(error.code == ErrorCode::kUnreachable);
    CHECK_THAT(error.message, Catch::Contains("SSL"));
  }
  SECTION("a database without a store") {
    const Error error = OpenError(database.url());
    CHECK(error.code == ErrorCode::kNotFound);
    CHECK_THAT(error.message, Catch::Contains("no joulefront store yet"));
  }
  SECTION("a store of a newer version") {
    database.Open();
    database.Run("UPDATE joulefront.store_version SET version = 99");
    const Error error = OpenError(database.url());
    CHECK(error.code == ErrorCode::kCorrupt);
    CHECK_THAT(error.message, Catch::Contains("a newer joulefront"));
  }
  SECTION("a user without rights") {
    Fill(database, 1);
    database.Run(fmt::format("CREATE ROLE stranger_{} LOGIN", getpid()));
    std::string url = database.url();
    url.replace(url.find("joulefront@"), 10, fmt::format("stranger_{}", getpid()));
    CHECK(OpenError(url).code == ErrorCode::kCorrupt);
    CHECK_THAT(OpenError(url).message, Catch::Contains("may not do that"));
    database.Run(fmt::format("DROP ROLE stranger_{}", getpid()));
  }
}
