#include "objectives/csv_data.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <string_view>

#include "objectives/bad_input.h"
#include "objectives/csv_lines.h"

namespace joulefront::objectives {
namespace {

float ReadNumber(std::string_view text, const std::string& column, const CsvLines& lines) {
  if (text.empty()) lines.Refuse("column '" + column + "' is empty; missing values are not taken");
  // Read as double: what is too small for a float becomes 0 instead of an error.
  double number = 0;
  const char* begin = text.data() + (text.front() == '+' ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, number);
  const auto value = static_cast<float>(number);
  if (error != std::errc() || stop != end || !std::isfinite(value)) {
    lines.Refuse("column '" + column + "': '" + std::string(text) + "' is not a finite number");
  }
  return value;
}

/// The place of the label column among the header's columns.
std::size_t FindLabel(const CsvLines& lines, const std::string& label) {
  const std::vector<std::string>& header = lines.header();
  if (header.size() < 2) lines.Refuse("the header needs a label and at least one numeric column");
  const auto found = std::find(header.begin(), header.end(), label.empty() ? "label" : label);
  if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
  if (!label.empty()) lines.Refuse("there is no label column '" + label + "'");
  return header.size() - 1;
}

/// Numbers the classes in sorted order, whatever order the rows came in.
void NumberClasses(const std::vector<std::string>& texts, Table& table) {
  std::map<std::string, std::int64_t> numbers;
  for (const std::string& text : texts) numbers[text] = 0;
  for (auto& [text, number] : numbers) {
    number = static_cast<std::int64_t>(table.classes.size());
    table.classes.push_back(text);
  }
  for (const std::string& text : texts) table.labels.push_back(numbers[text]);
}

}  // namespace

Table ReadCsv(const std::string& path, const std::string& label) {
  CsvLines lines(path);
  Table table;
  table.columns = lines.header();
  const std::size_t label_at = FindLabel(lines, label);

  std::vector<std::string> fields;
  std::vector<std::string> texts;
  while (lines.Next(fields)) {
    if (fields[label_at].empty()) lines.Refuse("the label is empty");
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (i != label_at) table.features.push_back(ReadNumber(fields[i], table.columns[i], lines));
    }
    texts.push_back(fields[label_at]);
  }
  if (texts.empty()) throw BadInput(path + ": there is a header but no row");

  table.columns.erase(table.columns.begin() + static_cast<std::ptrdiff_t>(label_at));
  NumberClasses(texts, table);
  return table;
}

Table AlignTo(const Table& reference, Table table, const std::string& path) {
  if (table.columns != reference.columns) {
    throw BadInput(path + ": its numeric columns are not those of the training file");
  }
  for (std::int64_t& label : table.labels) {
    const std::string& text = table.classes[static_cast<std::size_t>(label)];
    const auto found = std::lower_bound(reference.classes.begin(), reference.classes.end(), text);
    if (found == reference.classes.end() || *found != text) {
      throw BadInput(path + ": the label '" + text + "' does not occur in the training file");
    }
    label = found - reference.classes.begin();
  }
  table.classes = reference.classes;
  return table;
}

}  // namespace joulefront::objectives
