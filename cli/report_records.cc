#include "cli/report_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <tuple>
#include <utility>

#include "study_store/attempt_rules.h"

namespace joulefront {
namespace {

/// Where so many trials changed, all attempts are read at once.
constexpr std::size_t kManyTrials = 1000;

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

/// Everything that follows finds trials by their numbers.
Result<void> RequireNoGap(const std::vector<Trial>& trials) {
  for (std::size_t i = 0; i < trials.size(); ++i) {
    if (trials[i].number == static_cast<TrialNumber>(i)) continue;
    return Fail(ErrorCode::kCorrupt,
                fmt::format("trial {} is missing; joulefront audit says what else is damaged", i));
  }
  return {};
}

/// Puts newer trials in their places, and keeps their revision.
Result<void> TakeTrials(std::vector<Trial> changed, ReportRecords& report) {
  std::vector<Trial>& trials = report.records.trials;
  for (Trial& trial : changed) {
    report.revision = std::max(report.revision, trial.revision);
    const auto number = static_cast<std::size_t>(trial.number);
    if (number < trials.size()) {
      trials[number] = std::move(trial);
    } else {
      trials.push_back(std::move(trial));
    }
  }
  return RequireNoGap(trials);
}

auto PlaceOf(const Attempt& attempt) { return std::tie(attempt.trial, attempt.number); }

/// Replaces the attempts of the trials in `numbers` by what the store has now.
Result<void> ReloadAttempts(StudyStore& store, StudyId id, const std::set<TrialNumber>& numbers,
                            std::vector<Attempt>& attempts) {
  if (numbers.size() > kManyTrials) {
    auto all = store.LoadAttempts(id);
    if (!all) return Pass(all);
    attempts = std::move(*all);
    return {};
  }
  std::vector<Attempt> fresh;
  for (const TrialNumber number : numbers) {
    auto of_trial = store.LoadAttempts(id, number);
    if (!of_trial) return Pass(of_trial);
    std::move(of_trial->begin(), of_trial->end(), std::back_inserter(fresh));
  }
  std::erase_if(attempts, [&](const Attempt& attempt) { return numbers.contains(attempt.trial); });
  const auto kept = static_cast<std::ptrdiff_t>(attempts.size());
  std::move(fresh.begin(), fresh.end(), std::back_inserter(attempts));
  std::inplace_merge(attempts.begin(), attempts.begin() + kept, attempts.end(),
                     [](const auto& a, const auto& b) { return PlaceOf(a) < PlaceOf(b); });
  return {};
}

/// Whether the attempts that are known took what the study has spent.
bool Balance(const ReportRecords& report) {
  const auto& spent = report.records.spent;
  Joules sum = spent.search;
  std::int64_t without = 0;
  for (const Attempt& attempt : report.records.attempts) {
    const auto joules = TotalJoules(attempt.energy);
    sum += joules.value_or(Joules());
    if (!joules) ++without;
  }
  constexpr double kRounding = 1e-9;
  const double difference = std::abs((sum - spent.joules).value());
  return without == spent.attempts_without && difference <= kRounding * spent.joules.value();
}

/// What was begun since the trials were read belongs to the next look.
void DropNewer(ReportRecords& report) {
  const auto trials = static_cast<TrialNumber>(report.records.trials.size());
  std::erase_if(report.records.attempts, [&](const Attempt& a) { return a.trial >= trials; });
}

Result<void> AddReports(StudyStore& store, StudyId id, ReportRecords& report) {
  const Study& study = report.records.study;
  if (!study.trainer.anytime) return {};
  auto all = WithReports(store, id, study, report.records.trials);
  if (!all) return Pass(all);
  report.with_reports = std::move(*all);
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
  report.records.attempts = std::move(*attempts);
  for (const Attempt& attempt : report.records.attempts) {
    if (attempt.state == AttemptState::kRunning) report.running.insert(attempt.trial);
  }
  JF_TRY(TakeTrials(std::move(*trials), report));
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

Result<bool> RefreshReportRecords(StudyStore& store, StudyId id, ReportRecords& report) {
  const auto before = report.records.spent;
  const bool was_open = report.open;
  JF_TRY(LoadStanding(store, id, report));
  auto running = store.LoadRunningAttempts(id);
  if (!running) return Pass(running);
  auto changed = store.LoadTrials(id, report.revision);
  if (!changed) return Pass(changed);
  // A lease that is renewed, or a confirmation, changes joules and no trial.
  std::set<TrialNumber> numbers = std::exchange(report.running, {});
  for (const Attempt& attempt : *running) report.running.insert(attempt.trial);
  numbers.insert(report.running.begin(), report.running.end());
  const auto& spent = report.records.spent;
  if (changed->empty() && numbers == report.running && spent.joules == before.joules &&
      spent.attempts_without == before.attempts_without && report.open == was_open) {
    return false;
  }
  for (const Trial& trial : *changed) numbers.insert(trial.number);
  JF_TRY(TakeTrials(std::move(*changed), report));
  JF_TRY(ReloadAttempts(store, id, numbers, report.records.attempts));
  if (!Balance(report)) {
    // No trial tells of a confirmation that came and went between two looks; the sum does.
    auto attempts = store.LoadAttempts(id);
    if (!attempts) return Pass(attempts);
    report.records.attempts = std::move(*attempts);
  }
  DropNewer(report);
  JF_TRY(AddReports(store, id, report));
  return true;
}

}  // namespace joulefront
