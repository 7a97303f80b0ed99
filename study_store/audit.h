// Whether a study's records hold together, and where its joules went. Pure: looks at what was
// loaded from a store.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "study_store/store.h"
#include "study_store/study.h"
#include "study_store/trial.h"

namespace joulefront {

/// What an audit looks at: all of one study, at one moment.
struct Records {
  Study study;
  std::vector<Trial> trials;      // by number
  std::vector<Attempt> attempts;  // by trial and number
  StudyStore::Spent spent;
};

/// What does not hold of the life of trials (docs/reliability.md), a line each: numbers without
/// gaps, one running attempt at most, a finished trial with the attempt that finished it, values
/// with every complete trial.
std::vector<std::string> FindBrokenLives(const Records& records);

/// What does not balance, a line each: phases add up to their total, shared counters to what they
/// measured, attempts and the search to what the study has spent; metered values are the joules
/// of their phase.
std::vector<std::string> FindImbalances(const Records& records);

/// Where joules went.
enum class Fate {
  kFront,       // attempts that gave the points of the front
  kDominated,   // complete trials that are not on it
  kInfeasible,  // complete trials that break a constraint
  kPruned,      // trials that were stopped early
  kFailed,      // attempts that ended their trial in failure
  kRetried,     // attempts that were lost or interrupted
  kRepeated,    // confirmations
  kRunning,     // attempts that run now
  kSearch,      // proposing
};

std::string_view Name(Fate fate);  // "front"

struct FateShare {
  Fate fate;
  std::int64_t attempts = 0;  // 0 for the search
  std::int64_t without = 0;   // of them, those without a figure
  Joules joules;              // of those with one

  /// Whether any of it has a figure, or there was nothing to meter; else its joules are unknown.
  bool IsKnown() const {
    if (fate == Fate::kSearch) return joules > Joules();
    return attempts == 0 || without < attempts;
  }
};

/// One entry for every fate, in their order; the joules add up to Spent::joules. Only of records
/// without broken lives.
std::vector<FateShare> JoulesByFate(const Records& records);

}  // namespace joulefront
