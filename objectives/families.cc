#include <algorithm>
#include <stdexcept>

#include "objectives/family.h"

namespace joulefront::objectives {
namespace {

using Parameters = std::vector<Parameter>;

Parameters Join(std::initializer_list<Parameters> lists) {
  Parameters all;
  for (const Parameters& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

/// How every family is trained (torch/training.h).
Parameters Training() {
  return {
      {"optimizer",
       Choices{{"adam", "adamw", "sgd", "rmsprop", "adagrad"}},
       "how the weights are updated",
       {},
       ""},
      {"learning_rate",
       FloatRange{1e-3, 1e-8, 100.0},
       "step size, before the schedule",
       {},
       "low = 1e-4, high = 3e-2, log = true"},
      {"momentum", FloatRange{0.9, 0.0, 0.999}, "share of the last step that is kept",
       OnlyWhen{"optimizer", "sgd"}},
      {"weight_decay",
       FloatRange{0.0, 0.0, 10.0},
       "L2 penalty (adamw: decoupled)",
       {},
       "low = 1e-6, high = 1e-1, log = true"},
      {"schedule",
       Choices{{"constant", "step", "cosine", "one-cycle"}},
       "of the learning rate, over all epochs",
       {},
       ""},
      {"warmup", FloatRange{0.0, 0.0, 0.5}, "share of the training in which the rate rises from 0"},
      {"label_smoothing",
       FloatRange{0.0, 0.0, 0.5},
       "share of the target spread over all classes",
       {},
       "low = 0.0, high = 0.2"},
      {"clip_norm", FloatRange{0.0, 0.0, 1e6}, "longest gradient; 0: any"},
      {"batch_size",
       IntRange{64, 1, 1 << 20},
       "examples a pass; more than there are: all of them",
       {},
       "low = 16, high = 512, log = true"},
      {"accumulate", IntRange{1, 1, 1024}, "passes whose mean gradient makes one step"},
      {"epochs",
       IntRange{20, 1, 1000000},
       "passes over the training examples",
       {},
       "low = 1, high = 20, log = true, fidelity = true"},
      {"patience", IntRange{0, 0, 1000000},
       "end after so many epochs without a better validation loss, with the best weights; 0: "
       "never"},
      {"precision", Choices{{"float32", "bfloat16", "float16"}},
       "of the arithmetic; weights stay float32 (float16: on CUDA alone)"},
      {"data_fraction",
       FloatRange{1.0, 1e-4, 1.0},
       "share of the training examples, by class",
       {},
       "low = 0.1, high = 1.0, log = true"},
  };
}

/// Of tables (objectives/preparation.h).
Parameters Features() {
  return {{"features", IntRange{0, 0, 1 << 20},
           "features kept, those that tell most; 0: all (tables alone)"},
          {"feature_choice", Choices{{"information", "variance"}},
           "what tells most: mutual information with the class, or variance"}};
}

/// Of images.
Parameters Images(bool alone) {
  // A family that takes other data too had better not be searched with what images alone have.
  const std::optional<std::string> search = alone ? std::optional<std::string>("") : std::nullopt;
  return {{"downscale", IntRange{1, 1, 64}, "images at 1/this of their height and width"},
          {"augment",
           Choices{{"none", "shift", "shift-flip"}},
           "images moved by up to an eighth, or also mirrored, anew each epoch",
           {},
           search}};
}

/// After training (torch/compression.h, torch/inference.h).
Parameters Deployment(bool has_units) {
  const Choices what{has_units ? std::vector<std::string>{"weights", "units"}
                               : std::vector<std::string>{"weights"}};
  return {
      {"prune",
       FloatRange{0.0, 0.0, 0.99},
       "share that is pruned after training, the smallest",
       {},
       "low = 0.0, high = 0.9"},
      {"prune_what",
       what,
       "single weights become 0, or units (neurons, channels) go",
       {},
       has_units ? std::optional<std::string>("") : std::nullopt},
      {"prune_epochs", IntRange{1, 0, 1000000}, "epochs of training after pruning"},
      {"quantize", Choices{{"none", "int8"}}, "what weights are made of after training", {}, ""},
      {"inference_batch", IntRange{0, 0, 1 << 20},
       "examples a pass in the phase inference; 0: no such phase"},
      {"inference_seconds", FloatRange{1.0, 0.01, 3600.0},
       "how long the phase inference is at least"},
  };
}

Parameter ActivationOf(std::string meaning) {
  return {"activation", Choices{{"relu", "tanh", "gelu", "silu"}}, std::move(meaning), {}, ""};
}

Parameter DropoutOf(std::string meaning) {
  return {"dropout", FloatRange{0.0, 0.0, 0.95}, std::move(meaning), {}, "low = 0.0, high = 0.5"};
}

Family Mlp() {
  return {"mlp", "multilayer perceptrons, on tables or anything read as a row of numbers",
          Join({{{"layers", IntRange{2, 0, 64}, "hidden layers", {}, "low = 1, high = 4"},
                 {"width",
                  IntRange{128, 1, 65536},
                  "units of the first hidden layer",
                  {},
                  "low = 16, high = 512, log = true"},
                 {"width_decay", FloatRange{1.0, 0.05, 1.0},
                  "width of a layer over that of the one before"},
                 ActivationOf("after each hidden layer"),
                 DropoutOf("share of units dropped after each hidden layer")},
                Training(),
                Features(),
                Images(/*alone=*/false),
                Deployment(true)})};
}

Family Cnn() {
  return {"cnn", "convolutional networks on images",
          Join({{{"stages",
                  IntRange{2, 1, 8},
                  "each ends at half the height and width",
                  {},
                  "low = 1, high = 3"},
                 {"depth", IntRange{1, 1, 16}, "blocks a stage", {}, "low = 1, high = 3"},
                 {"width",
                  IntRange{16, 1, 4096},
                  "channels of the first stage",
                  {},
                  "low = 4, high = 64, log = true"},
                 {"width_growth", FloatRange{2.0, 0.25, 4.0},
                  "channels of a stage over the one before"},
                 {"kernel", Choices{{"3", "1", "5", "7"}}, "side of the filters", {}, ""},
                 {"block",
                  Choices{{"plain", "separable", "residual", "inverted"}},
                  "what a stage is made of (separable: depthwise; inverted: bottleneck)",
                  {},
                  ""},
                 {"expansion", IntRange{4, 1, 16},
                  "inner channels of an inverted bottleneck over outer ones",
                  OnlyWhen{"block", "inverted"}, "low = 2, high = 6"},
                 {"norm", Choices{{"batch", "none"}}, "after each convolution"},
                 {"pooling", Choices{{"max", "average", "stride"}}, "how a stage halves", {}, ""},
                 {"head",
                  Choices{{"flatten", "global"}},
                  "every pixel, or the mean of each channel (for deep networks)",
                  {},
                  ""},
                 {"head_width",
                  IntRange{0, 0, 65536},
                  "units of a hidden layer before the last; 0: none",
                  {},
                  "low = 0, high = 128"},
                 ActivationOf("after each convolution"),
                 DropoutOf("share dropped before the last layer")},
                Training(),
                Images(/*alone=*/true),
                Deployment(true)})};
}

Family Cell() {
  Parameters edges;
  for (const std::string name : {"edge01", "edge02", "edge12", "edge03", "edge13", "edge23"}) {
    edges.push_back({name,
                     Choices{{"conv3", "conv1", "average", "skip", "none"}},
                     "operation from node " + name.substr(4, 1) + " to node " + name.substr(5, 1),
                     {},
                     ""});
  }
  return {"cell", "networks of one repeated cell whose edges are searched, on images",
          Join({edges,
                {{"cells", IntRange{1, 1, 16}, "a stage, of three", {}, "low = 1, high = 3"},
                 {"channels",
                  IntRange{16, 1, 1024},
                  "of the first stage; each next has twice as many",
                  {},
                  "low = 4, high = 32, log = true"}},
                Training(),
                Images(/*alone=*/true),
                Deployment(false)})};
}

Family Transformer() {
  return {
      "transformer", "transformers: of characters on a text, else classifiers",
      Join({{{"depth", IntRange{2, 1, 64}, "blocks", {}, "low = 1, high = 4"},
             {"width",
              IntRange{64, 1, 8192},
              "numbers a token; a multiple of the heads",
              {},
              "low = 16, high = 128, step = 16"},
             {"heads", Choices{{"4", "1", "2", "8", "16"}}, "of attention", {}, ""},
             {"ff_ratio",
              FloatRange{4.0, 0.25, 16.0},
              "width of the feed-forward network over width",
              {},
              "low = 1.0, high = 4.0"},
             {"context", IntRange{64, 2, 65536}, "characters that are seen at once (texts alone)"},
             DropoutOf("share dropped after attention and feed-forward network")},
            Training(),
            Features(),
            Images(/*alone=*/false),
            Deployment(true)})};
}

}  // namespace

std::vector<Family> Families() { return {Mlp(), Cnn(), Cell(), Transformer()}; }

const Family& FindFamily(const std::string& name) {
  static const std::vector<Family> families = Families();
  const auto found = std::find_if(families.begin(), families.end(),
                                  [&](const Family& family) { return family.name == name; });
  if (found == families.end()) throw std::out_of_range("no family " + name);
  return *found;
}

}  // namespace joulefront::objectives
