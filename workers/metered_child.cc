#include "workers/metered_child.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "workers/fork_server.h"

namespace joulefront {
namespace {

// At the end, the next tick of a slow counter is waited for no longer than this. One that is dead
// is given up sooner.
constexpr Seconds kLongestTick(5.0);

std::unique_ptr<TrainerCgroup> MakeCgroup(const SystemRoots& machine) {
  auto cgroup = TrainerCgroup::Create(machine, fmt::format("joulefront-{}", getpid()));
  return cgroup ? std::make_unique<TrainerCgroup>(std::move(*cgroup)) : nullptr;
}

}  // namespace

MeteredChild::MeteredChild(std::unique_ptr<TrainerCgroup> cgroup, CpuTimeFollower cpu,
                           PhaseLedger ledger, Seconds begin, std::vector<pid_t> others,
                           ChildProcess child, std::optional<ToldJoules> told)
    : cgroup_(std::move(cgroup)),
      cpu_(std::move(cpu)),
      ledger_(std::move(ledger)),
      begin_(begin),
      others_(std::move(others)),
      child_(std::move(child)),
      told_(std::move(told)) {}

Result<MeteredChild> MeteredChild::Start(const Metering& metering, SpawnOptions options,
                                         LogReadings log) {
  auto cgroup = MakeCgroup(metering.machine);
  // Both begin before the child does, so that none of it is missed.
  CpuTimeFollower cpu(metering.machine);
  std::optional<CpuTimeFollower> cpu_of_group;
  if (cgroup) cpu_of_group.emplace(metering.machine, cgroup.get());
  const Seconds begin = MonotonicNow();
  auto meter = MakeMeter(metering.machine, metering.plan, begin, CpuUsage{});
  if (!meter) return Pass(meter);
  const bool told = IsFromTrainer(metering.plan);
  PhaseLedger ledger(std::move(*meter), begin, told ? LogReadings() : std::move(log));
  if (cgroup) options.join = cgroup->JoinFile();
  const std::vector<pid_t> others = Children();
  cpu.Exclude(others);
  auto child = options.fork_server != nullptr ? options.fork_server->Fork(options) : Spawn(options);
  if (!child) return Pass(child);
  // A process that has ended is in no group any more, but its time is.
  const bool joined =
      cgroup && (cgroup->Holds(child->pid) || cgroup->CpuTime().value_or(Seconds(0)) > Seconds(0));
  return MeteredChild(std::move(cgroup), joined ? std::move(*cpu_of_group) : std::move(cpu),
                      std::move(ledger), begin, others, std::move(*child),
                      told ? std::optional<ToldJoules>(std::in_place) : std::nullopt);
}

void MeteredChild::EnterPhase(const std::string& phase) {
  ledger_.Enter(phase, MonotonicNow(), cpu_.Read());
  if (told_) told_->EnterPhase(phase);
}

std::vector<PhaseEnergy> MeteredChild::Look() {
  auto phases = ledger_.Read(MonotonicNow(), cpu_.Read());
  if (told_) told_->Fill(phases);
  return phases;
}

std::vector<PhaseEnergy> MeteredChild::Settle() {
  const Seconds end = MonotonicNow();
  const CpuUsage usage = cpu_.Read();
  ledger_.End(end, usage);
  Seconds now = end;
  for (auto look = ledger_.WantsNext(); look && now < end + kLongestTick;
       look = ledger_.WantsNext()) {
    const double ms = std::ceil((*look - now).value() * 1e3);
    poll(nullptr, 0, static_cast<int>(std::clamp(ms, 1.0, 100.0)));
    now = MonotonicNow();
    ledger_.Read(now, usage);
  }
  auto phases = ledger_.Read(now, usage, joulefront::Look::kLast);
  if (told_) told_->Fill(phases);
  return phases;
}

}  // namespace joulefront
