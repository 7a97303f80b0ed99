// What a report of a study is made of: everything that is recorded of it, and what follows from it.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/footprint.h"
#include "study_store/anytime.h"
#include "study_store/audit.h"
#include "study_store/confirmation.h"
#include "study_store/front.h"
#include "study_store/store.h"

namespace joulefront {

/// A study as it was read. While it runs, an attempt may be read as running and its trial as
/// complete; no attempt lacks its trial.
struct ReportRecords {
  Records records;
  std::string store_path;           // beside which the logs of attempts lie; "": not known
  std::int64_t revision = 0;        // of the newest change of a trial
  std::set<TrialNumber> running;    // trials of which an attempt ran
  std::vector<PhaseEnergy> search;  // StudyStore::SearchEnergy()
  Seconds elapsed;
  bool open = false;
  /// Where the study is anytime, what WithReports() gives: the trials, then their reports. Else
  /// empty.
  AnytimeTrials with_reports;
  CarbonView carbon;
  std::string carbon_fault;  // why there is none, where the study names a series

  /// What the front is chosen from.
  const std::vector<Trial>& candidates() const {
    return with_reports.trials.empty() ? records.trials : with_reports.trials;
  }
  std::optional<std::int64_t> StepOf(std::size_t candidate) const {
    return with_reports.steps.empty() ? std::nullopt : with_reports.steps[candidate];
  }
};

/// Errors: the store's.
Result<ReportRecords> LoadReportRecords(StudyStore& store, StudyId id, const Study& study);

/// Brings records up to date, reading only what changed. True if anything did. Errors: the store's;
/// the records are then to be loaded anew.
Result<bool> RefreshReportRecords(StudyStore& store, StudyId id, ReportRecords& report);

}  // namespace joulefront
