#include "workers/meters/meter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "workers/meters/estimate_meter.h"
#include "workers/meters/kernel_file.h"
#include "workers/meters/rapl_meter.h"

namespace joulefront {
namespace {

// Sums of times differ in the last bits from the time of the sum; that is no gap.
constexpr double kRounding = 1e-9;

/// The value of the first "key : value" line of /proc/cpuinfo; empty if there is none.
std::string CpuInfo(std::string_view text, std::string_view key) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    const std::size_t colon = line.find(':');
    if (line.starts_with(key) && colon != std::string_view::npos &&
        line.find_first_not_of(" \t", key.size()) == colon) {
      const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
      return begin == std::string_view::npos ? "" : std::string(line.substr(begin));
    }
    at = end + 1;
  }
  return "";
}

int CountCpus(std::string_view text) {
  constexpr std::string_view kKey = "processor\t";
  int count = text.starts_with(kKey) ? 1 : 0;
  for (auto at = text.find("\nprocessor\t"); at != std::string_view::npos;
       at = text.find("\nprocessor\t", at + 1)) {
    ++count;
  }
  return count;
}

std::string ProcessorModel(std::string_view text) {
  const std::string model = CpuInfo(text, "model name");
  if (!model.empty()) return model;
  const std::string implementer = CpuInfo(text, "CPU implementer");  // Arm gives numbers only
  if (implementer.empty()) return "unknown processor";
  return fmt::format("processor {}/{}", implementer, CpuInfo(text, "CPU part"));
}

}  // namespace

std::optional<EnergyFigure> FigureBetween(const Reading& begin, const Reading& end,
                                          const Provenance& provenance) {
  const Seconds elapsed = end.elapsed - begin.elapsed;
  const Seconds covered = end.covered - begin.covered;
  if (elapsed <= Seconds(0) || covered <= Seconds(0)) return std::nullopt;
  EnergyFigure figure;
  figure.joules = end.joules - begin.joules;
  const double coverage = covered / elapsed;
  figure.coverage = coverage > 1.0 - kRounding ? 1.0 : coverage;
  double error = std::hypot(begin.own_error_joules, end.own_error_joules);
  // The window began in a gap that has been made up for: joules from before it may be inside.
  if (coverage > 1.0 + kRounding) error += figure.joules.value() * (1.0 - 1.0 / coverage);
  if (error > 0.0) figure.own_uncertainty = std::min(1.0, error / figure.joules.value());
  figure.provenance = provenance;
  return figure;
}

std::unique_ptr<Meter> MakeMeter(const SystemRoots& roots, bool exclusive, Seconds now,
                                 const CpuUsage& usage) {
  if (auto rapl = MakeRaplMeter(roots, exclusive, now, usage)) return rapl;
  return MakeEstimateMeter(HostFingerprint(roots), now, usage);
}

std::string HostFingerprint(const SystemRoots& roots) {
  const std::string cpuinfo = ReadKernelFile(roots.proc + "/cpuinfo").value_or("");
  const std::string kernel =
      ReadKernelLine(roots.proc + "/sys/kernel/osrelease").value_or("unknown");
  return fmt::format("{}, {} CPUs, Linux {}", ProcessorModel(cpuinfo), CountCpus(cpuinfo), kernel);
}

}  // namespace joulefront
