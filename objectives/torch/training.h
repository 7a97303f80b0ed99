// One training from its files to its result, for every family. Deterministic on one thread of a
// CPU: the same task gives the same messages.
//
// Phases: setup (LibTorch), data (files, split, preparation), train (the model and its epochs, each
// followed by a look at the validation examples; pruning and the epochs after it), evaluate, and
// inference if asked for. Progress after each epoch: error and loss on the validation examples.
// The task's seed governs the initial weights, the order of the examples, dropout and augmentation.
#pragma once

#include "objectives/family.h"

namespace joulefront::objectives {

/// Trains and reports. Throws BadInput, and std::runtime_error as soon as a loss is not finite.
void Train(const Task& task);

/// Prints what the model's result was, on other data.
void EvaluateModel(const Evaluation& evaluation);

}  // namespace joulefront::objectives
