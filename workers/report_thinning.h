// Which progress reports of an attempt are recorded, where more come than anything can use. The
// first kAllRecorded are. Later ones are if their step is beyond the last recorded one by more than
// 1 %, so that trainings that report the same steps are recorded at the same ones. Of the others
// only the newest is kept, and given when asked for: about once a second, and at the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "workers/trainer_output.h"

namespace joulefront {

class ReportThinning {
 public:
  static constexpr int kAllRecorded = 100;

  /// Whether the report of that step is to be recorded now. One that is not may be kept.
  bool IsDue(std::int64_t step) const {
    return recorded_ < kAllRecorded || step > last_ + last_ / 100;
  }
  void NoteRecorded(std::int64_t step);

  /// Keeps a report that is not due, as the newest: as the line that says it, or as it is.
  void Keep(std::int64_t step, std::string_view line);
  void Keep(ProgressMessage report);
  /// The newest one that was kept and is not recorded yet, once. Nothing if its line turns out to
  /// be no report.
  std::optional<ProgressMessage> TakeNewest();
  /// The same, if it is of the step that was recorded last: a report of `next_step`, another one,
  /// would leave that step with its earlier values.
  std::optional<ProgressMessage> TakeUpdate(std::int64_t next_step);

 private:
  int recorded_ = 0;
  std::int64_t last_ = 0;  // step of the last one recorded
  std::int64_t newest_step_ = 0;
  std::string newest_line_;  // empty: newest_ is it, if anything is
  std::optional<ProgressMessage> newest_;
};

/// The step of a line that is a progress message as our modules write them, read without parsing
/// the whole line. Empty: it is none, or has to be parsed.
std::optional<std::int64_t> QuickStep(std::string_view line);

}  // namespace joulefront
