// What every family builds: a network as a list of named tensors and a function, small enough to be
// trained flat, saved, pruned and quantised without knowing what it is.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "objectives/configuration.h"

namespace joulefront::objectives {

struct NamedTensor {
  std::string name;
  at::Tensor tensor;  // shared with the layers: to change it, set_data() or in place
};

/// The units (neurons or channels) of one hidden layer: along each dimension named here the tensors
/// have one slice a unit, so taking away a unit takes away all of these and changes nothing else.
/// The first is the weight that makes the units, and tells how much they matter.
struct UnitGroup {
  std::vector<std::pair<at::Tensor, std::int64_t>> slices;
};

class Int8Linear;

/// A linear layer's tensors; once quantised, `int8` does its arithmetic and `weight` is what that
/// stands for.
struct LinearState {
  at::Tensor weight;  // outputs x inputs
  at::Tensor bias;    // outputs
  std::shared_ptr<Int8Linear> int8;
};

struct Int8Weights;

struct Model {
  std::vector<NamedTensor> parameters;  // trained
  std::vector<NamedTensor> buffers;     // not trained, but part of the model: running statistics
  std::vector<std::shared_ptr<LinearState>> linears;
  std::vector<UnitGroup> groups;                                     // what can be pruned by units
  std::map<std::string, std::shared_ptr<Int8Weights>> int8_weights;  // once quantised, by name
  /// Logits (... x classes) for examples (n x shape); `training` turns dropout on and makes batch
  /// normalisation learn.
  std::function<at::Tensor(const at::Tensor& examples, bool training)> forward;
};

/// What a model is made for.
struct Problem {
  std::vector<std::int64_t> shape;  // of one example; of a text: {context}
  std::int64_t classes = 0;         // of a text: its alphabet; of a quantity 1
  bool is_text = false;
};

/// Builds the network with its initial values from LibTorch's seeded generator, on the CPU. Throws
/// BadInput for an architecture that does not fit the problem, as images that shrink to nothing.
using BuildModel = Model (*)(const Configuration& configuration, const Problem& problem);

Model BuildMlp(const Configuration& configuration, const Problem& problem);
Model BuildCnn(const Configuration& configuration, const Problem& problem);
Model BuildCell(const Configuration& configuration, const Problem& problem);
Model BuildTransformer(const Configuration& configuration, const Problem& problem);

/// Of the family with that name (entry.cc).
Model BuildFamily(const std::string& family, const Configuration& configuration,
                  const Problem& problem);

}  // namespace joulefront::objectives
