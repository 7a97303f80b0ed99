// A CSV file (csv_lines.h) with a header, one label column and otherwise numbers, read into memory.
// What is read is complete: every row has every column, every number is finite. No missing values,
// no categories but the label.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace joulefront::objectives {

struct Table {
  std::vector<std::string> columns;  // names of the numeric columns
  std::vector<float> features;       // rows x columns, row by row
  std::vector<std::int64_t> labels;  // a row's class: an index into `classes`
  std::vector<std::string> classes;  // as written in the file, sorted
  std::size_t rows() const { return labels.size(); }
};

/// Reads `path`. The classes are the texts in the column `label`; an empty `label` means the column
/// named "label" or, without one, the last. Throws BadInput with the file, and the line where there
/// is one: cannot be opened, empty, no rows, no such column, repeated column, ragged row, not a
/// number.
Table ReadCsv(const std::string& path, const std::string& label);

/// `table` with its labels as indices into the classes of `reference`. Throws BadInput, naming
/// `path`, if the numeric columns differ or a class is unknown to the reference.
Table AlignTo(const Table& reference, Table table, const std::string& path);

}  // namespace joulefront::objectives
