// Studies and events of the SQLite store.
#include "study_store/sqlite_store.h"

#include <fmt/format.h>

namespace joulefront {

Error SqliteStore::NoSuchStudy(StudyId study) const {
  return {ErrorCode::kNotFound, fmt::format("{} has no study {}", connection_->path(), study)};
}

Error SqliteStore::LeaseLost(const Claim& claim) const {
  return {ErrorCode::kLeaseLost,
          fmt::format("{}: attempt {} of trial {} is no longer worker {}'s", connection_->path(),
                      claim.attempt, claim.trial, claim.worker)};
}

Result<void> SqliteStore::RequireStudy(StudyId study) {
  auto query = connection_->Prepare("SELECT 1 FROM study WHERE id = ?1");
  if (!query) return Pass(query);
  auto row = query->Bind(study).Step();
  if (!row) return Pass(row);
  if (!*row) return tl::unexpected(NoSuchStudy(study));
  return {};
}

Result<StudyId> SqliteStore::CreateStudy(const Study& study, TimePoint now) {
  const std::string definition = DefinitionJson(study);
  return connection_->Write(Survives::kPowerCut, [&]() -> Result<StudyId> {
    auto query = connection_->Prepare(
        "INSERT INTO study (name, created_ms, definition_hash, settings, definition)"
        " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (name) DO NOTHING RETURNING id");
    if (!query) return Pass(query);
    auto row =
        query->Bind(study.name, now, DefinitionHash(definition), SettingsJson(study), definition)
            .Step();
    if (!row) return Pass(row);
    if (!*row) {
      return Fail(ErrorCode::kConflict,
                  fmt::format("{} has a study '{}' already", connection_->path(), study.name));
    }
    const StudyId id = query->Int(0);
    JF_TRY(query->Run());
    return id;
  });
}

Result<std::vector<StudyEntry>> SqliteStore::ListStudies() {
  auto query = connection_->Prepare("SELECT id, name, created_ms FROM study ORDER BY id");
  if (!query) return Pass(query);
  std::vector<StudyEntry> entries;
  while (true) {
    auto row = query->Step();
    if (!row) return Pass(row);
    if (!*row) return entries;
    entries.push_back({.id = query->Int(0), .name = query->String(1), .created = query->Time(2)});
  }
}

Result<Study> SqliteStore::LoadStudy(StudyId study) {
  auto query = connection_->Prepare("SELECT definition, settings FROM study WHERE id = ?1");
  if (!query) return Pass(query);
  auto row = query->Bind(study).Step();
  if (!row) return Pass(row);
  if (!*row) return tl::unexpected(NoSuchStudy(study));
  auto loaded = StudyFromJson(query->String(0), query->String(1));
  if (!loaded) return Pass(loaded, connection_->path());
  return loaded;
}

Result<void> SqliteStore::UpdateSettings(StudyId study, const Study& changed) {
  return connection_->Write(Survives::kProcess, [&]() -> Result<void> {
    auto query = connection_->Prepare("UPDATE study SET settings = ?2 WHERE id = ?1");
    if (!query) return Pass(query);
    auto rows = query->Bind(study, SettingsJson(changed)).Run();
    if (!rows) return Pass(rows);
    if (*rows == 0) return tl::unexpected(NoSuchStudy(study));
    return {};
  });
}

Result<void> SqliteStore::SetOpen(StudyId study, bool open) {
  return connection_->Write(Survives::kProcess, [&]() -> Result<void> {
    auto query = connection_->Prepare("UPDATE study SET open = ?2 WHERE id = ?1");
    if (!query) return Pass(query);
    auto rows = query->Bind(study, open).Run();
    if (!rows) return Pass(rows);
    if (*rows == 0) return tl::unexpected(NoSuchStudy(study));
    return {};
  });
}

Result<bool> SqliteStore::IsOpen(StudyId study) {
  auto query = connection_->Prepare("SELECT open FROM study WHERE id = ?1");
  if (!query) return Pass(query);
  auto row = query->Bind(study).Step();
  if (!row) return Pass(row);
  if (!*row) return tl::unexpected(NoSuchStudy(study));
  return query->Int(0) != 0;
}

Result<void> SqliteStore::AddElapsed(StudyId study, Seconds elapsed) {
  return connection_->Write(Survives::kProcess, [&]() -> Result<void> {
    auto query = connection_->Prepare("UPDATE study SET elapsed_s = elapsed_s + ?2 WHERE id = ?1");
    if (!query) return Pass(query);
    auto rows = query->Bind(study, elapsed.value()).Run();
    if (!rows) return Pass(rows);
    if (*rows == 0) return tl::unexpected(NoSuchStudy(study));
    return {};
  });
}

Result<Seconds> SqliteStore::Elapsed(StudyId study) {
  auto query = connection_->Prepare("SELECT elapsed_s FROM study WHERE id = ?1");
  if (!query) return Pass(query);
  auto row = query->Bind(study).Step();
  if (!row) return Pass(row);
  if (!*row) return tl::unexpected(NoSuchStudy(study));
  return Seconds(query->Real(0));
}

Result<void> SqliteStore::AddEvent(StudyId study, const std::string& kind,
                                   const std::string& message, TimePoint now) {
  return connection_->Write(Survives::kProcess, [&]() -> Result<void> {
    JF_TRY(RequireStudy(study));
    auto query = connection_->Prepare(
        "INSERT INTO event (study, at_ms, kind, message) VALUES (?1, ?2, ?3, ?4)");
    if (!query) return Pass(query);
    JF_TRY(query->Bind(study, now, kind, message).Run());
    return {};
  });
}

Result<std::vector<std::string>> SqliteStore::FindDamage() {
  std::vector<std::string> damage;
  auto pages = connection_->Prepare("PRAGMA integrity_check(20)");
  if (!pages) return Pass(pages);
  while (true) {
    auto row = pages->Step();
    if (!row) {  // the check itself came upon what cannot be read
      damage.push_back(row.error().message);
      return damage;
    }
    if (!*row) break;
    if (pages->Text(0) != "ok") damage.push_back(pages->String(0));
  }
  auto keys = connection_->Prepare(
      "SELECT \"table\", count(*) FROM pragma_foreign_key_check"
      " GROUP BY \"table\"");
  if (!keys) return Pass(keys);
  while (true) {
    auto row = keys->Step();
    if (!row) return Pass(row);
    if (!*row) return damage;
    damage.push_back(
        fmt::format("{} row(s) of table {} belong to nothing", keys->Int(1), keys->Text(0)));
  }
}

Result<std::vector<Event>> SqliteStore::LoadEvents(StudyId study) {
  JF_TRY(RequireStudy(study));
  auto query =
      connection_->Prepare("SELECT at_ms, kind, message FROM event WHERE study = ?1 ORDER BY id");
  if (!query) return Pass(query);
  query->Bind(study);
  std::vector<Event> events;
  while (true) {
    auto row = query->Step();
    if (!row) return Pass(row);
    if (!*row) return events;
    events.push_back({.at = query->Time(0), .kind = query->String(1), .message = query->String(2)});
  }
}

}  // namespace joulefront
