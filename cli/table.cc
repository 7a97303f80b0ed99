#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>

namespace joulefront {
namespace {

std::string CsvCell(const std::string& cell) {
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string CsvLine(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& cell : cells) line += (line.empty() ? "" : ",") + CsvCell(cell);
  return line + "\n";
}

}  // namespace

std::string FormatTable(const Table& table) {
  std::vector<std::size_t> widths;
  for (const std::string& title : table.header) widths.push_back(title.size());
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const bool left = i < table.left.size() && table.left[i];
      text += i == 0 ? "" : "  ";
      text += left ? fmt::format("{:<{}}", cells[i], widths[i])
                   : fmt::format("{:>{}}", cells[i], widths[i]);
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text + "\n";
  };
  std::vector<std::string> rule;
  for (const std::size_t width : widths) rule.push_back(std::string(width, '-'));
  std::string text = line(table.header) + line(rule);
  for (const auto& row : table.rows) text += line(row);
  return text;
}

std::string FormatCsv(const Table& table) {
  std::string text = CsvLine(table.header);
  for (const auto& row : table.rows) text += CsvLine(row);
  return text;
}

}  // namespace joulefront
