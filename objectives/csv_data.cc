#include "objectives/csv_data.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "objectives/bad_input.h"
#include "objectives/csv_lines.h"
#include "objectives/targets.h"

namespace joulefront::objectives {
namespace {

constexpr std::size_t kMostCategories = 1000;

bool IsMissing(std::string_view text) {
  constexpr std::string_view kMissing[] = {"", "NA", "NaN", "nan", "null", "?"};
  return std::find(std::begin(kMissing), std::end(kMissing), text) != std::end(kMissing);
}

/// Empty if the text is no number. Read as double: what is too small for a float becomes 0.
std::optional<double> ParseNumber(std::string_view text) {
  double number = 0;
  const char* begin = text.data() + (text.front() == '+' ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, number);
  if (stop != end || error == std::errc::invalid_argument) return std::nullopt;
  return error == std::errc() ? number : std::numeric_limits<double>::infinity();
}

float ReadNumber(std::string_view text, const std::string& column, const CsvLines& lines) {
  if (IsMissing(text)) return std::numeric_limits<float>::quiet_NaN();
  const auto number = ParseNumber(text);
  const auto value = static_cast<float>(number.value_or(NAN));
  if (!std::isfinite(value)) {
    lines.Refuse("column '" + column + "': '" + std::string(text) + "' is not a finite number");
  }
  return value;
}

/// The place of the label column among the header's columns.
std::size_t FindLabel(const CsvLines& lines, const std::string& label) {
  const std::vector<std::string>& header = lines.header();
  if (header.size() < 2) lines.Refuse("the header needs a label and at least one other column");
  const bool all_numbers = std::all_of(header.begin(), header.end(), [](const std::string& name) {
    return !name.empty() && ParseNumber(name).has_value();
  });
  if (all_numbers) {
    lines.Refuse(
        "the first line names the columns, and here it holds nothing but numbers: add one "
        "with names");
  }
  const auto found = std::find(header.begin(), header.end(), label.empty() ? "label" : label);
  if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
  if (!label.empty()) lines.Refuse("there is no label column '" + label + "'");
  return header.size() - 1;
}

/// Refuses a column of many different numbers with a text or two among them: a typo would make it
/// as many categories.
void RefuseStrayTexts(const std::string& path, const std::string& name,
                      const std::set<std::string>& texts) {
  constexpr std::ptrdiff_t kMostStrays = 2, kManyNumbers = 20;
  const auto is_text = [](const std::string& text) { return !ParseNumber(text); };
  const auto strays = std::count_if(texts.begin(), texts.end(), is_text);
  if (strays > kMostStrays || std::ssize(texts) - strays < kManyNumbers) return;
  throw BadInput(path + ": column '" + name + "' holds numbers and '" +
                 *std::find_if(texts.begin(), texts.end(), is_text) +
                 "'; mend it, or write a missing value as NA or an empty field");
}

/// The columns but the label's, in the order of the file: numbers, where all that is there are
/// numbers, else categories.
std::vector<Column> FindColumns(const std::string& path, const std::string& label) {
  struct Seen {
    bool any = false, numbers = true;
    std::set<std::string> texts;
  };
  CsvLines lines(path);
  const std::size_t label_at = FindLabel(lines, label);
  std::vector<Seen> seen(lines.header().size());
  std::vector<std::string> fields;
  bool any_row = false;
  while (lines.Next(fields)) {
    any_row = true;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      Seen& of = seen[i];
      if (i == label_at || IsMissing(fields[i])) continue;
      of.any = true;
      of.numbers = of.numbers && ParseNumber(fields[i]);
      // Of a column of numbers a few are kept, in case that a text follows them.
      if (of.texts.size() <= kMostCategories) of.texts.insert(fields[i]);
    }
  }
  if (!any_row) throw BadInput(path + ": there is a header but no row");
  std::vector<Column> columns;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (i == label_at) continue;
    const std::string& name = lines.header()[i];
    if (!seen[i].any) throw BadInput(path + ": column '" + name + "' holds no value");
    if (seen[i].numbers) {
      columns.push_back({name, {}});
      continue;
    }
    RefuseStrayTexts(path, name, seen[i].texts);
    if (seen[i].texts.size() > kMostCategories) {
      throw BadInput(path + ": column '" + name + "' holds more than " +
                     std::to_string(kMostCategories) +
                     " different texts; drop it, or make numbers of it");
    }
    columns.push_back({name, {seen[i].texts.begin(), seen[i].texts.end()}});
  }
  return columns;
}

/// Numbers the classes in sorted order, whatever order the rows came in.
std::vector<std::string> SortedClasses(const std::vector<std::string>& texts) {
  const std::set<std::string> sorted(texts.begin(), texts.end());
  return {sorted.begin(), sorted.end()};
}

/// The labels as numbers; empty if one of them is none.
std::vector<double> NumbersOf(const std::vector<std::string>& texts) {
  std::vector<double> numbers;
  for (const std::string& text : texts) {
    const auto number = ParseNumber(text);
    if (!number || !std::isfinite(*number)) return {};
    numbers.push_back(*number);
  }
  return numbers;
}

/// Names, ids and free text are no classes: hardly one would be seen twice.
void RefuseIds(const std::string& path, const std::string& label, std::size_t classes,
               std::size_t rows) {
  if (classes <= 20 || 2 * classes <= rows) return;
  throw BadInput(path + ": the label '" + label + "' holds " + std::to_string(classes) +
                 " different words in " + std::to_string(rows) +
                 " rows, which are no classes; name another column with --label");
}

void TakeClasses(const std::string& path, const std::vector<std::string>& texts, Dataset& data) {
  std::map<std::string, std::int64_t> numbers;
  for (std::size_t i = 0; i < data.classes.size(); ++i) {
    numbers[data.classes[i]] = static_cast<std::int64_t>(i);
  }
  for (const std::string& text : texts) {
    const auto found = numbers.find(text);
    if (found == numbers.end()) {
      throw BadInput(path + ": the label '" + text + "' does not occur in the training file");
    }
    data.labels.push_back(found->second);
  }
}

void Append(const Column& column, const std::string& field, const CsvLines& lines,
            std::vector<float>& features) {
  if (column.categories.empty()) {
    features.push_back(ReadNumber(field, column.name, lines));
    return;
  }
  for (const std::string& category : column.categories) {
    features.push_back(field == category ? 1.0F : 0.0F);
  }
}

void RefuseOtherColumns(const std::string& path, const std::vector<std::string>& names,
                        const std::vector<Column>& columns) {
  const std::string refused = path + ": its columns are not those of the training file: ";
  if (names.size() != columns.size()) {
    throw BadInput(refused + std::to_string(names.size()) + " beside the label, not " +
                   std::to_string(columns.size()));
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == columns[i].name) continue;
    throw BadInput(refused + "'" + names[i] + "' stands where '" + columns[i].name +
                   "' does there");
  }
}

}  // namespace

Dataset ReadCsv(const std::string& path, const std::string& label, const Dataset* reference) {
  Dataset data;
  data.columns = reference != nullptr ? reference->columns : FindColumns(path, label);
  CsvLines lines(path);
  const std::size_t label_at = FindLabel(lines, label);
  std::vector<std::string> names = lines.header();
  names.erase(names.begin() + static_cast<std::ptrdiff_t>(label_at));
  RefuseOtherColumns(path, names, data.columns);
  std::vector<std::string> fields, labels;
  while (lines.Next(fields)) {
    labels.push_back(std::move(fields[label_at]));
    if (IsMissing(labels.back())) lines.Refuse("the label is empty or missing");
    fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(label_at));
    for (std::size_t i = 0; i < fields.size(); ++i) {
      Append(data.columns[i], fields[i], lines, data.features);
    }
  }
  if (labels.empty()) throw BadInput(path + ": there is a header but no row");
  const std::vector<double> numbers = NumbersOf(labels);
  const std::string name = lines.header()[label_at];
  if (reference != nullptr ? reference->is_quantity : !numbers.empty() && IsQuantity(numbers)) {
    if (numbers.empty()) {
      throw BadInput(path + ": the label '" + name +
                     "' is a quantity in the training file, and not all numbers here");
    }
    TakeTargets(numbers, data);
  } else {
    data.classes = reference != nullptr ? reference->classes : SortedClasses(labels);
    if (reference == nullptr) RefuseIds(path, name, data.classes.size(), labels.size());
    TakeClasses(path, labels, data);
  }
  data.shape = {static_cast<std::int64_t>(data.features.size() / labels.size())};
  return data;
}

}  // namespace joulefront::objectives
