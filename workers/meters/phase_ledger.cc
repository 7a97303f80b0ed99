#include "workers/meters/phase_ledger.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace joulefront {
namespace {

// Gaps that were never made up for are forgotten from their beginning, so that a trainer that
// changes its phase a million times beside a dead counter costs no memory.
constexpr std::size_t kMostUncovered = 1024;

}  // namespace

PhaseLedger::PhaseLedger(std::unique_ptr<Meter> meter, Seconds now, const CpuUsage& usage)
    : meter_(std::move(meter)),
      then_(now),
      usage_then_(usage),
      reading_then_(meter_->Read(now, usage)) {
  current_ = Open(std::string(kFirstPhase));
}

std::size_t PhaseLedger::Open(const std::string& phase) {
  auto account = std::find_if(accounts_.begin(), accounts_.end(),
                              [&](const Account& open) { return open.phase == phase; });
  if (account == accounts_.end()) {
    Account opened;
    opened.phase = phase;
    account = accounts_.insert(account, opened);
  }
  account->edges += 2;
  return static_cast<std::size_t>(account - accounts_.begin());
}

void PhaseLedger::Enter(const std::string& phase, Seconds now, const CpuUsage& usage) {
  Advance(now, usage);
  if (accounts_[current_].phase != phase) current_ = Open(phase);
}

void PhaseLedger::Advance(Seconds now, const CpuUsage& usage) {
  const Seconds elapsed = now - then_;
  accounts_[current_].wall += elapsed;
  accounts_[current_].cpu += usage.trainer - usage_then_.trainer;
  if (!uncovered_.empty() && uncovered_.back().account == current_) {
    uncovered_.back().time += elapsed;
  } else {
    if (uncovered_.size() == kMostUncovered) uncovered_.erase(uncovered_.begin());
    uncovered_.push_back({current_, elapsed});
  }
  const Reading reading = meter_->Read(now, usage);
  Credit(reading.joules - reading_then_.joules, reading.covered - reading_then_.covered);
  then_ = now;
  usage_then_ = usage;
  reading_then_ = reading;
}

// What a meter credits covers the time that ends now, so it goes to the latest entries first.
void PhaseLedger::Credit(Joules joules, Seconds covered) {
  if (joules <= Joules(0) && covered <= Seconds(0)) return;
  Seconds left = covered;
  Joules given;
  while (left > Seconds(0) && !uncovered_.empty()) {
    const Uncovered latest = uncovered_.back();
    uncovered_.pop_back();
    const Seconds time = std::min(left, latest.time);
    const Joules part = joules * (time / covered);
    accounts_[latest.account].covered += time;
    accounts_[latest.account].joules += part;
    given += part;
    left = left - time;
  }
  // The remainder is what rounding left over, or joules of no time at all.
  accounts_[current_].joules += joules - given;
  uncovered_.clear();
}

std::vector<PhaseEnergy> PhaseLedger::Read(Seconds now, const CpuUsage& usage) {
  Advance(now, usage);
  std::vector<PhaseEnergy> phases;
  Account total;
  total.phase = kTotalPhase;
  total.edges = 2;
  for (const Account& account : accounts_) {
    total.wall += account.wall;
    total.cpu += account.cpu;
    total.joules += account.joules;
    total.covered += account.covered;
    if (account.phase != kTotalPhase) phases.push_back(Close(account));
  }
  phases.push_back(Close(total));
  return phases;
}

PhaseEnergy PhaseLedger::Close(const Account& account) const {
  Reading sum;
  sum.joules = account.joules;
  sum.covered = account.covered;
  sum.elapsed = account.wall;
  // Errors of edges are independent, so they add in quadrature.
  sum.own_error_joules = reading_then_.own_error_joules * std::sqrt(account.edges);
  return {account.phase, account.wall, account.cpu,
          FigureBetween(Reading{}, sum, meter_->provenance())};
}

}  // namespace joulefront
