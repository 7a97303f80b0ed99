// Why a study has no complete trial: shown first, in place of empty axes.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "base/files.h"
#include "base/printable.h"
#include "cli/report_view.h"
#include "workers/trainer_command.h"

namespace joulefront {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kMostKinds = 5;
constexpr std::size_t kMostLines = 12, kLongestLine = 300, kTail = 8192;

/// Trials that failed in the same class.
struct Kind {
  FailureClass failure;
  std::size_t trials = 0;
  const Trial* last = nullptr;
};

/// The end of a file, without following a link; "" if it cannot be read.
std::string TailOf(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return "";
  const off_t size = lseek(file, 0, SEEK_END);
  lseek(file, std::max<off_t>(0, size - static_cast<off_t>(kTail)), SEEK_SET);
  const auto tail = ReadFile(file, path, kTail);
  close(file);
  return tail ? *tail : "";
}

/// What the trainer printed last, where its log is still there.
ordered_json LastLines(const ReportView& view, const Trial& trial) {
  ordered_json lines = ordered_json::array();
  if (view.report.store_path.empty()) return lines;
  std::istringstream text(
      TailOf(WorkDirOf(view.report.store_path, view.study.name, trial.number, trial.attempts) +
             "/trainer.log"));
  std::vector<std::string> all;
  for (std::string line; std::getline(text, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (line.ends_with('\r')) line.pop_back();
    all.push_back(Printable(line, kLongestLine));
  }
  const std::size_t first = all.size() > kMostLines ? all.size() - kMostLines : 0;
  for (std::size_t i = first; i < all.size(); ++i) lines.push_back(all[i]);
  return lines;
}

}  // namespace

ordered_json FailuresJson(const ReportView& view) {
  const auto& trials = view.report.records.trials;
  std::vector<Kind> kinds;
  for (const Trial& trial : trials) {
    if (trial.state == TrialState::kComplete) return nullptr;
    if (trial.state != TrialState::kFailed || !trial.failure) continue;
    auto kind = std::find_if(kinds.begin(), kinds.end(),
                             [&](const Kind& one) { return one.failure == *trial.failure; });
    if (kind == kinds.end()) kind = kinds.insert(kind, {.failure = *trial.failure});
    ++kind->trials;
    kind->last = &trial;
  }
  if (kinds.empty()) return nullptr;
  std::stable_sort(kinds.begin(), kinds.end(),
                   [](const Kind& a, const Kind& b) { return a.trials > b.trials; });
  if (kinds.size() > kMostKinds) kinds.resize(kMostKinds);
  ordered_json list = ordered_json::array();
  for (const Kind& kind : kinds) {
    list.push_back({{"class", Name(kind.failure)},
                    {"trials", kind.trials},
                    {"trial", kind.last->number},
                    {"message", Printable(kind.last->message)},
                    {"lines", LastLines(view, *kind.last)}});
  }
  return list;
}

}  // namespace joulefront
