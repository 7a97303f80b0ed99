#include "cli/report_records.h"

#include <fmt/format.h>

#include <utility>

#include "study_store/anytime.h"

namespace joulefront {
namespace {

/// What is small, and read anew each time.
Result<void> LoadStanding(StudyStore& store, StudyId id, ReportRecords& report) {
  auto spent = store.EnergySpent(id);
  if (!spent) return Pass(spent);
  auto search = store.SearchEnergy(id);
  if (!search) return Pass(search);
  auto elapsed = store.Elapsed(id);
  if (!elapsed) return Pass(elapsed);
  auto open = store.IsOpen(id);
  if (!open) return Pass(open);
  report.records.spent = *spent;
  report.search = std::move(*search);
  report.elapsed = *elapsed;
  report.open = *open;
  return {};
}

Result<void> AddReports(StudyStore& store, StudyId id, ReportRecords& report) {
  const Study& study = report.records.study;
  if (!study.trainer.anytime) return {};
  auto all = WithReports(store, id, study, report.records.trials);
  if (!all) return Pass(all);
  report.with_reports = std::move(all->trials);
  report.steps = std::move(all->steps);
  return {};
}

/// Everything that follows finds trials by their numbers.
Result<void> RequireNoGap(const std::vector<Trial>& trials) {
  for (std::size_t i = 0; i < trials.size(); ++i) {
    if (trials[i].number == static_cast<TrialNumber>(i)) continue;
    return Fail(ErrorCode::kCorrupt,
                fmt::format("trial {} is missing; joulefront audit says what else is damaged", i));
  }
  return {};
}

}  // namespace

Result<ReportRecords> LoadReportRecords(StudyStore& store, StudyId id, const Study& study) {
  ReportRecords report{.records = {.study = study, .trials = {}, .attempts = {}, .spent = {}}};
  // Attempts first: the trial of each is there when the trials are read.
  auto attempts = store.LoadAttempts(id);
  if (!attempts) return Pass(attempts);
  auto trials = store.LoadTrials(id);
  if (!trials) return Pass(trials);
  JF_TRY(RequireNoGap(*trials));
  report.records.attempts = std::move(*attempts);
  report.records.trials = std::move(*trials);
  auto carbon = LoadCarbon(study.carbon);
  if (carbon) {
    report.carbon = std::move(*carbon);
  } else {
    report.carbon_fault = carbon.error().message;
  }
  JF_TRY(LoadStanding(store, id, report));
  JF_TRY(AddReports(store, id, report));
  return report;
}

}  // namespace joulefront
