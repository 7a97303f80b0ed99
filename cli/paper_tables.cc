#include "cli/paper_tables.h"

#include <fmt/format.h>

#include "cli/front_table.h"
#include "cli/harmless_text.h"
#include "cli/report_view.h"

namespace joulefront {
namespace {

constexpr std::string_view kArrow = "<- ";  // before marks in the column without a title

/// The front's table, and what must be said with it.
struct Shown {
  Table table;
  std::string about;   // "60 complete trials, 7 on the front; joules ..."
  std::string joules;  // where they come from; empty without any
};

Shown ShownOf(const ReportRecords& report) {
  const Study& study = report.records.study;
  const Front front = ViewOf(report).front;
  const FrontView view{.study = study,
                       .trials = report.candidates(),
                       .steps = report.with_reports.steps,
                       .front = front,
                       .chosen = {}};
  Shown shown{.table = FrontTable(view, /*exact=*/false), .about = {}, .joules = front.key};
  for (auto& row : shown.table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::string& cell = row[i];
      if (shown.table.header[i].empty() && cell.starts_with(kArrow)) cell.erase(0, kArrow.size());
    }
  }
  std::size_t left_out = 0;
  for (const auto& [key, trials] : front.left_out) left_out += trials;
  shown.about =
      fmt::format("{} of {} complete trials are on the front", front.points.size(), front.complete);
  if (front.hypervolume) {
    std::vector<std::string> reference;
    for (const double r : front.reference_point) reference.push_back(FormatNumber(r));
    shown.about += fmt::format("; hypervolume {} to reference ({})",
                               FormatNumber(*front.hypervolume), fmt::join(reference, ", "));
  }
  if (front.off_scale > 0) {
    shown.about += fmt::format("; {} are off the scale", front.off_scale);
  }
  if (left_out > 0) {
    shown.about += fmt::format("; {} are left out, whose joules cannot be compared", left_out);
  }
  return shown;
}

}  // namespace

std::string LatexTable(const ReportRecords& report) {
  const Shown shown = ShownOf(report);
  std::string columns;
  for (const bool left : shown.table.left) columns += left ? 'l' : 'r';
  std::string text =
      fmt::format("% study '{}': {}\n", PlainLine(report.records.study.name), shown.about);
  if (!shown.joules.empty()) text += fmt::format("% joules: {}\n", PlainLine(shown.joules));
  text += "% \\usepackage[T1]{fontenc} \\usepackage{booktabs}\n\\begin{tabular}{" + columns +
          "}\n\\toprule\n";
  const auto line = [](const std::vector<std::string>& cells) {
    std::string row;
    for (const std::string& cell : cells) {
      row += (row.empty() ? "" : " & ") + (cell.empty() ? "{}" : LatexText(cell));
    }
    return row + " \\\\\n";
  };
  text += line(shown.table.header) + "\\midrule\n";
  for (const auto& row : shown.table.rows) text += line(row);
  return text + "\\bottomrule\n\\end{tabular}\n";
}

std::string MarkdownTable(const ReportRecords& report) {
  const Shown shown = ShownOf(report);
  std::string text =
      fmt::format("## Study {}\n\n{}.", MarkdownText(report.records.study.name), shown.about);
  if (!shown.joules.empty()) text += fmt::format(" Joules: {}.", MarkdownText(shown.joules));
  text += "\n\n";
  const auto line = [](const std::vector<std::string>& cells) {
    std::string row = "|";
    for (const std::string& cell : cells) row += " " + cell + " |";
    return row + "\n";
  };
  std::vector<std::string> header, rule;
  for (std::size_t i = 0; i < shown.table.header.size(); ++i) {
    header.push_back(MarkdownText(shown.table.header[i]));
    rule.push_back(shown.table.left[i] ? ":--" : "--:");
  }
  text += line(header) + line(rule);
  for (const auto& row : shown.table.rows) {
    std::vector<std::string> cells;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool mark = shown.table.header[i].empty() && !row[i].empty();
      cells.push_back(mark ? "**" + row[i] + "**" : MarkdownText(row[i]));
    }
    text += line(cells);
  }
  return text;
}

}  // namespace joulefront
