// What the search has seen: every trial proposed so far, with its outcome once there is one. A
// value; samplers are pure functions of it. Objectives are minimised here: callers flip the sign of
// those that the user maximises.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "search/ranking.h"
#include "search/space.h"

namespace joulefront {

/// A finished evaluation: m finite objectives, all minimised, and the constraint violation, 0 if
/// feasible (sum of the relative excesses over all constraints otherwise).
struct Evaluation {
  std::vector<double> objectives;
  double violation = 0.0;
  /// Of each limit that is measured, how far the value lies beyond it: below 0 where there is room
  /// left. As many in every evaluation of a history; empty where only the violation is known.
  std::vector<double> excesses;

  bool operator==(const Evaluation&) const = default;
};

/// What a finished trial took, whatever became of it. Empty: not known.
struct Spending {
  std::optional<double> cost;     // joules of all its attempts, above 0
  std::optional<double> seconds;  // wall time

  bool operator==(const Spending&) const = default;
};

/// What a trial reported on its way, at less than its own fidelity.
struct CurvePoint {
  double fidelity;                 // coordinate of the parameter that is marked so
  std::vector<double> objectives;  // m, finite, minimised; joules in proportion to the fidelity
};

enum class EntryState { kPending, kEvaluated, kFailed };

struct HistoryEntry {
  Configuration configuration;
  EntryState state = EntryState::kPending;
  Evaluation evaluation;  // meaningful when kEvaluated
  /// When kFailed, which kind of failure (out of memory, timeout, ...), as the caller numbers them;
  /// empty where the failure says nothing about the configuration, as when a worker was lost.
  std::optional<int> failure;
  Spending spending;              // meaningful when not kPending
  std::vector<CurvePoint> curve;  // meaningful when kEvaluated; by fidelity, rising
  /// What it came to when it was evaluated again, m objectives each: how noisy the evaluation is.
  /// Meaningful when kEvaluated; the trial itself stays what it was.
  std::vector<std::vector<double>> replicates;
};

class History {
 public:
  explicit History(std::size_t objectives) : objectives_(objectives), ranking_(objectives) {}

  std::size_t objectives() const { return objectives_; }  // m
  std::size_t size() const { return entries_.size(); }
  const std::vector<HistoryEntry>& entries() const { return entries_; }  // by trial number
  std::size_t evaluated() const { return evaluated_; }
  const Ranking& ranking() const { return ranking_; }  // of the evaluated; see BestTrials

  /// Appends a pending trial; its number is the size before.
  void Add(Configuration configuration);
  /// Settles trial `number`. Settling it again replaces what was said before, at the cost of
  /// ranking all trials anew.
  void Evaluate(std::size_t number, Evaluation evaluation, Spending spending = {},
                std::vector<CurvePoint> curve = {});
  /// Adds a replicate of an evaluated trial.
  void Replicate(std::size_t number, std::vector<double> objectives);
  void Fail(std::size_t number, std::optional<int> failure = {}, Spending spending = {});

  /// Whether this configuration was proposed before, whatever became of it.
  bool Contains(const Configuration& configuration) const;

 private:
  void RankAnew();

  std::size_t objectives_;
  std::size_t evaluated_ = 0;
  Ranking ranking_;
  std::vector<HistoryEntry> entries_;
  std::unordered_multimap<std::uint64_t, std::size_t> by_hash_;
};

}  // namespace joulefront
