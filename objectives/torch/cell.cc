// The family `cell`: one small cell, searched edge by edge and repeated, in the manner of
// NAS-Bench-201 [Dong2020]. A cell has four nodes; each edge from an earlier node to a later one
// has an operation, and a node is the sum of its edges. Three stages of `cells` cells; between them
// a residual block halves height and width and doubles the channels. Normalised by batches
// throughout.
#include <ATen/TensorOperators.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros_like.h>

#include <optional>

#include "objectives/bad_input.h"
#include "objectives/torch/layers.h"

namespace joulefront::objectives {
namespace {

using Layer = std::function<at::Tensor(const at::Tensor& input, bool training)>;
constexpr int kNodes = 4;
constexpr int kStages = 3;

/// relu, convolution, normalisation.
Layer ReluConv(Model& model, const std::string& name, const ConvShape& shape) {
  const Conv conv(model, name, shape);
  const BatchNorm norm(model, name + ".norm", shape.outputs);
  return [conv, norm](const at::Tensor& input, bool training) {
    return norm(conv(at::relu(input)), training);
  };
}

/// The operation of an edge; empty for `none`.
std::optional<Layer> MakeOperation(Model& model, const std::string& name,
                                   const std::string& operation, std::int64_t channels) {
  if (operation == "none") return std::nullopt;
  if (operation == "skip") return [](const at::Tensor& input, bool) { return input; };
  if (operation == "average") {
    return [](const at::Tensor& input, bool) {
      return at::avg_pool2d(input, {3, 3}, {1, 1}, {1, 1}, false, false);
    };
  }
  const std::int64_t kernel = operation == "conv1" ? 1 : 3;
  return ReluConv(model, name,
                  {.inputs = channels, .outputs = channels, .kernel = kernel, .bias = false});
}

Layer MakeCell(Model& model, const std::string& name, const Configuration& configuration,
               std::int64_t channels) {
  struct Edge {
    int from, to;
    Layer apply;
  };
  std::vector<Edge> edges;
  for (int to = 1; to < kNodes; ++to) {
    for (int from = 0; from < to; ++from) {
      const std::string edge = "edge" + std::to_string(from) + std::to_string(to);
      if (auto layer =
              MakeOperation(model, name + "." + edge, configuration.Choice(edge), channels)) {
        edges.push_back({from, to, std::move(*layer)});
      }
    }
  }
  return [edges](const at::Tensor& input, bool training) {
    std::vector<at::Tensor> nodes(kNodes);
    nodes[0] = input;
    for (const Edge& edge : edges) {
      if (!nodes[static_cast<std::size_t>(edge.from)].defined()) continue;  // nothing leads there
      const at::Tensor value = edge.apply(nodes[static_cast<std::size_t>(edge.from)], training);
      at::Tensor& node = nodes[static_cast<std::size_t>(edge.to)];
      node = node.defined() ? node + value : value;
    }
    return nodes.back().defined() ? nodes.back() : at::zeros_like(input);
  };
}

/// Half the height and width, twice the channels.
Layer MakeReduction(Model& model, const std::string& name, std::int64_t channels) {
  const std::int64_t outputs = 2 * channels;
  const Layer first =
      ReluConv(model, name + ".first",
               {.inputs = channels, .outputs = outputs, .kernel = 3, .stride = 2, .bias = false});
  const Layer second = ReluConv(
      model, name + ".second", {.inputs = outputs, .outputs = outputs, .kernel = 3, .bias = false});
  const Conv skip(model, name + ".skip",
                  {.inputs = channels, .outputs = outputs, .kernel = 1, .bias = false});
  return [first, second, skip](const at::Tensor& input, bool training) {
    const at::Tensor halved =
        at::avg_pool2d(input, {2, 2}, {2, 2}, {0, 0}, true /* odd sizes keep their last line */);
    return second(first(input, training), training) + skip(halved);
  };
}

}  // namespace

Model BuildCell(const Configuration& configuration, const Problem& problem) {
  if (problem.shape.size() != 3) {
    throw BadInput(
        "cell takes images; rows of a table become images by --shape "
        "CHANNELSxHEIGHTxWIDTH");
  }
  Model model;
  std::int64_t channels = configuration.Int("channels");
  const Conv stem(model, "stem",
                  {.inputs = problem.shape[0], .outputs = channels, .kernel = 3, .bias = false});
  const BatchNorm stem_norm(model, "stem.norm", channels);
  std::vector<Layer> layers;
  for (int stage = 0; stage < kStages; ++stage) {
    const std::string name = "stage" + std::to_string(stage);
    if (stage > 0) {
      layers.push_back(MakeReduction(model, name + ".reduction", channels));
      channels *= 2;
    }
    for (std::int64_t cell = 0; cell < configuration.Int("cells"); ++cell) {
      layers.push_back(
          MakeCell(model, name + ".cell" + std::to_string(cell), configuration, channels));
    }
  }
  const BatchNorm last_norm(model, "last.norm", channels);
  const Linear last(model, "last", channels, problem.classes);
  model.forward = [stem, stem_norm, layers, last_norm, last](const at::Tensor& images,
                                                             bool training) {
    at::Tensor values = stem_norm(stem(images), training);
    for (const Layer& layer : layers) values = layer(values, training);
    return last(at::relu(last_norm(values, training)).mean({2, 3}));
  };
  return model;
}

}  // namespace joulefront::objectives
