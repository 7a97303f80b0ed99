// The family `transformer`: blocks of self-attention and a feed-forward network, each after a layer
// normalisation and added to its input [Vaswani2017; the order is of Xiong2020]. On a text it is a
// character language model: a position sees those before it and foretells the next. On examples it
// is a classifier: of a table each column is a token [Gorishniy2021], of an image each line, of a
// sequence each step; the mean of the last layer is classified.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/full.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/triu.h>

#include <cmath>
#include <limits>

#include "objectives/bad_input.h"
#include "objectives/torch/layers.h"

namespace joulefront::objectives {
namespace {

// Of embeddings at the beginning, as is usual for small language models.
constexpr double kEmbeddingDeviation = 0.02;

class Attention {
 public:
  Attention(Model& model, const std::string& name, std::int64_t width, std::int64_t heads,
            bool causal)
      : queries_keys_values_(model, name + ".qkv", width, 3 * width),
        output_(model, name + ".output", width, width),
        heads_(heads),
        causal_(causal) {}

  /// `tokens`: n x length x width.
  at::Tensor operator()(const at::Tensor& tokens) const {
    const std::int64_t n = tokens.size(0), length = tokens.size(1), width = tokens.size(2);
    // 3 x n x heads x length x head width
    const at::Tensor parts = queries_keys_values_(tokens)
                                 .view({n, length, 3, heads_, width / heads_})
                                 .permute({2, 0, 3, 1, 4});
    const double scale = 1.0 / std::sqrt(static_cast<double>(width / heads_));
    at::Tensor scores = at::matmul(parts[0] * scale, parts[1].transpose(-2, -1));
    if (causal_) {
      scores = scores +
               at::full({length, length}, -std::numeric_limits<float>::infinity(), scores.options())
                   .triu(1);
    }
    MacCounter::Add(2 * n * length * length * width);
    return output_(
        at::matmul(at::softmax(scores, -1), parts[2]).transpose(1, 2).reshape({n, length, width}));
  }

 private:
  Linear queries_keys_values_, output_;
  std::int64_t heads_;
  bool causal_;
};

class Block {
 public:
  Block(Model& model, const std::string& name, std::int64_t width, std::int64_t inner,
        const Configuration& configuration, bool causal)
      : before_attention_(model, name + ".norm1", width),
        attention_(model, name + ".attention", width, std::stoll(configuration.Choice("heads")),
                   causal),
        before_network_(model, name + ".norm2", width),
        first_(model, name + ".first", width, inner),
        second_(model, name + ".second", inner, width),
        dropout_(configuration.Float("dropout")) {
    model.groups.push_back({{{first_.weight(), 0}, {first_.bias(), 0}, {second_.weight(), 1}}});
  }

  at::Tensor operator()(at::Tensor tokens, bool training) const {
    tokens = tokens + Dropout(attention_(before_attention_(tokens)), dropout_, training);
    const at::Tensor inner = at::gelu(first_(before_network_(tokens)));
    return tokens + Dropout(second_(inner), dropout_, training);
  }

 private:
  LayerNorm before_attention_;
  Attention attention_;
  LayerNorm before_network_;
  Linear first_, second_;
  double dropout_;
};

using Embed = std::function<at::Tensor(const at::Tensor& examples)>;

Embed EmbedText(Model& model, const Problem& problem, std::int64_t width) {
  const at::Tensor letters =
      AddNormal(model, "letters", {problem.classes, width}, kEmbeddingDeviation);
  return [letters](const at::Tensor& text) { return at::embedding(letters, text); };
}

/// A column is its value times a vector of its own.
Embed EmbedTable(Model& model, const Problem& problem, std::int64_t width) {
  const at::Tensor columns = AddNormal(model, "columns", {problem.shape[0], width}, 1.0);
  return [columns](const at::Tensor& rows) { return rows.unsqueeze(-1) * columns; };
}

/// Lines of an image, or steps of a sequence: n x length x numbers.
Embed EmbedLines(Model& model, const Problem& problem, std::int64_t width) {
  const bool is_image = problem.shape.size() == 3;
  const std::int64_t numbers = is_image ? problem.shape[0] * problem.shape[2] : problem.shape[1];
  const Linear lines(model, "lines", numbers, width);
  return [lines, is_image](const at::Tensor& examples) {
    return lines(is_image ? examples.transpose(1, 2).flatten(2) : examples);
  };
}

}  // namespace

Model BuildTransformer(const Configuration& configuration, const Problem& problem) {
  const std::int64_t width = configuration.Int("width");
  const std::int64_t heads = std::stoll(configuration.Choice("heads"));
  if (width % heads != 0) {
    throw BadInput("width: " + std::to_string(width) + " cannot be divided among " +
                   std::to_string(heads) + " heads; take a multiple of the heads");
  }
  Model model;
  const bool is_table = !problem.is_text && problem.shape.size() == 1;
  const bool is_image = problem.shape.size() == 3;
  const Embed embed = problem.is_text ? EmbedText(model, problem, width)
                      : is_table      ? EmbedTable(model, problem, width)
                                      : EmbedLines(model, problem, width);
  const std::int64_t length = problem.shape[is_image ? 1 : 0];
  const at::Tensor positions = AddNormal(model, "positions", {length, width}, kEmbeddingDeviation);
  const std::int64_t inner = std::max<std::int64_t>(
      1, std::llround(configuration.Float("ff_ratio") * static_cast<double>(width)));
  std::vector<Block> blocks;
  for (std::int64_t i = 0; i < configuration.Int("depth"); ++i) {
    blocks.emplace_back(model, "block" + std::to_string(i), width, inner, configuration,
                        problem.is_text);
  }
  const LayerNorm norm(model, "last.norm", width);
  const Linear last(model, "last", width, problem.classes);
  model.forward = [embed, positions, blocks, norm, last, is_text = problem.is_text](
                      const at::Tensor& examples, bool training) {
    at::Tensor tokens = embed(examples);
    tokens = tokens + positions.narrow(0, 0, tokens.size(1));
    for (const Block& block : blocks) tokens = block(tokens, training);
    tokens = norm(tokens);
    return last(is_text ? tokens : tokens.mean(1));
  };
  return model;
}

}  // namespace joulefront::objectives
