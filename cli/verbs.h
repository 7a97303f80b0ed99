// The verbs of the command line, one function and one file each. A verb gets its arguments without
// its own name and returns the exit code. Data goes to stdout, everything else to stderr.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace joulefront {

/// Documented exit codes (README.md).
enum ExitCode : int {
  kDone = 0,
  kRunTimeFailure = 1,
  kUsageError = 2,       // flags or study file
  kGateFailed = 3,       // a gate or a limit
  kNothingFeasible = 4,  // no complete or no feasible trial
  kMeterMissing = 5,     // the meter demanded is not there
  kStoreUnusable = 6,    // locked, incompatible or corrupt
};

using Arguments = std::vector<std::string>;

struct Verb {
  std::string_view name;
  std::string_view help;  // what it does, in a line
  int (*function)(const Arguments&);
  bool reads_store = true;
};

int InitVerb(const Arguments& arguments);
int RunVerb(const Arguments& arguments);
int WorkerVerb(const Arguments& arguments);
int TryVerb(const Arguments& arguments);
int StatusVerb(const Arguments& arguments);
int FrontVerb(const Arguments& arguments);
int ExportVerb(const Arguments& arguments);
int ImportVerb(const Arguments& arguments);
int CompareVerb(const Arguments& arguments);
int ImportanceVerb(const Arguments& arguments);
int DashboardVerb(const Arguments& arguments);
int AuditVerb(const Arguments& arguments);
int ConfirmVerb(const Arguments& arguments);
int GateVerb(const Arguments& arguments);
int MeasureVerb(const Arguments& arguments);
int MetersVerb(const Arguments& arguments);
int AskTellVerb(const Arguments& arguments);

}  // namespace joulefront
