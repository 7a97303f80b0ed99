#include "objectives/torch/layers.h"

// Of LibTorch, one header an operator: the whole of it would make a file compile four times as
// long.
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "objectives/torch/quantisation.h"

namespace joulefront::objectives {
namespace {

thread_local MacCounter* living_counter = nullptr;

constexpr double kNormMomentum = 0.1;
constexpr double kNormEpsilon = 1e-5;

at::Tensor AddParameter(Model& model, const std::string& name, at::Tensor values) {
  values.set_requires_grad(true);
  model.parameters.push_back({name, values});
  return values;
}

/// Uniform within 1 / sqrt(fan_in), as torch::nn begins linear layers and convolutions.
at::Tensor AddUniform(Model& model, const std::string& name, at::IntArrayRef shape,
                      std::int64_t fan_in) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(fan_in));
  return AddParameter(model, name, at::empty(shape).uniform_(-bound, bound));
}

}  // namespace

MacCounter::MacCounter() { living_counter = this; }
MacCounter::~MacCounter() { living_counter = nullptr; }
void MacCounter::Add(std::int64_t macs) {
  if (living_counter != nullptr) living_counter->count_ += macs;
}

Activation FindActivation(const std::string& name) {
  if (name == "tanh") return [](const at::Tensor& input) { return at::tanh(input); };
  if (name == "gelu") return [](const at::Tensor& input) { return at::gelu(input); };
  if (name == "silu") return [](const at::Tensor& input) { return at::silu(input); };
  return [](const at::Tensor& input) { return at::relu(input); };
}

Linear::Linear(Model& model, const std::string& name, std::int64_t inputs, std::int64_t outputs)
    : state_(std::make_shared<LinearState>()) {
  state_->weight = AddUniform(model, name + ".weight", {outputs, inputs}, inputs);
  state_->bias = AddUniform(model, name + ".bias", {outputs}, inputs);
  model.linears.push_back(state_);
}

at::Tensor Linear::operator()(const at::Tensor& input) const {
  MacCounter::Add(input.numel() * state_->weight.size(0));
  if (state_->int8 != nullptr) return state_->int8->Apply(input);
  return at::linear(input, state_->weight, state_->bias);
}

Conv::Conv(Model& model, const std::string& name, const ConvShape& shape)
    : stride_(shape.stride), depthwise_(shape.depthwise) {
  const std::int64_t inputs = shape.depthwise ? 1 : shape.inputs;
  const std::int64_t fan_in = inputs * shape.kernel * shape.kernel;
  weight_ = AddUniform(model, name + ".weight", {shape.outputs, inputs, shape.kernel, shape.kernel},
                       fan_in);
  if (shape.bias) bias_ = AddUniform(model, name + ".bias", {shape.outputs}, fan_in);
}

at::Tensor Conv::operator()(const at::Tensor& input) const {
  const std::int64_t pad = weight_.size(2) / 2;
  const std::int64_t groups = depthwise_ ? weight_.size(0) : 1;
  at::Tensor output =
      at::conv2d(input, weight_, bias_, {stride_, stride_}, {pad, pad}, {1, 1}, groups);
  MacCounter::Add(output.numel() * weight_[0].numel());
  return output;
}

BatchNorm::BatchNorm(Model& model, const std::string& name, std::int64_t channels)
    : scale_(AddParameter(model, name + ".scale", at::ones({channels}))),
      shift_(AddParameter(model, name + ".shift", at::zeros({channels}))),
      mean_(at::zeros({channels})),
      variance_(at::ones({channels})) {
  model.buffers.push_back({name + ".mean", mean_});
  model.buffers.push_back({name + ".variance", variance_});
}

at::Tensor BatchNorm::operator()(const at::Tensor& input, bool training) const {
  return at::batch_norm(input, scale_, shift_, mean_, variance_, training, kNormMomentum,
                        kNormEpsilon, false);
}

void BatchNorm::Join(UnitGroup& group) const {
  for (const at::Tensor& tensor : {scale_, shift_, mean_, variance_}) {
    group.slices.emplace_back(tensor, 0);
  }
}

LayerNorm::LayerNorm(Model& model, const std::string& name, std::int64_t width)
    : scale_(AddParameter(model, name + ".scale", at::ones({width}))),
      shift_(AddParameter(model, name + ".shift", at::zeros({width}))) {}

at::Tensor LayerNorm::operator()(const at::Tensor& input) const {
  return at::layer_norm(input, scale_.sizes(), scale_, shift_, kNormEpsilon);
}

at::Tensor AddNormal(Model& model, const std::string& name, at::IntArrayRef shape,
                     double deviation) {
  return AddParameter(model, name, at::empty(shape).normal_(0.0, deviation));
}

at::Tensor Dropout(const at::Tensor& input, double share, bool training) {
  return training && share > 0 ? at::dropout(input, share, true) : input;
}

}  // namespace joulefront::objectives
