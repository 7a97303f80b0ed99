#include "workers/search_meter.h"

#include <time.h>

#include <utility>

#include "workers/meters/cpu_time.h"
#include "workers/process.h"

namespace joulefront {
namespace {

Seconds OwnCpuTime() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return Seconds(static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec));
}

}  // namespace

SearchMeter::SearchMeter(const SystemRoots& roots, const MeterPlan& of_study)
    : roots_(roots), own_at_start_(OwnCpuTime()), host_at_start_(HostBusyTime(roots)) {
  if (IsFromTrainer(of_study)) return;
  const Seconds now = MonotonicNow();
  for (const char* source : {"rapl-perf", "rapl-powercap", "cpu-time"}) {
    MeterPlan plan;
    plan.sources = {source};
    plan.reserved = 0.0;  // the machine is not kept idle for it
    plan.record = of_study.record;
    auto meter = MakeMeter(roots, plan, now, CpuUsage{});
    // A lesser source would not be compared with: then what the search takes is not known.
    if (!meter && meter.error().code == ErrorCode::kShortage) return;
    if (!meter) continue;
    ledger_.emplace(std::move(*meter), now);
    return;
  }
}

CpuUsage SearchMeter::Usage() const {
  const auto host = HostBusyTime(roots_);
  return {.trainer = OwnCpuTime() - own_at_start_ + of_others_,
          .host_busy = host && host_at_start_ ? *host - *host_at_start_ : Seconds()};
}

std::optional<PhaseEnergy> SearchMeter::TakeMore(Seconds of_others) {
  of_others_ = of_others_ + of_others;
  if (!ledger_) return std::nullopt;
  PhaseEnergy now = ledger_->Read(MonotonicNow(), Usage()).back();
  now.phase = "search";
  if (!now.figure) return std::nullopt;
  PhaseEnergy more = now;
  more.figure->division.reset();
  more.figure->domains.clear();
  if (told_.figure) {
    more.wall = now.wall - told_.wall;
    more.cpu = now.cpu - told_.cpu;
    more.figure->joules = now.figure->joules - told_.figure->joules;
  }
  if (!(more.figure->joules > Joules())) return std::nullopt;
  told_ = std::move(now);
  return more;
}

}  // namespace joulefront
