#include "workers/metering_plan.h"

#include <algorithm>
#include <cstdlib>

namespace joulefront {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

MeterPlan PlanOf(const Study& study, int slot) {
  const WorkerSettings& workers = study.workers;
  MeterPlan plan{.exclusive = workers.exclusive};
  plan.reserved = 1.0 / std::max(1, workers.count);
  const auto gpus = workers.gpus.size();
  if (gpus > 0) plan.gpus = {workers.gpus[static_cast<std::size_t>(slot) % gpus]};
  const int devices = std::max(1, static_cast<int>(gpus));
  plan.gpu_users = (std::max(1, workers.count) + devices - 1) / devices;
  plan.weakest = study.metering.demand;
  plan.sources = study.metering.sources;
  for (const OwnMeter& own : study.metering.own) {
    plan.own.push_back({.name = own.name,
                        .file = own.file,
                        .command = own.command,
                        .gives_power = own.gives_power,
                        .boundary = BoundaryFromName(own.boundary).value_or(Boundary::kWall),
                        .period = own.period});
  }
  plan.record = HostRecordPath();
  return plan;
}

std::string HostRecordPath() {
  std::string state = Environment("XDG_STATE_HOME");
  if (state.empty() && !Environment("HOME").empty()) state = Environment("HOME") + "/.local/state";
  return state.empty() ? "" : state + "/joulefront/host.json";
}

SystemRoots ThisMachine() {
  SystemRoots roots;
  if (const std::string library = Environment("JOULEFRONT_NVML"); !library.empty()) {
    roots.nvml = library;
  }
  return roots;
}

}  // namespace joulefront
