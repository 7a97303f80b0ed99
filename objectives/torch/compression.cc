#include "objectives/torch/compression.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>

#include <algorithm>
#include <cmath>

#include "objectives/bad_input.h"
#include "objectives/torch/quantisation.h"

namespace joulefront::objectives {
namespace {

bool IsWeight(const NamedTensor& parameter) { return parameter.tensor.dim() >= 2; }

}  // namespace

std::vector<at::Tensor> PruneWeights(Model& model, double share) {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> sizes;
  for (const NamedTensor& parameter : model.parameters) {
    if (IsWeight(parameter)) sizes.push_back(parameter.tensor.abs().flatten());
  }
  const at::Tensor all = at::cat(sizes);
  const auto pruned =
      static_cast<std::int64_t>(std::floor(share * static_cast<double>(all.numel())));
  std::vector<at::Tensor> masks(model.parameters.size());
  if (pruned == 0) return masks;
  const at::Tensor threshold = std::get<0>(all.kthvalue(pruned));
  for (std::size_t i = 0; i < masks.size(); ++i) {
    if (!IsWeight(model.parameters[i])) continue;
    masks[i] = model.parameters[i].tensor.abs().gt(threshold).to(at::kFloat);
  }
  ApplyMasks(model, masks);
  return masks;
}

void ApplyMasks(const Model& model, const std::vector<at::Tensor>& masks) {
  at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < masks.size(); ++i) {
    if (masks[i].defined()) at::Tensor(model.parameters[i].tensor).mul_(masks[i]);
  }
}

void RefuseUnprunable(const Configuration& configuration, const Model& model) {
  const bool units =
      configuration.Float("prune") > 0 && configuration.Choice("prune_what") == "units";
  if (!units || !model.groups.empty()) return;
  throw BadInput(
      "prune_what: this architecture has no units that can be taken away; prune \"weights\"");
}

void PruneUnits(Model& model, double share) {
  at::NoGradGuard no_grad;
  for (const UnitGroup& group : model.groups) {
    const at::Tensor& made_by = group.slices.front().first;
    const std::int64_t units = made_by.size(0);
    const std::int64_t kept = std::max<std::int64_t>(
        1, units - static_cast<std::int64_t>(std::floor(share * static_cast<double>(units))));
    const at::Tensor order = made_by.flatten(1).norm(2, 1).argsort(0, true);
    const at::Tensor keep = std::get<0>(order.narrow(0, 0, kept).sort());
    for (const auto& [tensor, dimension] : group.slices) {
      at::Tensor(tensor).set_data(tensor.index_select(dimension, keep).contiguous());
    }
  }
}

void Quantise(Model& model) {
  std::map<std::string, Int8Weights> weights;
  for (const NamedTensor& parameter : model.parameters) {
    if (IsWeight(parameter)) weights[parameter.name] = QuantiseWeights(parameter.tensor);
  }
  InstallInt8(model, weights);
}

void InstallInt8(Model& model, const std::map<std::string, Int8Weights>& weights) {
  at::NoGradGuard no_grad;
  for (const NamedTensor& parameter : model.parameters) {
    const auto found = weights.find(parameter.name);
    if (found == weights.end()) continue;
    model.int8_weights[parameter.name] = std::make_shared<Int8Weights>(found->second);
    at::Tensor(parameter.tensor).set_data(Dequantise(found->second));
    for (const auto& linear : model.linears) {
      if (!linear->weight.is_same(parameter.tensor)) continue;
      if (!Int8Linear::IsAvailable(linear->weight.device())) continue;
      linear->int8 = std::make_shared<Int8Linear>(found->second, linear->bias);
    }
  }
}

std::int64_t CountNonZero(const Model& model) {
  std::int64_t count = 0;
  for (const NamedTensor& parameter : model.parameters) {
    count += parameter.tensor.count_nonzero().item<std::int64_t>();
  }
  return count;
}

}  // namespace joulefront::objectives
