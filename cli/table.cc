#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/printable.h"
#include "study_store/csv_cells.h"

namespace joulefront {
namespace {

/// Characters, where a byte of UTF-8 that continues one is none.
std::size_t Width(const std::string& cell) {
  return static_cast<std::size_t>(std::count_if(cell.begin(), cell.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string Padded(const std::string& cell, std::size_t width, bool left) {
  const std::string blanks(width - std::min(width, Width(cell)), ' ');
  return left ? Printable(cell) + blanks : blanks + Printable(cell);
}

}  // namespace

std::string FormatTable(const Table& table, std::size_t width) {
  std::vector<std::size_t> widths;
  for (const std::string& title : table.header) widths.push_back(Width(title));
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::size_t shown = 0;
  for (std::size_t used = 0; shown < widths.size(); ++shown) {
    used += widths[shown] + (shown == 0 ? 0 : 2);
    if (used > width) break;
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t i = 0; i < shown; ++i) {
      const bool left = i < table.left.size() && table.left[i];
      text += i == 0 ? "" : "  ";
      text += Padded(cells[i], widths[i], left);
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text + "\n";
  };
  std::vector<std::string> rule;
  for (const std::size_t column : widths) rule.push_back(std::string(column, '-'));
  std::string text = line(table.header) + line(rule);
  for (const auto& row : table.rows) text += line(row);
  if (shown < widths.size()) {
    text += fmt::format("({} more columns; --format csv shows all)\n", widths.size() - shown);
  }
  return text;
}

std::string FormatCsv(const Table& table) {
  std::string text = CsvLine(table.header);
  for (const auto& row : table.rows) text += CsvLine(row);
  return text;
}

}  // namespace joulefront
