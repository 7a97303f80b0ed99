// The data of a report's page: all that it shows, compact. Columns are arrays, one entry a row;
// texts that repeat are indices into labels; numbers have six digits, but for whole ones, the
// front's configurations and its values, which are exact. A missing figure is null.
#pragma once

#include <cstddef>
#include <limits>
#include <nlohmann/json_fwd.hpp>

#include "cli/report_records.h"

namespace joulefront {

inline constexpr std::size_t kEveryRow = std::numeric_limits<std::size_t>::max();

/// Rows are the trials, and those reports of anytime trainings that are on the front. Of more than
/// `most_rows`: the front, the newest, and an even sample of the rest; "sample" then says so.
nlohmann::ordered_json ReportJson(const ReportRecords& report, std::size_t most_rows = kEveryRow);

/// Where the study stands: trials by state, what runs, what was spent.
nlohmann::ordered_json StandingJson(const ReportRecords& report);

/// What is shown of a study beside another: its front, and a few figures.
nlohmann::ordered_json FrontBesideJson(const ReportRecords& report);

}  // namespace joulefront
