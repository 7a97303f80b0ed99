#include "cli/gate_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/harmless_text.h"
#include "cli/table.h"
#include "cli/verbs.h"

namespace joulefront {
namespace {

using nlohmann::ordered_json;

constexpr const char* kUnknown = "?";

std::optional<double> MedianOf(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const std::size_t upper = values.size() / 2, lower = (values.size() - 1) / 2;
  return (values[lower] + values[upper]) / 2.0;
}

std::string ValueText(const Objective& value, std::optional<double> number) {
  if (!number) return kUnknown;
  if (value.phase && !value.per) return FormatJoules(Joules(*number));
  return FormatNumber(*number, 4) + (value.unit.empty() ? "" : " " + value.unit);
}

std::string Signed(double number, bool relative) {
  if (!std::isfinite(number)) return kUnknown;
  if (relative) return fmt::format("{:+.2f} %", number * 100.0);
  return (number < 0.0 ? "" : "+") + FormatNumber(number, 3);
}

std::string ChangeText(const GateComparison& comparison) {
  return comparison.repeats == 0 ? kUnknown : Signed(comparison.change, comparison.relative);
}

std::string IntervalText(const GateComparison& comparison) {
  const auto& [repeats, relative, change, low, high, verdict] = comparison;
  if (repeats == 0 || !std::isfinite(low) || !std::isfinite(high)) return kUnknown;
  return fmt::format("{} to {}", Signed(low, relative), Signed(high, relative));
}

std::string AllowedText(const GateRow& row) {
  if (!row.limit) return "";
  const double sign = row.value.direction == Direction::kMinimize ? 1.0 : -1.0;
  return Signed(sign * row.limit->most, row.limit->relative);
}

std::string VerdictText(const GateRow& row) {
  if (IsClearlyBetter(row.comparison, row.value.direction)) {
    return fmt::format("{}, better", Name(row.comparison.verdict));
  }
  return std::string(Name(row.comparison.verdict));
}

/// Where the joules come from, a line for each key.
std::vector<std::string> JoulesLines(const GateReport& report) {
  std::vector<std::string> lines;
  for (const GateRow& row : report.rows) {
    if (!row.metered) continue;
    const Provenance& key = row.metered->key;
    std::string line =
        fmt::format("joules are {}: {} of {}, {}, idle {}, on {}", Name(key.energy_class),
                    key.source, key.boundary, key.attribution, key.idle_policy, key.host);
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
  }
  return lines;
}

std::string RepeatsLine(const GateReport& report) {
  std::size_t now = 0, baseline = 0;
  for (const GateRow& row : report.rows) {
    now = row.now.size();
    baseline = row.baseline.size();
  }
  return fmt::format("{} repeats in {}, against {} of {}, {}; confidence {}", now,
                     FormatSeconds(report.took), baseline, report.baseline_path,
                     report.baseline_made.empty() ? "run in turn" : "made " + report.baseline_made,
                     FormatNumber(report.confidence, 4));
}

Table MakeTable(const GateReport& report) {
  Table table{.header = {"value", "baseline", "now", "change", "interval", "allowed", "verdict"},
              .rows = {},
              .left = {true, false, false, false, false, false, true}};
  for (const GateRow& row : report.rows) {
    table.rows.push_back({row.value.name, ValueText(row.value, MedianOf(row.baseline)),
                          ValueText(row.value, MedianOf(row.now)), ChangeText(row.comparison),
                          IntervalText(row.comparison), AllowedText(row), VerdictText(row)});
  }
  return table;
}

/// One row in words, for those who see nothing but it.
std::string Sentence(const GateRow& row) {
  return fmt::format("{} {}: {} where {} is allowed, interval {}, after {} repeats", row.value.name,
                     Name(row.comparison.verdict), ChangeText(row.comparison), AllowedText(row),
                     IntervalText(row.comparison), row.comparison.repeats);
}

std::string Hint(const GateReport& report) {
  if (report.failure) return "";
  const bool with_file = !report.baseline_made.empty();
  switch (OverallVerdict(report)) {
    case GateVerdict::kUnclear:
      return report.strict
                 ? "not clear, and --strict takes that for worse: allow more repeats or more time"
                 : "not clear is no failure without --strict: allow more repeats or more time";
    case GateVerdict::kWorse:
      return with_file ? "if this is wanted, make a new baseline: --update-baseline" : "";
    case GateVerdict::kHolds:
    case GateVerdict::kNoLimit:
      break;
  }
  const bool better = std::any_of(report.rows.begin(), report.rows.end(), [](const GateRow& row) {
    return IsClearlyBetter(row.comparison, row.value.direction);
  });
  return better && with_file ? "to keep what was gained, make a new baseline: --update-baseline"
                             : "";
}

std::vector<std::string> Lines(const GateReport& report) {
  std::vector<std::string> lines = {RepeatsLine(report)};
  for (auto& line : JoulesLines(report)) lines.push_back(std::move(line));
  lines.insert(lines.end(), report.notes.begin(), report.notes.end());
  if (const std::string hint = Hint(report); !hint.empty()) lines.push_back(hint);
  return lines;
}

/// Indented lines are code in Markdown: they end only where we end them.
std::string MarkdownBlock(const std::string& text) {
  std::string block;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    block += "    " + PlainLine(rest.substr(0, end)) + "\n";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return block;
}

std::string XmlBlock(const std::string& text) {
  std::string block;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    block += XmlText(rest.substr(0, end)) + "\n";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return block;
}

/// What a test case holds besides its name; empty for one that passed.
std::string JunitOutcome(const GateReport& report, const GateRow& row) {
  const std::string sentence = XmlText(Sentence(row));
  if (row.comparison.verdict == GateVerdict::kHolds) return "";
  if (row.comparison.verdict == GateVerdict::kUnclear && !report.strict) {
    return fmt::format("      <skipped message=\"{}\"/>\n", sentence);
  }
  return fmt::format("      <failure message=\"{}\"/>\n", sentence);
}

ordered_json Number(double number) {
  return std::isfinite(number) ? ordered_json(number) : ordered_json();
}

ordered_json RowToJson(const GateRow& row) {
  const GateComparison& compared = row.comparison;
  const bool looked = compared.repeats > 0;
  ordered_json object = {
      {"name", row.value.name},
      {"direction", row.value.direction == Direction::kMinimize ? "minimize" : "maximize"},
      {"unit", row.value.unit},
      {"class", row.metered ? ordered_json(Name(row.metered->key.energy_class)) : ordered_json()},
      {"baseline", row.baseline},
      {"now", row.now},
      {"repeats", compared.repeats},
      {"relative", compared.relative},
      {"change", looked ? Number(compared.change) : ordered_json()},
      {"low", looked ? Number(compared.low) : ordered_json()},
      {"high", looked ? Number(compared.high) : ordered_json()},
      {"limit", row.limit ? ordered_json(row.limit->most) : ordered_json()},
      {"verdict", Name(compared.verdict)},
      {"better", IsClearlyBetter(compared, row.value.direction)}};
  return object;
}

}  // namespace

GateVerdict OverallVerdict(const GateReport& report) {
  GateVerdict overall = GateVerdict::kHolds;
  for (const GateRow& row : report.rows) {
    if (row.comparison.verdict == GateVerdict::kWorse) return GateVerdict::kWorse;
    if (row.comparison.verdict == GateVerdict::kUnclear) overall = GateVerdict::kUnclear;
  }
  return overall;
}

int GateExitCode(const GateReport& report) {
  if (report.failure) return kRunTimeFailure;
  const GateVerdict verdict = OverallVerdict(report);
  const bool failed =
      verdict == GateVerdict::kWorse || (report.strict && verdict == GateVerdict::kUnclear);
  return failed ? kGateFailed : kDone;
}

std::string GateHeadline(const GateReport& report) {
  if (report.failure) return "no result: " + *report.failure;
  switch (OverallVerdict(report)) {
    case GateVerdict::kWorse:
      return "worse than is allowed";
    case GateVerdict::kUnclear:
      return "not clear";
    case GateVerdict::kHolds:
    case GateVerdict::kNoLimit:
      break;
  }
  return "holds";
}

std::string GateText(const GateReport& report) {
  std::string text =
      PlainLine(fmt::format("{}: {}", report.subject, GateHeadline(report))) + "\n\n";
  if (!report.failure) text += FormatTable(MakeTable(report)) + "\n";
  for (const std::string& line : Lines(report)) text += PlainLine(line) + "\n";
  if (!report.output.empty()) text += "\nits last lines:\n" + report.output;
  return text;
}

std::string GateMarkdown(const GateReport& report) {
  std::string text = fmt::format("### joulefront gate: {}\n\nof: {}\n\n",
                                 MarkdownText(GateHeadline(report)), MarkdownText(report.subject));
  if (!report.failure) {
    const Table table = MakeTable(report);
    text += fmt::format("| {} |\n|", fmt::join(table.header, " | "));
    for (const bool left : table.left) text += left ? " --- |" : " ---: |";
    text += "\n";
    for (const auto& row : table.rows) {
      text += "|";
      for (const std::string& cell : row) text += " " + MarkdownText(cell) + " |";
      text += "\n";
    }
    text += "\n";
  }
  for (const std::string& line : Lines(report)) text += "- " + MarkdownText(line) + "\n";
  if (!report.output.empty()) text += "\nits last lines:\n\n" + MarkdownBlock(report.output);
  return text;
}

std::string GateJunit(const GateReport& report) {
  std::string cases;
  int tests = 0, failures = 0, skipped = 0;
  const std::string subject = XmlText(report.subject);
  for (const GateRow& row : report.rows) {
    if (report.failure || !row.limit) continue;
    const std::string outcome = JunitOutcome(report, row);
    ++tests;
    failures += outcome.find("<failure") != std::string::npos ? 1 : 0;
    skipped += outcome.find("<skipped") != std::string::npos ? 1 : 0;
    cases += fmt::format(
        "    <testcase classname=\"{}\" name=\"{}\">\n{}      <system-out>{}</system-out>\n"
        "    </testcase>\n",
        subject, XmlText(row.value.name), outcome, XmlText(Sentence(row)));
  }
  if (report.failure) {
    tests = 1;
    cases = fmt::format(
        "    <testcase classname=\"{0}\" name=\"run\">\n"
        "      <error message=\"{1}\">{2}</error>\n    </testcase>\n",
        subject, XmlText(*report.failure), XmlBlock(report.output));
  }
  const std::string counts =
      fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\"",
                  tests, failures, report.failure ? 1 : 0, skipped, report.took.value());
  std::string lines;
  for (const std::string& line : Lines(report)) lines += XmlText(line) + "\n";
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites {0}>\n  <testsuite name=\"joulefront gate\" {0}>\n{1}"
      "    <system-out>{2}</system-out>\n  </testsuite>\n</testsuites>\n",
      counts, cases, lines);
}

std::string GateJson(const GateReport& report) {
  ordered_json values = ordered_json::array();
  ordered_json keys = ordered_json::array();
  for (const GateRow& row : report.rows) values.push_back(RowToJson(row));
  for (const std::string& line : JoulesLines(report)) keys.push_back(line);
  const ordered_json object = {
      {"verdict", report.failure ? "no result" : std::string(Name(OverallVerdict(report)))},
      {"exit_code", GateExitCode(report)},
      {"subject", report.subject},
      {"baseline", report.baseline_path},
      {"baseline_made",
       report.baseline_made.empty() ? ordered_json() : ordered_json(report.baseline_made)},
      {"confidence", report.confidence},
      {"strict", report.strict},
      {"seconds", report.took.value()},
      {"values", std::move(values)},
      {"joules", std::move(keys)},
      {"notes", report.notes},
      {"failure", report.failure ? ordered_json(*report.failure) : ordered_json()},
      {"output", report.output}};
  return object.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace joulefront
