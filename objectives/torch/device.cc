#include "objectives/torch/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <dlfcn.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include "objectives/bad_input.h"

// LibTorch 2.4 gave mixed precision one set of functions for all devices.
#define JOULEFRONT_AUTOCAST_BY_DEVICE \
  (TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4))

namespace joulefront::objectives {
namespace {

constexpr int kGoodStepsToDouble = 2000;

void SetAutocast(at::DeviceType device, bool on, at::ScalarType type) {
#if JOULEFRONT_AUTOCAST_BY_DEVICE
  at::autocast::set_autocast_enabled(device, on);
  if (on) at::autocast::set_autocast_dtype(device, type);
#else
  if (device == at::kCUDA) {
    at::autocast::set_enabled(on);
    if (on) at::autocast::set_autocast_gpu_dtype(type);
  } else {
    at::autocast::set_cpu_enabled(on);
    if (on) at::autocast::set_autocast_cpu_dtype(type);
  }
#endif
}

at::Device FindDevice(const std::string& text) {
  at::Device device(at::kCPU);
  try {
    device = at::Device(text);
  } catch (const c10::Error&) {
    throw BadInput("--device: expected cpu, cuda or cuda:1, got '" + text + "'");
  }
  if (device.is_cpu()) return device;
  if (!device.is_cuda()) throw BadInput("--device: '" + text + "' is neither cpu nor cuda");
  if (!torch::cuda::is_available()) {
    throw BadInput("--device " + text +
                   ": this LibTorch (" TORCH_VERSION
                   ") finds no CUDA device; Debian's is built without CUDA, and another can be "
                   "named when joulefront is built: -DCMAKE_PREFIX_PATH=/path/to/libtorch");
  }
  if (device.index() >= static_cast<int>(torch::cuda::device_count())) {
    throw BadInput("--device " + text + ": there are " +
                   std::to_string(torch::cuda::device_count()) + " CUDA devices, from cuda:0 on");
  }
  return device;
}

}  // namespace

at::Device SetUpTorch(const std::string& name, int threads, std::uint64_t seed) {
  at::set_num_threads(threads);
  at::set_num_interop_threads(1);
  // OpenBLAS keeps its own count, which LibTorch does not touch. Two of its threads on matrices as
  // small as these only wait for each other.
  using SetThreads = void (*)(int);
  if (void* symbol = dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) {
    reinterpret_cast<SetThreads>(symbol)(threads);
  }
  // Moments of units that died shrink into denormal numbers, which cost a hundred times as much.
  at::globalContext().setFlushDenormal(true);
  const at::Device device = FindDevice(name);
  at::manual_seed(seed);
  return device;
}

void Synchronise(const at::Device& device) {
  if (device.is_cuda()) torch::cuda::synchronize(device.index());
}

MixedPrecision::MixedPrecision(const std::string& precision, const at::Device& device)
    : on_(precision != "float32"), device_(device.type()) {
  if (!on_) return;
  if (precision == "float16" && !device.is_cuda()) {
    throw BadInput("precision: float16 is for CUDA devices; on the CPU take bfloat16");
  }
  SetAutocast(device_, true, precision == "float16" ? at::kHalf : at::kBFloat16);
  at::autocast::increment_nesting();
}

MixedPrecision::~MixedPrecision() {
  if (!on_) return;
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  SetAutocast(device_, false, at::kFloat);
}

bool LossScale::Unscale(at::Tensor& gradient) {
  if (!on_) return true;
  gradient.mul_(1.0 / factor_);
  if (!gradient.isfinite().all().item<bool>()) {
    factor_ /= 2.0;
    good_steps_ = 0;
    return false;
  }
  if (++good_steps_ % kGoodStepsToDouble == 0) factor_ *= 2.0;
  return true;
}

}  // namespace joulefront::objectives
