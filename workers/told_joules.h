// Joules that the trainer itself tells, phase by phase: those of a table that was measured earlier.
// They are replayed, and never called anything better.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/energy.h"

namespace joulefront {

class ToldJoules {
 public:
  void EnterPhase(const std::string& phase) { phase_ = phase; }

  /// `total`: joules of the attempt so far; what it grows by belongs to the present phase. False,
  /// and nothing is changed, for a total that is not finite or falls.
  bool Tell(double total);

  /// Puts the figures told into `phases`, the last of which is kTotalPhase, in place of those that
  /// are there. A phase of which nothing was told has none.
  void Fill(std::vector<PhaseEnergy>& phases) const;

 private:
  std::string phase_{kFirstPhase};
  std::optional<double> total_;
  std::map<std::string, double> by_phase_;
};

}  // namespace joulefront
