// Copies studies from a store to another, whichever databases they are in.
#include <fmt/format.h>

#include <map>

#include "study_store/sql_energy.h"
#include "study_store/sql_store.h"

namespace joulefront {
namespace {

struct Column {
  const char* name;
  SqlType type;
};

struct CopiedTable {
  const char* name;
  std::vector<Column> columns;  // without `study`, which stands before them
};

constexpr SqlType kI = SqlType::kInt, kR = SqlType::kReal, kT = SqlType::kText;

/// Every table that belongs to a study, in an order in which rows find what they refer to.
const std::vector<CopiedTable>& CopiedTables() {
  static const std::vector<CopiedTable> tables = {
      {"trial",
       {{"number", kI},
        {"state", kT},
        {"attempts", kI},
        {"revision", kI},
        {"created_ms", kI},
        {"finished_ms", kI},
        {"seed", kI},
        {"proposed_by", kT},
        {"failure", kT},
        {"message", kT},
        {"reason", kT},
        {"configuration", kT},
        {"continues", kI},
        {"foreseen_j", kR},
        {"basis", kT}}},
      {"trial_value", {{"trial", kI}, {"name", kT}, {"value", kR}}},
      {"attempt",
       {{"trial", kI},
        {"number", kI},
        {"state", kT},
        {"worker", kT},
        {"host", kT},
        {"boot_id", kT},
        {"pid", kI},
        {"start_ticks", kI},
        {"started_ms", kI},
        {"lease_until_ms", kI},
        {"ended_ms", kI},
        {"failure", kT},
        {"message", kT},
        {"kind", kT}}},
      {"progress", {{"trial", kI}, {"attempt", kI}, {"step", kI}, {"at_ms", kI}, {"joules", kR}}},
      {"progress_value",
       {{"trial", kI}, {"attempt", kI}, {"step", kI}, {"name", kT}, {"value", kR}}},
      {"energy",
       {{"trial", kI},
        {"attempt", kI},
        {"position", kI},
        {"phase", kT},
        {"wall_s", kR},
        {"cpu_s", kR},
        {"joules", kR},
        {"coverage", kR},
        {"own_uncertainty", kR},
        {"provenance", kI},
        {"measured_j", kR},
        {"idle_j", kR},
        {"others_j", kR},
        {"idle_of_others_j", kR},
        {"residual_j", kR},
        {"domains", kT}}},
      {"confirmed_value", {{"trial", kI}, {"attempt", kI}, {"name", kT}, {"value", kR}}},
      {"search_energy",
       {{"provenance", kI},
        {"wall_s", kR},
        {"cpu_s", kR},
        {"joules", kR},
        {"coverage", kR},
        {"own_uncertainty", kR}}},
      {"event", {{"at_ms", kI}, {"kind", kT}, {"message", kT}}},
  };
  return tables;
}

/// "SELECT a, b FROM t WHERE study = ?1", and "INSERT INTO t (study, a, b) VALUES (?1, ?2, ?3)".
std::pair<std::string, std::string> Statements(const CopiedTable& table) {
  std::string names, places = "?1";
  for (std::size_t k = 0; k < table.columns.size(); ++k) {
    names += fmt::format("{}{}", k == 0 ? "" : ", ", table.columns[k].name);
    places += fmt::format(", ?{}", k + 2);
  }
  // Events have no key but their order.
  const bool events = std::string_view(table.name) == "event";
  return {fmt::format("SELECT {} FROM {} WHERE study = ?1{}", names, table.name,
                      events ? " ORDER BY id" : ""),
          fmt::format("INSERT INTO {} (study, {}) VALUES ({})", table.name, names, places)};
}

/// Ids of provenances in the one store, in the other.
using Renumbered = std::map<std::int64_t, std::int64_t>;

void BindColumn(SqlStatement& target, int index, const Column& column, const Query& row, int at,
                const Renumbered& provenances) {
  if (row.IsNull(at)) return target.BindNull(index, column.type);
  if (column.type == kR) return target.BindReal(index, row.Real(at));
  if (column.type == kT) return target.BindText(index, row.Text(at));
  const std::int64_t value = row.Int(at);
  const bool provenance = std::string_view(column.name) == "provenance";
  target.BindInt(index, provenance ? provenances.at(value) : value);
}

Result<void> CopyTable(const CopiedTable& table, SqlConnection& from, StudyId study,
                       SqlConnection& to, StudyId copy, const Renumbered& provenances) {
  const auto [select, insert] = Statements(table);
  auto rows = from.Prepare(select);
  if (!rows) return Pass(rows);
  rows->Bind(study);
  while (true) {
    auto row = rows->Step();
    if (!row) return Pass(row);
    if (!*row) return {};
    auto target = to.Prepare(insert);
    if (!target) return Pass(target);
    target->Bind(copy);
    for (std::size_t k = 0; k < table.columns.size(); ++k) {
      BindColumn(target->statement(), static_cast<int>(k) + 2, table.columns[k], *rows,
                 static_cast<int>(k), provenances);
    }
    JF_TRY(target->Run());
  }
}

}  // namespace

Result<StudyId> SqlStore::CopyStudyFrom(SqlStore& other, StudyId study) {
  return other.connection_->Read([&]() -> Result<StudyId> {
    return connection_->Write(Survives::kPowerCut, {}, [&]() -> Result<StudyId> {
      auto row = other.connection_->Prepare(
          "SELECT name, open, elapsed_s, created_ms, definition_hash, settings, definition"
          " FROM study WHERE id = ?1");
      if (!row) return Pass(row);
      auto there = row->Bind(study).Step();
      if (!there) return Pass(there);
      if (!*there) return tl::unexpected(other.NoSuchStudy(study));
      auto insert = connection_->Prepare(
          "INSERT INTO study (name, open, elapsed_s, created_ms, definition_hash, settings,"
          " definition) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (name) DO NOTHING"
          " RETURNING id");
      if (!insert) return Pass(insert);
      auto made = insert
                      ->Bind(row->Text(0), row->Int(1), row->Real(2), row->Int(3), row->Text(4),
                             row->Text(5), row->Text(6))
                      .Step();
      if (!made) return Pass(made);
      if (!*made) {
        return Fail(ErrorCode::kConflict,
                    fmt::format("{} has a study '{}' already; copy the others one by one (--study "
                                "NAME), or into another store",
                                connection_->name(), row->Text(0)));
      }
      const StudyId copy = insert->Int(0);
      auto provenances = ReadProvenances(*other.connection_);
      if (!provenances) return Pass(provenances);
      Renumbered renumbered;
      for (const auto& [id, provenance] : *provenances) {
        auto mine = ProvenanceId(provenance);
        if (!mine) return Pass(mine);
        renumbered[id] = *mine;
      }
      for (const CopiedTable& table : CopiedTables()) {
        JF_TRY(CopyTable(table, *other.connection_, study, *connection_, copy, renumbered));
      }
      return copy;
    });
  });
}

Result<std::vector<std::string>> CopyStudies(const std::string& from, const std::string& to,
                                             const std::optional<std::string>& name) {
  auto source = OpenStore(from, OpenMode::kRead);
  if (!source) return Pass(source);
  auto studies = (*source)->ListStudies();
  if (!studies) return Pass(studies);
  if (name) std::erase_if(*studies, [&](const StudyEntry& entry) { return entry.name != *name; });
  if (studies->empty()) {
    return Fail(ErrorCode::kNotFound,
                fmt::format("{} holds no study{}", from, name ? " '" + *name + "'" : ""));
  }
  auto target = OpenStore(to, OpenMode::kCreate);
  if (!target) return Pass(target);
  // Whatever OpenStore() opens is one.
  auto& into = static_cast<SqlStore&>(**target);
  std::vector<std::string> copied;
  for (const StudyEntry& entry : *studies) {
    JF_TRY(into.CopyStudyFrom(static_cast<SqlStore&>(**source), entry.id));
    copied.push_back(entry.name);
  }
  return copied;
}

}  // namespace joulefront
