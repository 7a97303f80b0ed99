// The front of a study for papers and pages: a LaTeX table, a Markdown table.
#pragma once

#include <string>

#include "cli/report_records.h"

namespace joulefront {

/// A tabular of booktabs' rules; comments above it say of which study it is, and where its joules
/// are from.
std::string LatexTable(const ReportRecords& report);

/// A heading, a sentence and a table, as GitHub and GitLab show them.
std::string MarkdownTable(const ReportRecords& report);

}  // namespace joulefront
