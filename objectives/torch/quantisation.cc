#include "objectives/torch/quantisation.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/_make_per_channel_quantized_tensor.h>
#include <ATen/ops/zeros_like.h>

#include <vector>

namespace joulefront::objectives {
namespace {

constexpr double kMostNumber = 127.0;

/// The operators for quantised layers are in no header: they are called by name.
c10::IValue Call(const char* name, std::vector<c10::IValue> stack) {
  c10::Dispatcher::singleton().findSchemaOrThrow(name, "").callBoxed(stack);
  return stack.front();
}

/// One scale an output, in the shape that multiplies the weight.
at::Tensor Spread(const at::Tensor& scales, const at::Tensor& weight) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(weight.dim()), 1);
  shape[0] = -1;
  return scales.view(shape);
}

}  // namespace

Int8Weights QuantiseWeights(const at::Tensor& weight) {
  // An output of zeros has any scale.
  const at::Tensor largest = weight.detach().flatten(1).abs().amax(1).clamp_min(1e-20);
  const at::Tensor scales = largest / kMostNumber;
  const at::Tensor numbers = (weight.detach() / Spread(scales, weight)).round();
  return {numbers.clamp(-kMostNumber, kMostNumber).to(at::kChar), scales};
}

at::Tensor Dequantise(const Int8Weights& weights) {
  return weights.numbers.to(at::kFloat) * Spread(weights.scales, weights.numbers);
}

Int8Linear::Int8Linear(const Int8Weights& weights, const at::Tensor& bias)
    : packed_(Call(
          "quantized::linear_prepack",
          {at::_make_per_channel_quantized_tensor(weights.numbers, weights.scales.to(at::kDouble),
                                                  at::zeros_like(weights.scales, at::kLong), 0),
           bias.detach()})) {}

at::Tensor Int8Linear::Apply(const at::Tensor& input) const {
  // The engines take a matrix, row by row.
  const at::Tensor rows = input.to(at::kFloat).reshape({-1, input.size(-1)});
  at::Tensor output =
      Call("quantized::linear_dynamic", {rows.contiguous(), packed_, false}).toTensor();
  std::vector<std::int64_t> shape = input.sizes().vec();
  shape.back() = output.size(1);
  return output.view(shape);
}

bool Int8Linear::IsAvailable(const at::Device& device) {
  return device.is_cpu() && at::globalContext().qEngine() != at::QEngine::NoQEngine;
}

}  // namespace joulefront::objectives
