// Where and how finely a model computes: the device, and mixed precision.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace joulefront::objectives {

/// Threads, seed and device of this process, once, before anything else. Throws BadInput for a
/// device that is not there, saying which are.
at::Device SetUpTorch(const std::string& device, int threads, std::uint64_t seed);

/// Waits until all that was asked of the device is done; at once on the CPU.
void Synchronise(const at::Device& device);

/// While it lives, matrix products and convolutions are computed in `precision` ("float32": as they
/// are), by LibTorch's rules of which operators may be.
class MixedPrecision {
 public:
  MixedPrecision(const std::string& precision, const at::Device& device);
  ~MixedPrecision();
  MixedPrecision(MixedPrecision&&) = delete;

 private:
  bool on_;
  at::DeviceType device_;
};

/// Scales the loss so that gradients in float16 do not vanish: up while all goes well, down when a
/// gradient has overflowed [Micikevicius2018]. Otherwise it does nothing.
class LossScale {
 public:
  explicit LossScale(const std::string& precision) : on_(precision == "float16") {}
  double factor() const { return on_ ? factor_ : 1.0; }
  /// Scales the gradient back. False if it has overflowed: the step is to be left out.
  bool Unscale(at::Tensor& gradient);

 private:
  bool on_;
  double factor_ = 65536.0;
  int good_steps_ = 0;
};

}  // namespace joulefront::objectives
