#include "cli/paper_tables.h"

#include <fmt/format.h>

#include "base/printable.h"
#include "cli/front_table.h"

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
  const Front front = ComputeFront(study, report.candidates());
  const FrontView view{.study = study,
                       .trials = report.candidates(),
                       .steps = report.steps,
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
  if (left_out > 0) {
    shown.about += fmt::format("; {} are left out, whose joules cannot be compared", left_out);
  }
  return shown;
}

/// `text` with each character that `escape` knows written otherwise.
template <typename Escape>
std::string Escaped(const std::string& text, const Escape& escape) {
  std::string escaped;
  for (const char c : Printable(text)) escaped += escape(c);
  return escaped;
}

std::string InLatex(const std::string& text) {
  return Escaped(text, [](char c) -> std::string {
    switch (c) {
      case '\\':
        return "\\textbackslash{}";
      case '~':
        return "\\textasciitilde{}";
      case '^':
        return "\\textasciicircum{}";
      case '<':
        return "\\textless{}";
      case '>':
        return "\\textgreater{}";
      case '|':
        return "\\textbar{}";
      case '"':
        return "\\textquotedbl{}";
      case '#':
      case '$':
      case '%':
      case '&':
      case '_':
      case '{':
      case '}':
        return {'\\', c};
      default:
        return {c};
    }
  });
}

std::string InMarkdown(const std::string& text) {
  return Escaped(text, [](char c) -> std::string {
    constexpr std::string_view kMarks = "\\`*_{}[]()#+!|~$@:";
    if (c == '<') return "&lt;";
    if (c == '>') return "&gt;";
    if (c == '&') return "&amp;";
    if (kMarks.find(c) != std::string_view::npos) return {'\\', c};
    return {c};
  });
}

}  // namespace

std::string LatexTable(const ReportRecords& report) {
  const Shown shown = ShownOf(report);
  std::string columns;
  for (const bool left : shown.table.left) columns += left ? 'l' : 'r';
  std::string text =
      fmt::format("% study '{}': {}\n", Printable(report.records.study.name), shown.about);
  if (!shown.joules.empty()) text += fmt::format("% joules: {}\n", Printable(shown.joules));
  text += "% \\usepackage[T1]{fontenc} \\usepackage{booktabs}\n\\begin{tabular}{" + columns +
          "}\n\\toprule\n";
  const auto line = [](const std::vector<std::string>& cells) {
    std::string row;
    for (const std::string& cell : cells) {
      row += (row.empty() ? "" : " & ") + (cell.empty() ? "{}" : InLatex(cell));
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
      fmt::format("## Study {}\n\n{}.", InMarkdown(report.records.study.name), shown.about);
  if (!shown.joules.empty()) text += fmt::format(" Joules: {}.", InMarkdown(shown.joules));
  text += "\n\n";
  const auto line = [](const std::vector<std::string>& cells) {
    std::string row = "|";
    for (const std::string& cell : cells) row += " " + cell + " |";
    return row + "\n";
  };
  std::vector<std::string> header, rule;
  for (std::size_t i = 0; i < shown.table.header.size(); ++i) {
    header.push_back(InMarkdown(shown.table.header[i]));
    rule.push_back(shown.table.left[i] ? ":--" : "--:");
  }
  text += line(header) + line(rule);
  for (const auto& row : shown.table.rows) {
    std::vector<std::string> cells;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool mark = shown.table.header[i].empty() && !row[i].empty();
      cells.push_back(mark ? "**" + row[i] + "**" : InMarkdown(row[i]));
    }
    text += line(cells);
  }
  return text;
}

}  // namespace joulefront
