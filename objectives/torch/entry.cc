// The doors of joulefront-torch.so (objectives/load_torch.cc), and which family builds what.
#include <stdexcept>

#include "objectives/torch/model.h"
#include "objectives/torch/training.h"

namespace joulefront::objectives {

Model BuildFamily(const std::string& family, const Configuration& configuration,
                  const Problem& problem) {
  if (family == "mlp") return BuildMlp(configuration, problem);
  if (family == "cnn") return BuildCnn(configuration, problem);
  if (family == "cell") return BuildCell(configuration, problem);
  if (family == "transformer") return BuildTransformer(configuration, problem);
  throw std::logic_error("no trainer for the family " + family);
}

}  // namespace joulefront::objectives

extern "C" void joulefront_train(const joulefront::objectives::Task& task);
extern "C" void joulefront_evaluate(const joulefront::objectives::Evaluation& evaluation);

void joulefront_train(const joulefront::objectives::Task& task) {
  joulefront::objectives::Train(task);
}

void joulefront_evaluate(const joulefront::objectives::Evaluation& evaluation) {
  joulefront::objectives::EvaluateModel(evaluation);
}
