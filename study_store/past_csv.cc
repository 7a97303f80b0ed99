// CSV, read: a header, and a trial a line. Cells are RFC 4180's; the names of columns are those
// that `export` writes, those of Optuna's trials_dataframe(), or plain names of the study.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/files.h"
#include "base/printable.h"
#include "study_store/csv_cells.h"
#include "study_store/past_trials.h"
#include "study_store/value_json.h"

namespace joulefront {
namespace {

constexpr std::size_t kLargestCsv = 256 << 20;

template <typename T>
std::optional<T> NumberIn(std::string_view cell) {
  T number{};
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
  if (error != std::errc() || end != cell.data() + cell.size()) return std::nullopt;
  return number;
}

/// What a cell may mean: a QuotedText() that text alone, and an exact value that alone; else the
/// text, and what it says as a truth value or a number.
std::vector<Value> MeaningsOf(const std::string& cell) {
  if (auto text = TextIn(cell)) return {std::move(*text)};
  if (cell.starts_with(kExactValue)) {
    const auto held = nlohmann::json::parse(cell.substr(std::strlen(kExactValue)), nullptr, false);
    if (const auto value = ValueFromJson(held)) return {*value};
  }
  std::vector<Value> meanings = {cell};
  if (cell == "true" || cell == "True") meanings.push_back(true);
  if (cell == "false" || cell == "False") meanings.push_back(false);
  if (const auto whole = NumberIn<std::int64_t>(cell)) meanings.push_back(*whole);
  if (const auto number = NumberIn<double>(cell)) meanings.push_back(*number);
  return meanings;
}

/// The value of a parameter; or why the cell has none.
tl::expected<Value, std::string> ParameterValue(const SearchSpace& space, const std::string& name,
                                                const std::string& cell) {
  const auto index = space.IndexOf(name);
  auto meanings = MeaningsOf(cell);
  std::map<double, Value> possible;  // by coordinate
  for (Value& meaning : meanings) {
    const auto coordinate = index ? space.CoordinateOf(*index, meaning) : std::nullopt;
    if (coordinate) possible.emplace(*coordinate, meaning);
  }
  if (possible.size() > 1) {
    return tl::unexpected(fmt::format(
        "parameter '{0}' is {1}, which may be either of two of its choices: the text alone is {2}, "
        "the other {3}{1}",
        name, cell, QuotedText(cell), kExactValue));
  }
  return possible.empty() ? std::move(meanings.front()) : std::move(possible.begin()->second);
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// The words for states of ours, of Optuna, MLflow, Weights & Biases and Ray, in lower case.
std::map<std::string, TrialState> StateWords() {
  constexpr std::pair<TrialState, const char*> kWords[] = {
      {TrialState::kComplete, "complete completed finished success succeeded"},
      {TrialState::kFailed,
       "failed fail failure crashed error errored killed aborted cancelled canceled"},
      {TrialState::kPruned, "pruned"},
      {TrialState::kRunning, "running started paused preempting"},
      {TrialState::kWaiting, "waiting pending queued scheduled preempted"}};
  std::map<std::string, TrialState> words;
  for (const auto& [state, list] : kWords) {
    std::istringstream stream(list);
    for (std::string word; stream >> word;) words[word] = state;
  }
  return words;
}

tl::expected<TrialState, std::string> StateIn(const std::string& cell) {
  static const std::map<std::string, TrialState> kWords = StateWords();
  const auto found = kWords.find(Lower(cell));
  if (found != kWords.end()) return found->second;
  std::vector<std::string> words;
  for (const auto& [word, unused] : kWords) words.push_back(word);
  return tl::unexpected(
      fmt::format("there is no state '{}'; there are: {}", cell, fmt::join(words, ", ")));
}

enum class Role { kIgnored, kParameter, kValue, kState, kFailure, kMessage, kConstraints };

struct Column {
  Role role = Role::kIgnored;
  std::string name;  // of the parameter or the value
};

/// A column of neither a parameter nor a value.
Column OtherColumn(const std::string& header) {
  const std::string lower = Lower(header);
  if (lower == "state" || lower == "status") return {Role::kState, header};
  if (header == "failure") return {Role::kFailure, header};
  if (header == "message") return {Role::kMessage, header};
  if (header == "system_attrs_constraints") return {Role::kConstraints, header};
  return {};
}

tl::expected<Column, std::string> ColumnOf(const std::string& header, const Study& study,
                                           const PastNames& names) {
  for (const std::string prefix : {"parameter.", "params_"}) {
    if (header.starts_with(prefix)) return Column{Role::kParameter, header.substr(prefix.size())};
  }
  for (std::size_t k = 0; k < names.values.size(); ++k) {
    const bool only = header == "value" && names.values.size() == 1;
    if (only || header == fmt::format("values_{}", k)) return Column{Role::kValue, names.values[k]};
  }
  for (const std::string prefix : {"value.", "values_"}) {
    if (header.starts_with(prefix)) return Column{Role::kValue, header.substr(prefix.size())};
  }
  const bool is_parameter = study.space.IndexOf(header).has_value();
  if (is_parameter && IsNeeded(study, header)) {
    return tl::unexpected(fmt::format(
        "column '{0}' may be the parameter or the value: call it parameter.{0} or value.{0}",
        header));
  }
  if (is_parameter) return Column{Role::kParameter, header};
  if (IsNeeded(study, header)) return Column{Role::kValue, header};
  return OtherColumn(header);
}

/// Nothing is guessed: a parameter, a value or the state that two columns say is refused.
tl::expected<std::vector<Column>, std::string> ColumnsOf(const std::vector<std::string>& headers,
                                                         const Study& study,
                                                         const PastNames& names) {
  std::vector<Column> columns;
  std::map<std::pair<Role, std::string>, std::string> seen;  // -> its header
  for (const std::string& cell : headers) {
    const std::string header = TextIn(cell).value_or(cell);
    auto column = ColumnOf(header, study, names);
    if (!column) return tl::unexpected(column.error());
    const bool named = column->role == Role::kParameter || column->role == Role::kValue;
    const auto [before, fresh] =
        seen.try_emplace({column->role, named ? column->name : ""}, header);
    if (!fresh && column->role != Role::kIgnored) {
      return tl::unexpected(header == before->second
                                ? fmt::format("column '{}' is there twice", header)
                                : fmt::format("column '{}' is there twice, as '{}' and '{}'",
                                              named ? column->name : "state", before->second,
                                              header));
    }
    columns.push_back(std::move(*column));
  }
  return columns;
}

/// The numbers of a list, as Python writes it: "(0.5, -1.0)", "[1]".
std::optional<std::vector<double>> NumbersIn(std::string_view list) {
  const auto blank = [](char c) { return std::string_view("()[], ").find(c) != std::string::npos; };
  std::vector<double> numbers;
  while (!list.empty()) {
    if (blank(list.front())) {
      list.remove_prefix(1);
      continue;
    }
    const auto end =
        static_cast<std::size_t>(std::find_if(list.begin(), list.end(), blank) - list.begin());
    const auto number = NumberIn<double>(list.substr(0, end));
    if (!number) return std::nullopt;
    numbers.push_back(*number);
    list.remove_prefix(end);
  }
  return numbers;
}

/// Takes in a cell that is not empty. Gives what is wrong with the line; "" if nothing is.
std::string TakeCell(const Column& column, const std::string& cell, const Study& study,
                     PastTrial& trial, std::optional<TrialState>& state) {
  const std::string text = TextIn(cell).value_or(cell);
  switch (column.role) {
    case Role::kIgnored:
      break;
    case Role::kParameter: {
      auto value = ParameterValue(study.space, column.name, cell);
      if (value) {
        trial.parameters.emplace_back(column.name, std::move(*value));
      } else {
        trial.fault = value.error();
      }
      break;
    }
    case Role::kValue: {
      const auto number = NumberIn<double>(cell);
      if (!number) return fmt::format("value '{}' is no number: '{}'", column.name, cell);
      trial.values[column.name] = *number;
      break;
    }
    case Role::kState: {
      const auto known = StateIn(text);
      if (!known) return known.error();
      state = *known;
      if (*known == TrialState::kFailed && trial.message.empty()) trial.message = text;
      break;
    }
    case Role::kFailure:
      trial.failure = FailureClassFromName(text);
      if (!trial.failure) trial.message = text;
      break;
    case Role::kMessage:
      trial.message = text;
      break;
    case Role::kConstraints: {
      auto numbers = NumbersIn(text);
      if (!numbers) return fmt::format("constraints '{}' are no numbers", text);
      trial.excesses = std::move(*numbers);
      break;
    }
  }
  return "";
}

tl::expected<PastTrial, std::string> TrialOf(const CsvRow& row, const std::vector<Column>& columns,
                                             const Study& study) {
  if (row.cells.size() != columns.size()) {
    return tl::unexpected(
        fmt::format("{} cells under a header of {}", row.cells.size(), columns.size()));
  }
  PastTrial trial{.place = fmt::format("line {}", row.line)};
  std::optional<TrialState> state;
  for (std::size_t k = 0; k < columns.size(); ++k) {
    if (row.cells[k].empty()) continue;  // missing, never zero
    const std::string wrong = TakeCell(columns[k], row.cells[k], study, trial, state);
    if (!wrong.empty()) return tl::unexpected(wrong);
  }
  const bool valued = std::any_of(
      study.objectives.begin(), study.objectives.end(),
      [&](const Objective& objective) { return trial.values.contains(objective.name); });
  trial.state = state.value_or(valued ? TrialState::kComplete : TrialState::kWaiting);
  return trial;
}

}  // namespace

Result<PastRecord> ReadCsvTrials(const std::string& path, const Study& study,
                                 const PastNames& names) {
  auto text = ReadInput(path, kLargestCsv);
  if (!text) return Pass(text);
  const auto refuse = [&](const std::string& message) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{} as CSV: {}", path, Printable(message)));
  };
  const auto rows = SplitCsv(*text);
  if (!rows) return refuse(fmt::format("a quote opened in line {} has no end", rows.error()));
  if (rows->size() < 2) return refuse("no trials: a line of column names and a trial a line");
  const auto columns = ColumnsOf(rows->front().cells, study, names);
  if (!columns) return refuse(columns.error());
  PastRecord past{.source = path, .trials = {}};
  for (auto row = rows->begin() + 1; row != rows->end(); ++row) {
    auto trial = TrialOf(*row, *columns, study);
    if (!trial) return refuse(fmt::format("line {}: {}", row->line, trial.error()));
    past.trials.push_back(std::move(*trial));
  }
  return past;
}

}  // namespace joulefront
