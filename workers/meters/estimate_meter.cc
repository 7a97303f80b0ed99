#include "workers/meters/estimate_meter.h"

#include <algorithm>
#include <utility>

namespace joulefront {
namespace {

// What is left unknown of the tree's CPU time at one reading: times of children that have ended are
// known to a clock tick of 10 ms while their parent lives.
constexpr Seconds kCpuTimeEdge{0.01};

class EstimateMeter final : public Meter {
 public:
  EstimateMeter(std::string host, Seconds now, const CpuUsage& usage)
      : made_(now), cpu_then_(usage.trainer) {
    provenance_.energy_class = EnergyClass::kEstimated;
    provenance_.source = "cpu-time";
    provenance_.boundary = "cpu";
    provenance_.attribution = "process-tree";
    provenance_.idle_policy = "excluded";
    provenance_.host = std::move(host);
    provenance_.common_uncertainty = kEstimateUncertainty;
    total_.own_error_joules = (kWattsPerBusyCpu * kCpuTimeEdge).value();
  }

  const Provenance& provenance() const override { return provenance_; }

  Reading Read(Seconds now, const CpuUsage& usage) override {
    total_.elapsed = std::max(total_.elapsed, now - made_);
    total_.covered = total_.elapsed;
    total_.joules = std::max(total_.joules, kWattsPerBusyCpu * (usage.trainer - cpu_then_));
    return total_;
  }

 private:
  Provenance provenance_;
  Seconds made_, cpu_then_;
  Reading total_;
};

}  // namespace

std::unique_ptr<Meter> MakeEstimateMeter(std::string host, Seconds now, const CpuUsage& usage) {
  return std::make_unique<EstimateMeter>(std::move(host), now, usage);
}

}  // namespace joulefront
