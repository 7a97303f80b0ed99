// Files to tensors: the split, what is prepared, and how to do the same again for a saved model.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "objectives/family.h"
#include "objectives/preparation.h"
#include "objectives/torch/model.h"

namespace joulefront::objectives {

/// n examples (of a text: windows) and the class of each (of each character: the next one), or the
/// quantity, standardised.
struct Examples {
  at::Tensor features;  // n x shape, float32; of a text n x context, int64
  at::Tensor labels;    // n, or n x context; int64, of quantities float32
  std::int64_t size() const { return labels.size(0); }
};

/// A quantity y is learned as (y - mean) / deviation, by the training examples.
struct TargetScale {
  double mean = 0.0, deviation = 1.0;
};

/// How the examples of a file become those that the model was made for.
struct Recipe {
  bool is_text = false;
  std::string alphabet;             // of a text
  std::int64_t context = 0;         // likewise
  Dataset reference;                // of examples: shape, columns and classes, no rows
  std::vector<std::int64_t> shape;  // instead of the file's; empty: the file's
  std::int64_t downscale = 1;
  std::vector<std::size_t> features;  // of a table; empty: all
  Standardisation standardisation;
  TargetScale target;  // of quantities
};

struct TrainingData {
  Recipe recipe;
  Problem problem;
  Examples train, validation;
  std::optional<Examples> test;
};

/// Reads the task's files and prepares them: validation examples are 20 % of the data, by class and
/// by a fixed seed, of a text its end; the same for all trials of all studies on these files, so
/// that their errors compare. All that is fitted is fitted to the training examples alone. Throws
/// BadInput.
TrainingData LoadData(const Task& task, const at::Device& device);

/// All examples of other files, as the recipe says. Throws BadInput.
Examples LoadLike(const Recipe& recipe, const DataFiles& files, const at::Device& device);

Problem ProblemOf(const Recipe& recipe);

}  // namespace joulefront::objectives
