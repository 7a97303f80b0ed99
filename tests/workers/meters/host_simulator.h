// A machine of which everything is known: what it draws idle, what each trial draws and uses of
// the CPUs, and so what each figure ought to be. It shows what a real one would: counters with a
// unit, an update period with jitter and a range, CPU time exact for a trial and in ticks for the
// host. docs/metering.md says what it leaves out.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "tests/workers/meters/shown_sources.h"

namespace joulefront::testing {

/// A process tree on the machine: busy CPUs, and watts for each of them, piece by piece.
struct SimulatedLoad {
  struct Piece {
    Seconds until;
    double cpus = 0.0;
    double watts_per_cpu = 0.0;
  };
  std::vector<Piece> pieces;  // by time; nothing after the last

  const Piece* At(Seconds time) const {
    for (const Piece& piece : pieces) {
      if (time < piece.until) return &piece;
    }
    return nullptr;
  }
};

struct SimulatedHost {
  int cpus = 16;  // hardware threads, two to a core
  double idle_watts = 40.0;
  /// A busy thread beside a busy sibling adds this part of what it would alone. 1: no SMT.
  double sibling = 1.0;
  double unit_joules = 1.0 / 16384;  // of the counter
  double update_period = 0.001, jitter = 0.0003;
  std::uint64_t range = kIntelRange;
};

/// Plays a host in steps of a fifth of a millisecond.
class HostSimulator {
 public:
  HostSimulator(const SimulatedHost& host, std::vector<SimulatedLoad> loads, std::uint64_t seed)
      : host_(host), loads_(std::move(loads)), random_(seed), domains_({DomainOf("package-0")}) {
    cpu_.resize(loads_.size());
    truth_.resize(loads_.size());
    counter_start_ = std::uniform_int_distribution<std::uint64_t>(0, host_.range)(random_);
    tick_phase_ = std::uniform_real_distribution<>(0.0, 0.01)(random_);
    next_update_ = std::uniform_real_distribution<>(0.0, host_.update_period)(random_);
    Show();
  }

  Seconds now() const { return Seconds(static_cast<double>(steps_) * kStep); }
  ShownDomains& domains() { return domains_; }

  /// What a follower of that load would tell.
  CpuUsage UsageOf(std::size_t load) const {
    return {Seconds(cpu_[load]), Seconds(std::floor((host_cpu_ + tick_phase_) * 100.0) / 100.0)};
  }

  double energy() const { return energy_; }                        // of the package
  double TruthOf(std::size_t load) const { return truth_[load]; }  // active joules
  double idle() const { return host_.idle_watts * now().value(); }

  void Step() {
    double busy = 0.0;
    for (const SimulatedLoad& load : loads_) {
      if (const auto* piece = load.At(now())) busy += piece->cpus;
    }
    // Threads beyond the number of cores share one, and add less each.
    const double cores = host_.cpus / 2.0;
    const double effective =
        busy <= cores
            ? 1.0
            : (cores + (std::min<double>(busy, host_.cpus) - cores) * host_.sibling) / busy;
    double power = host_.idle_watts;
    for (std::size_t i = 0; i < loads_.size(); ++i) {
      const auto* piece = loads_[i].At(now());
      if (piece == nullptr) continue;
      const double active = piece->cpus * piece->watts_per_cpu * effective;
      cpu_[i] += piece->cpus * kStep;
      host_cpu_ += piece->cpus * kStep;
      truth_[i] += active * kStep;
      power += active;
    }
    energy_ += power * kStep;
    ++steps_;
    if (now().value() >= next_update_) {
      Show();
      next_update_ += host_.update_period +
                      std::uniform_real_distribution<>(-host_.jitter, host_.jitter)(random_);
    }
  }

  void RunUntil(Seconds time) {
    while (now() < time) Step();
  }

 private:
  static constexpr double kStep = 0.0002;

  void Show() {
    const double units = std::floor(energy_ / host_.unit_joules);
    const auto microjoules = static_cast<std::uint64_t>(units * host_.unit_joules * 1e6);
    domains_.shown[0] = Energy((counter_start_ + microjoules) % host_.range);
  }

  SimulatedHost host_;
  std::vector<SimulatedLoad> loads_;
  std::mt19937_64 random_;
  ShownDomains domains_;
  std::int64_t steps_ = 0;
  double energy_ = 0.0, host_cpu_ = 0.0, next_update_ = 0.0, tick_phase_ = 0.0;
  std::uint64_t counter_start_ = 0;
  std::vector<double> cpu_, truth_;
};

}  // namespace joulefront::testing
