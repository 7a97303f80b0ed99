// Arrays of numbers in IDX and NPY files, and CIFAR-10's records.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace joulefront::objectives {

struct Array {
  std::vector<std::int64_t> shape;
  std::vector<double> values;  // row by row
};

/// Whether `bytes` begin like such a file.
bool IsIdx(std::string_view bytes);
bool IsNpy(std::string_view bytes);

/// Reads the whole of a file, or its first bytes, decompressed if need be. Throws BadInput: cannot
/// be opened, damaged.
std::string ReadBytes(const std::string& path);
std::string ReadBeginning(const std::string& path);

/// The array in `bytes`, which are the file `path`. Throws BadInput: cut, more than one array, a
/// type that is no number, more dimensions than four, no numbers at all.
Array ParseIdx(const std::string& path, std::string_view bytes);
Array ParseNpy(const std::string& path, std::string_view bytes);

struct LabelledImages {
  Array images;  // n x 3 x 32 x 32
  std::vector<std::int64_t> labels;
};
LabelledImages ParseCifar10(const std::string& path, std::string_view bytes);

}  // namespace joulefront::objectives
