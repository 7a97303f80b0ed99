#include "study_store/past_trials.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"

namespace joulefront {
namespace {

constexpr std::string_view kSqliteMagic("SQLite format 3\0", 16);
constexpr std::string_view kOptunaUrl = "sqlite:///";
constexpr std::size_t kHead = 4096;  // of a file, which tells its kind

/// What a file is that is neither SQLite nor CSV, and what to do with it; "" if it may be CSV.
std::string OtherKind(const std::string& file, std::string_view head) {
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  const auto first = head.find_first_not_of(" \t\r\n");
  const char begin = first == head.npos ? ' ' : head[first];
  if (begin == '{' && head.find("\"op_code\"") != head.npos) {
    return fmt::format(
        "is a journal of Optuna's (JournalStorage); have Optuna copy its study into a SQLite file, "
        "and import that: optuna.copy_study(from_study_name=NAME, "
        "from_storage=JournalStorage(JournalFileBackend(\"{}\")), "
        "to_storage=\"sqlite:///copy.db\")",
        file);
  }
  if (begin == '{' || begin == '[') {
    return "is JSON; values are taken from CSV and from Optuna's SQLite files, configurations "
           "without values from JSON: joulefront run --enqueue";
  }
  if (head.starts_with("PK\x03\x04")) return "is a spreadsheet or an archive; save it as CSV";
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) {
    return "is UTF-16; save it as UTF-8";
  }
  return "";
}

Result<void> RequireAnObjective(const PastRecord& past, const Study& study) {
  std::vector<std::string> names;
  for (const Objective& objective : study.objectives) {
    names.push_back(objective.name);
    const bool there = std::any_of(past.trials.begin(), past.trials.end(), [&](const auto& trial) {
      return trial.values.contains(objective.name);
    });
    if (there) return {};
  }
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{} has a value for none of the objectives ({}); --values says how its "
                          "values are called here. To try configurations without values: "
                          "joulefront run --enqueue",
                          past.source, fmt::join(names, ", ")));
}

}  // namespace

bool IsNeeded(const Study& study, std::string_view name) {
  const auto called = [&](const auto& item) { return item.name == name; };
  return std::any_of(study.objectives.begin(), study.objectives.end(), called) ||
         std::any_of(study.constraints.begin(), study.constraints.end(), called);
}

Result<PastRecord> ReadPastTrials(const std::string& path, const Study& study,
                                  const PastNames& names) {
  const std::string file = path.starts_with(kOptunaUrl) ? path.substr(kOptunaUrl.size()) : path;
  // What comes through a pipe can be read once.
  std::string head;
  if (IsRegularFile(file)) {
    auto read = ReadFile(file, kHead);
    if (!read) return Pass(read);
    head = std::move(*read);
  }
  if (const std::string kind = OtherKind(file, head); !kind.empty()) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("{} {}", file, kind));
  }
  auto past = head.starts_with(kSqliteMagic) ? ReadOptunaTrials(file, study, names)
                                             : ReadCsvTrials(file, study, names);
  if (!past) return past;
  JF_TRY(RequireAnObjective(*past, study));
  return past;
}

}  // namespace joulefront
