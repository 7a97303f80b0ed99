// Text tables and CSV from the same rows.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace joulefront {

inline constexpr std::size_t kUnlimited = static_cast<std::size_t>(-1);

struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  // as many cells as the header
  std::vector<bool> left;                      // by column: aligned left; missing: right
};

/// Columns two blanks apart, the header underlined, numbers to the right. Columns that do not fit
/// into `width` characters are left out from the right, and their number is told in a line below.
std::string FormatTable(const Table& table, std::size_t width = kUnlimited);

/// RFC 4180, with lines of CsvLine() (csv_cells.h): no program that opens it computes a cell.
std::string FormatCsv(const Table& table);

}  // namespace joulefront
