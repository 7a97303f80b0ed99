#include "cli/studies.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "cli/console.h"
#include "cli/verbs.h"
#include "workers/process.h"
#include "workers/study_runner.h"

namespace joulefront {
namespace {

Result<StudyEntry> Choose(const std::vector<StudyEntry>& studies, const std::string& path,
                          const std::optional<std::string>& name, std::string_view flag) {
  if (studies.empty()) {
    return Fail(ErrorCode::kNotFound,
                fmt::format("'{}' holds no study yet; joulefront run makes one", path));
  }
  if (!name && studies.size() == 1) return studies.front();
  std::string names;
  for (const StudyEntry& entry : studies) {
    if (name && entry.name == *name) return entry;
    names += fmt::format(" {}", entry.name);
  }
  if (name) {
    return Fail(ErrorCode::kNotFound,
                fmt::format("'{}' holds no study '{}'; it has{}", path, *name, names));
  }
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' holds several studies; choose one with {}:{}", path, flag, names));
}

/// The study of that id in an open store.
Result<OpenedStudy> Load(std::string path, std::unique_ptr<StudyStore> store, StudyId id,
                         FileDescriptor lock = {}) {
  auto study = store->LoadStudy(id);
  if (!study) return Pass(study);
  return OpenedStudy{std::move(path), std::move(store), id, std::move(*study), std::move(lock)};
}

}  // namespace

std::string StorePathFor(const std::optional<std::string>& flag, const std::string& study_name) {
  if (flag) return *flag;
  const char* environment = std::getenv("JOULEFRONT_STORE");
  if (environment != nullptr && *environment != '\0') return environment;
  return study_name + ".db";
}

Result<StorePlace> FindStore(const std::string& where) {
  if (where.ends_with(".toml")) {
    auto file = ReadStudyFile(where);
    if (!file) return Pass(file);
    return StorePlace{StorePathFor(std::nullopt, file->study.name), file->study.name};
  }
  if (!where.empty()) return StorePlace{where, std::nullopt};
  std::string path = StorePathFor(std::nullopt, "");
  if (path != ".db") return StorePlace{std::move(path), std::nullopt};
  return Fail(ErrorCode::kInvalidArgument,
              "name a store, such as digits.db, or set JOULEFRONT_STORE");
}

Result<OpenedStudy> OpenStudy(const std::string& where, const std::optional<std::string>& name,
                              OpenMode mode, std::string_view flag) {
  auto place = FindStore(where);
  if (!place) return Pass(place);
  const auto& wanted = place->study ? place->study : name;
  auto store = OpenStore(place->path, mode);
  if (!store) return Pass(store);
  auto studies = (*store)->ListStudies();
  if (!studies) return Pass(studies);
  auto chosen = Choose(*studies, place->path, wanted, flag);
  if (!chosen) return Pass(chosen);
  return Load(std::move(place->path), std::move(*store), chosen->id);
}

Result<void> RequireSameDefinition(const Study& stored, const Study& in_file,
                                   const std::string& store_path) {
  const auto differences = DefinitionDifferences(DefinitionJson(stored), DefinitionJson(in_file));
  if (differences.empty()) return {};
  std::string message = fmt::format(
      "study '{}' in '{}' was begun with another definition, and results of two definitions "
      "cannot be mixed:\n",
      in_file.name, store_path);
  for (const std::string& difference : differences) message += "  " + difference + "\n";
  return Fail(ErrorCode::kInvalidArgument,
              message +
                  "undo the change, or begin a new study with the front of this one: "
                  "--branch NAME, or another --store");
}

std::string BudgetText(const Budget& budget) {
  std::vector<std::string> parts;
  if (budget.trials) parts.push_back(fmt::format("{} trials", *budget.trials));
  if (budget.energy) parts.push_back(FormatJoules(*budget.energy));
  if (budget.time) parts.push_back(FormatSeconds(*budget.time));
  return parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ", "));
}

Result<OpenedStudy> OpenForStudyFile(const StudyFile& file, const std::string& store_path) {
  auto store = OpenStore(store_path, OpenMode::kCreate);
  if (!store) return Pass(store);
  auto studies = (*store)->ListStudies();
  if (!studies) return Pass(studies);
  const auto known = std::find_if(studies->begin(), studies->end(), [&](const StudyEntry& entry) {
    return entry.name == file.study.name;
  });
  if (known == studies->end()) {
    auto lock = LockForRun(**store, file.study.name, store_path);
    if (!lock) return Pass(lock);
    auto made = (*store)->CreateStudy(file.study, CalendarNow());
    if (!made) return Pass(made);
    return Load(store_path, std::move(*store), *made, std::move(*lock));
  }
  auto stored = (*store)->LoadStudy(known->id);
  if (!stored) return Pass(stored);
  JF_TRY(RequireSameDefinition(*stored, file.study, store_path));
  auto lock = LockForRun(**store, file.study.name, store_path);
  if (!lock) return Pass(lock);
  Study settings = file.study;
  // A study that has begun keeps its own, whatever the default has become.
  if (!file.has_cost_exponent) settings.cost_exponent = stored->cost_exponent;
  JF_TRY((*store)->UpdateSettings(known->id, settings));
  return Load(store_path, std::move(*store), known->id, std::move(*lock));
}

int Complain(std::string_view verb, const Error& error) {
  PrintNote(fmt::format("joulefront {}: {}\n", verb, error.message));
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kConflict:
      return kUsageError;
    case ErrorCode::kBusy:
    case ErrorCode::kUnreachable:
    case ErrorCode::kCorrupt:
      return kStoreUnusable;
    case ErrorCode::kNoMeter:
      return kMeterMissing;
    case ErrorCode::kLeaseLost:
    case ErrorCode::kUnavailable:
    case ErrorCode::kShortage:
    case ErrorCode::kNotExecutable:
      break;
  }
  return kRunTimeFailure;
}

}  // namespace joulefront
