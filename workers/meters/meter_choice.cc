#include "workers/meters/meter_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <set>
#include <utility>

#include "base/shortage.h"
#include "workers/meters/host.h"
#include "workers/meters/hwmon_source.h"
#include "workers/meters/ipmi_source.h"
#include "workers/meters/nvml_source.h"
#include "workers/meters/perf_source.h"
#include "workers/meters/powercap_source.h"
#include "workers/meters/slurm_source.h"

namespace joulefront {
namespace {

constexpr std::string_view kEstimate = "cpu-time";
// How long a look at all sources waits for what a user's program prints first.
constexpr Seconds kLongestPatience(5.0);

bool IsInner(Boundary boundary) { return boundary <= Boundary::kModule; }

/// Of one source: the packages, if all of them can be read, and the memory, if that of all
/// packages can be.
std::vector<std::size_t> ProcessorsOf(const std::vector<SourceListing>& listings,
                                      std::string_view source) {
  std::vector<std::size_t> packages, memory;
  std::size_t memories = 0;
  for (std::size_t i = 0; i < listings.size(); ++i) {
    const SourceListing& listing = listings[i];
    if (listing.domain.source != source) continue;
    if (listing.domain.boundary == Boundary::kPackage) {
      if (!listing.readable) return {};  // a package that is missing is missing, never zero
      packages.push_back(i);
    } else if (listing.domain.boundary == Boundary::kDram) {
      ++memories;
      if (listing.readable) memory.push_back(i);
    }
  }
  if (memory.size() == packages.size() && memory.size() == memories) {
    packages.insert(packages.end(), memory.begin(), memory.end());
  }
  return packages;
}

std::vector<std::size_t> Automatic(const std::vector<SourceListing>& listings) {
  std::vector<std::size_t> chosen;
  const bool module = std::any_of(listings.begin(), listings.end(), [](const auto& l) {
    return l.readable && l.domain.boundary == Boundary::kModule;
  });
  for (const std::string_view source : {"rapl-perf", "rapl-powercap"}) {
    if (chosen.empty() && !module) chosen = ProcessorsOf(listings, source);
  }
  for (std::size_t i = 0; i < listings.size(); ++i) {
    const Boundary boundary = listings[i].domain.boundary;
    const bool accelerator = boundary == Boundary::kGpu || boundary == Boundary::kModule;
    if (accelerator && listings[i].readable) chosen.push_back(i);
  }
  return chosen;
}

/// What `meters` says of a kind of which the machine has nothing.
FoundSources OrAbsent(FoundSources found, std::string_view source, Boundary boundary, Seek seek,
                      const char* why) {
  if (seek == Seek::kAll && found.listings.empty()) {
    SourceListing absent;
    absent.domain.source = source;
    absent.domain.name = "none";
    absent.domain.boundary = boundary;
    absent.detail = why;
    found.listings.push_back(std::move(absent));
  }
  return found;
}

void Append(FoundSources& all, FoundSources found) {
  std::move(found.listings.begin(), found.listings.end(), std::back_inserter(all.listings));
  std::move(found.sources.begin(), found.sources.end(), std::back_inserter(all.sources));
}

tl::unexpected<Error> Missing(const std::vector<SourceListing>& listings,
                              const std::string& source) {
  std::string why = "this machine has no such source";
  for (const SourceListing& listing : listings) {
    if (listing.domain.source != source) continue;
    if (listing.readable) {
      why = fmt::format("it shows only {}, which is not used", listing.domain.name);
      continue;
    }
    why = listing.detail;
    if (!listing.remedy.empty()) why += "; " + listing.remedy;
    break;
  }
  return Fail(ErrorCode::kNoMeter,
              fmt::format("joules from '{}' are asked for, but: {}; `joulefront meters` shows "
                          "what there is",
                          source, why));
}

/// A source that cannot be read for want of a descriptor, a process or memory looks as if it were
/// not there, and another would silently be taken in its place.
Result<void> CheckNothingLacks(const std::vector<SourceListing>& listings) {
  constexpr int kMostAtOnce = 8;  // what finding sources opens and closes again
  for (const SourceListing& listing : listings) {
    if (listing.shortage) {
      return Fail(ErrorCode::kShortage, fmt::format("metering: {}", listing.detail));
    }
  }
  const int reason = DescriptorShortage(kMostAtOnce);
  if (reason == 0) return {};
  return Fail(ErrorCode::kShortage,
              fmt::format("metering: the sources of joules cannot be opened: {}; see ulimit -n",
                          std::strerror(reason)));
}

/// Of the GPUs that the plan names, one that NVML cannot read: its joules would be missing without
/// a word. (Where there is no NVML at all, the one listing is of no GPU.)
const SourceListing* MissingGpu(const std::vector<SourceListing>& listings, const MeterPlan& plan) {
  if (plan.gpus.empty()) return nullptr;
  const auto found = std::find_if(listings.begin(), listings.end(), [](const auto& listing) {
    return !listing.readable && listing.domain.source == "nvml" && listing.domain.name != "gpu";
  });
  return found == listings.end() ? nullptr : &*found;
}

}  // namespace

bool IsFromTrainer(const MeterPlan& plan) {
  return plan.sources == std::vector{std::string(kFromTrainer)};
}

FoundSources FindSources(const SystemRoots& roots, const MeterPlan& plan, Seek seek) {
  const auto wanted = [&](std::string_view source, bool automatic) {
    if (seek == Seek::kAll) return true;
    if (plan.sources.empty()) return automatic;
    return std::find(plan.sources.begin(), plan.sources.end(), source) != plan.sources.end();
  };
  FoundSources found;
  if (wanted(kPerf, true)) Append(found, FindPerf(roots));
  if (wanted(kPowercap, true)) Append(found, FindPowercap(roots));
  if (wanted(kNvml, true)) Append(found, FindNvml(roots, plan.gpus));
  if (wanted(kHwmon, true)) {
    Append(found, OrAbsent(FindHwmon(roots), kHwmon, Boundary::kGpu, seek,
                           "no AMD graphics card and no ACPI power meter"));
  }
  if (wanted(kBattery, false)) {
    Append(found, OrAbsent(FindBatteries(roots), kBattery, Boundary::kBattery, seek, "no battery"));
  }
  if (wanted(kIpmi, false)) {
    Append(found, OrAbsent(FindIpmi(roots), kIpmi, Boundary::kNode, seek,
                           "no management controller (/dev/ipmi0)"));
  }
  const auto patience = [&](Seconds period) {
    return seek == Seek::kAll ? std::min(period * 2.0, kLongestPatience) : Seconds(0);
  };
  if (wanted(kSlurm, false)) {
    Append(found, OrAbsent(FindSlurm(patience(kLongestPatience)), kSlurm, Boundary::kNode, seek,
                           "not in a job of Slurm's (no SLURM_JOB_ID)"));
  }
  for (const UserSource& own : plan.own) {
    if (wanted(own.name, false)) Append(found, FindUserSources({own}, patience(own.period)));
  }
  found.listings.push_back(
      {EstimateDomain(), true,
       fmt::format("CPU time x {} W, +-{} %: a model for want of a counter, for comparisons on "
                   "this machine",
                   kWattsPerBusyCpu.value(), kEstimateUncertainty * 100.0),
       ""});
  return found;
}

Result<std::vector<std::size_t>> ChooseSources(const std::vector<SourceListing>& listings,
                                               const MeterPlan& plan) {
  if (const SourceListing* gpu = MissingGpu(listings, plan)) {
    return Fail(ErrorCode::kNoMeter,
                fmt::format("joules of {} are asked for, but: {}{}", gpu->domain.name, gpu->detail,
                            gpu->remedy.empty() ? "" : "; " + gpu->remedy));
  }
  if (plan.sources.empty()) return Automatic(listings);
  std::vector<std::size_t> chosen;
  std::size_t outer = 0;
  for (const std::string& source : plan.sources) {
    if (source == kEstimate || IsFromTrainer(plan)) continue;
    if (source == kFromTrainer) {
      return Fail(
          ErrorCode::kInvalidArgument,
          "joules that the trainer tells cannot be added to others: name \"trainer\" alone, "
          "or not at all");
    }
    std::vector<std::size_t> found = ProcessorsOf(listings, source);
    for (std::size_t i = 0; i < listings.size(); ++i) {
      const Domain& domain = listings[i].domain;
      const bool processor =
          domain.boundary == Boundary::kPackage || domain.boundary == Boundary::kDram;
      if (domain.source != source || !listings[i].readable || processor) continue;
      // A board is listed beside its packages and contains them: it never stands in for them.
      if (domain.boundary == Boundary::kPlatform) continue;
      found.push_back(i);
      if (!IsInner(domain.boundary)) ++outer;
    }
    if (found.empty()) return Missing(listings, source);
    chosen.insert(chosen.end(), found.begin(), found.end());
  }
  if (outer > 0 && (outer > 1 || chosen.size() > 1)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("the sources {} contain one another, so their joules cannot be added; "
                            "name one of them",
                            fmt::join(plan.sources, ", ")));
  }
  return chosen;
}

Result<Meter> MakeMeter(const SystemRoots& roots, const MeterPlan& plan, Seconds now,
                        const CpuUsage& usage) {
  MeterSetup setup{.host = HostFingerprint(roots),
                   .exclusive = plan.exclusive,
                   .reserved = plan.reserved,
                   .gpu_users = plan.gpu_users};
  // Sources that are named are all there is: a GPU alone can be measured where CPUs cannot.
  setup.estimate =
      plan.sources.empty() || IsFromTrainer(plan) ||
      std::find(plan.sources.begin(), plan.sources.end(), kEstimate) != plan.sources.end();
  if (!plan.record.empty()) {
    auto record = LoadHostRecord(plan.record, setup.host);
    if (!record) return Pass(record);
    for (const auto& [name, idle] : record->idle) setup.idle[name] = idle.power;
    setup.calibration = record->calibration;
  }
  FoundSources found = FindSources(roots, plan, Seek::kNeeded);
  JF_TRY(CheckNothingLacks(found.listings));
  auto chosen = ChooseSources(found.listings, plan);
  if (!chosen) return Pass(chosen);
  EnergySources sources;
  for (const std::size_t i : *chosen) {
    const auto source =
        std::find_if(found.sources.begin(), found.sources.end(), [&](const auto& s) {
          return s != nullptr && s->domain().source == found.listings[i].domain.source &&
                 s->domain().name == found.listings[i].domain.name;
        });
    if (source != found.sources.end()) sources.push_back(std::move(*source));
  }
  Meter meter(std::move(sources), std::move(setup), now, usage);
  const Provenance& from = meter.provenance();
  const EnergyClass given = IsFromTrainer(plan) ? EnergyClass::kReplayed : from.energy_class;
  if (plan.weakest && given > *plan.weakest) {
    return Fail(ErrorCode::kNoMeter,
                fmt::format("joules that are {} are demanded, but here they would be {} (from "
                            "{}); `joulefront meters` shows what would mend that",
                            Name(*plan.weakest), Name(given),
                            IsFromTrainer(plan) ? std::string(kFromTrainer) : from.source));
  }
  return meter;
}

}  // namespace joulefront
