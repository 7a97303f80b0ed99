// The family `mlp`: multilayer perceptrons. Hidden layer i (from 0) has width * width_decay^i
// units, at least one, each followed by the activation and, if asked for, dropout; then one linear
// layer.
//
// Of LibTorch it includes one header an operator: the whole of it would make this file compile four
// times as long.
#include <ATen/ops/dropout.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tanh.h>

#include <algorithm>
#include <cmath>

#include "objectives/torch/training.h"

namespace joulefront::objectives {
namespace {

using Activation = at::Tensor (*)(const at::Tensor& input);

Activation FindActivation(const std::string& name) {
  if (name == "tanh") return [](const at::Tensor& input) { return at::tanh(input); };
  if (name == "gelu") return [](const at::Tensor& input) { return at::gelu(input); };
  if (name == "silu") return [](const at::Tensor& input) { return at::silu(input); };
  return [](const at::Tensor& input) { return at::relu(input); };
}

/// Adds a linear layer's weight (outputs x inputs) and bias, both uniform within 1 / sqrt(inputs),
/// as torch::nn::Linear begins.
void AddLinear(std::int64_t inputs, std::int64_t outputs, std::vector<at::Tensor>& parameters) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(inputs));
  for (const auto& shape : {std::vector<std::int64_t>{outputs, inputs}, {outputs}}) {
    parameters.push_back(at::empty(shape).uniform_(-bound, bound).set_requires_grad(true));
  }
}

}  // namespace

Model BuildMlp(const Configuration& configuration, std::int64_t columns, std::int64_t classes) {
  const double decay = configuration.Float("width_decay");
  auto width = static_cast<double>(configuration.Int("width"));
  Model model;
  std::int64_t inputs = columns;
  for (std::int64_t layer = 0; layer < configuration.Int("layers"); ++layer) {
    const std::int64_t units = std::max<std::int64_t>(1, std::llround(width));
    AddLinear(inputs, units, model.parameters);
    inputs = units;
    width *= decay;
  }
  AddLinear(inputs, classes, model.parameters);

  model.forward = [parameters = model.parameters, dropout = configuration.Float("dropout"),
                   activation = FindActivation(configuration.Choice("activation"))](
                      const at::Tensor& features, bool training) {
    at::Tensor values = features;
    std::size_t i = 0;
    for (; i + 2 < parameters.size(); i += 2) {
      values = activation(at::linear(values, parameters[i], parameters[i + 1]));
      if (training && dropout > 0) values = at::dropout(values, dropout, true);
    }
    return at::linear(values, parameters[i], parameters[i + 1]);
  };
  return model;
}

}  // namespace joulefront::objectives
