// What is done to a trained model so that it costs less to use.
#pragma once

#include <vector>

#include "objectives/configuration.h"
#include "objectives/torch/model.h"

namespace joulefront::objectives {

/// Makes the share of all weights that are smallest 0, wherever they are: of matrices and filters,
/// not of biases and normalisations. Returns for each parameter 1 where it is kept, in the order of
/// the model's; undefined where nothing is pruned.
std::vector<at::Tensor> PruneWeights(Model& model, double share);

/// Makes pruned weights 0 again, after a step of training.
void ApplyMasks(const Model& model, const std::vector<at::Tensor>& masks);

/// Throws BadInput if units are to be pruned of a model that has no groups of them.
void RefuseUnprunable(const Configuration& configuration, const Model& model);

/// Takes from each group of units the share whose weights are smallest (Euclidean norm), and leaves
/// one at least: the tensors become smaller.
void PruneUnits(Model& model, double share);

/// Makes all matrices and filters int8, and lets linear layers compute in int8 where LibTorch can
/// (quantisation.h); filters compute in float32.
void Quantise(Model& model);

/// Puts weights that were quantised before in place: the same as Quantise() from there on.
void InstallInt8(Model& model, const std::map<std::string, Int8Weights>& weights);

/// Parameters that are not 0.
std::int64_t CountNonZero(const Model& model);

}  // namespace joulefront::objectives
