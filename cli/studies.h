// Finding and opening the study that a verb is about, and saying what went wrong.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "study_store/open_store.h"
#include "study_store/store.h"
#include "study_store/study_file.h"
#include "workers/process.h"

namespace joulefront {

struct OpenedStudy {
  std::string path;  // of the store
  std::unique_ptr<StudyStore> store;
  StudyId id = 0;
  Study study;
  FileDescriptor lock;  // held for whoever proposes; see OpenForStudyFile
};

/// Where a study of that name is kept: `flag` if given, else JOULEFRONT_STORE, else NAME.db here.
std::string StorePathFor(const std::optional<std::string>& flag, const std::string& study_name);

struct StorePlace {
  std::string path;
  std::optional<std::string> study;  // the study's name, where a study file names the store
};

/// The store that `where` names: its file or a study file; empty: JOULEFRONT_STORE. Errors:
/// kInvalidArgument, and those of the study file.
Result<StorePlace> FindStore(const std::string& where);

/// Opens a study of a store: the only one, or the one called `name`. `where` is a store's file or a
/// study file; empty: JOULEFRONT_STORE. Errors: kInvalidArgument, naming the `flag` that chooses a
/// study, kNotFound, and the store's.
Result<OpenedStudy> OpenStudy(const std::string& where, const std::optional<std::string>& name,
                              OpenMode mode, std::string_view flag = "--study");

/// Opens or makes the store of a study file and the study in it, takes the right to propose, and
/// brings the settings up to date. kInvalidArgument if the store has a study of that name with
/// another definition: the message shows where they differ. kBusy if somebody else proposes.
Result<OpenedStudy> OpenForStudyFile(const StudyFile& file, const std::string& store_path);

/// kInvalidArgument, with the differences, if the study file defines another study than the stored
/// one.
Result<void> RequireSameDefinition(const Study& stored, const Study& in_file,
                                   const std::string& store_path);

/// "60 trials, 50 kJ"; "none".
std::string BudgetText(const Budget& budget);

/// Prints "joulefront VERB: message" and gives the exit code that belongs to the error.
int Complain(std::string_view verb, const Error& error);

}  // namespace joulefront
