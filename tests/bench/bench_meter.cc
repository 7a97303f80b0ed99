// What metering costs: opening and closing a window, and a look, over 16 powercap zones; a whole
// look with the CPU time of a trainer; and the share of a core at one look a second.
//   bench_meter FOLDER      an empty folder, for the zones
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "workers/meters/cpu_time.h"
#include "workers/meters/meter_choice.h"
#include "workers/meters/phase_ledger.h"

namespace {

using namespace joulefront;

double Now(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Median of the CPU seconds that `work` takes.
template <typename Work>
double Median(int count, Work work) {
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    const double begin = Now(CLOCK_PROCESS_CPUTIME_ID);
    work(i);
    times.push_back(Now(CLOCK_PROCESS_CPUTIME_ID) - begin);
  }
  std::nth_element(times.begin(), times.begin() + count / 2, times.end());
  return times[static_cast<std::size_t>(count / 2)];
}

void MakeZones(const std::string& folder) {
  for (int i = 0; i < 16; ++i) {
    const std::string zone = fmt::format("{}/class/powercap/intel-rapl:{:x}", folder, i);
    std::filesystem::create_directories(zone);
    std::ofstream(zone + "/name") << fmt::format("package-{}\n", i);
    std::ofstream(zone + "/max_energy_range_uj") << "262143328850\n";
    std::ofstream(zone + "/energy_uj") << 1'000'000 * i << "\n";
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  SystemRoots machine;
  machine.sys = argv[1];
  machine.nvml = "none.so";
  MakeZones(machine.sys);
  auto meter = MakeMeter(machine, {.exclusive = true}, Seconds(0), {});
  if (!meter || meter->domains().size() != 16) return 1;
  PhaseLedger ledger(std::move(*meter), Seconds(0));
  const double edge = Median(
      2001, [&](int i) { ledger.Enter(i % 2 == 0 ? "train" : "evaluate", Seconds(i + 1.0), {}); });
  CpuTimeFollower follower{SystemRoots{}};
  const double look =
      Median(201, [&](int i) { ledger.Read(Seconds(5000.0 + i), follower.Read()); });
  const double making = Median(51, [&](int) {
    if (!MakeMeter(machine, {.exclusive = true}, Seconds(0), {})) std::abort();
  });
  fmt::print("begin or end of a window, 16 zones: {:.1f} us\n", edge * 1e6);
  fmt::print("a look with CPU time: {:.1f} us; once a second: {:.4f} % of a core\n", look * 1e6,
             look * 100.0);
  fmt::print("finding the sources and making a meter: {:.1f} us\n", making * 1e6);
  return 0;
}
