// Sources whose next reading the test sets.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "workers/meters/meter.h"
#include "workers/meters/phase_ledger.h"

namespace joulefront::testing {

/// 32 bits of 2^-14 J, as the kernel gives it on most Intel processors.
inline constexpr std::uint64_t kIntelRange = 262'143'328'850;

inline RawReading Energy(std::uint64_t microjoules) {
  return {.microjoules = microjoules, .microwatts = {}};
}
inline RawReading Power(std::uint64_t microwatts) {
  return {.microjoules = {}, .microwatts = microwatts};
}
inline RawReading Failure(int error) {
  return {.microjoules = {}, .microwatts = {}, .error = error};
}

inline Domain DomainOf(const std::string& name, Boundary boundary = Boundary::kPackage,
                       std::optional<std::uint64_t> range = kIntelRange,
                       Seconds period = Seconds(0.002)) {
  return {.source = boundary == Boundary::kGpu ? "nvml" : "rapl-powercap",
          .name = name,
          .boundary = boundary,
          .range = range,
          .update_period = period,
          .common_uncertainty = 0.05};
}

class ShownSource final : public EnergySource {
 public:
  ShownSource(Domain domain, const RawReading& shown) : domain_(std::move(domain)), shown_(shown) {}
  const Domain& domain() const override { return domain_; }
  RawReading Read() override { return shown_; }

 private:
  Domain domain_;
  const RawReading& shown_;
};

/// Domains, and what they show. Must outlive the meters made of it, and not move.
class ShownDomains {
 public:
  explicit ShownDomains(std::vector<Domain> domains)
      : shown(domains.size(), Energy(0)), domains_(std::move(domains)) {}
  ShownDomains(const ShownDomains&) = delete;

  EnergySources Sources() const {
    EnergySources sources;
    for (std::size_t i = 0; i < domains_.size(); ++i) {
      sources.push_back(std::make_unique<ShownSource>(domains_[i], shown[i]));
    }
    return sources;
  }
  Meter MakeMeter(const MeterSetup& setup, Seconds now = {}, const CpuUsage& usage = {}) const {
    return Meter(Sources(), setup, now, usage);
  }
  PhaseLedger Ledger(const MeterSetup& setup, Seconds now = {}, LogReadings log = {}) const {
    return PhaseLedger(MakeMeter(setup, now), now, std::move(log));
  }

  std::vector<RawReading> shown;

 private:
  std::vector<Domain> domains_;
};

inline MeterSetup Exclusive() { return {.host = "host", .exclusive = true}; }
inline MeterSetup Shared(double reserved = 1.0) { return {.host = "host", .reserved = reserved}; }

}  // namespace joulefront::testing
