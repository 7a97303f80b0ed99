#include "study_store/postgres_connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/check.h"
#include "base/printable.h"

namespace joulefront {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How long the server is waited for before the connection counts as lost. Locks are waited for no
// longer than the server's lock_timeout below, so a silent server is gone.
constexpr milliseconds kPatience{15'000};
constexpr milliseconds kFirstPause{100}, kLongestPause{5'000};

// Types of parameters, of PostgreSQL's catalogue pg_type.
constexpr Oid kInt8 = 20, kFloat8 = 701, kTextType = 25;

// Whoever holds a lock and falls silent is ended by the server, before others give up. What a role,
// a database, a server or PGOPTIONS may have set otherwise is set here: how numbers, times and
// texts are written (a double to its last bit), what a transaction sees and may do, and what ends
// it.
constexpr const char* kSession =
    "SET search_path = joulefront; SET synchronous_commit = off; SET lock_timeout = '12s';"
    " SET idle_in_transaction_session_timeout = '8s'; SET client_min_messages = warning;"
    " SET extra_float_digits = 3; SET client_encoding = 'UTF8'; SET standard_conforming_strings = "
    "on;"
    " SET datestyle = 'ISO, YMD'; SET intervalstyle = 'iso_8601'; SET timezone = 'UTC';"
    " SET bytea_output = 'hex'; SET transform_null_equals = off; SET row_security = on;"
    " SET default_transaction_isolation = 'read committed';"
    " SET default_transaction_deferrable = off; SET statement_timeout = 0;"
    // Not every version has these.
    " SELECT set_config(name, '0', false) FROM pg_catalog.pg_settings"
    " WHERE name IN ('idle_session_timeout', 'transaction_timeout');";
constexpr const char* kReadOnly = " SET default_transaction_read_only = on";
constexpr const char* kReadWrite = " SET default_transaction_read_only = off";

// Written to a server that only follows another: after a failover, until the next one.
constexpr std::string_view kStandby = "25006";

/// Our SQL has no '?' but before the number of a parameter.
std::string InPostgresWords(std::string_view sql) {
  std::string text(sql);
  std::replace(text.begin(), text.end(), '?', '$');
  constexpr std::string_view kIndexed = " INDEXED BY ", kCross = "CROSS JOIN";
  for (std::size_t at = 0; (at = text.find(kIndexed, at)) != text.npos;) {
    const auto end = text.find(' ', at + kIndexed.size());
    text.erase(at, std::min(end, text.size()) - at);
  }
  for (std::size_t at = 0; (at = text.find(kCross, at)) != text.npos;) {
    text.replace(at, kCross.size(), "JOIN");
  }
  return text;
}

template <typename T>
T Parse(std::string_view text) {
  T value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// What PostgreSQL takes for a text: UTF-8 without NUL. Anything else is made so.
std::string Clean(std::string_view text) {
  bool good = text.find('\0') == std::string_view::npos;
  for (std::size_t i = 0; good && i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t more = lead < 0x80 ? 0 : lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    // Printable() knows what is a character; it leaves those that are as they are.
    if (more > 0) {
      const std::string_view one = text.substr(i, more + 1);
      good = one.size() == more + 1 && Printable(one) == one;
    }
    i += more + 1;
  }
  return good ? std::string(text) : Printable(text);
}

}  // namespace

void PostgresResultDeleter::operator()(pg_result* result) const { PQclear(result); }

PostgresStatement::PostgresStatement(PostgresConnection& connection, std::string sql,
                                     std::string name)
    : connection_(connection), sql_(std::move(sql)), name_(std::move(name)) {}

void PostgresStatement::Set(int index, SqlType type, std::optional<std::string> value) {
  const auto at = static_cast<std::size_t>(index);
  if (types_.size() < at) types_.resize(at, SqlType::kText);
  if (values_.size() < at) values_.resize(at);
  types_[at - 1] = type;
  values_[at - 1] = std::move(value);
}

void PostgresStatement::BindInt(int index, std::int64_t value) {
  Set(index, SqlType::kInt, std::to_string(value));
}

void PostgresStatement::BindReal(int index, double value) {
  if (std::isnan(value)) return BindNull(index, SqlType::kReal);
  Set(index, SqlType::kReal,
      std::isinf(value) ? (value < 0 ? "-Infinity" : "Infinity") : fmt::format("{}", value));
}

void PostgresStatement::BindText(int index, std::string_view value) {
  Set(index, SqlType::kText, Clean(value));
}

void PostgresStatement::BindNull(int index, SqlType type) { Set(index, type, std::nullopt); }

Result<bool> PostgresStatement::Step() {
  if (result_) return ++row_ < PQntuples(result_.get());
  JF_TRY(connection_.EnsureConnected());
  if (prepared_in_ != connection_.session_) {
    std::vector<Oid> oids;
    for (const SqlType type : types_) {
      oids.push_back(type == SqlType::kInt ? kInt8 : type == SqlType::kReal ? kFloat8 : kTextType);
    }
    if (PQsendPrepare(connection_.handle_, name_.c_str(), sql_.c_str(),
                      static_cast<int>(oids.size()), oids.data()) == 0) {
      return tl::unexpected(connection_.Lost());
    }
    auto prepared = connection_.Await();
    if (!prepared) return Pass(prepared);
    prepared_in_ = connection_.session_;
  }
  std::vector<const char*> values;
  for (const auto& value : values_) values.push_back(value ? value->c_str() : nullptr);
  if (PQsendQueryPrepared(connection_.handle_, name_.c_str(), static_cast<int>(values.size()),
                          values.data(), nullptr, nullptr, 0) == 0) {
    return tl::unexpected(connection_.Lost());
  }
  auto result = connection_.Await();
  if (!result) return Pass(result);
  result_ = std::move(*result);
  row_ = 0;
  return PQntuples(result_.get()) > 0;
}

std::int64_t PostgresStatement::Changed() const {
  return result_ ? Parse<std::int64_t>(PQcmdTuples(result_.get())) : 0;
}

void PostgresStatement::Reset() {
  result_.reset();
  row_ = -1;
  std::fill(values_.begin(), values_.end(), std::nullopt);
}

bool PostgresStatement::IsNull(int column) const {
  return PQgetisnull(result_.get(), row_, column) != 0;
}

std::int64_t PostgresStatement::Int(int column) const {
  const std::string_view text = Text(column);
  return text == "t" ? 1 : Parse<std::int64_t>(text);
}

double PostgresStatement::Real(int column) const { return Parse<double>(Text(column)); }

std::string_view PostgresStatement::Text(int column) const {
  return {PQgetvalue(result_.get(), row_, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row_, column))};
}

PostgresConnection::PostgresConnection(const std::string& url, bool read_only, Clock clock)
    : SqlConnection(url), url_(url), read_only_(read_only), clock_(clock) {}

PostgresConnection::~PostgresConnection() {
  prepared_.clear();
  PQfinish(handle_);
}

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::Open(const std::string& url,
                                                                     bool read_only, Clock clock) {
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(url, read_only, clock));
  JF_TRY(connection->Connect());
  return connection;
}

std::string PostgresConnection::LastMessage() const {
  std::string text = PQerrorMessage(handle_);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return Printable(text);
}

Result<void> PostgresConnection::Connect() {
  PQfinish(handle_);
  ++session_;
  in_transaction_ = false;
  // What the URL and the environment say wins over the first three, and not over the last.
  const char* const words[] = {"fallback_application_name", "connect_timeout",
                               "tcp_user_timeout",          "dbname",
                               "client_encoding",           nullptr};
  const char* const values[] = {"joulefront", "5", "15000", url_.c_str(), "UTF8", nullptr};
  handle_ = PQconnectdbParams(words, values, /*expand_dbname=*/1);
  if (PQstatus(handle_) != CONNECTION_OK) {
    pause_ = std::clamp(2 * pause_, kFirstPause, kLongestPause);
    next_try_ = steady_clock::now() + pause_;
    return Fail(ErrorCode::kUnreachable, fmt::format("cannot open {}: {}", name(), LastMessage()));
  }
  pause_ = milliseconds(0);
  auto set = Execute(std::string(kSession) + (read_only_ ? kReadOnly : kReadWrite));
  if (set) return {};
  PQfinish(handle_);  // not to be used as it is
  handle_ = nullptr;
  return Pass(set);
}

Result<void> PostgresConnection::EnsureConnected() {
  if (handle_ != nullptr && PQstatus(handle_) == CONNECTION_OK) return {};
  if (in_transaction_) return tl::unexpected(Lost());
  if (steady_clock::now() < next_try_) {
    return Fail(ErrorCode::kUnreachable, fmt::format("{} cannot be reached", name()));
  }
  return Connect();
}

Error PostgresConnection::Lost() {
  Error error{ErrorCode::kUnreachable,
              fmt::format("the connection to {} was lost: {}", name(), LastMessage())};
  PQfinish(handle_);
  handle_ = nullptr;
  return error;
}

Result<PostgresResult> PostgresConnection::Await() {
  const auto give_up = steady_clock::now() + kPatience;
  PostgresResult last;
  std::optional<Error> error;
  bool is_standby = false;
  while (true) {
    while (PQflush(handle_) == 1 || PQisBusy(handle_) != 0) {
      const auto left = std::chrono::duration_cast<milliseconds>(give_up - steady_clock::now());
      pollfd fd{PQsocket(handle_), POLLIN, 0};
      if (left.count() <= 0 || fd.fd < 0) {
        PQfinish(handle_);
        handle_ = nullptr;
        return Fail(ErrorCode::kUnreachable, fmt::format("{} does not answer", name()));
      }
      poll(&fd, 1, static_cast<int>(left.count()));
      if (PQconsumeInput(handle_) == 0) return tl::unexpected(Lost());
    }
    PostgresResult next(PQgetResult(handle_));
    if (!next) break;
    const auto status = PQresultStatus(next.get());
    if (status == PGRES_FATAL_ERROR && !error) error = ErrorOf(next.get());
    const char* state = PQresultErrorField(next.get(), PG_DIAG_SQLSTATE);
    if (state != nullptr && kStandby == state) is_standby = true;
    last = std::move(next);
  }
  if (PQstatus(handle_) != CONNECTION_OK) return tl::unexpected(Lost());
  if (is_standby && !read_only_) {  // the next connection may be to the server that leads now
    PQfinish(handle_);
    handle_ = nullptr;
  }
  if (error) return tl::unexpected(std::move(*error));
  return last;
}

Result<PostgresResult> PostgresConnection::Execute(const std::string& script) {
  JF_TRY(EnsureConnected());
  if (PQsendQuery(handle_, script.c_str()) == 0) return tl::unexpected(Lost());
  return Await();
}

Result<Query> PostgresConnection::Prepare(std::string_view sql) {
  auto kept = prepared_.find(sql);
  if (kept == prepared_.end()) {
    auto made = std::make_unique<PostgresStatement>(*this, InPostgresWords(sql),
                                                    fmt::format("s{}", prepared_.size()));
    kept = prepared_.emplace(sql, std::move(made)).first;
  }
  return Query(kept->second.get());
}

Result<void> PostgresConnection::BeginWrite(Survives survives, const WriteLock& lock) {
  flush_ = survives == Survives::kPowerCut;
  std::string script = "BEGIN; ";
  if (lock.study && lock.trial) {
    script += fmt::format(
        "SELECT 1 FROM attempt WHERE study = {} AND trial = {} AND number = {}"
        " FOR NO KEY UPDATE; ",
        *lock.study, *lock.trial, lock.attempt);
  } else if (lock.study) {
    // Not the study's row: whoever may lock that may change it, which a worker need not.
    script += fmt::format("SELECT pg_advisory_xact_lock({}, {}); ", kStudyLocks, *lock.study);
  }
  auto clock = Execute(script + "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint");
  if (!clock) {
    Rollback();
    return Pass(clock);
  }
  in_transaction_ = true;
  if (clock_ == Clock::kServers) {
    const milliseconds there(Parse<std::int64_t>(PQgetvalue(clock->get(), 0, 0)));
    const auto here = std::chrono::system_clock::now().time_since_epoch();
    ahead_ = there - std::chrono::duration_cast<milliseconds>(here);
  }
  return {};
}

Result<void> PostgresConnection::BeginRead() {
  JF_TRY(Execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  in_transaction_ = true;
  flush_ = false;
  return {};
}

Result<void> PostgresConnection::Commit() {
  auto committed = Execute("COMMIT");
  in_transaction_ = false;
  // Not answered: it may have happened. Whoever asks again finds out.
  in_doubt_ = !committed && committed.error().code == ErrorCode::kUnreachable;
  if (!committed) return Pass(committed);
  if (std::string_view(PQcmdStatus(committed->get())) != "COMMIT") {
    return Fail(ErrorCode::kUnavailable, fmt::format("{}: the transaction had failed", name()));
  }
  if (!flush_) return {};
  // A record in the log, written at once, with all that is before it.
  auto flushed = Execute(
      "BEGIN; SET LOCAL synchronous_commit = on;"
      " SELECT pg_logical_emit_message(true, 'joulefront', ''); COMMIT");
  in_doubt_ = !flushed;
  if (!flushed) return Pass(flushed);
  return {};
}

void PostgresConnection::Rollback() {
  const bool alive = handle_ != nullptr && PQstatus(handle_) == CONNECTION_OK;
  if (alive && PQtransactionStatus(handle_) != PQTRANS_IDLE) {
    static_cast<void>(Execute("ROLLBACK"));
  }
  in_transaction_ = false;
}

Result<std::vector<std::string>> PostgresConnection::FindDamage() {
  auto tables =
      Execute("SELECT tablename FROM pg_tables WHERE schemaname = 'joulefront' ORDER BY 1");
  if (!tables) return Pass(tables);
  std::vector<std::string> damage;
  for (int row = 0; row < PQntuples(tables->get()); ++row) {
    const std::string table = PQgetvalue(tables->get(), row, 0);
    auto read =
        Execute(fmt::format("SELECT count(length(row::text)) FROM joulefront.{} AS row", table));
    if (read) continue;
    if (read.error().code == ErrorCode::kUnreachable) return Pass(read);
    damage.push_back(fmt::format("table {}: {}", table, read.error().message));
  }
  return damage;
}

Result<void> PostgresConnection::Announce(StudyId study) {
  JF_TRY(Execute(fmt::format("NOTIFY joulefront_study_{}", study)));
  return {};
}

int PostgresConnection::NewsFd(StudyId study) {
  if (!EnsureConnected()) return -1;
  if (listens_ != study || listening_in_ != session_) {
    if (!Execute(fmt::format("LISTEN joulefront_study_{}", study))) return -1;
    listens_ = study;
    listening_in_ = session_;
    news_ = true;  // what came before it listened is not told
  }
  return PQsocket(handle_);
}

bool PostgresConnection::TakeNews() {
  bool came = std::exchange(news_, false);
  if (handle_ == nullptr) return came;
  PQconsumeInput(handle_);
  while (PGnotify* note = PQnotifies(handle_)) {
    came = true;
    PQfreemem(note);
  }
  return came;
}

Result<bool> PostgresConnection::TryLead(const std::string& study) {
  JF_TRY(EnsureConnected());
  int& session = leads_in_[study];
  if (session == session_) return true;
  auto query = Prepare("SELECT pg_try_advisory_lock(?1::int, hashtext(?2))");
  if (!query) return Pass(query);
  JF_TRY(query->Bind(kLeaderLocks, study).Step());
  if (query->Int(0) == 0) return false;
  session = session_;
  return true;
}

Error PostgresConnection::ErrorOf(const pg_result* result) const {
  const char* code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string state = code == nullptr ? "" : code;
  const char* said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string why = Printable(said == nullptr ? "no reason given" : said);
  const auto is = [&](std::string_view prefix) { return state.starts_with(prefix); };
  if (is("55P03") || is("40")) {  // lock not available; deadlock, serialisation
    return {ErrorCode::kBusy,
            fmt::format("{} is locked by another process for too long; try again", name())};
  }
  if (is("42501")) {
    return {ErrorCode::kCorrupt,
            fmt::format("{}: this user may not do that ({}); docs/cluster.md lists what each needs",
                        name(), why)};
  }
  if (is("22") || is("23")) {
    return {ErrorCode::kInvalidArgument, fmt::format("{} refuses a record: {}", name(), why)};
  }
  if (is("42") || is("3F")) {
    return {ErrorCode::kCorrupt,
            fmt::format("{} is not a joulefront store of this version: {}", name(), why)};
  }
  if (is("XX001") || is("XX002")) {
    return {ErrorCode::kCorrupt, fmt::format("{} is damaged: {}", name(), why)};
  }
  // Shutting down, connection, idle for too long, a server that is read-only for now.
  if (is("57P") || is("08") || is("25P03") || state == kStandby) {
    return {ErrorCode::kUnreachable, fmt::format("{}: {}", name(), why)};
  }
  return {ErrorCode::kUnavailable, fmt::format("{}: {}", name(), why)};
}

}  // namespace joulefront
