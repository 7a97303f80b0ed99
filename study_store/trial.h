// Trials and attempts. A trial is one configuration to evaluate; an attempt is one execution of it.
//
//   waiting -> running (attempt k, under a lease) -> complete | pruned | failed
//   attempt interrupted -> waiting; worker lost -> waiting until the attempts are spent, then
//   failed
//
// Finished trials never change. Joules belong to attempts, whatever became of them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/energy.h"
#include "base/units.h"

namespace joulefront {

using TrialNumber = std::int64_t;  // from 0 within a study

enum class TrialState { kWaiting, kRunning, kComplete, kPruned, kFailed };
enum class AttemptState { kRunning, kComplete, kPruned, kFailed, kInterrupted, kLost };

/// What an attempt is for: the trial's values, or, once those are there, to see whether they hold.
enum class AttemptKind { kTrial, kConfirmation };

/// Why an attempt failed. "lost" is no failure of the trainer: its worker vanished.
enum class FailureClass {
  kNotStarted,   // the command could not be executed
  kExitCode,     // ended with another exit status than 0
  kSignal,       // ended by a signal that was not ours
  kOutOfMemory,  // killed or gave up for lack of memory
  kTimeout,      // ran into its time limit
  kEnergyLimit,  // ran into its energy limit
  kNoResult,     // exit status 0 but a value or a phase is missing
  kNonFinite,    // a value is not a finite number
  kLost,         // its worker vanished, and the attempts are spent
  kInterrupted,  // interrupted too often
  kTold,         // the ask-tell session said so
  kStalled,      // said nothing for too long
};

std::string_view Name(TrialState state);
std::string_view Name(AttemptState state);
std::string_view Name(AttemptKind kind);
std::string_view Name(FailureClass failure);
std::optional<TrialState> TrialStateFromName(std::string_view name);
std::optional<AttemptState> AttemptStateFromName(std::string_view name);
std::optional<AttemptKind> AttemptKindFromName(std::string_view name);
std::optional<FailureClass> FailureClassFromName(std::string_view name);

inline bool IsFinished(TrialState state) {
  return state != TrialState::kWaiting && state != TrialState::kRunning;
}

/// Whether a trial in this state has values, or says why it came to no result.
inline bool HasValues(TrialState state) {
  return state == TrialState::kComplete || state == TrialState::kPruned;
}
inline bool HasMessage(TrialState state) {
  return state == TrialState::kFailed || state == TrialState::kPruned;
}

using NamedValues = std::map<std::string, double>;

/// A value of a trial that went on with a shorter one: the joules of all that it goes on from.
inline constexpr std::string_view kResumedJoules = "resumed_j";

/// Of a trial that was stopped early, the value that objective NAME was foretold to end at:
/// kForetold + NAME.
inline constexpr std::string_view kForetold = "foretold.";

/// Whether a value's name is one of these, which nobody else may report.
inline bool IsReservedName(std::string_view name) {
  return name == kResumedJoules || name.starts_with(kForetold);
}

/// The largest seed that a trainer is given: NumPy takes 32 bits, other languages signed numbers.
inline constexpr std::uint64_t kMostSeed = 0x7fffffff;
/// What a trainer is given for a seed: itself where it is at most kMostSeed, else 31 bits that are
/// made from it. Stores of earlier versions hold seeds of 53 bits.
std::uint64_t TrainerSeed(std::uint64_t seed);
/// The seed of trial `number` of a study with that seed, at most kMostSeed.
std::uint64_t SeedOfTrial(std::uint64_t study_seed, TrialNumber number);

// Who proposes instead of a sampler: Trial::proposed_by of trials that nothing was computed for.
inline constexpr std::string_view kByDefault = "default";
inline constexpr std::string_view kByEnqueuing = "enqueued";
inline constexpr std::string_view kByWarmStart = "warm-start";
inline constexpr std::string_view kByRepeating = "repeat";
inline constexpr std::string_view kByImport = "imported";
inline constexpr std::string_view kOtherProposers[] = {kByDefault, kByEnqueuing, kByWarmStart,
                                                       kByRepeating, kByImport};

struct Trial {
  TrialNumber number = 0;
  TrialState state = TrialState::kWaiting;
  std::string configuration;  // canonical JSON (configuration_json.h)
  NamedValues values;         // reported values and objectives, in the user's units; if it was
                              // pruned, the last ones of its progress, and forecasts
  std::vector<PhaseEnergy> energy;  // of the attempt that completed it, or was stopped early
  int attempts = 0;
  std::optional<FailureClass> failure;
  std::string message;      // why it failed, or was stopped early
  std::string proposed_by;  // the sampler's name, or one of kOtherProposers
  std::string reason;
  std::uint64_t seed = 0;
  std::optional<TrialNumber> continues;  // the shorter trial whose training it goes on with
  std::int64_t revision = 0;             // grows with every change of any trial of the study
  std::optional<Joules> foreseen;        // what an attempt of it was expected to take
  std::string basis;                     // what it was proposed from (proposal_basis.h), or empty
};

/// The process that holds a claim. `boot_id` is the kernel's, so that a pid means something.
struct WorkerIdentity {
  std::string name;
  std::string host;
  std::string boot_id;
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;  // /proc/PID/stat field 22: tells a pid from its reuse
};

struct Attempt {
  TrialNumber trial = 0;
  int number = 1;  // from 1 within the trial
  AttemptKind kind = AttemptKind::kTrial;
  AttemptState state = AttemptState::kRunning;
  WorkerIdentity worker;
  TimePoint started{};
  std::optional<TimePoint> ended;
  TimePoint lease_until{};
  std::vector<PhaseEnergy> energy;
  NamedValues values;  // of a confirmation that is complete; those of others are their trial's
  std::optional<FailureClass> failure;
  std::string message;
};

/// A worker's right to one attempt. Every later write names it and fails with kLeaseLost once it is
/// no longer the running attempt of its trial.
struct Claim {
  std::int64_t study = 0;
  TrialNumber trial = 0;
  int attempt = 1;
  std::string worker;
  std::string configuration;  // canonical JSON
  std::uint64_t seed = 0;
  std::optional<TrialNumber> continues;  // as Trial::continues
};

/// What a trainer said on its way; values that are no numbers are missing.
struct ProgressReport {
  std::int64_t step = 0;
  NamedValues values;
  std::optional<Joules> joules;  // of the attempt until then; empty: nothing could be metered

  bool operator==(const ProgressReport&) const = default;
};

/// How an attempt ended.
struct AttemptResult {
  AttemptState state = AttemptState::kFailed;  // anything but kRunning
  NamedValues values;                          // when complete or pruned
  std::vector<PhaseEnergy> energy;
  std::optional<FailureClass> failure;  // when failed
  std::string message;
};

/// How often a trial may be begun again.
struct RetryLimits {
  int attempts = 3;        // in all, where workers were lost
  int interruptions = 10;  // that cost nothing; a trainer that always asks for one ends here
};

/// The state of a trial once an attempt has ended so, with `lost` and `interrupted` attempts in
/// all, this one among them.
TrialState StateAfter(AttemptState ended, int lost, int interrupted, const RetryLimits& limits);

}  // namespace joulefront
