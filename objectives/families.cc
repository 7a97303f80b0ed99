#include "objectives/family.h"

namespace joulefront::objectives {
namespace {

/// What every family of classifiers is trained with (torch/training.h).
std::vector<Parameter> WithTraining(std::vector<Parameter> parameters) {
  parameters.insert(
      parameters.end(),
      {{"optimizer", Choices{{"adam", "adamw", "sgd", "rmsprop"}}, "how the weights are updated"},
       {"learning_rate", FloatRange{1e-3, 1e-8, 100.0}, "step size"},
       {"momentum", FloatRange{0.9, 0.0, 0.999}, "share of the last step that is kept",
        OnlyWhen{"optimizer", "sgd"}},
       {"weight_decay", FloatRange{0.0, 0.0, 10.0}, "L2 penalty (adamw: decoupled)"},
       {"batch_size", IntRange{64, 1, 1 << 20}, "rows a step; more than there are: all of them"},
       {"epochs", IntRange{20, 1, 1000000}, "passes over the training rows"},
       {"data_fraction", FloatRange{1.0, 1e-4, 1.0}, "share of the training rows used, by class"}});
  return parameters;
}

Family Mlp() {
  return {
      "mlp", "multilayer perceptrons on a table of numbers with a label column",
      WithTraining({
          {"layers", IntRange{2, 1, 64}, "hidden layers"},
          {"width", IntRange{128, 1, 65536}, "units of the first hidden layer"},
          {"width_decay", FloatRange{1.0, 0.05, 1.0},
           "width of a layer over that of the one before"},
          {"activation", Choices{{"relu", "tanh", "gelu", "silu"}}, "after each hidden layer"},
          {"dropout", FloatRange{0.0, 0.0, 0.95}, "share of units dropped after each hidden layer"},
      })};
}

}  // namespace

std::vector<Family> Families() { return {Mlp()}; }

}  // namespace joulefront::objectives
