// The family `cnn`: stages of convolution blocks, each stage ending at half the height and width
// and the next one wider; then a head. Blocks: plain; depthwise-separable [Howard2017]; residual
// [He2016]; inverted bottleneck [Sandler2018].
#include <ATen/TensorOperators.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/max_pool2d.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "objectives/bad_input.h"
#include "objectives/torch/layers.h"

namespace joulefront::objectives {
namespace {

using Layer = std::function<at::Tensor(const at::Tensor& input, bool training)>;

/// Makes blocks one after another. It keeps which tensors have a slice a channel of what the last
/// block gave, as long as these channels can be taken away without touching a sum.
class Blocks {
 public:
  Blocks(Model& model, const Configuration& configuration, std::int64_t channels)
      : model_(model),
        block_(configuration.Choice("block")),
        kernel_(std::stoll(configuration.Choice("kernel"))),
        expansion_(configuration.Int("expansion")),
        normalise_(configuration.Choice("norm") == "batch"),
        activate_(FindActivation(configuration.Choice("activation"))),
        channels_(channels) {}

  std::int64_t channels() const { return channels_; }

  Layer Add(const std::string& name, std::int64_t outputs, std::int64_t stride) {
    Layer layer = block_ == "separable"  ? Separable(name, outputs, stride)
                  : block_ == "residual" ? Residual(name, outputs, stride)
                  : block_ == "inverted" ? Inverted(name, outputs, stride)
                                         : Plain(name, outputs, stride);
    channels_ = outputs;
    return layer;
  }

  /// The last channels are consumed by dimension 1 of `weight`, and by nothing else.
  void Consume(const at::Tensor& weight) {
    if (!open_) return;
    open_->slices.emplace_back(weight, 1);
    model_.groups.push_back(std::move(*open_));
    open_.reset();
  }

 private:
  /// A convolution, normalised if asked for.
  struct Step {
    Conv conv;
    std::optional<BatchNorm> norm;
    at::Tensor operator()(const at::Tensor& input, bool training) const {
      const at::Tensor output = conv(input);
      return norm ? (*norm)(output, training) : output;
    }
    void Join(UnitGroup& group) const {
      group.slices.emplace_back(conv.weight(), 0);
      if (conv.bias().defined()) group.slices.emplace_back(conv.bias(), 0);
      if (norm) norm->Join(group);
    }
  };

  Step MakeStep(const std::string& name, ConvShape shape) {
    shape.bias = !normalise_;
    Step step{Conv(model_, name, shape), std::nullopt};
    if (normalise_) step.norm.emplace(model_, name + ".norm", shape.outputs);
    return step;
  }

  Layer Plain(const std::string& name, std::int64_t outputs, std::int64_t stride) {
    const Step step = MakeStep(name, {channels_, outputs, kernel_, stride});
    Consume(step.conv.weight());
    step.Join(open_.emplace());
    return [step, activate = activate_](const at::Tensor& input, bool training) {
      return activate(step(input, training));
    };
  }

  Layer Separable(const std::string& name, std::int64_t outputs, std::int64_t stride) {
    const Step depth = MakeStep(name + ".depth", {channels_, channels_, kernel_, stride, true});
    const Step point = MakeStep(name + ".point", {channels_, outputs, 1});
    if (open_) depth.Join(*open_);
    Consume(point.conv.weight());
    point.Join(open_.emplace());
    return [depth, point, activate = activate_](const at::Tensor& input, bool training) {
      return activate(point(activate(depth(input, training)), training));
    };
  }

  Layer Residual(const std::string& name, std::int64_t outputs, std::int64_t stride) {
    const Step first = MakeStep(name + ".first", {channels_, outputs, kernel_, stride});
    first.Join(open_.emplace());  // what came in is part of a sum, and stays whole
    const Step second = MakeStep(name + ".second", {outputs, outputs, kernel_});
    Consume(second.conv.weight());
    std::optional<Step> skip;
    if (stride != 1 || outputs != channels_) {
      skip = MakeStep(name + ".skip", {channels_, outputs, 1, stride});
    }
    return [first, second, skip, activate = activate_](const at::Tensor& input, bool training) {
      const at::Tensor inner = second(activate(first(input, training)), training);
      return activate(inner + (skip ? (*skip)(input, training) : input));
    };
  }

  Layer Inverted(const std::string& name, std::int64_t outputs, std::int64_t stride) {
    const std::int64_t inner = channels_ * expansion_;
    const Step expand = MakeStep(name + ".expand", {channels_, inner, 1});
    expand.Join(open_.emplace());
    const Step depth = MakeStep(name + ".depth", {inner, inner, kernel_, stride, true});
    depth.Join(*open_);
    const Step project = MakeStep(name + ".project", {inner, outputs, 1});
    Consume(project.conv.weight());
    const bool adds = stride == 1 && outputs == channels_;
    return [expand, depth, project, adds, activate = activate_](const at::Tensor& input,
                                                                bool training) {
      const at::Tensor wide = activate(depth(activate(expand(input, training)), training));
      const at::Tensor output = project(wide, training);
      return adds ? input + output : output;
    };
  }

  Model& model_;
  std::string block_;
  std::int64_t kernel_, expansion_;
  bool normalise_;
  Activation activate_;
  std::int64_t channels_;
  std::optional<UnitGroup> open_;
};

Layer Pool(const std::string& kind) {
  if (kind == "average") {
    return [](const at::Tensor& input, bool) { return at::avg_pool2d(input, {2, 2}); };
  }
  return [](const at::Tensor& input, bool) { return at::max_pool2d(input, {2, 2}); };
}

/// Halves height and width as the pooling does. Throws BadInput if nothing is left.
void Shrink(std::int64_t stage, bool by_stride, std::int64_t& height, std::int64_t& width) {
  for (std::int64_t* size : {&height, &width}) *size = by_stride ? (*size + 1) / 2 : *size / 2;
  if (height < 1 || width < 1) {
    throw BadInput("stages: the images have shrunk to nothing at stage " +
                   std::to_string(stage + 1) +
                   "; each stage halves height and width, so take fewer");
  }
}

}  // namespace

Model BuildCnn(const Configuration& configuration, const Problem& problem) {
  if (problem.shape.size() != 3) {
    throw BadInput(
        "cnn takes images; rows of a table become images by --shape "
        "CHANNELSxHEIGHTxWIDTH");
  }
  Model model;
  std::int64_t height = problem.shape[1], width = problem.shape[2];
  const std::string pooling = configuration.Choice("pooling");
  Blocks blocks(model, configuration, problem.shape[0]);
  std::vector<Layer> layers;
  auto channels = static_cast<double>(configuration.Int("width"));
  for (std::int64_t stage = 0; stage < configuration.Int("stages"); ++stage) {
    const bool by_stride = pooling == "stride";
    const std::string name = "stage" + std::to_string(stage);
    for (std::int64_t block = 0; block < configuration.Int("depth"); ++block) {
      layers.push_back(blocks.Add(name + ".block" + std::to_string(block), std::llround(channels),
                                  by_stride && block == 0 ? 2 : 1));
    }
    Shrink(stage, by_stride, height, width);
    if (!by_stride) layers.push_back(Pool(pooling));
    channels *= configuration.Float("width_growth");
  }
  const bool global = configuration.Choice("head") == "global";
  std::int64_t inputs = blocks.channels() * (global ? 1 : height * width);
  std::optional<Linear> hidden;
  if (const std::int64_t units = configuration.Int("head_width"); units > 0) {
    hidden.emplace(model, "head", inputs, units);
    inputs = units;
  }
  const Linear last(model, "last", inputs, problem.classes);
  // Flattened, a channel has as many columns as pixels: it cannot be taken away by one index.
  if (global) blocks.Consume(hidden ? hidden->weight() : last.weight());
  if (hidden) {
    model.groups.push_back({{{hidden->weight(), 0}, {hidden->bias(), 0}, {last.weight(), 1}}});
  }
  model.forward = [layers, global, hidden, last, dropout = configuration.Float("dropout"),
                   activate = FindActivation(configuration.Choice("activation"))](
                      const at::Tensor& images, bool training) {
    at::Tensor values = images;
    for (const Layer& layer : layers) values = layer(values, training);
    if (global) values = at::adaptive_avg_pool2d(values, {1, 1});
    values = values.flatten(1);
    if (hidden) values = activate((*hidden)(values));
    return last(Dropout(values, dropout, training));
  };
  return model;
}

}  // namespace joulefront::objectives
