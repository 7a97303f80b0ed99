// The layers that the families are made of. A layer adds its tensors to a model under a name, with
// the initial values that torch::nn gives, and is called like a function. It sees the sizes of its
// tensors when it is called, so that a pruned model runs as it is.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "objectives/torch/model.h"

namespace joulefront::objectives {

/// Counts the multiply-accumulates of all layers that are called while it lives, on this thread.
class MacCounter {
 public:
  MacCounter();
  ~MacCounter();
  MacCounter(MacCounter&&) = delete;
  std::int64_t count() const { return count_; }

  /// Adds to the living counter, if there is one.
  static void Add(std::int64_t macs);

 private:
  std::int64_t count_ = 0;
};

using Activation = at::Tensor (*)(const at::Tensor& input);
/// relu, tanh, gelu or silu.
Activation FindActivation(const std::string& name);

/// y = x W' + b on the last dimension.
class Linear {
 public:
  Linear(Model& model, const std::string& name, std::int64_t inputs, std::int64_t outputs);
  at::Tensor operator()(const at::Tensor& input) const;
  const at::Tensor& weight() const { return state_->weight; }
  const at::Tensor& bias() const { return state_->bias; }

 private:
  std::shared_ptr<LinearState> state_;
};

struct ConvShape {
  std::int64_t inputs, outputs, kernel;
  std::int64_t stride = 1;
  bool depthwise = false;  // one filter a channel; inputs = outputs
  bool bias = true;
};

/// A convolution of images (n x channels x height x width) with a square kernel of odd size, padded
/// so that stride 1 keeps height and width.
class Conv {
 public:
  Conv(Model& model, const std::string& name, const ConvShape& shape);
  at::Tensor operator()(const at::Tensor& input) const;
  const at::Tensor& weight() const {
    return weight_;
  }                                                 // outputs x inputs a group x kernel x kernel
  const at::Tensor& bias() const { return bias_; }  // undefined without one

 private:
  at::Tensor weight_, bias_;
  std::int64_t stride_;
  bool depthwise_;
};

/// Normalises each channel over the batch; once trained, by its running statistics.
class BatchNorm {
 public:
  BatchNorm(Model& model, const std::string& name, std::int64_t channels);
  at::Tensor operator()(const at::Tensor& input, bool training) const;
  /// Adds its tensors to a group of channels.
  void Join(UnitGroup& group) const;

 private:
  at::Tensor scale_, shift_, mean_, variance_;
};

/// Normalises the last dimension.
class LayerNorm {
 public:
  LayerNorm(Model& model, const std::string& name, std::int64_t width);
  at::Tensor operator()(const at::Tensor& input) const;

 private:
  at::Tensor scale_, shift_;
};

/// A trained tensor of normal numbers with the given deviation.
at::Tensor AddNormal(Model& model, const std::string& name, at::IntArrayRef shape,
                     double deviation);

/// Zeroes a share of the values while training, and scales the rest up.
at::Tensor Dropout(const at::Tensor& input, double share, bool training);

}  // namespace joulefront::objectives
