// Labelled examples to learn from, whatever file they came in. The format is told by the content:
// IDX (MNIST's), NPY (NumPy's), CIFAR-10's binary records, else CSV; each also compressed by gzip.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace joulefront::objectives {

/// Of a CSV file. A column of numbers is one feature; one of categories has a feature for each,
/// 1 where it holds and 0 elsewhere.
struct Column {
  std::string name;
  std::vector<std::string> categories;  // sorted; empty: numbers
  bool operator==(const Column&) const = default;
};

struct Dataset {
  /// Of one example: {columns}; {channels, height, width} for images; {length, numbers} for
  /// sequences.
  std::vector<std::int64_t> shape;
  std::vector<float> features;       // n x product of shape; NaN where a value is missing
  std::vector<std::int64_t> labels;  // an example's class: an index into `classes`
  bool is_quantity = false;          // the labels are numbers to predict, no classes (targets.h):
  std::vector<double> targets;       // these, one an example; `labels` are then their tenths
  std::vector<std::string>
      classes;                  // as written in the file, sorted; "0", "1" ... in other formats
  std::vector<Column> columns;  // of a CSV file, else empty

  std::size_t rows() const { return labels.size(); }
  std::size_t width() const;  // numbers of one example
};

struct DataFiles {
  std::vector<std::string> data;  // several are read as one for CIFAR-10 alone
  std::string labels;             // of IDX and NPY: the file of the labels
  std::string label;              // of CSV: the label's column; empty: "label", or the last
};

/// Reads and checks the files. In CSV, "", "NA", "NaN", "null" and "?" are missing values. Throws
/// BadInput with the file, and the line where there is one: cannot be opened, empty, cut, of
/// another format than its beginning says, infinite values, a column of nothing, more than 1000
/// categories, missing labels, fewer or more labels than examples, labels of words that differ from
/// row to row.
Dataset ReadDataset(const DataFiles& files);

/// The same for other examples of the kind of `reference`: shape, columns, categories and classes
/// are the reference's. Throws BadInput as above, and for another shape, other columns, and a class
/// that the reference lacks. A category that it lacks has no feature.
Dataset ReadDatasetLike(const Dataset& reference, const DataFiles& files);

/// A text as numbers of its distinct bytes.
struct Text {
  std::string alphabet;              // sorted
  std::vector<std::uint8_t> tokens;  // indices into the alphabet
};

/// Throws BadInput: cannot be read, empty, or all of one byte.
Text ReadText(const std::string& path);

/// With the alphabet of `reference`. Throws BadInput, with the line, for a byte that it lacks.
Text ReadTextLike(const Text& reference, const std::string& path);

}  // namespace joulefront::objectives
