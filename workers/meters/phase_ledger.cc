#include "workers/meters/phase_ledger.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "workers/meters/reading_log.h"

namespace joulefront {
namespace {

// Marks are read when a worker gets round to it, which takes milliseconds on a busy machine.
constexpr Seconds kShortest(0.01);

// Stretches that are never charged are forgotten from their beginning, so that a trainer that
// changes its phase a million times beside a dead counter costs no memory.
constexpr std::size_t kMostStretches = 1024;
// Everything of a charge that is divided.
constexpr std::array kParts = {&Charge::measured, &Charge::active,         &Charge::idle,
                               &Charge::others,   &Charge::idle_of_others, &Charge::residual};

Joules FromMicrojoules(std::uint64_t microjoules) {
  return Joules(static_cast<double>(microjoules) * 1e-6);
}

/// The part of `whole` that belongs to the first `share` of its time.
std::uint64_t FirstPart(std::uint64_t whole, double share) {
  if (share >= 1.0) return whole;
  return std::min(whole, static_cast<std::uint64_t>(static_cast<double>(whole) * share));
}

void Add(Charge& sum, const Charge& part) {
  for (const auto field : kParts) sum.*field += part.*field;
}

}  // namespace

PhaseLedger::PhaseLedger(Meter meter, Seconds now, LogReadings log)
    : meter_(std::move(meter)), log_(std::move(log)), then_(now) {
  charged_until_.resize(meter_.domains().size(), now);
  if (log_) {
    log_(FormatLogHeader(meter_));
    log_(FormatLogLine(meter_, now, {}, Look::kEdge, ""));
  }
  current_ = Open(std::string(kFirstPhase));
}

std::size_t PhaseLedger::Open(const std::string& phase) {
  auto account = std::find_if(accounts_.begin(), accounts_.end(),
                              [&](const Account& open) { return open.phase == phase; });
  if (account == accounts_.end()) {
    Account opened;
    opened.phase = phase;
    opened.shares.resize(meter_.domains().size());
    account = accounts_.insert(account, std::move(opened));
  }
  account->edges += 2;
  return static_cast<std::size_t>(account - accounts_.begin());
}

void PhaseLedger::Enter(const std::string& phase, Seconds now, const CpuUsage& usage) {
  Advance(now, usage, Look::kEdge, phase);
  if (current_ != after_ && accounts_[current_].phase != phase) current_ = Open(phase);
}

void PhaseLedger::End(Seconds now, const CpuUsage& usage) {
  Advance(now, usage, Look::kEdge, kEndOfAttempt);
  Account after;
  after.shares.resize(meter_.domains().size());
  after_ = current_ = accounts_.size();
  accounts_.push_back(std::move(after));
}

void PhaseLedger::Advance(Seconds now, const CpuUsage& usage, Look look, std::string_view phase) {
  Account& account = accounts_[current_];
  account.wall += now - then_;
  account.cpu += usage.trainer - usage_then_.trainer;
  if (!stretches_.empty() && stretches_.back().account == current_) {
    stretches_.back().end = now;
  } else {
    if (stretches_.size() == kMostStretches) stretches_.pop_front();
    stretches_.push_back({current_, then_, now});
  }
  const auto charges = meter_.Read(now, usage, look);
  if (log_) log_(FormatLogLine(meter_, now, usage, look, phase));
  for (const Charge& charge : charges) Distribute(charge);
  ForgetCharged();
  then_ = now;
  usage_then_ = usage;
}

/// Every stretch gets the difference of two roundings, so that the parts add up to the whole.
void PhaseLedger::Distribute(const Charge& charge) {
  const Seconds length = charge.end - charge.begin;
  Charge given;
  const auto give = [&](std::size_t account, Seconds begin, Seconds end, double until) {
    Share& share = accounts_[account].shares[charge.domain];
    for (const auto field : kParts) {
      const std::uint64_t part = FirstPart(charge.*field, until) - given.*field;
      share.sum.*field += part;
      given.*field += part;
    }
    share.covered += end - begin;
  };
  for (const Stretch& stretch : stretches_) {
    const Seconds begin = std::max(stretch.begin, charge.begin);
    const Seconds end = std::min(stretch.end, charge.end);
    if (begin >= end) continue;
    give(stretch.account, begin, end, (end - charge.begin) / length);
  }
  // What is left belongs to no stretch: joules of no time, or of stretches that are forgotten.
  give(current_, charge.end, charge.end, 1.0);
  charged_until_[charge.domain] = charge.end;
}

/// Keeps the last stretch: the next one may only go on with it.
void PhaseLedger::ForgetCharged() {
  const Seconds until = *std::min_element(charged_until_.begin(), charged_until_.end());
  while (stretches_.size() > 1 && stretches_.front().end <= until) stretches_.pop_front();
  if (!stretches_.empty() && stretches_.front().begin < until) {
    stretches_.front().begin = std::min(until, stretches_.front().end);
  }
}

std::vector<PhaseEnergy> PhaseLedger::Read(Seconds now, const CpuUsage& usage, Look look) {
  Advance(now, usage, look, "");
  std::vector<PhaseEnergy> phases;
  Account total;
  total.phase = kTotalPhase;
  total.edges = 2;
  total.shares.resize(meter_.domains().size());
  for (std::size_t i = 0; i < accounts_.size(); ++i) {
    if (i == after_) continue;
    const Account& account = accounts_[i];
    total.wall += account.wall;
    total.cpu += account.cpu;
    for (std::size_t d = 0; d < total.shares.size(); ++d) {
      Add(total.shares[d].sum, account.shares[d].sum);
      total.shares[d].covered += account.shares[d].covered;
    }
  }
  for (std::size_t i = 0; i < accounts_.size(); ++i) {
    if (i == after_ || accounts_[i].phase == kTotalPhase) continue;
    phases.push_back(Close(accounts_[i], total));
  }
  phases.push_back(Close(total, total));
  return phases;
}

/// The most that a domain may have used in a window in which nothing of it was seen, where that is
/// shorter than the meter resolves. Empty: it is longer, so that joules are missing; or nothing is
/// known of the domain's power.
std::optional<Joules> PhaseLedger::MostUnseen(std::size_t d, const Account& account,
                                              const Account& total) const {
  const Domain& domain = meter_.domains()[d];
  if (account.wall > std::max(kShortest, domain.update_period)) return std::nullopt;
  const Share& whole = total.shares[d];
  Watts power;
  if (whole.covered > Seconds(0)) {
    power = FromMicrojoules(whole.sum.active + whole.sum.idle) / whole.covered;
  }
  if (domain.boundary == Boundary::kCpu) power = std::max(power, kWattsPerBusyCpu);
  if (power <= Watts(0.0)) return std::nullopt;
  return power * (account.wall + meter_.EdgeError(d) * 2.0);
}

PhaseEnergy PhaseLedger::Close(const Account& account, const Account& total) const {
  PhaseEnergy phase{account.phase, account.wall, account.cpu, std::nullopt};
  EnergyFigure figure;
  figure.provenance = meter_.provenance();
  Charge sum;
  double squares = 0.0;  // of the errors: they are independent
  for (std::size_t d = 0; d < account.shares.size(); ++d) {
    const Share& share = account.shares[d];
    const Joules joules = FromMicrojoules(share.sum.active + share.sum.idle);
    const bool seen = share.covered > Seconds(0) && account.wall > Seconds(0);
    const auto most = joules > Joules() && seen ? std::nullopt : MostUnseen(d, account, total);
    // A part that is missing makes the whole unknown; it is never taken for zero.
    if (!seen && !most) return phase;
    double coverage = 1.0;
    if (most) {
      squares += most->value() * most->value();
    } else {
      // What lies within the error of an edge is that error, and no gap.
      const Seconds unseen = account.wall - share.covered;
      const bool whole = unseen <= meter_.EdgeError(d) * account.edges;
      coverage = whole ? 1.0 : share.covered / account.wall;
      const Joules edge = joules / share.covered * meter_.EdgeError(d);
      squares += account.edges * edge.value() * edge.value();
    }
    figure.coverage = std::min(figure.coverage, coverage);
    const Domain& domain = meter_.domains()[d];
    figure.domains.push_back({domain.name, std::string(Name(domain.boundary)), joules, coverage});
    Add(sum, share.sum);
  }
  figure.joules = FromMicrojoules(sum.active + sum.idle);
  const Joules error(std::sqrt(squares));
  const bool unseen = figure.joules == Joules() && error > Joules();
  if (unseen) {  // so short, it may have lain between two looks: a bound, from zero to the error
    figure.joules = error * 0.5;
    figure.domains.clear();
  }
  if (error > Joules()) figure.own_uncertainty = unseen ? 1.0 : error / figure.joules;
  if (figure.domains.size() == 1) figure.domains.clear();
  const auto& setup = meter_.setup();
  if (figure.provenance.energy_class == EnergyClass::kAttributed && !unseen) {
    figure.division = {FromMicrojoules(sum.measured), FromMicrojoules(sum.idle),
                       FromMicrojoules(sum.others), FromMicrojoules(sum.idle_of_others),
                       FromMicrojoules(sum.residual)};
  } else if (figure.provenance.energy_class == EnergyClass::kCalibrated) {
    const Seconds covered = account.wall * figure.coverage;
    figure.joules = setup.calibration->offset * covered + figure.joules * setup.calibration->slope;
  }
  phase.figure = std::move(figure);
  return phase;
}

}  // namespace joulefront
