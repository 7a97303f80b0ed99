// A study as a figure for papers: its front, and how the hypervolume came about.
#pragma once

#include <string>

#include "cli/report_records.h"

namespace joulefront {

/// One SVG 1.1 document of 180 mm by 80 mm, black on white, told apart by shape and label as well
/// as by colour. Of other than two objectives the first that is not paid is drawn against what is.
std::string FrontSvg(const ReportRecords& report);

}  // namespace joulefront
