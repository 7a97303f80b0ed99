// What the search has seen: every trial proposed so far, with its outcome once there is one. A
// value; samplers are pure functions of it. Objectives are minimised here: callers flip the sign of
// those that the user maximises.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "search/space.h"

namespace joulefront {

/// A finished evaluation: m finite objectives, all minimised, and the constraint violation, 0 if
/// feasible (sum of the relative excesses over all constraints otherwise).
struct Evaluation {
  std::vector<double> objectives;
  double violation = 0.0;

  bool operator==(const Evaluation&) const = default;
};

enum class EntryState { kPending, kEvaluated, kFailed };

struct HistoryEntry {
  Configuration configuration;
  EntryState state = EntryState::kPending;
  Evaluation evaluation;  // meaningful when kEvaluated
};

class History {
 public:
  explicit History(std::size_t objectives) : objectives_(objectives) {}

  std::size_t objectives() const { return objectives_; }  // m
  std::size_t size() const { return entries_.size(); }
  const std::vector<HistoryEntry>& entries() const { return entries_; }  // by trial number
  std::size_t evaluated() const { return evaluated_; }

  /// Appends a pending trial; its number is the size before.
  void Add(Configuration configuration);
  /// Settles trial `number`. Settling it again replaces what was said before.
  void Evaluate(std::size_t number, Evaluation evaluation);
  void Fail(std::size_t number);

  /// Whether this configuration was proposed before, whatever became of it.
  bool Contains(const Configuration& configuration) const;

 private:
  std::size_t objectives_;
  std::size_t evaluated_ = 0;
  std::vector<HistoryEntry> entries_;
  std::unordered_multimap<std::uint64_t, std::size_t> by_hash_;
};

}  // namespace joulefront
