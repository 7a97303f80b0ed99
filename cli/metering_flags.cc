#include "cli/metering_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "cli/console.h"
#include "workers/metering_plan.h"
#include "workers/meters/nvml_source.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;

/// Every GPU that is named must be there: it would be missing from the joules in silence.
Result<void> CheckGpus(const MeterPlan& plan) {
  for (const std::string& gpu : plan.gpus) {
    std::string problem;
    for (const SourceListing& listing : FindNvml(ThisMachine(), {gpu}).listings) {
      if (!listing.readable) problem = listing.detail;
    }
    if (problem.empty()) continue;
    std::vector<std::string> names;
    for (const SourceListing& listing : FindNvml(ThisMachine(), {}).listings) {
      if (listing.readable) names.push_back(listing.domain.name);
    }
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("--gpu {}: {}; there {}", gpu, problem,
                            names.empty() ? "is no GPU that can be metered"
                                          : fmt::format("are: {}", fmt::join(names, ", "))));
  }
  return {};
}

}  // namespace

void AddMeteringFlags(VerbOptions& options) {
  options.options().add_options()("exclusive",
                                  "nothing else runs on this machine: charge its counters in full")(
      "source", po::value<std::vector<std::string>>(),
      "a source of `joulefront meters` to use; may be repeated")(
      "gpu", po::value<std::vector<std::string>>(), "a GPU that it uses; may be repeated")(
      "demand", po::value<std::string>(),
      "refuse figures weaker than this: measured, attributed, calibrated, estimated");
}

Result<MeterPlan> ReadMeteringPlan(const VerbOptions& options) {
  MeterPlan plan;
  plan.exclusive = options.Has("exclusive");
  plan.sources = options.All("source");
  plan.gpus = options.All("gpu");
  plan.record = HostRecordPath();
  if (std::find(plan.sources.begin(), plan.sources.end(), kFromTrainer) != plan.sources.end()) {
    return Fail(ErrorCode::kInvalidArgument,
                "--source trainer: a command that is measured tells no joules itself; name a "
                "source of `joulefront meters`");
  }
  if (const auto demand = options.Get("demand")) {
    plan.weakest = EnergyClassFromName(*demand);
    if (!plan.weakest) {
      return Fail(ErrorCode::kInvalidArgument, fmt::format("--demand: no class '{}'", *demand));
    }
  }
  JF_TRY(CheckGpus(plan));
  return plan;
}

bool WaitForMachine(std::string_view verb, HostLock& lock, bool exclusive, SignalWatch& signals,
                    std::optional<Seconds> until) {
  bool told = false;
  while (signals.stop_requests() == 0 && !lock.TryAcquire(exclusive)) {
    if (!std::exchange(told, true)) {
      PrintNote(
          fmt::format("joulefront {}: waiting for attempts that use this machine to end\n", verb));
    }
    if (until && MonotonicNow() > *until) return false;
    PauseFor(signals, Seconds(0.2));
  }
  if (!lock.problem().empty()) PrintNote(fmt::format("joulefront {}: {}\n", verb, lock.problem()));
  return true;
}

std::string LeftRunningText(const std::vector<std::string>& processes) {
  constexpr std::size_t kMostNamed = 5;
  if (processes.empty()) return "";
  const std::size_t named = std::min(processes.size(), kMostNamed);
  const std::vector<std::string> first(processes.begin(),
                                       processes.begin() + static_cast<std::ptrdiff_t>(named));
  const std::size_t more = processes.size() - named;
  return fmt::format(
      "the command left running: {}{}; that goes on, and what it uses from now on is in no figure",
      fmt::join(first, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace joulefront
