#include "objectives/csv_data.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <map>
#include <string_view>

#include "objectives/bad_input.h"

namespace joulefront::objectives {
namespace {

/// Where in which file, for messages: "train.csv:17".
struct Place {
  const std::string& path;
  std::size_t line;
  [[noreturn]] void Refuse(const std::string& problem) const {
    throw BadInput(path + ":" + std::to_string(line) + ": " + problem);
  }
};

/// Reads the next line that is not blank, without its line end. False at the end of the file.
bool NextLine(std::istream& in, std::string& line, std::size_t& number) {
  while (std::getline(in, line)) {
    ++number;
    if (number == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) return true;
  }
  return false;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Takes a quoted field off the front of `rest`, which begins with its opening quote.
std::string TakeQuoted(std::string_view& rest, const Place& place) {
  std::string field;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] != '"') {
      field += rest[i];
    } else if (i + 1 < rest.size() && rest[i + 1] == '"') {
      field += '"';
      ++i;
    } else {
      rest = Trim(rest.substr(i + 1));
      if (!rest.empty() && rest.front() != ',') place.Refuse("text after a closing quote");
      return field;
    }
  }
  place.Refuse("a quoted field that is not closed on its line");
}

/// The fields of one line, put into `fields` (a parameter so that its memory serves every line).
void SplitFields(std::string_view line, const Place& place, std::vector<std::string>& fields) {
  fields.clear();
  for (std::string_view rest = line;;) {
    const std::string_view trimmed = Trim(rest);
    if (trimmed.starts_with('"')) {
      rest = trimmed;
      fields.push_back(TakeQuoted(rest, place));
    } else {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      fields.emplace_back(Trim(rest.substr(0, comma)));
      rest.remove_prefix(comma);
    }
    if (rest.empty()) return;
    rest.remove_prefix(1);
  }
}

float ReadNumber(std::string_view text, const std::string& column, const Place& place) {
  if (text.empty()) place.Refuse("column '" + column + "' is empty; missing values are not taken");
  // Read as double: what is too small for a float becomes 0 instead of an error.
  double number = 0;
  const char* begin = text.data() + (text.front() == '+' ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, number);
  const auto value = static_cast<float>(number);
  if (error != std::errc() || stop != end || !std::isfinite(value)) {
    place.Refuse("column '" + column + "': '" + std::string(text) + "' is not a finite number");
  }
  return value;
}

/// The place of the label column among the header's columns.
std::size_t FindLabel(const std::vector<std::string>& header, const std::string& label,
                      const Place& place) {
  std::vector<std::string> sorted = header;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) place.Refuse("two columns are named '" + *twice + "'");
  if (header.size() < 2) place.Refuse("the header needs a label and at least one numeric column");
  const auto found = std::find(header.begin(), header.end(), label.empty() ? "label" : label);
  if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
  if (!label.empty()) place.Refuse("there is no label column '" + label + "'");
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
  std::ifstream in(path, std::ios::binary);
  if (!in) throw BadInput(path + ": cannot open the file");
  std::string line;
  std::size_t number = 0;
  if (!NextLine(in, line, number)) throw BadInput(path + ": the file is empty or cannot be read");

  Table table;
  SplitFields(line, Place{path, number}, table.columns);
  const std::size_t label_at = FindLabel(table.columns, label, Place{path, number});

  std::vector<std::string> fields;
  std::vector<std::string> texts;
  while (NextLine(in, line, number)) {
    const Place place{path, number};
    SplitFields(line, place, fields);
    if (fields.size() != table.columns.size()) {
      place.Refuse(std::to_string(fields.size()) + " fields where the header has " +
                   std::to_string(table.columns.size()));
    }
    if (fields[label_at].empty()) place.Refuse("the label is empty");
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (i != label_at) table.features.push_back(ReadNumber(fields[i], table.columns[i], place));
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
