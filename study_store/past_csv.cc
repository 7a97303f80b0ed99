// CSV, read: a header, and a trial a line. Cells are RFC 4180's; the names of columns are those
// that `export` writes, those of Optuna's trials_dataframe(), or plain names of the study.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/files.h"
#include "base/printable.h"
#include "study_store/past_trials.h"

namespace joulefront {
namespace {

constexpr std::size_t kLargestCsv = 256 << 20;

struct Row {
  int line = 0;  // where it begins, from 1
  std::vector<std::string> cells;
};

/// Fails with the line in which an open quote has no end.
tl::expected<std::vector<Row>, int> SplitCsv(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<Row> rows;
  int line = 1;
  for (std::size_t at = 0; at < text.size();) {
    Row row{.line = line, .cells = {""}};
    bool quoted = false;
    for (bool ended = false; !ended && at < text.size(); ++at) {
      const char c = text[at];
      if (c == '\n') ++line;
      if (c == '"') {
        const bool doubled = quoted && text.substr(at + 1).starts_with('"');
        if (doubled) {
          row.cells.back() += text[++at];
        } else {
          quoted = !quoted;
        }
      } else if (quoted) {
        row.cells.back() += c;
      } else if (c == ',') {
        row.cells.emplace_back();
      } else if (c == '\n') {
        ended = true;
      } else if (c != '\r') {
        row.cells.back() += c;
      }
    }
    if (quoted) return tl::unexpected(row.line);
    if (row.cells.size() > 1 || !row.cells[0].empty()) rows.push_back(std::move(row));
  }
  return rows;
}

template <typename T>
std::optional<T> NumberIn(std::string_view cell) {
  T number{};
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
  if (error != std::errc() || end != cell.data() + cell.size()) return std::nullopt;
  return number;
}

/// What a cell may mean, the likeliest first: "1" is the choice "1", or else the number.
std::vector<Value> MeaningsOf(const std::string& cell) {
  std::vector<Value> meanings = {cell};
  if (cell == "true" || cell == "True") meanings.push_back(true);
  if (cell == "false" || cell == "False") meanings.push_back(false);
  if (const auto whole = NumberIn<std::int64_t>(cell)) meanings.push_back(*whole);
  if (const auto number = NumberIn<double>(cell)) meanings.push_back(*number);
  return meanings;
}

Value ParameterValue(const SearchSpace& space, const std::string& name, const std::string& cell) {
  const auto index = space.IndexOf(name);
  auto meanings = MeaningsOf(cell);
  for (Value& meaning : meanings) {
    if (index && space.CoordinateOf(*index, meaning)) return std::move(meaning);
  }
  return std::move(meanings.front());
}

std::optional<TrialState> StateIn(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name == "fail" ? TrialState::kFailed : TrialStateFromName(name);
}

enum class Role { kIgnored, kParameter, kValue, kState, kFailure, kMessage };

struct Column {
  Role role = Role::kIgnored;
  std::string name;  // of the parameter or the value
};

Column ColumnOf(const std::string& header, const Study& study, const PastNames& names) {
  for (const std::string prefix : {"parameter.", "params_"}) {
    if (header.starts_with(prefix)) return {Role::kParameter, header.substr(prefix.size())};
  }
  for (std::size_t k = 0; k < names.values.size(); ++k) {
    const bool only = header == "value" && names.values.size() == 1;
    if (only || header == fmt::format("values_{}", k)) return {Role::kValue, names.values[k]};
  }
  for (const std::string prefix : {"value.", "values_"}) {
    if (header.starts_with(prefix)) return {Role::kValue, header.substr(prefix.size())};
  }
  if (study.space.IndexOf(header)) return {Role::kParameter, header};
  if (IsNeeded(study, header)) return {Role::kValue, header};
  if (header == "state") return {Role::kState, ""};
  if (header == "failure") return {Role::kFailure, ""};
  if (header == "message") return {Role::kMessage, ""};
  return {};
}

tl::expected<PastTrial, std::string> TrialOf(const Row& row, const std::vector<Column>& columns,
                                             const Study& study) {
  if (row.cells.size() != columns.size()) {
    return tl::unexpected(
        fmt::format("{} cells under a header of {}", row.cells.size(), columns.size()));
  }
  PastTrial trial{.place = fmt::format("line {}", row.line)};
  std::optional<TrialState> state;
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const std::string& cell = row.cells[k];
    if (cell.empty()) continue;  // missing, never zero
    const auto& [role, name] = columns[k];
    if (role == Role::kParameter) {
      trial.parameters.emplace_back(name, ParameterValue(study.space, name, cell));
    } else if (role == Role::kValue) {
      const auto number = NumberIn<double>(cell);
      if (!number) return tl::unexpected(fmt::format("value '{}' is no number: '{}'", name, cell));
      trial.values[name] = *number;
    } else if (role == Role::kState) {
      state = StateIn(cell);
      if (!state) return tl::unexpected(fmt::format("there is no state '{}'", cell));
    } else if (role == Role::kFailure) {
      trial.failure = FailureClassFromName(cell);
    } else if (role == Role::kMessage) {
      trial.message = cell;
    }
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
  std::vector<Column> columns;
  for (const std::string& header : rows->front().cells) {
    columns.push_back(ColumnOf(header, study, names));
  }
  PastRecord past{.source = path, .trials = {}};
  for (auto row = rows->begin() + 1; row != rows->end(); ++row) {
    auto trial = TrialOf(*row, columns, study);
    if (!trial) return refuse(fmt::format("line {}: {}", row->line, trial.error()));
    past.trials.push_back(std::move(*trial));
  }
  return past;
}

}  // namespace joulefront
