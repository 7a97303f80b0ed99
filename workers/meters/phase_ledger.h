// Splits an attempt's joules and time into phases. Phases that recur are summed under their name;
// all of them together are the phase "total": its joules are the sum of theirs, to the microjoule.
//
// Joules that a source gives late (a reading that failed and was made up for, a counter that ticks
// slowly, a share that had to be waited for) are divided by time between the phases of the time
// that they cover.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/energy.h"
#include "workers/meters/meter.h"

namespace joulefront {

/// Takes the lines of the reading log (reading_log.h).
using LogReadings = std::function<void(std::string_view)>;

class PhaseLedger {
 public:
  /// Begins at `now`, the time at which the meter was made, in the phase "setup".
  PhaseLedger(Meter meter, Seconds now, LogReadings log = {});

  /// Ends the current phase and begins `phase`.
  void Enter(const std::string& phase, Seconds now, const CpuUsage& usage);

  /// Ends the attempt: what is looked at after `now` only helps to place that edge, and counts in
  /// no phase.
  void End(Seconds now, const CpuUsage& usage);

  /// Looks at the meter, and gives all phases so far, in order of first appearance, "total" last. A
  /// phase whose name is "total" is counted in the total only.
  std::vector<PhaseEnergy> Read(Seconds now, const CpuUsage& usage, Look look = Look::kGlance);

  /// When the next Read() should be at the latest, to place an edge. Empty: no hurry.
  std::optional<Seconds> WantsNext() const { return meter_.WantsNext(); }

  const Meter& meter() const { return meter_; }

 private:
  /// Of one domain in one phase.
  struct Share {
    Charge sum;
    Seconds covered;
  };
  struct Account {
    std::string phase;
    Seconds wall, cpu;
    int edges = 0;              // how often the phase began or ended
    std::vector<Share> shares;  // by domain
  };
  /// A stretch of time that some domain has not been charged for yet.
  struct Stretch {
    std::size_t account;
    Seconds begin, end;
  };
  std::size_t Open(const std::string& phase);
  void Advance(Seconds now, const CpuUsage& usage, Look look, std::string_view phase);
  void Distribute(const Charge& charge);
  void ForgetCharged();
  std::optional<Joules> MostUnseen(std::size_t d, const Account& account,
                                   const Account& total) const;
  PhaseEnergy Close(const Account& account, const Account& total) const;

  Meter meter_;
  LogReadings log_;
  Seconds then_;
  CpuUsage usage_then_;
  std::vector<Account> accounts_;
  std::size_t current_ = 0;
  std::optional<std::size_t> after_;    // the account of what comes after the end
  std::deque<Stretch> stretches_;       // in order of time
  std::vector<Seconds> charged_until_;  // by domain
};

}  // namespace joulefront
