#include "study_store/csv_cells.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/printable.h"

namespace joulefront {
namespace {

using nlohmann::json;

bool IsNumber(std::string_view cell) {
  if (cell.starts_with('+') && !cell.starts_with("+-")) cell.remove_prefix(1);
  double number = 0.0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
  return error != std::errc::invalid_argument && end == cell.data() + cell.size();
}

/// Whether a spreadsheet would take it for a formula.
bool IsComputed(std::string_view cell) {
  return !cell.empty() && std::string_view("=+-@").find(cell.front()) != cell.npos &&
         !IsNumber(cell);
}

}  // namespace

tl::expected<std::vector<CsvRow>, int> SplitCsv(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<CsvRow> rows;
  int line = 1;
  for (std::size_t at = 0; at < text.size();) {
    CsvRow row{.line = line, .cells = {""}};
    bool quoted = false;
    for (bool ended = false; !ended && at < text.size(); ++at) {
      const char c = text[at];
      if (c == '\n') ++line;
      if (c == '"') {
        const bool doubled = quoted && text.substr(at + 1).starts_with('"');
        if (doubled) {
          row.cells.back() += text[++at];
        } else {
          quoted = !quoted;
        }
      } else if (quoted) {
        row.cells.back() += c;
      } else if (c == ',') {
        row.cells.emplace_back();
      } else if (c == '\n') {
        ended = true;
      } else if (c != '\r') {
        row.cells.back() += c;
      }
    }
    if (quoted) return tl::unexpected(row.line);
    if (row.cells.size() > 1 || !row.cells[0].empty()) rows.push_back(std::move(row));
  }
  return rows;
}

std::string QuotedText(std::string_view text) {
  return json(text).dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace);
}

std::optional<std::string> TextIn(const std::string& cell) {
  if (!cell.starts_with('"')) return std::nullopt;
  const json held = json::parse(cell, nullptr, /*allow_exceptions=*/false);
  if (!held.is_string()) return std::nullopt;
  return held.get<std::string>();
}

std::string TextCell(const std::string& text) {
  const bool is_other = text.starts_with('"') || text.starts_with(kExactValue);
  return is_other || Printable(text) != text ? QuotedText(text) : text;
}

std::string CsvLine(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool harmless = !IsComputed(cells[i]) && Printable(cells[i]) == cells[i];
    const std::string cell = harmless ? cells[i] : QuotedText(cells[i]);
    if (i > 0) line += ',';
    if (cell.find_first_of(",\"\r\n") == std::string::npos) {
      line += cell;
      continue;
    }
    line += '"';
    for (const char c : cell) line += c == '"' ? "\"\"" : std::string(1, c);
    line += '"';
  }
  return line + "\n";
}

}  // namespace joulefront
