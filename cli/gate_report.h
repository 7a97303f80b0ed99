// What `joulefront gate` found, in the forms that people and CI read. All of them say of which
// class the joules are; a figure that is missing is empty, never zero.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "cli/gate_baseline.h"
#include "study_store/gate_rules.h"

namespace joulefront {

struct GateRow {
  Objective value;
  std::optional<MeteredValue> metered;
  std::optional<GateLimit> limit;
  std::vector<double> baseline, now;  // of the runs that count
  GateComparison comparison;
};

struct GateReport {
  std::string subject;        // of now
  std::string baseline_path;  // a file or a folder
  std::string baseline_made;  // StampText(); empty: it was run in turn with what is judged
  double confidence = 0.95;
  bool strict = false;
  Seconds took;
  std::vector<GateRow> rows;
  std::vector<std::string> notes;
  std::optional<std::string> failure;  // a run came to no result: why, and
  std::string output;                  // the last lines that it printed
};

/// Of the values that have a limit: worse if one is, holds if all do. Not of a failure.
GateVerdict OverallVerdict(const GateReport& report);

/// kDone where it holds or, unless it is strict, is unclear; kGateFailed; kRunTimeFailure where a
/// run failed.
int GateExitCode(const GateReport& report);

/// "holds", "worse than is allowed", "not clear", "no result: ...".
std::string GateHeadline(const GateReport& report);

std::string GateText(const GateReport& report);
std::string GateMarkdown(const GateReport& report);
/// A test case for each value with a limit. What is unclear is skipped, and not passed.
std::string GateJunit(const GateReport& report);
std::string GateJson(const GateReport& report);

}  // namespace joulefront
