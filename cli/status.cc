#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/printable.h"
#include "cli/console.h"
#include "cli/footprint.h"
#include "cli/options.h"
#include "cli/studies.h"
#include "cli/table.h"
#include "study_store/anytime.h"
#include "study_store/front.h"
#include "workers/kept_folders.h"
#include "workers/process.h"
#include "workers/trainer_command.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;
using nlohmann::ordered_json;

constexpr const char* kAbout =
    "Shows where a study stands: trials by state, joules spent with their class, the front, which\n"
    "sampler proposed how much, what failed and why, and who runs what. Looking never disturbs a\n"
    "running study.\n\n"
    "example:\n"
    "  joulefront status digits.db";

/// Everything that status tells.
struct Standing {
  Study study;
  std::vector<Trial> trials;
  TrialCounts counts;
  std::vector<Attempt> running;
  StudyStore::Spent spent;
  Seconds elapsed;
  bool open = false;
  Front front;  // reports of anytime trainings among it, as `front` shows it
  CarbonView carbon;
  Footprint footprint;
  std::string work_dir;                // of its attempts
  std::optional<FoldersSize> folders;  // empty: there is no such folder on this machine
};

Result<Standing> Read(const std::string& path, StudyStore& store, StudyId id, Study study) {
  Standing standing{.study = std::move(study)};
  standing.work_dir = WorkRootOf(path) + "/" + standing.study.name;
  standing.folders = SizeOfFolders(standing.work_dir);
  auto trials = store.LoadTrials(id);
  if (!trials) return Pass(trials);
  auto counts = store.CountTrials(id);
  if (!counts) return Pass(counts);
  auto running = store.LoadRunningAttempts(id);
  if (!running) return Pass(running);
  auto spent = store.EnergySpent(id);
  if (!spent) return Pass(spent);
  auto elapsed = store.Elapsed(id);
  if (!elapsed) return Pass(elapsed);
  auto open = store.IsOpen(id);
  if (!open) return Pass(open);
  auto carbon = LoadCarbon(standing.study.carbon);
  if (carbon) {
    standing.carbon = std::move(*carbon);
  } else {
    PrintNote(fmt::format("note: no carbon is shown: {}\n", carbon.error().message));
  }
  if (standing.carbon.given() || standing.study.tariff) {
    auto attempts = store.LoadAttempts(id);
    if (!attempts) return Pass(attempts);
    standing.footprint = FootprintOf(standing.study, standing.carbon, *attempts);
  }
  auto candidates = WithReports(store, id, standing.study, *trials);
  if (!candidates) return Pass(candidates);
  standing.front = ComputeFront(standing.study, candidates->trials);
  standing.trials = std::move(*trials);
  standing.counts = *counts;
  standing.running = std::move(*running);
  standing.spent = *spent;
  standing.elapsed = *elapsed;
  standing.open = *open;
  return standing;
}

/// How many trials each has proposed, in the order in which they first did.
std::vector<std::pair<std::string, std::int64_t>> ByProposer(const Standing& standing) {
  std::vector<std::pair<std::string, std::int64_t>> shares;
  for (const Trial& trial : standing.trials) {
    const auto known = std::find_if(shares.begin(), shares.end(), [&](const auto& share) {
      return share.first == trial.proposed_by;
    });
    if (known != shares.end()) {
      ++known->second;
    } else {
      shares.emplace_back(trial.proposed_by, 1);
    }
  }
  return shares;
}

/// Failure class -> how many, and the last trial of it.
std::map<std::string, std::pair<std::int64_t, const Trial*>> ByFailure(const Standing& standing) {
  std::map<std::string, std::pair<std::int64_t, const Trial*>> failures;
  for (const Trial& trial : standing.trials) {
    if (trial.state != TrialState::kFailed) continue;
    auto& [count, last] = failures[trial.failure ? std::string(Name(*trial.failure)) : "unknown"];
    ++count;
    last = &trial;
  }
  return failures;
}

std::string SpentText(const StudyStore::Spent& spent) {
  if (!spent.weakest) return "none recorded";
  std::string text = fmt::format("{} ({})", FormatJoules(spent.joules), Name(*spent.weakest));
  if (spent.search > Joules()) {
    text += fmt::format(", {} of it by the search", FormatJoules(spent.search));
  }
  if (spent.attempts_without > 0) {
    text += fmt::format("; {} attempt(s) left no figure", spent.attempts_without);
  }
  return text;
}

/// "open", "closed" once its budget is spent, else "stopped". Workers of a study that is not open
/// end once they have ended what they are at.
std::string StateOf(const Standing& standing) {
  if (standing.open) return "open";
  const Budget& budget = standing.study.budget;
  const TrialCounts& counts = standing.counts;
  const bool spent =
      (budget.trials && counts.complete + counts.pruned + counts.failed >= *budget.trials) ||
      (budget.energy && standing.spent.joules >= *budget.energy) ||
      (budget.time && standing.elapsed >= *budget.time);
  const std::string state = spent ? "closed" : "stopped before its budget was spent";
  return state + (standing.running.empty() ? "" : "; ending");
}

std::string FoldersText(const Standing& standing) {
  if (!standing.folders) return "";
  return fmt::format("folders  {}{} in {}, keep = \"{}\"\n",
                     standing.folders->is_least ? "more than " : "",
                     FormatBytes(standing.folders->bytes), Printable(standing.work_dir),
                     Name(standing.study.workers.keep));
}

std::string MakeText(const Standing& standing, TimePoint now) {
  const TrialCounts& counts = standing.counts;
  const Front& front = standing.front;
  std::size_t left_out = 0;
  for (const auto& [key, count] : front.left_out) left_out += count;
  std::string text = fmt::format(
      "study    {} ({})\n"
      "trials   {} complete, {} failed, {} pruned, {} running, {} waiting\n"
      "budget   {}\n"
      "spent    {}; {} of running\n"
      "{}"
      "front    {} trials{}{}\n{}",
      standing.study.name, StateOf(standing), counts.complete, counts.failed, counts.pruned,
      counts.running, counts.waiting, BudgetText(standing.study.budget), SpentText(standing.spent),
      FormatSeconds(standing.elapsed),
      FootprintText(standing.study, standing.carbon, standing.footprint), front.points.size(),
      front.hypervolume ? ", hypervolume " + FormatNumber(*front.hypervolume) : "",
      left_out > 0 ? fmt::format("; {} left out, whose joules cannot be compared", left_out) : "",
      FoldersText(standing));
  std::vector<std::string> proposers;
  for (const auto& [name, count] : ByProposer(standing)) {
    const double share = static_cast<double>(count) / static_cast<double>(standing.trials.size());
    proposers.push_back(fmt::format("{} {} ({:.0f} %)", count, name, 100.0 * share));
  }
  if (!proposers.empty()) {
    const Trial& last = standing.trials.back();
    text += fmt::format("proposed {}\nlast     {}: {}\n", fmt::join(proposers, ", "),
                        last.proposed_by, last.reason);
  }
  if (!standing.running.empty()) {
    Table table{.header = {"running", "attempt", "worker", "since"}, .rows = {}, .left = {}};
    for (const Attempt& attempt : standing.running) {
      const std::chrono::duration<double> since = now - attempt.started;
      table.rows.push_back({fmt::format("trial {}", attempt.trial), std::to_string(attempt.number),
                            attempt.worker.name, FormatSeconds(Seconds(since.count()))});
    }
    text += "\n" + FormatTable(table);
  }
  const auto failures = ByFailure(standing);
  if (!failures.empty()) {
    Table table{.header = {"failed", "count", "last", "why"},
                .rows = {},
                .left = {true, false, false, true}};
    for (const auto& [name, failed] : failures) {
      table.rows.push_back({name, std::to_string(failed.first),
                            fmt::format("trial {}", failed.second->number),
                            failed.second->message});
    }
    text += "\n" + FormatTable(table);
  }
  return text;
}

/// null where there is none on this machine.
ordered_json FoldersToJson(const Standing& standing) {
  if (!standing.folders) return nullptr;
  return {{"path", standing.work_dir},
          {"bytes", standing.folders->bytes.value()},
          {"is_least", standing.folders->is_least},
          {"keep", Name(standing.study.workers.keep)}};
}

ordered_json MakeJson(const Standing& standing) {
  const TrialCounts& counts = standing.counts;
  const Front& front = standing.front;
  ordered_json running = ordered_json::array();
  for (const Attempt& attempt : standing.running) {
    running.push_back({{"trial", attempt.trial},
                       {"attempt", attempt.number},
                       {"worker", attempt.worker.name},
                       {"host", attempt.worker.host}});
  }
  ordered_json failures = ordered_json::object();
  for (const auto& [name, failed] : ByFailure(standing)) {
    failures[name] = {{"count", failed.first},
                      {"last_trial", failed.second->number},
                      {"message", failed.second->message}};
  }
  ordered_json proposed_by = ordered_json::object(), last_proposal;  // null without a trial
  for (const auto& [name, count] : ByProposer(standing)) proposed_by[name] = count;
  if (!standing.trials.empty()) {
    const Trial& last = standing.trials.back();
    last_proposal = {
        {"trial", last.number}, {"proposed_by", last.proposed_by}, {"reason", last.reason}};
  }
  const auto& spent = standing.spent;
  return {{"study", standing.study.name},
          {"open", standing.open},
          {"trials",
           {{"complete", counts.complete},
            {"failed", counts.failed},
            {"pruned", counts.pruned},
            {"running", counts.running},
            {"waiting", counts.waiting}}},
          {"energy",
           {{"joules", spent.weakest ? ordered_json(spent.joules.value()) : ordered_json()},
            {"search_joules", spent.search.value()},
            {"class", spent.weakest ? ordered_json(Name(*spent.weakest)) : ordered_json()},
            {"attempts_without", spent.attempts_without}}},
          {"carbon", CarbonToJson(standing.carbon, standing.footprint.grams)},
          {"cost", PriceToJson(standing.study, standing.footprint.price)},
          {"elapsed_s", standing.elapsed.value()},
          {"folders", FoldersToJson(standing)},
          {"front", front.points.size()},
          {"front_key", front.key},
          {"hypervolume", front.hypervolume ? ordered_json(*front.hypervolume) : ordered_json()},
          {"proposed_by", proposed_by},
          {"last_proposal", last_proposal},
          {"running", running},
          {"failures", failures}};
}

std::string MakeCsv(const Standing& standing) {
  const TrialCounts& counts = standing.counts;
  const auto& spent = standing.spent;
  return FormatCsv({.header = {"study", "complete", "failed", "pruned", "running", "waiting",
                               "energy_j", "energy_class", "elapsed_s"},
                    .rows = {{standing.study.name, std::to_string(counts.complete),
                              std::to_string(counts.failed), std::to_string(counts.pruned),
                              std::to_string(counts.running), std::to_string(counts.waiting),
                              spent.weakest ? fmt::format("{}", spent.joules.value()) : "",
                              spent.weakest ? std::string(Name(*spent.weakest)) : "",
                              FormatNumber(standing.elapsed.value(), 6)}},
                    .left = {}});
}

}  // namespace

int StatusVerb(const Arguments& arguments) {
  VerbOptions options("status STORE [flags]", kAbout);
  options.options().add_options()("study", po::value<std::string>(),
                                  "which study, if the store has several")(
      "format", po::value<std::string>()->default_value("table"), "table, json or csv");
  if (const auto code = options.Parse(arguments, 1)) return *code;
  const auto format = options.OneOf("format", {"table", "json", "csv"});
  if (!format) return options.Refuse(format.error().message);
  auto opened = OpenStudy(options.positional().empty() ? "" : options.positional()[0],
                          options.Get("study"), OpenMode::kRead);
  if (!opened) return Complain("status", opened.error());
  auto standing = Read(opened->path, *opened->store, opened->id, std::move(opened->study));
  if (!standing) return Complain("status", standing.error());
  const std::string data = *format == "json"  ? MakeJson(*standing).dump(2) + "\n"
                           : *format == "csv" ? MakeCsv(*standing)
                                              : MakeText(*standing, CalendarNow());
  return PrintData(data) ? kDone : kRunTimeFailure;
}

}  // namespace joulefront
