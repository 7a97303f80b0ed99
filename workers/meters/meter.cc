#include "workers/meters/meter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace joulefront {
namespace {

// Host CPU time is counted in ticks of 10 ms. Over a shorter time than this the share would be
// noise, so it is not settled until then.
constexpr Seconds kShortestShare{0.5};
constexpr Seconds kTick{0.01};
// Of dividing a counter by CPU time between unlike loads (docs/metering.md, "Shared machines").
constexpr double kShareUncertainty = 0.15;
// Of charging each of several users of a GPU alike.
constexpr double kEqualShareUncertainty = 0.30;
// An edge falls anywhere within an update, evenly: 95 % of such errors are within 1.96 standard
// deviations, and one is the width over the root of 12.
constexpr double kEvenly = 1.96 * 0.28867513459481287;
// What is left of an update once its ends are known and the power between them is not.
constexpr double kBetweenTicks = 0.2;

bool SeesCpus(Boundary boundary) { return boundary != Boundary::kGpu; }

std::uint64_t Rounded(double number) { return static_cast<std::uint64_t>(std::llround(number)); }

std::uint64_t Microjoules(Joules joules) { return Rounded(std::max(0.0, joules.value()) * 1e6); }

/// `part` of `whole`, in [0, 1], without a microjoule more than there is.
std::uint64_t PartOf(std::uint64_t whole, double part) {
  return std::min(whole, Rounded(static_cast<double>(whole) * std::clamp(part, 0.0, 1.0)));
}

/// Adds a word to a list like "package+dram", once.
void AddWord(std::string& list, std::string_view word) {
  const std::string framed = "+" + list + "+";
  if (framed.find(fmt::format("+{}+", word)) != std::string::npos) return;
  list += (list.empty() ? "" : "+") + std::string(word);
}

}  // namespace

bool IsPlausible(const Calibration& fit) {
  return fit.slope >= 0.5 && fit.slope <= 4.0 && fit.offset >= Watts(0) &&
         fit.offset <= Watts(1e5) && fit.residual >= 0.0 && fit.residual <= 1.0;
}

Domain EstimateDomain() {
  return {.source = "cpu-time",
          .name = "cpu",
          .boundary = Boundary::kCpu,
          .range = std::nullopt,
          .common_uncertainty = kEstimateUncertainty};
}

Meter::Meter(EnergySources sources, MeterSetup setup, Seconds now, const CpuUsage& usage)
    : sources_(std::move(sources)), setup_(std::move(setup)), then_(now), usage_then_(usage) {
  bool sees_cpus = false;
  for (const auto& source : sources_) {
    domains_.push_back(source->domain());
    sees_cpus = sees_cpus || SeesCpus(domains_.back().boundary);
    readings_.push_back(source->Read());
    accumulators_.emplace_back(domains_.back(), now, readings_.back());
  }
  unsettled_.resize(sources_.size());
  usage_at_.resize(sources_.size(), usage);
  if (setup_.estimate && !sees_cpus) {
    domains_.push_back(EstimateDomain());
    readings_.emplace_back();
  }
  provenance_ = MakeProvenance();
}

std::vector<Charge> Meter::Read(Seconds now, const CpuUsage& usage, Look look) {
  std::vector<Charge> charges;
  for (std::size_t d = 0; d < sources_.size(); ++d) {
    readings_[d] = sources_[d]->Read();
    Accumulator& accumulator = accumulators_[d];
    const auto credits = accumulator.Take(now, readings_[d], look != Look::kGlance);
    for (const Credit& credit : credits) {
      if (!IsShared(d)) {
        charges.push_back(Divide(d, {credit.begin, credit.end, credit.microjoules, {}}, 1.0));
        continue;
      }
      auto& open = unsettled_[d];
      if (!open) open = {credit.begin, credit.end, 0, usage_at_[d]};
      open->end = credit.end;
      open->microjoules += credit.microjoules;
    }
    if (!credits.empty() || accumulator.HasRestarted()) usage_at_[d] = usage;
    const auto& open = unsettled_[d];
    if (!open || (look != Look::kLast && open->end - open->begin < kShortestShare)) continue;
    if (const auto charge = Settle(d, usage_at_[d])) charges.push_back(*charge);
  }
  for (const Charge& charge : ReadEstimate(now, usage)) charges.push_back(charge);
  then_ = now;
  usage_then_ = usage;
  return charges;
}

std::optional<Charge> Meter::Settle(std::size_t domain, const CpuUsage& usage) {
  auto& open = unsettled_[domain];
  const auto share = CpuTimeShare(open->usage, usage);
  if (!share) return std::nullopt;
  const Charge charge = Divide(domain, *open, *share);
  open.reset();
  return charge;
}

Charge Meter::Divide(std::size_t domain, const Unsettled& energy, double share) const {
  Charge charge{.domain = domain, .begin = energy.begin, .end = energy.end};
  charge.measured = energy.microjoules;
  if (domains_[domain].boundary == Boundary::kGpu) {
    charge.active = PartOf(charge.measured, 1.0 / std::max(1, setup_.gpu_users));
    charge.others = charge.measured - charge.active;
    return charge;
  }
  if (!IsShared(domain)) {
    charge.active = charge.measured;
    return charge;
  }
  const auto baseline = setup_.idle.find(domains_[domain].name);
  std::uint64_t idle = 0;
  if (baseline != setup_.idle.end()) {
    idle = std::min(charge.measured, Microjoules(baseline->second * (energy.end - energy.begin)));
  }
  const std::uint64_t active = charge.measured - idle;
  charge.active = PartOf(active, share);
  charge.others = active - charge.active;
  charge.idle = PartOf(idle, setup_.reserved);
  charge.idle_of_others = idle - charge.idle;
  if (share > 1.0) charge.residual = Rounded(static_cast<double>(active) * (share - 1.0));
  return charge;
}

std::vector<Charge> Meter::ReadEstimate(Seconds now, const CpuUsage& usage) {
  if (domains_.size() == sources_.size()) return {};
  Charge charge{.domain = sources_.size(), .begin = then_, .end = now};
  // The difference of two roundings, so that splitting a window changes nothing.
  charge.active = Microjoules(kWattsPerBusyCpu * usage.trainer) -
                  Microjoules(kWattsPerBusyCpu * usage_then_.trainer);
  charge.measured = charge.active;
  return {charge};
}

std::optional<Seconds> Meter::WantsNext() const {
  std::optional<Seconds> soonest;
  for (const Accumulator& accumulator : accumulators_) {
    const auto wants = accumulator.WantsNext();
    if (wants && (!soonest || *wants < *soonest)) soonest = wants;
  }
  return soonest;
}

std::string Meter::Faults() const {
  constexpr ReadingState kFaults[] = {ReadingState::kReset, ReadingState::kGap,
                                      ReadingState::kStale, ReadingState::kImplausible};
  std::string text;
  for (std::size_t d = 0; d < accumulators_.size(); ++d) {
    std::string of_domain;
    for (const ReadingState state : kFaults) {
      const std::int64_t count = accumulators_[d].Count(state);
      if (count == 0) continue;
      of_domain += fmt::format("{}{} {}", of_domain.empty() ? "" : ", ", count, Name(state));
    }
    if (of_domain.empty()) continue;
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", domains_[d].name, of_domain);
  }
  return text;
}

bool Meter::IsShared(std::size_t domain) const {
  return !setup_.exclusive && SeesCpus(domains_[domain].boundary);
}

Seconds Meter::EdgeError(std::size_t domain) const {
  const Domain& of = domains_[domain];
  if (of.boundary == Boundary::kCpu) return kTick;
  if (IsShared(domain)) return std::max(of.update_period * kEvenly, kTick);
  if (accumulators_[domain].WaitsForTicks()) return of.update_period * kBetweenTicks;
  return of.update_period * kEvenly;
}

Provenance Meter::MakeProvenance() const {
  Provenance from;
  from.host = setup_.host;
  from.energy_class = EnergyClass::kMeasured;
  for (std::size_t d = 0; d < domains_.size(); ++d) {
    const Domain& domain = domains_[d];
    double common = domain.common_uncertainty;
    EnergyClass of = EnergyClass::kMeasured;
    AddWord(from.source, domain.source);
    AddWord(from.boundary, Name(domain.boundary));
    if (domain.boundary == Boundary::kCpu) {
      of = EnergyClass::kEstimated;
      AddWord(from.attribution, "process-tree");
      AddWord(from.idle_policy, "excluded");
    } else if (domain.boundary == Boundary::kGpu && setup_.gpu_users > 1) {
      of = EnergyClass::kAttributed;
      common = std::hypot(common, kEqualShareUncertainty);
      AddWord(from.attribution, "equal-share");
      AddWord(from.idle_policy, "included");
    } else if (IsShared(d)) {
      of = EnergyClass::kAttributed;
      common = std::hypot(common, kShareUncertainty);
      AddWord(from.attribution, "cpu-time-share");
      AddWord(from.idle_policy,
              setup_.idle.contains(domain.name) ? "by-reserved-cpus" : "by-cpu-time-share");
    } else {
      AddWord(from.attribution, "exclusive");
      AddWord(from.idle_policy, "included");
    }
    from.energy_class = std::max(from.energy_class, of);
    from.common_uncertainty = std::max(from.common_uncertainty, common);
  }
  const auto& fit = setup_.calibration;
  if (fit && fit->source == from.source && fit->boundary == from.boundary && setup_.exclusive &&
      from.energy_class == EnergyClass::kMeasured) {
    from.energy_class = EnergyClass::kCalibrated;
    from.source += ", calibrated " + fit->id;
    from.boundary = Name(Boundary::kWall);
    from.common_uncertainty = fit->residual;
  }
  return from;
}

std::optional<double> CpuTimeShare(const CpuUsage& begin, const CpuUsage& end) {
  const Seconds trainer = end.trainer - begin.trainer;
  const Seconds host = end.host_busy - begin.host_busy;
  if (trainer <= Seconds(0)) return 0.0;
  // No tick of the host yet: rounding, if the trainer used little; else /proc/stat was not read.
  if (host <= Seconds(0) && trainer > kTick * 2.0) return std::nullopt;
  // Ticks of the host are rounded, the trainer's time is not.
  if (trainer <= host + kTick * 2.0) return std::min(1.0, trainer / std::max(host, trainer));
  return trainer / host;
}

}  // namespace joulefront
