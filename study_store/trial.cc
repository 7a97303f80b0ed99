#include "study_store/trial.h"

#include <algorithm>
#include <iterator>

#include "base/random.h"

namespace joulefront {
namespace {

// In the order of the enumerators. The schema's CHECK constraints and docs/store_schema.md repeat
// them.
constexpr std::string_view kTrialStates[] = {"waiting", "running", "complete", "pruned", "failed"};
constexpr std::string_view kAttemptStates[] = {"running", "complete",    "pruned",
                                               "failed",  "interrupted", "lost"};
constexpr std::string_view kAttemptKinds[] = {"trial", "confirmation"};
constexpr std::string_view kFailures[] = {
    "not-started", "exit-code",  "signal", "out-of-memory", "timeout", "energy-limit",
    "no-result",   "non-finite", "lost",   "interrupted",   "told",    "stalled"};

template <typename Enum, std::size_t n>
std::string_view NameIn(const std::string_view (&names)[n], Enum value) {
  return names[static_cast<std::size_t>(value)];
}

template <typename Enum, std::size_t n>
std::optional<Enum> ValueIn(const std::string_view (&names)[n], std::string_view name) {
  const auto* found = std::find(std::begin(names), std::end(names), name);
  if (found == std::end(names)) return std::nullopt;
  return static_cast<Enum>(found - std::begin(names));
}

}  // namespace

std::uint64_t TrainerSeed(std::uint64_t seed) {
  return seed <= kMostSeed ? seed : Mix64(seed) >> 33;
}

std::uint64_t SeedOfTrial(std::uint64_t study_seed, TrialNumber number) {
  return Mix64(study_seed ^ Mix64(static_cast<std::uint64_t>(number))) >> 33;
}

std::string_view Name(TrialState state) { return NameIn(kTrialStates, state); }
std::string_view Name(AttemptState state) { return NameIn(kAttemptStates, state); }
std::string_view Name(AttemptKind kind) { return NameIn(kAttemptKinds, kind); }
std::string_view Name(FailureClass failure) { return NameIn(kFailures, failure); }

std::optional<TrialState> TrialStateFromName(std::string_view name) {
  return ValueIn<TrialState>(kTrialStates, name);
}

std::optional<AttemptState> AttemptStateFromName(std::string_view name) {
  return ValueIn<AttemptState>(kAttemptStates, name);
}

std::optional<AttemptKind> AttemptKindFromName(std::string_view name) {
  return ValueIn<AttemptKind>(kAttemptKinds, name);
}

std::optional<FailureClass> FailureClassFromName(std::string_view name) {
  return ValueIn<FailureClass>(kFailures, name);
}

TrialState StateAfter(AttemptState ended, int lost, int interrupted, const RetryLimits& limits) {
  switch (ended) {
    case AttemptState::kRunning:
      return TrialState::kRunning;
    case AttemptState::kComplete:
      return TrialState::kComplete;
    case AttemptState::kPruned:
      return TrialState::kPruned;
    case AttemptState::kFailed:
      return TrialState::kFailed;
    case AttemptState::kInterrupted:
      return interrupted > limits.interruptions ? TrialState::kFailed : TrialState::kWaiting;
    case AttemptState::kLost:
      return lost >= limits.attempts ? TrialState::kFailed : TrialState::kWaiting;
  }
  return TrialState::kFailed;
}

}  // namespace joulefront
