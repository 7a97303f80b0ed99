// Trials of earlier work that was done with another program, from a file of Optuna's or from CSV,
// and how a study begins with them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "study_store/configuration_json.h"
#include "study_store/proposer.h"

namespace joulefront {

/// The choice that stands for Optuna's None, since TOML has no null.
inline constexpr const char* kNullChoice = "None";

/// As the file has it: nothing of it has been held against a study yet.
struct PastTrial {
  std::string place;  // "trial 3", "line 5"
  TrialState state = TrialState::kWaiting;
  GivenValues parameters;          // those that have a value
  std::vector<std::string> nulls;  // those whose value is null, Optuna's None
  NamedValues values;              // also infinite ones
  std::optional<FailureClass> failure;
  std::string message;
  std::vector<double> excesses;  // Optuna's constraints: above 0 where one is broken
  std::string fault;             // why nothing can be made of it; empty: it can
};

struct PastRecord {
  std::string source;  // "study 'lenet' in optuna.db", "runs.csv"
  std::vector<PastTrial> trials;
};

/// What a person says of the file.
struct PastNames {
  std::optional<std::string> study;  // which, if Optuna's file has several
  /// Names of the values, in their order, instead of the file's; more than there are values: then
  /// those of Optuna's constraints.
  std::vector<std::string> values;
};

/// Reads the file, SQLite of Optuna 3 and later or CSV, for `study`, whose names say which columns
/// and attributes are meant (docs/optuna.md). `path` may be what Optuna calls it, "sqlite:///FILE".
/// Errors: kNotFound; kUnavailable; kInvalidArgument
/// where values have no name, none of them is an objective, or a direction is another one; kCorrupt
/// for a database that is damaged or not Optuna's.
Result<PastRecord> ReadPastTrials(const std::string& path, const Study& study,
                                  const PastNames& names);

/// The two formats.
Result<PastRecord> ReadOptunaTrials(const std::string& path, const Study& study,
                                    const PastNames& names);
Result<PastRecord> ReadCsvTrials(const std::string& path, const Study& study,
                                 const PastNames& names);

/// Whether an objective or a constraint has this name.
bool IsNeeded(const Study& study, std::string_view name);

/// Adds to the proposer's study, after its default if it is new, what fits it and is not there yet,
/// so that adding the same again changes nothing. Finished trials become finished ones, proposed by
/// "imported", their values told; failed ones of which nothing says why are lost, from which the
/// search learns nothing. A null is taken as the choice "None". Trials that break a constraint of
/// Optuna's that the study's own do not say are left out. Complete ones that lack a value give a
/// configuration to train: of their front as far as it is known, up to kMostWarmTrials. So do all
/// of them where joules are metered, unless `told`: then their joules are taken as told. Gives
/// notes for people. Errors: the store's; kInvalidArgument if nothing fits.
Result<std::vector<std::string>> AddPastTrials(StudyStore& store, StudyId id, Proposer& proposer,
                                               const PastRecord& past, bool told,
                                               const WorkerIdentity& worker, TimePoint now);

}  // namespace joulefront
