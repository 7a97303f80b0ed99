// Int8 weights: whole numbers from -127 to 127, with one scale for each output of a layer.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

namespace joulefront::objectives {

/// A weight is numbers * scales, output by output (the first dimension).
struct Int8Weights {
  at::Tensor numbers;  // int8, of the weight's shape
  at::Tensor scales;   // float32, one an output
};

/// The nearest: the largest weight of an output is 127 of its scale.
Int8Weights QuantiseWeights(const at::Tensor& weight);
at::Tensor Dequantise(const Int8Weights& weights);

/// A linear layer whose arithmetic is in int8: its inputs are quantised as they come, by the range
/// of each batch. On the CPU, through LibTorch's engine for it (oneDNN, FBGEMM or QNNPACK).
class Int8Linear {
 public:
  Int8Linear(const Int8Weights& weights, const at::Tensor& bias);
  at::Tensor Apply(const at::Tensor& input) const;

  /// Whether this LibTorch can, on this device.
  static bool IsAvailable(const at::Device& device);

 private:
  c10::IValue packed_;
};

}  // namespace joulefront::objectives
