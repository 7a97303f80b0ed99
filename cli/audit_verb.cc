#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "cli/console.h"
#include "cli/options.h"
#include "cli/studies.h"
#include "cli/table.h"
#include "study_store/audit.h"
#include "study_store/proposal_replay.h"
#include "workers/process.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;
using nlohmann::ordered_json;

constexpr const char* kAbout =
    "Checks that what a study recorded holds together: the file, the life of every trial, the\n"
    "ledger of joules, and that the sampler proposes the same again from the same history. Shows\n"
    "where the joules went: to the front, or to what was dominated, stopped, failed or tried "
    "again.\n"
    "Exit code 3 if something does not hold.\n\n"
    "examples:\n"
    "  joulefront audit digits.db\n"
    "  joulefront audit digits.db --replay all --format json";

// A study that runs changes while it is read; then it is read again.
constexpr int kMostReadings = 20;
constexpr Seconds kBetweenReadings(0.05);

struct Report {
  std::vector<std::string> damage, lives, ledger;
  Replay replay;
  std::vector<FateShare> fates;
  StudyStore::Spent spent;
  bool changed = false;  // while it was read: what does not balance may be that

  bool good() const {
    return damage.empty() && lives.empty() && ledger.empty() && replay.different.empty();
  }
};

Result<Records> ReadOnce(const OpenedStudy& opened) {
  Records records{.study = opened.study, .trials = {}, .attempts = {}, .spent = {}};
  auto spent = opened.store->EnergySpent(opened.id);
  if (!spent) return Pass(spent);
  auto trials = opened.store->LoadTrials(opened.id);
  if (!trials) return Pass(trials);
  auto attempts = opened.store->LoadAttempts(opened.id);
  if (!attempts) return Pass(attempts);
  records.spent = *spent;
  records.trials = std::move(*trials);
  records.attempts = std::move(*attempts);
  return records;
}

/// All of the study as it was at one moment, unless it changes all the time: then `changed`.
Result<Records> ReadRecords(const OpenedStudy& opened, bool& changed) {
  for (int reading = 1; true; ++reading) {
    auto records = ReadOnce(opened);
    if (!records) return records;
    std::int64_t revision = 0;
    for (const Trial& trial : records->trials) revision = std::max(revision, trial.revision);
    auto since = opened.store->LoadTrials(opened.id, revision);
    if (!since) return Pass(since);
    auto spent = opened.store->EnergySpent(opened.id);
    if (!spent) return Pass(spent);
    changed = !since->empty() || spent->joules != records->spent.joules ||
              spent->attempts_without != records->spent.attempts_without;
    if (!changed || reading == kMostReadings) return records;
    SleepFor(kBetweenReadings);
  }
}

Result<Report> Audit(const OpenedStudy& opened, std::size_t replays) {
  Report report;
  auto damage = opened.store->FindDamage();
  if (!damage) return Pass(damage);
  report.damage = std::move(*damage);
  if (!report.damage.empty()) return report;  // what can be read of it says nothing
  auto records = ReadRecords(opened, report.changed);
  if (!records) return Pass(records);
  report.lives = FindBrokenLives(*records);
  report.ledger = FindImbalances(*records);
  report.spent = records->spent;
  if (!report.lives.empty()) return report;  // fates and proposals go by what does not hold
  report.fates = JoulesByFate(*records);
  auto replay = ReplayProposals(*opened.store, opened.id, records->study, records->trials, replays);
  if (!replay && replay.error().code == ErrorCode::kCorrupt) {
    report.lives.push_back(replay.error().message);
    return report;
  }
  if (!replay) return Pass(replay);
  report.replay = std::move(*replay);
  return report;
}

void AddFindings(std::string_view what, const std::vector<std::string>& found, std::string& text) {
  text += fmt::format("{:<10}{}\n", what, found.empty() ? "holds" : "DOES NOT HOLD");
  for (const std::string& line : found) text += "  " + line + "\n";
}

std::vector<std::string> DifferencesOf(const Replay& replay) {
  std::vector<std::string> lines;
  for (const DifferentProposal& different : replay.different) {
    lines.push_back(fmt::format("trial {}: now it is {}", different.trial, different.again));
  }
  if (!lines.empty()) {
    lines.push_back("(another version of joulefront, or another processor, may propose otherwise)");
  }
  return lines;
}

std::string ReplayText(const Replay& replay) {
  std::string text = fmt::format("  {} made again", replay.replayed);
  if (replay.without_basis > 0) {
    text += fmt::format(
        "; {} were proposed by a version that did not keep what they were made from, "
        "and cannot be made again",
        replay.without_basis);
  }
  return text + "\n";
}

std::string FatesText(const Report& report) {
  Table table{.header = {"joules", "attempts", "energy", "share", "without a figure"},
              .rows = {},
              .left = {true}};
  for (const FateShare& share : report.fates) {
    if (share.attempts == 0 && share.joules == Joules()) continue;
    const double part = report.spent.joules > Joules() ? share.joules / report.spent.joules : 0.0;
    table.rows.push_back({std::string(Name(share.fate)),
                          share.fate == Fate::kSearch ? "" : std::to_string(share.attempts),
                          share.IsKnown() ? FormatJoules(share.joules) : "?",
                          share.IsKnown() ? fmt::format("{:.1f} %", 100.0 * part) : "",
                          share.without > 0 ? std::to_string(share.without) : ""});
  }
  table.rows.push_back({"all", "", report.spent.weakest ? FormatJoules(report.spent.joules) : "?",
                        report.spent.joules > Joules() ? "100.0 %" : "", ""});
  return FormatTable(table);
}

std::string MakeText(const Report& report) {
  std::string text;
  AddFindings("store", report.damage, text);
  if (!report.damage.empty()) return text;
  AddFindings("trials", report.lives, text);
  AddFindings("ledger", report.ledger, text);
  if (!report.lives.empty()) return text;
  AddFindings("proposals", DifferencesOf(report.replay), text);
  return text + ReplayText(report.replay) + "\n" + FatesText(report);
}

ordered_json MakeJson(const std::string& study, const Report& report) {
  ordered_json fates = ordered_json::object();
  for (const FateShare& share : report.fates) {
    fates[std::string(Name(share.fate))] = {
        {"attempts", share.attempts},
        {"attempts_without", share.without},
        {"joules", share.IsKnown() ? ordered_json(share.joules.value()) : ordered_json()}};
  }
  ordered_json different = ordered_json::array();
  for (const DifferentProposal& one : report.replay.different) {
    different.push_back({{"trial", one.trial}, {"again", one.again}});
  }
  return {
      {"study", study},
      {"holds", report.good()},
      {"damage", report.damage},
      {"trials", report.lives},
      {"ledger", report.ledger},
      {"proposals",
       {{"replayed", report.replay.replayed},
        {"without_basis", report.replay.without_basis},
        {"different", different}}},
      {"changed_while_read", report.changed},
      {"joules", report.spent.weakest ? ordered_json(report.spent.joules.value()) : ordered_json()},
      {"by_fate", fates}};
}

/// "all", or a count.
std::optional<std::size_t> ReplaysOf(const std::string& text) {
  if (text == "all") return std::numeric_limits<std::size_t>::max();
  if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != text.npos) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(std::stoul(text));
}

}  // namespace

int AuditVerb(const Arguments& arguments) {
  VerbOptions options("audit STORE [flags]", kAbout);
  options.options().add_options()("study", po::value<std::string>(),
                                  "which study, if the store has several")(
      "replay", po::value<std::string>()->default_value("100"),
      "how many proposals are made again, evenly spread; or all")(
      "format", po::value<std::string>()->default_value("table"), "table or json");
  if (const auto code = options.Parse(arguments, 1)) return *code;
  const auto format = options.OneOf("format", {"table", "json"});
  if (!format) return options.Refuse(format.error().message);
  const auto replays = ReplaysOf(*options.Get("replay"));
  if (!replays) {
    return options.Refuse(
        fmt::format("--replay is a count or 'all', not '{}'", *options.Get("replay")));
  }
  auto opened = OpenStudy(options.positional().empty() ? "" : options.positional()[0],
                          options.Get("study"), OpenMode::kRead);
  if (!opened) return Complain("audit", opened.error());
  auto report = Audit(*opened, *replays);
  if (!report) return Complain("audit", report.error());
  if (report->changed) {
    PrintNote("note: the study changed while it was read; audit it again when it has stopped\n");
  }
  const std::string data =
      *format == "json" ? MakeJson(opened->study.name, *report).dump(2) + "\n" : MakeText(*report);
  if (!PrintData(data)) return kRunTimeFailure;
  return report->good() ? kDone : kGateFailed;
}

}  // namespace joulefront
