// Text tables and CSV from the same rows.
#pragma once

#include <string>
#include <vector>

namespace joulefront {

struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  // as many cells as the header
  std::vector<bool> left;                      // by column: aligned left; missing: right
};

/// Columns two blanks apart, the header underlined, numbers to the right.
std::string FormatTable(const Table& table);

/// RFC 4180: cells with a comma, a quote or a line break are quoted; lines end with "\n".
std::string FormatCsv(const Table& table);

}  // namespace joulefront
