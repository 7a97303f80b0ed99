// SQL as the stores use it, whichever database answers: a connection that keeps its statements
// prepared, one run of a statement, and transactions. Private to study_store.
//
// The SQL is what SQLite and PostgreSQL both understand, parameters written ?1, ?2, ...; what is
// SQLite's alone (INDEXED BY, CROSS JOIN for the order of a join) the other leaves out.
//
// A connection belongs to one thread and never crosses a fork.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "study_store/store.h"

namespace joulefront {

enum class SqlType { kInt, kReal, kText };

/// A prepared statement, which its connection keeps. Parameters count from 1, columns from 0.
class SqlStatement {
 public:
  virtual ~SqlStatement() = default;
  virtual void BindInt(int index, std::int64_t value) = 0;
  virtual void BindReal(int index, double value) = 0;
  virtual void BindText(int index, std::string_view value) = 0;
  virtual void BindNull(int index, SqlType type) = 0;
  /// Whether there is a row; then its columns hold until the next Step().
  virtual Result<bool> Step() = 0;
  /// How many rows the run changed that has ended.
  virtual std::int64_t Changed() const = 0;
  /// Ready for the next run.
  virtual void Reset() = 0;
  virtual bool IsNull(int column) const = 0;
  virtual std::int64_t Int(int column) const = 0;
  virtual double Real(int column) const = 0;
  virtual std::string_view Text(int column) const = 0;
};

/// One run of a prepared statement; the destructor makes the statement ready for the next.
class Query {
 public:
  explicit Query(SqlStatement* statement) : statement_(statement) {}
  Query(Query&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query() {
    if (statement_ != nullptr) statement_->Reset();
  }

  /// Binds ?1, ?2, ...: integers, bools, TimePoints, doubles, text, and optionals of them (NULL).
  template <typename... Args>
  Query& Bind(const Args&... args) {
    int index = 0;
    (BindOne(++index, args), ...);
    return *this;
  }

  /// Whether there is a row; then the columns, from 0, hold until the next Step().
  Result<bool> Step() { return statement_->Step(); }
  /// Runs to the end, and gives the number of rows changed.
  Result<std::int64_t> Run();

  /// For whoever binds columns one by one.
  SqlStatement& statement() { return *statement_; }

  bool IsNull(int column) const { return statement_->IsNull(column); }
  std::int64_t Int(int column) const { return statement_->Int(column); }
  double Real(int column) const { return statement_->Real(column); }
  std::string_view Text(int column) const { return statement_->Text(column); }
  std::string String(int column) const { return std::string(Text(column)); }
  TimePoint Time(int column) const { return TimePoint(std::chrono::milliseconds(Int(column))); }

 private:
  template <typename T>
  static constexpr SqlType TypeOf() {
    if constexpr (std::is_integral_v<T> || std::is_same_v<T, TimePoint>) return SqlType::kInt;
    return std::is_floating_point_v<T> ? SqlType::kReal : SqlType::kText;
  }

  template <typename T>
  void BindOne(int index, const T& value) {
    if constexpr (std::is_integral_v<T>) {
      statement_->BindInt(index, static_cast<std::int64_t>(value));
    } else if constexpr (std::is_same_v<T, TimePoint>) {
      statement_->BindInt(index, value.time_since_epoch().count());
    } else if constexpr (std::is_floating_point_v<T>) {
      statement_->BindReal(index, value);
    } else if constexpr (std::is_convertible_v<T, std::string_view>) {
      statement_->BindText(index, value);
    } else if (value) {
      BindOne(index, *value);
    } else {
      statement_->BindNull(index, TypeOf<typename T::value_type>());
    }
  }

  SqlStatement* statement_;  // owned by the connection; null once moved from
};

/// What a write transaction survives once it is committed: a crash of the process (kProcess), or
/// of the machine too (kPowerCut), which costs an fsync.
enum class Survives { kProcess, kPowerCut };

/// What a write transaction has for itself from its beginning on, where a database lets several
/// write at once: a whole study, or one attempt of it, or nothing.
struct WriteLock {
  WriteLock() = default;
  WriteLock(StudyId whole) : study(whole) {}
  WriteLock(const Claim& claim) : study(claim.study), trial(claim.trial), attempt(claim.attempt) {}
  std::optional<StudyId> study;
  std::optional<TrialNumber> trial;  // and attempt: this one alone
  int attempt = 0;
};

class SqlConnection {
 public:
  virtual ~SqlConnection() = default;

  /// What messages call the store.
  const std::string& name() const { return name_; }

  /// The prepared statement is kept under its text. No two Query of one text at once.
  virtual Result<Query> Prepare(std::string_view sql) = 0;

  /// Runs `body`, which returns a Result, in one transaction. If it fails nothing has happened.
  template <typename Body>
  auto Write(Survives survives, const WriteLock& lock, Body body) -> decltype(body()) {
    JF_TRY(BeginWrite(survives, lock));
    return Finish(body());
  }
  /// Runs `body` on one snapshot.
  template <typename Body>
  auto Read(Body body) -> decltype(body()) {
    JF_TRY(BeginRead());
    return Finish(body());
  }

  /// Whether machines may share it.
  virtual bool IsShared() const = 0;
  /// What the clock that leases go by is ahead of this machine's, as it was at the last write.
  virtual std::chrono::milliseconds ClockAhead() const { return std::chrono::milliseconds(0); }
  /// As StudyStore's.
  virtual Result<std::vector<std::string>> FindDamage() = 0;
  virtual Result<bool> TryLead(const std::string& /*study*/) { return true; }
  virtual int NewsFd(StudyId) { return -1; }
  virtual bool TakeNews() { return false; }
  /// Within a transaction: once it is committed, everybody's NewsFd(study) is readable.
  virtual Result<void> Announce(StudyId) { return {}; }
  /// Whether the last commit was sent and not answered, so that it may have happened.
  virtual bool WasInDoubt() const { return false; }

 protected:
  explicit SqlConnection(std::string name) : name_(std::move(name)) {}
  virtual Result<void> BeginWrite(Survives survives, const WriteLock& lock) = 0;
  virtual Result<void> BeginRead() = 0;
  virtual Result<void> Commit() = 0;
  virtual void Rollback() = 0;

 private:
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

  std::string name_;
};

/// What is read is not what was written; `what` says where.
tl::unexpected<Error> Damaged(const SqlConnection& store, const std::string& what);

}  // namespace joulefront
