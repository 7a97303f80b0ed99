#include "objectives/replay_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "objectives/bad_input.h"
#include "objectives/csv_lines.h"
#include "objectives/flags.h"
#include "objectives/protocol.h"

namespace joulefront::objectives {
namespace {

using nlohmann::json;
using Row = std::vector<std::string>;

constexpr const char* kHelp =
    "Usage: joulefront-train table --file FILE --value NAME=COLUMN [flags]\n"
    "\n"
    "Answers from a table instead of training: the row whose columns hold the values of the\n"
    "configuration's parameters. Its joules are told to the worker, which takes them where the "
    "study\n"
    "says [metering] sources = [\"trainer\"]; their class is \"replayed\".\n"
    "\n"
    "  --file FILE            CSV with a header, plain or compressed by gzip\n"
    "  --where COLUMN=VALUE   only the rows that hold this value; may be repeated\n"
    "  --value NAME=COLUMN    report this column as the value NAME; may be repeated\n"
    "  --joules COLUMN        joules of the whole training\n"
    "  --curve NAME=PREFIX    report the value NAME on the way: a column PREFIX<step> for each "
    "step\n"
    "  --joules-curve PREFIX  joules until each step, likewise\n"
    "  --watts W              the joule columns hold seconds, at so many watts\n"
    "  --until PARAMETER      end at the step that this parameter of the configuration gives\n"
    "  --nearest              answer by the nearest row where none agrees\n"
    "\n"
    "The configuration is the JSON object in the environment variable JOULEFRONT_CONFIGURATION.\n"
    "\n"
    "Example:\n"
    "  joulefront-train table --file results.csv.gz --value error=err --joules energy_j\n"
    "\n"
    "Exit codes: 0 done, 1 the table has no such configuration, 2 bad input.\n";

struct Flags {
  std::string file, joules, joules_curve, until;
  std::vector<std::pair<std::string, std::string>> where, values, curves;
  double watts = 1.0;
  bool nearest = false, help = false;
};

Flags ReadFlags(const std::vector<std::string>& arguments) {
  Flags flags;
  FlagReader reader(arguments);
  while (reader.Next()) {
    if (reader.Is("--help", false) || reader.Is("-h", false)) {
      flags.help = true;
    } else if (reader.Is("--file")) {
      flags.file = reader.value();
    } else if (reader.Is("--where")) {
      flags.where.push_back(reader.Assignment());
    } else if (reader.Is("--value")) {
      flags.values.push_back(reader.Assignment());
    } else if (reader.Is("--joules")) {
      flags.joules = reader.value();
    } else if (reader.Is("--curve")) {
      flags.curves.push_back(reader.Assignment());
    } else if (reader.Is("--joules-curve")) {
      flags.joules_curve = reader.value();
    } else if (reader.Is("--watts")) {
      flags.watts = reader.Number();
    } else if (reader.Is("--until")) {
      flags.until = reader.value();
    } else if (reader.Is("--nearest", false)) {
      flags.nearest = true;
    } else {
      reader.Refuse();
    }
  }
  if (flags.help) return flags;
  if (flags.file.empty()) throw BadInput("--file FILE is missing");
  if (flags.values.empty() && flags.curves.empty()) {
    throw BadInput("--value NAME=COLUMN is missing: what should be reported?");
  }
  return flags;
}

std::optional<double> NumberIn(const std::string& text) {
  double number = 0.0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

/// The same number, or the same text.
bool Agrees(const std::string& cell, const std::string& wanted) {
  if (cell == wanted) return true;
  const auto a = NumberIn(cell), b = NumberIn(wanted);
  return a && b && std::abs(*a - *b) <= 1e-9 * std::max(std::abs(*a), std::abs(*b));
}

class ResultTable {
 public:
  explicit ResultTable(const Flags& flags) : file_(flags.file) {
    CsvLines lines(flags.file);
    header_ = lines.header();
    Row row;
    while (lines.Next(row)) {
      const bool kept = std::all_of(flags.where.begin(), flags.where.end(), [&](const auto& w) {
        return Agrees(row[ColumnOf(w.first)], w.second);
      });
      if (kept) rows_.push_back(row);
    }
    if (rows_.empty()) throw BadInput(file_ + ": no row is left");
  }

  std::size_t ColumnOf(const std::string& name) const {
    const auto found = std::find(header_.begin(), header_.end(), name);
    if (found != header_.end()) return static_cast<std::size_t>(found - header_.begin());
    throw BadInput(file_ + ": there is no column '" + name + "'");
  }

  double Number(const Row& row, const std::string& column) const {
    const std::string& cell = row[ColumnOf(column)];
    const auto number = NumberIn(cell);
    if (number) return *number;
    throw BadInput(file_ + ": column '" + column + "' holds '" + cell + "', which is no number");
  }

  /// Columns that are `prefix` and a whole number, by that number.
  std::map<std::int64_t, std::string> StepsOf(const std::string& prefix) const {
    std::map<std::int64_t, std::string> steps;
    for (const std::string& column : header_) {
      if (!column.starts_with(prefix)) continue;
      std::int64_t step = 0;
      const char* end = column.data() + column.size();
      const auto [stop, error] = std::from_chars(column.data() + prefix.size(), end, step);
      if (error == std::errc() && stop == end && step >= 0) steps[step] = column;
    }
    if (steps.empty()) throw BadInput(file_ + ": no column is named '" + prefix + "' and a number");
    return steps;
  }

  /// The row that agrees with all of `wanted`. Null if there is none.
  const Row* Find(const std::map<std::string, std::string>& wanted) const {
    for (const Row& row : rows_) {
      const bool agrees = std::all_of(wanted.begin(), wanted.end(), [&](const auto& parameter) {
        return Agrees(row[ColumnOf(parameter.first)], parameter.second);
      });
      if (agrees) return &row;
    }
    return nullptr;
  }

  /// The row that is nearest: numbers by their difference over the column's range (of logarithms
  /// where the column spans a hundredfold), texts by being equal.
  const Row& Nearest(const std::map<std::string, std::string>& wanted) const {
    std::vector<double> distances(rows_.size(), 0.0);
    for (const auto& [name, text] : wanted) AddDistances(ColumnOf(name), text, distances);
    const auto least = std::min_element(distances.begin(), distances.end());
    return rows_[static_cast<std::size_t>(least - distances.begin())];
  }

 private:
  void AddDistances(std::size_t column, const std::string& text,
                    std::vector<double>& distances) const {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    std::vector<std::optional<double>> numbers;
    for (const Row& row : rows_) {
      numbers.push_back(NumberIn(row[column]));
      low = std::min(low, numbers.back().value_or(low));
      high = std::max(high, numbers.back().value_or(high));
    }
    const auto wanted = NumberIn(text);
    const bool log = low > 0.0 && high >= 100.0 * low;
    const auto scaled = [&](double x) {
      if (high <= low) return 0.0;
      return log ? std::log(std::max(x, low / 100.0) / low) / std::log(high / low)
                 : (x - low) / (high - low);
    };
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (wanted && numbers[i]) {
        distances[i] += std::pow(scaled(*numbers[i]) - scaled(*wanted), 2);
      } else {
        distances[i] += rows_[i][column] == text ? 0.0 : 1.0;
      }
    }
  }

  std::string file_;
  Row header_;
  std::vector<Row> rows_;
};

/// The configuration's parameters as texts, as a table would hold them.
std::map<std::string, std::string> ParametersIn(const std::string& configuration) {
  const json object =
      configuration.empty() ? json::object() : json::parse(configuration, nullptr, false);
  if (!object.is_object()) {
    throw BadInput("the configuration is not a JSON object like {\"layers\": 2}: " + configuration);
  }
  std::map<std::string, std::string> parameters;
  for (const auto& [name, value] : object.items()) {
    parameters[name] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  return parameters;
}

/// Joules of a row, from what its column holds; never falling.
double JoulesOf(const ResultTable& table, const Row& row, const std::string& column,
                const Flags& flags, double before) {
  const double joules = table.Number(row, column) * flags.watts;
  if (joules >= before && joules <= kMostJoules) return joules;
  throw BadInput(flags.file + ": column '" + column + "' gives " + std::to_string(joules) +
                 " J, which is no number from 0 to 10^15" +
                 (before > 0 ? ", or falls from " + std::to_string(before) + " J" : ""));
}

/// Reports a row: each step of its curves up to `until`, then the result.
void Report(const ResultTable& table, const Row& row, const Flags& flags, double until) {
  ReportPhase("train");
  std::map<std::int64_t, ReportedValues> steps;
  for (const auto& [name, prefix] : flags.curves) {
    for (const auto& [step, column] : table.StepsOf(prefix)) {
      if (static_cast<double>(step) > until) break;
      steps[step].emplace_back(name, table.Number(row, column));
    }
  }
  std::map<std::int64_t, std::string> joules;
  if (!flags.joules_curve.empty()) joules = table.StepsOf(flags.joules_curve);
  std::map<std::string, double> last;
  double told = 0.0;
  for (const auto& [step, values] : steps) {
    if (joules.contains(step)) {
      ReportEnergy(told = JoulesOf(table, row, joules[step], flags, told));
    }
    ReportProgress(step, values);
    for (const auto& [name, value] : values) last[name] = value;
  }
  const bool whole = std::isinf(until);
  if (!flags.joules.empty() && (whole || joules.empty())) {
    ReportEnergy(JoulesOf(table, row, flags.joules, flags, told));
  }
  for (const auto& [name, column] : flags.values) {
    if (whole || !last.contains(name)) last[name] = table.Number(row, column);
  }
  ReportResult({last.begin(), last.end()});
}

}  // namespace

void AnswerFromTable(const std::vector<std::string>& arguments, const std::string& configuration) {
  const Flags flags = ReadFlags(arguments);
  if (flags.help) {
    std::fputs(kHelp, stdout);
    return;
  }
  auto parameters = ParametersIn(configuration);
  double until = std::numeric_limits<double>::infinity();
  if (!flags.until.empty()) {
    const auto found = parameters.find(flags.until);
    const auto step = found == parameters.end() ? std::nullopt : NumberIn(found->second);
    if (!step) throw BadInput("--until: the configuration has no number '" + flags.until + "'");
    until = *step;
    parameters.erase(found);
  }
  const ResultTable table(flags);
  const Row* row = table.Find(parameters);
  if (row == nullptr && !flags.nearest) {
    throw std::runtime_error(flags.file + " has no row for the configuration " + configuration);
  }
  Report(table, row != nullptr ? *row : table.Nearest(parameters), flags, until);
}

}  // namespace joulefront::objectives
