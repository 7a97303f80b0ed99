// CSV, RFC 4180, and how a text stands in it: our own exports read back exactly, and no program
// that opens them computes a cell.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace joulefront {

struct CsvRow {
  int line = 0;  // where it begins, from 1
  std::vector<std::string> cells;
};

/// Rows with at least one cell that is not empty. Fails with the line in which an open quote has no
/// end.
tl::expected<std::vector<CsvRow>, int> SplitCsv(std::string_view text);

/// A text as a JSON string, in ASCII: nothing but this text. Example: =1 -> "=1".
std::string QuotedText(std::string_view text);

/// The text of a QuotedText(); empty if the cell is none.
std::optional<std::string> TextIn(const std::string& cell);

/// Before the JSON of a number or a truth value that would be taken for a text: json:1.
inline constexpr const char* kExactValue = "json:";

/// How a text stands in a cell: as it is, or, where it would not read back as itself, which holds
/// for one that begins with a quote or as an exact value, as a QuotedText(). The empty text stays
/// empty: missing.
std::string TextCell(const std::string& text);

/// A line of CSV with its end. What a spreadsheet would compute (a cell that begins with =, +, -
/// or @ and is no number) and what holds control characters is written as a QuotedText(); then
/// cells with a comma, a quote or a line break are quoted.
std::string CsvLine(const std::vector<std::string>& cells);

}  // namespace joulefront
