#include "objectives/dataset.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <numeric>

#include "objectives/array_data.h"
#include "objectives/bad_input.h"
#include "objectives/csv_data.h"
#include "objectives/targets.h"

namespace joulefront::objectives {
namespace {

constexpr double kMostClasses = 65536;

std::string Show(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

bool IsCifar(const std::string& path) {
  return path.ends_with(".bin") || path.ends_with(".bin.gz");
}

/// Quantities, or numbered classes "0" to the largest. `reference` says which, if it is not null.
void TakeLabels(const std::string& path, const std::vector<double>& numbers,
                const Dataset* reference, Dataset& data) {
  const bool finite = std::all_of(numbers.begin(), numbers.end(),
                                  [](double number) { return std::isfinite(number); });
  if (finite && (reference != nullptr ? reference->is_quantity : IsQuantity(numbers))) {
    TakeTargets(numbers, data);
    return;
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const double number = numbers[i];
    if (!(number >= 0 && number < kMostClasses) || number != std::floor(number)) {
      throw BadInput(path + ": label " + std::to_string(i) + " is " + std::to_string(number) +
                     "; labels of classes are whole numbers from 0 to 65535");
    }
    data.labels.push_back(static_cast<std::int64_t>(number));
  }
  const std::int64_t last = *std::max_element(data.labels.begin(), data.labels.end());
  for (std::int64_t i = 0; i <= last; ++i) data.classes.push_back(std::to_string(i));
}

void TakeFeatures(const std::string& path, const Array& array, Dataset& data) {
  data.shape.assign(array.shape.begin() + 1, array.shape.end());
  data.features.reserve(array.values.size());
  for (const double value : array.values) {
    const auto feature = static_cast<float>(value);
    if (std::isinf(feature)) {
      throw BadInput(path + ": example " + std::to_string(data.features.size() / data.width()) +
                     " holds a value that is infinite, or too large");
    }
    data.features.push_back(feature);
  }
}

Array Parse(const std::string& path, const std::string& bytes) {
  return IsNpy(bytes) ? ParseNpy(path, bytes) : ParseIdx(path, bytes);
}

/// Examples in one file, labels in another. IDX holds grey images as
/// n x height x width; what has four dimensions is n x channels x height x width.
Dataset ReadArrays(const DataFiles& files, const Dataset* reference) {
  const std::string& path = files.data.front();
  const std::string bytes = ReadBytes(path);
  if (files.labels.empty()) {
    throw BadInput(
        path +
        ": its labels are in a file of their own: name it with --labels FILE (--validation-labels, "
        "--test-labels)");
  }
  const Array examples = Parse(path, bytes);
  if (examples.shape.size() < 2) {
    throw BadInput(
        path + ": examples need an array of two dimensions or more; is it the file of the labels?");
  }
  const Array labels = Parse(files.labels, ReadBytes(files.labels));
  if (labels.shape.size() != 1 || labels.shape[0] != examples.shape[0]) {
    throw BadInput(files.labels + ": " + Show(labels.shape) + " labels for the " +
                   std::to_string(examples.shape[0]) + " examples of " + path);
  }
  Dataset data;
  TakeFeatures(path, examples, data);
  TakeLabels(files.labels, labels.values, reference, data);
  if (IsIdx(bytes) && data.shape.size() == 2) data.shape.insert(data.shape.begin(), 1);
  return data;
}

Dataset ReadCifar(const std::vector<std::string>& paths, const Dataset* reference) {
  Dataset data;
  std::vector<double> labels;
  for (const std::string& path : paths) {
    const LabelledImages read = ParseCifar10(path, ReadBytes(path));
    TakeFeatures(path, read.images, data);
    labels.insert(labels.end(), read.labels.begin(), read.labels.end());
  }
  TakeLabels(paths.front(), labels, reference, data);
  return data;
}

Dataset Read(const DataFiles& files, const Dataset* reference) {
  if (IsCifar(files.data.front())) {
    if (!files.labels.empty()) throw BadInput("--labels: CIFAR-10 files hold their labels");
    return ReadCifar(files.data, reference);
  }
  if (files.data.size() > 1) {
    throw BadInput(files.data[1] + ": several files are read as one for CIFAR-10 alone (.bin)");
  }
  const std::string& path = files.data.front();
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) throw BadInput(path + ": is a folder");
  // Tables may be large, and are read line by line; so the beginning alone tells the format.
  const std::string bytes = ReadBeginning(path);
  if (IsIdx(bytes) || IsNpy(bytes)) return ReadArrays(files, reference);
  if (!files.labels.empty()) {
    throw BadInput("--labels: " + path +
                   " is read as CSV, whose labels are a column: --label NAME");
  }
  return ReadCsv(path, files.label, reference);
}

}  // namespace

std::size_t Dataset::width() const {
  return static_cast<std::size_t>(
      std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()));
}

Dataset ReadDataset(const DataFiles& files) { return Read(files, nullptr); }

Dataset ReadDatasetLike(const Dataset& reference, const DataFiles& files) {
  Dataset data = Read(files, &reference);
  const std::string& path = files.data.front();
  if (data.shape != reference.shape || data.columns != reference.columns) {
    throw BadInput(path + ": its examples are of " + Show(data.shape) +
                   " numbers, those of the training file of " + Show(reference.shape));
  }
  if (data.classes.size() > reference.classes.size()) {
    throw BadInput(path + ": the label '" + data.classes.back() +
                   "' does not occur in the training file");
  }
  data.classes = reference.classes;
  return data;
}

Text ReadText(const std::string& path) {
  const std::string bytes = ReadBytes(path);
  Text text;
  text.alphabet = bytes;
  std::sort(text.alphabet.begin(), text.alphabet.end());
  text.alphabet.erase(std::unique(text.alphabet.begin(), text.alphabet.end()), text.alphabet.end());
  if (text.alphabet.size() < 2) {
    throw BadInput(path + (bytes.empty() ? ": the text is empty"
                                         : ": the text is one character over and over"));
  }
  return ReadTextLike(text, path);
}

Text ReadTextLike(const Text& reference, const std::string& path) {
  Text text{reference.alphabet, {}};
  std::size_t line = 1;
  for (const char byte : ReadBytes(path)) {
    const std::size_t at = reference.alphabet.find(byte);
    if (at == std::string::npos) {
      throw BadInput(path + ":" + std::to_string(line) + ": the byte " +
                     std::to_string(static_cast<unsigned char>(byte)) +
                     " does not occur in the training text");
    }
    text.tokens.push_back(static_cast<std::uint8_t>(at));
    if (byte == '\n') ++line;
  }
  if (text.tokens.empty()) throw BadInput(path + ": the text is empty");
  return text;
}

}  // namespace joulefront::objectives
