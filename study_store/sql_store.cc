// Studies and events of a store in a database.
#include "study_store/sql_store.h"

#include <fmt/format.h>

namespace joulefront {

Error SqlStore::NoSuchStudy(StudyId study) const {
  return {ErrorCode::kNotFound, fmt::format("{} has no study {}", connection_->name(), study)};
}

Error SqlStore::LeaseLost(const Claim& claim) const {
  return {ErrorCode::kLeaseLost,
          fmt::format("{}: attempt {} of trial {} is no longer worker {}'s", connection_->name(),
                      claim.attempt, claim.trial, claim.worker)};
}

Result<void> SqlStore::RequireStudy(StudyId study) {
  auto query = connection_->Prepare("SELECT 1 FROM study WHERE id = ?1");
  if (!query) return Pass(query);
  auto row = query->Bind(study).Step();
  if (!row) return Pass(row);
  if (!*row) return tl::unexpected(NoSuchStudy(study));
  return {};
}

Result<StudyId> SqlStore::CreateStudy(const Study& study, TimePoint now) {
  const std::string definition = DefinitionJson(study);
  return connection_->Write(Survives::kPowerCut, {}, [&]() -> Result<StudyId> {
    auto query = connection_->Prepare(
        "INSERT INTO study (name, created_ms, definition_hash, settings, definition)"
        " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (name) DO NOTHING RETURNING id");
    if (!query) return Pass(query);
    auto row = query
                   ->Bind(study.name, There(now), DefinitionHash(definition), SettingsJson(study),
                          definition)
                   .Step();
    if (!row) return Pass(row);
    if (!*row) {
      return Fail(ErrorCode::kConflict,
                  fmt::format("{} has a study '{}' already", connection_->name(), study.name));
    }
    const StudyId id = query->Int(0);
    JF_TRY(query->Run());
    return id;
  });
}

Result<std::vector<StudyEntry>> SqlStore::ListStudies() {
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

Result<Study> SqlStore::LoadStudy(StudyId study) {
  auto query = connection_->Prepare("SELECT definition, settings FROM study WHERE id = ?1");
  if (!query) return Pass(query);
  auto row = query->Bind(study).Step();
  if (!row) return Pass(row);
  if (!*row) return tl::unexpected(NoSuchStudy(study));
  auto loaded = StudyFromJson(query->String(0), query->String(1));
  if (!loaded) return Pass(loaded, connection_->name());
  return loaded;
}

Result<void> SqlStore::UpdateSettings(StudyId study, const Study& changed) {
  return connection_->Write(Survives::kProcess, study, [&]() -> Result<void> {
    auto query = connection_->Prepare("UPDATE study SET settings = ?2 WHERE id = ?1");
    if (!query) return Pass(query);
    auto rows = query->Bind(study, SettingsJson(changed)).Run();
    if (!rows) return Pass(rows);
    if (*rows == 0) return tl::unexpected(NoSuchStudy(study));
    return {};
  });
}

Result<void> SqlStore::SetOpen(StudyId study, bool open) {
  return connection_->Write(Survives::kProcess, study, [&]() -> Result<void> {
    auto query = connection_->Prepare("UPDATE study SET open = ?2 WHERE id = ?1");
    if (!query) return Pass(query);
    auto rows = query->Bind(study, open).Run();
    if (!rows) return Pass(rows);
    if (*rows == 0) return tl::unexpected(NoSuchStudy(study));
    return connection_->Announce(study);
  });
}

Result<bool> SqlStore::IsOpen(StudyId study) {
  auto query = connection_->Prepare("SELECT open FROM study WHERE id = ?1");
  if (!query) return Pass(query);
  auto row = query->Bind(study).Step();
  if (!row) return Pass(row);
  if (!*row) return tl::unexpected(NoSuchStudy(study));
  return query->Int(0) != 0;
}

Result<void> SqlStore::AddElapsed(StudyId study, Seconds elapsed) {
  return connection_->Write(Survives::kProcess, study, [&]() -> Result<void> {
    auto query = connection_->Prepare("UPDATE study SET elapsed_s = elapsed_s + ?2 WHERE id = ?1");
    if (!query) return Pass(query);
    auto rows = query->Bind(study, elapsed.value()).Run();
    if (!rows) return Pass(rows);
    if (*rows == 0) return tl::unexpected(NoSuchStudy(study));
    return {};
  });
}

Result<Seconds> SqlStore::Elapsed(StudyId study) {
  auto query = connection_->Prepare("SELECT elapsed_s FROM study WHERE id = ?1");
  if (!query) return Pass(query);
  auto row = query->Bind(study).Step();
  if (!row) return Pass(row);
  if (!*row) return tl::unexpected(NoSuchStudy(study));
  return Seconds(query->Real(0));
}

Result<void> SqlStore::AddEvent(StudyId study, const std::string& kind, const std::string& message,
                                TimePoint now) {
  return connection_->Write(Survives::kProcess, study, [&]() -> Result<void> {
    JF_TRY(RequireStudy(study));
    auto query = connection_->Prepare(
        "INSERT INTO event (study, at_ms, kind, message) VALUES (?1, ?2, ?3, ?4)");
    if (!query) return Pass(query);
    JF_TRY(query->Bind(study, There(now), kind, message).Run());
    return {};
  });
}

Result<std::vector<Event>> SqlStore::LoadEvents(StudyId study) {
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
