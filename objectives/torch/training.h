// What every family of classifiers shares: preparing the rows, the training loop, the evaluation,
// and the parameters that steer them. Deterministic on one thread: the same task gives the same
// messages.
//
// The validation rows are 20 % of the data file, stratified, dealt out by a fixed seed: the same
// rows for all trials of all studies on that file, so that their errors compare. The task's seed
// governs the initial weights, the order of the rows and dropout only.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "objectives/family.h"

namespace joulefront::objectives {

struct Model {
  /// What is trained: leaf tensors, their initial values set from LibTorch's seeded generator.
  std::vector<at::Tensor> parameters;
  /// Logits (n x classes) for features (n x columns); `training` turns dropout on.
  std::function<at::Tensor(const at::Tensor& features, bool training)> forward;
};

using BuildModel = Model (*)(const Configuration& configuration, std::int64_t columns,
                             std::int64_t classes);

/// Reads the task's data, builds the model, trains it and reports. Phases: setup (LibTorch), data
/// (files, split, standardisation), train (the model and its epochs, each followed by a look at the
/// validation rows), evaluate. Progress after each epoch: error and loss on the validation rows.
/// Result: error, loss, accuracy (validation), parameters; with `final` test_error, test_loss and
/// test_accuracy. Throws std::runtime_error as soon as a loss is not finite.
void TrainClassifier(const Task& task, BuildModel build);

/// Multilayer perceptrons (mlp.cc).
Model BuildMlp(const Configuration& configuration, std::int64_t columns, std::int64_t classes);

}  // namespace joulefront::objectives
