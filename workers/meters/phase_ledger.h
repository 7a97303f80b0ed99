// Splits an attempt's joules and time into phases. Phases that recur are summed under their name;
// all of them together are the phase "total": its joules are the sum of theirs.
//
// Joules that the meter could credit late only (a reading that failed, made up for by the next) are
// divided by time between the phases of the time that they cover.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/energy.h"
#include "workers/meters/meter.h"

namespace joulefront {

class PhaseLedger {
 public:
  /// Begins at `now` in the phase "setup".
  PhaseLedger(std::unique_ptr<Meter> meter, Seconds now, const CpuUsage& usage);

  /// Ends the current phase and begins `phase`.
  void Enter(const std::string& phase, Seconds now, const CpuUsage& usage);

  /// Reads the meter and gives all phases so far, in order of first appearance, "total" last. A
  /// phase whose name is "total" is counted in the total only.
  std::vector<PhaseEnergy> Read(Seconds now, const CpuUsage& usage);

 private:
  struct Account {
    std::string phase;
    Seconds wall, cpu;
    Joules joules;
    Seconds covered;
    int edges = 0;  // how often the phase began or ended
  };
  /// Time of one account for which the meter has given no joules yet.
  struct Uncovered {
    std::size_t account;
    Seconds time;
  };
  std::size_t Open(const std::string& phase);
  void Advance(Seconds now, const CpuUsage& usage);
  void Credit(Joules joules, Seconds covered);
  PhaseEnergy Close(const Account& account) const;

  std::unique_ptr<Meter> meter_;
  Seconds then_;
  CpuUsage usage_then_;
  Reading reading_then_;
  std::vector<Account> accounts_;
  std::size_t current_ = 0;
  std::vector<Uncovered> uncovered_;
};

}  // namespace joulefront
