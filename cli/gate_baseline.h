// What `joulefront gate` compares with: the figures of runs that somebody found good, as a JSON
// file to be kept beside the code (docs/gate.md has its members).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "study_store/study.h"
#include "study_store/trial.h"

namespace joulefront {

/// What is run: a command, or one configuration of a study.
struct GateSubject {
  std::vector<std::string> command;  // empty: a study's
  std::string study;                 // its name
  std::string configuration;         // canonical JSON

  bool operator==(const GateSubject&) const = default;
};

/// For people: "python3 train.py", "digits {"width":12}".
std::string DescribeSubject(const GateSubject& subject);

/// One run, whose values hold those that are metered too.
struct GateRun {
  std::uint64_t seed = 0;
  NamedValues values;
  std::vector<PhaseEnergy> energy;  // not read back from a file
};

/// Of a value that is metered: its joules compare only with those of the same three.
struct MeteredValue {
  std::string phase;
  std::optional<std::string> per;
  Provenance key;  // without its uncertainty
};

struct GateBaseline {
  TimePoint made{};
  GateSubject subject;
  int warmup = 0;  // runs before the first that counts
  std::map<std::string, MeteredValue> metered;
  std::vector<GateRun> runs;
};

/// The value in each run; empty if one has none of it.
std::vector<double> ValuesOf(const std::vector<GateRun>& runs, const std::string& name);

/// What a run's figures say of its metered values. Errors: kConflict if one of them is partial,
/// since it has no value that could be compared.
Result<std::map<std::string, MeteredValue>> MeteredValuesOf(
    const std::vector<Objective>& objectives, const GateRun& run);

/// kConflict if the joules of a run are not to be compared with earlier ones, those of `other`: the
/// message says what differs, and what to do.
Result<void> RequireComparable(const std::map<std::string, MeteredValue>& earlier,
                               const std::map<std::string, MeteredValue>& now,
                               const std::string& other);

std::string BaselineToJson(const GateBaseline& baseline);
/// Errors: kInvalidArgument, with what is wrong, for text that is no baseline that this version
/// reads.
Result<GateBaseline> BaselineFromJson(const std::string& text);

/// "2026-11-27T14:30:00Z".
std::string StampText(TimePoint time);

}  // namespace joulefront
