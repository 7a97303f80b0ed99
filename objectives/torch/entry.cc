// The door of joulefront-torch.so (objectives/load_torch.cc).
#include <stdexcept>

#include "objectives/torch/training.h"

extern "C" void joulefront_train(const joulefront::objectives::Task& task);

void joulefront_train(const joulefront::objectives::Task& task) {
  using namespace joulefront::objectives;
  if (task.family == "mlp") return TrainClassifier(task, BuildMlp);
  throw std::logic_error("no trainer for the family " + task.family);
}
