#include "study_store/past_trials.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"

namespace joulefront {
namespace {

constexpr std::string_view kSqliteMagic("SQLite format 3\0", 16);
constexpr std::string_view kOptunaUrl = "sqlite:///";

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
  const auto head = IsRegularFile(file) ? ReadFile(file, kSqliteMagic.size()) : std::string();
  auto past = head && *head == kSqliteMagic ? ReadOptunaTrials(file, study, names)
                                            : ReadCsvTrials(file, study, names);
  if (!past) return past;
  JF_TRY(RequireAnObjective(*past, study));
  return past;
}

}  // namespace joulefront
