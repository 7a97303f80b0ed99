#include "objectives/torch/inference.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "objectives/protocol.h"
#include "objectives/torch/device.h"
#include "objectives/torch/layers.h"

namespace joulefront::objectives {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kWarmUp = 5;
// Latencies kept, so that a long window does not fill the memory.
constexpr std::size_t kMostLatencies = 100000;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

std::int64_t CountMacs(const Model& model, const Examples& examples) {
  at::NoGradGuard no_grad;
  const MacCounter counter;
  model.forward(examples.features.narrow(0, 0, 1), false);
  return counter.count();
}

InferenceFigures MeasureInference(const Model& model, const Examples& examples, std::int64_t batch,
                                  double seconds, const std::string& precision) {
  at::NoGradGuard no_grad;
  const at::Device device = examples.features.device();
  const MixedPrecision mixed(precision, device);
  // A batch larger than the data repeats it.
  const at::Tensor rows =
      at::arange(batch, at::TensorOptions(device).dtype(at::kLong)).remainder(examples.size());
  const at::Tensor input = examples.features.index_select(0, rows);
  const auto pass = [&] {
    model.forward(input, false);
    Synchronise(device);
  };
  for (int i = 0; i < kWarmUp; ++i) pass();
  ReportPhase("inference");
  std::vector<double> latencies;
  std::int64_t passes = 0;
  const Clock::time_point begin = Clock::now();
  do {
    const Clock::time_point before = Clock::now();
    pass();
    ++passes;
    if (latencies.size() < kMostLatencies) latencies.push_back(SecondsSince(before));
  } while (SecondsSince(begin) < seconds);
  const double taken = SecondsSince(begin);
  const auto middle = latencies.begin() + static_cast<std::ptrdiff_t>(latencies.size() / 2);
  std::nth_element(latencies.begin(), middle, latencies.end());
  const double samples = static_cast<double>(passes * batch);
  return {samples / 1e3, *middle * 1e3, samples / taken};
}

}  // namespace joulefront::objectives
