#include "workers/report_thinning.h"

#include <charconv>
#include <utility>

namespace joulefront {

void ReportThinning::NoteRecorded(std::int64_t step) {
  ++recorded_;
  last_ = step;
}

void ReportThinning::Keep(std::int64_t step, std::string_view line) {
  newest_step_ = step;
  newest_line_ = line;
  newest_.reset();
}

void ReportThinning::Keep(ProgressMessage report) {
  newest_step_ = report.step;
  newest_line_.clear();
  newest_ = std::move(report);
}

std::optional<ProgressMessage> ReportThinning::TakeNewest() {
  if (newest_line_.empty()) return std::exchange(newest_, std::nullopt);
  TrainerMessage message = ParseTrainerLine(newest_line_);
  newest_line_.clear();
  auto* report = std::get_if<ProgressMessage>(&message);
  return report != nullptr ? std::optional(std::move(*report)) : std::nullopt;
}

std::optional<ProgressMessage> ReportThinning::TakeUpdate(std::int64_t next_step) {
  return newest_step_ == last_ && next_step != last_ ? TakeNewest() : std::nullopt;
}

std::optional<std::int64_t> QuickStep(std::string_view line) {
  const auto skip = [&](std::string_view word) {
    while (line.starts_with(' ')) line.remove_prefix(1);
    if (!line.starts_with(word)) return false;
    line.remove_prefix(word.size());
    return true;
  };
  for (const std::string_view word :
       {"{", "\"joulefront\"", ":", "\"progress\"", ",", "\"step\"", ":"}) {
    if (!skip(word)) return std::nullopt;
  }
  skip("");
  std::int64_t step = 0;
  const auto read = std::from_chars(line.data(), line.data() + line.size(), step);
  const auto rest = static_cast<std::size_t>(read.ptr - line.data());
  if (read.ec != std::errc{} || rest >= line.size()) return std::nullopt;
  return line[rest] == ',' || line[rest] == ' ' || line[rest] == '}' ? std::optional(step)
                                                                     : std::nullopt;
}

}  // namespace joulefront
