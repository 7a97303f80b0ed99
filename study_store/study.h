// A study: what is searched, with which trainer, within which budget. Made from a study file
// (study_file.h) and kept in the store. Its definition (name, seed, objectives, constraints, space,
// trainer) is fixed for life; its settings (sampler, budget, workers) may change between runs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "search/space.h"
#include "study_store/accounting.h"

namespace joulefront {

enum class Direction { kMinimize, kMaximize };

struct Objective {
  std::string name;
  Direction direction = Direction::kMinimize;
  std::optional<std::string> phase;  // joules of this phase, or
  std::optional<std::string> timed;  // seconds of it; both empty: the trainer reports `name`
  std::optional<std::string> per;    // over this reported value: work done in the phase
  std::string unit;                  // "J" or "s", or "J/per"; else the study file's, or ""
  std::optional<double> reference;   // the user's reference point for hypervolume
};

/// 1 where the objective is minimised, -1 where it is maximised: times it, values are minimised.
inline double SignOf(const Objective& objective) {
  return objective.direction == Direction::kMinimize ? 1.0 : -1.0;
}

struct Constraint {
  std::string name;
  std::optional<std::string> phase, timed, per;  // as for Objective
  std::optional<double> min, max;
};

/// The name of the step among the expressions of [trainer.progress].
inline constexpr std::string_view kProgressStep = "step";

/// Words of a command that stand or fall together: a list in its list. From `begin` up to `end`.
struct WordGroup {
  std::size_t begin = 0, end = 0;
};

/// A file that the trainer reads, of which each attempt gets a copy in its folder.
struct TrainerFile {
  std::string from;  // a template beside the study file; empty: the file itself, in which
  std::map<std::string, std::string> values;  // these places get these: "optimizer.lr" -> "{lr}"
};

struct TrainerSpec {
  std::vector<std::string> command;             // placeholders not yet replaced; empty: none given
  std::vector<WordGroup> groups;                // of its words, in order; none within another
  std::map<std::string, std::string> metrics;   // name -> regular expression on output lines
  std::map<std::string, std::string> progress;  // likewise, of progress: kProgressStep, and values
  std::map<std::string, TrainerFile> files;     // by their names beside the study file
  bool anytime = false;  // ended at a step, it is what a training of so many steps would have been
  bool preload = false;  // workers load PROGRAM.so once and fork its attempts
  bool resumes = false;  // it goes on from the folder of a shorter trial (JOULEFRONT_RESUME_DIR)
};

struct Budget {
  std::optional<std::int64_t> trials;
  std::optional<Joules> energy;
  std::optional<Seconds> time;
};

/// The cost exponent (Study::cost_exponent) of a study whose file sets none: what finds most for
/// this budget. docs/search.md has the measurements.
double DefaultCostExponent(const Budget& budget);

/// Of worker processes on one machine.
inline constexpr int kMostWorkers = 256;

/// What becomes of an attempt's folder once its trial is finished.
enum class KeepFolders {
  kAll,
  kFront,  // those of trials on the front stay
  kNone,
};

std::string_view Name(KeepFolders keep);  // "front"
std::optional<KeepFolders> KeepFoldersFromName(const std::string& name);

struct WorkerSettings {
  int count = 1;                   // worker processes on this machine
  int threads = 1;                 // for each trainer
  int attempts = 3;                // how often a trial whose worker was lost is tried in all
  std::optional<Seconds> timeout;  // of one attempt
  Seconds grace{10.0};             // between TERM and KILL
  bool exclusive = false;          // one attempt at a time on this machine
  KeepFolders keep = KeepFolders::kAll;
  std::map<std::string, std::string> requires_labels;  // of every worker: {"gpu", "h100"}
  std::vector<std::string> gpus;                       // device ids, one a worker, round and round
};

enum class StoppingRule {
  kOff,
  kDominated,  // an attempt whose end, as foretold, is dominated by a finished trial
  kRungs,      // all but the best of those that came as far
};

std::string_view Name(StoppingRule rule);  // "dominated"

/// When attempts that report their progress are stopped before their end (early_stopping.h).
struct StoppingSettings {
  StoppingRule rule = StoppingRule::kOff;
  double confidence = 0.999;     // kDominated: of the forecast, one-sided, in each objective
  double first_rung = 1.0;       // kRungs: in steps, or
  bool rungs_in_joules = false;  // in joules of the attempt
  double factor = 3.0;           // kRungs: from a rung to the next; one in so many goes on
};

struct Study {
  std::string name;
  std::uint64_t seed = 0;
  std::vector<Objective> objectives;  // at least one
  std::vector<Constraint> constraints;
  SearchSpace space;
  TrainerSpec trainer;

  std::string sampler = "auto";
  double cost_exponent = 0.5;       // Terms::cost_exponent
  std::optional<std::string> cost;  // the value that is a trial's cost; empty: joules (CostOf)
  std::optional<Configuration> default_configuration;  // what a new study tries first
  Budget budget;
  WorkerSettings workers;
  MeteringSettings metering;
  CarbonSettings carbon;
  std::optional<Tariff> tariff;
  LimitSettings limits;
  StoppingSettings stopping;
  std::string directory;  // of the study file; relative paths in the command start here
};

/// The definition as canonical JSON: keys sorted, numbers in shortest form, no blanks. Two studies
/// with equal text are the same search.
std::string DefinitionJson(const Study& study);
/// The settings as JSON.
std::string SettingsJson(const Study& study);
/// The study that the two texts describe. Errors: kCorrupt.
Result<Study> StudyFromJson(const std::string& definition, const std::string& settings);

/// 64-bit FNV-1a of DefinitionJson, as 16 hexadecimal digits.
std::string DefinitionHash(const std::string& definition_json);

/// Where two definitions differ, a line each: "space.learning_rate.high: 0.1 in the store, 1 in the
/// study file". Empty if they agree.
std::vector<std::string> DefinitionDifferences(const std::string& in_store,
                                               const std::string& in_file);

}  // namespace joulefront
