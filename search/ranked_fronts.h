// The fronts of trials that are told one by one: what NonDominatedRanks and CrowdingDistances say
// of all of them, kept up to date. A function of the trials alone, not of the order in which they
// came. Private to search/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "search/scale.h"

namespace joulefront {

struct RankedTrial {
  std::size_t number;
  std::uint32_t rank;  // of its front; infeasible trials come behind all fronts, by violation
  double crowding;     // within its front; 0 for the infeasible
};

/// For n trials of m >= 2 objectives, in f fronts: O(m n) memory.
class RankedFronts {
 public:
  explicit RankedFronts(std::size_t objectives) : objectives_(objectives) {}

  std::size_t size() const { return fronts_.size(); }  // fronts

  /// Adds a trial that is not among them, m finite objectives. It enters the first front that does
  /// not dominate it; what it dominates there moves on to the next front, and so forth. Two
  /// objectives: O(log f log n) and the members of the fronts that change, moved as blocks. More:
  /// O(m) for each member of a front that is looked into and each trial that enters it.
  void Insert(std::size_t number, std::span<const double> objectives);

  /// Appends the best `count`, or all: by rank, then crowding distance (largest first), then number
  /// [Deb2002, Sec. III-B]. O(m) for each member of the fronts that it takes from.
  void AppendBest(std::size_t count, std::vector<RankedTrial>& best) const;

 private:
  using Numbers = std::vector<std::uint32_t>;
  // Its members by each objective, ties by number. Of two objectives only by the first: the second
  // is the reverse.
  using Front = std::vector<Numbers>;

  double At(std::uint32_t number, std::size_t k) const { return values_[number * objectives_ + k]; }
  bool Equal(std::uint32_t a, std::uint32_t b) const;
  bool Dominates(std::uint32_t a, std::uint32_t b) const;
  bool Dominates(const Front& front, std::uint32_t number) const;
  Numbers::const_iterator FirstFrom(const Front& front, double first) const;
  bool Precedes(std::uint32_t a, std::uint32_t b, std::size_t k) const;
  void Place(std::uint32_t number, Numbers& members, std::size_t k);

  void AddFront(std::size_t rank, Front front);
  void InsertInChains(std::size_t rank, std::uint32_t number);
  void InsertInSets(std::size_t rank, std::uint32_t number);
  Numbers Dominated(const Front& front, const Numbers& by) const;
  Front FrontOf(const Numbers& members) const;
  std::vector<double> Crowding(const Front& front) const;
  Scale ScaleOf(const Numbers& members, std::size_t k) const;
  void MeasureChain(const Numbers& chain, std::vector<double>& distances) const;
  void AddGaps(const Front& front, std::size_t k, double* distances) const;

  std::size_t objectives_;            // m
  std::vector<double> values_;        // by number, m each
  std::vector<std::uint8_t> copies_;  // by number: whether an equal trial of a lower number is here
  std::vector<Front> fronts_;         // none ever ends: what leaves a front is replaced
  std::vector<std::uint32_t> by_rank_;  // where in fronts_ they are
};

}  // namespace joulefront
