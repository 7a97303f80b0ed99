// The family `mlp`: multilayer perceptrons. Hidden layer i (from 0) has width * width_decay^i
// units, at least one, each followed by the activation and, if asked for, dropout; then one linear
// layer. Images and sequences are read as rows of numbers.
#include <algorithm>
#include <cmath>

#include "objectives/torch/layers.h"

namespace joulefront::objectives {

Model BuildMlp(const Configuration& configuration, const Problem& problem) {
  const double decay = configuration.Float("width_decay");
  auto width = static_cast<double>(configuration.Int("width"));
  std::int64_t inputs = 1;
  for (const std::int64_t size : problem.shape) inputs *= size;
  Model model;
  std::vector<Linear> hidden;
  UnitGroup open;  // the units of the last hidden layer, whose consumer is not there yet
  const auto add = [&](const std::string& name, std::int64_t outputs) {
    Linear layer(model, name, inputs, outputs);
    if (!open.slices.empty()) {
      open.slices.emplace_back(layer.weight(), 1);
      model.groups.push_back(std::move(open));
    }
    open = {{{layer.weight(), 0}, {layer.bias(), 0}}};
    inputs = outputs;
    return layer;
  };
  for (std::int64_t i = 0; i < configuration.Int("layers"); ++i) {
    hidden.push_back(
        add("hidden" + std::to_string(i), std::max<std::int64_t>(1, std::llround(width))));
    width *= decay;
  }
  const Linear last = add("last", problem.classes);
  model.forward = [hidden, last, dropout = configuration.Float("dropout"),
                   activate = FindActivation(configuration.Choice("activation"))](
                      const at::Tensor& examples, bool training) {
    at::Tensor values = examples.flatten(1);
    for (const Linear& layer : hidden) {
      values = Dropout(activate(layer(values)), dropout, training);
    }
    return last(values);
  };
  return model;
}

}  // namespace joulefront::objectives
