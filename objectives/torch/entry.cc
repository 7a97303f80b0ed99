// The doors of joulefront-torch.so (objectives/load_torch.cc), and which family builds what.
#include <c10/util/Exception.h>

#include <stdexcept>
#include <string>

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

namespace {

/// Calls, and turns LibTorch's errors into those of everybody: what went wrong, without the stack.
template <typename Argument>
void Guarded(void (*call)(const Argument&), const Argument& argument) {
  try {
    call(argument);
  } catch (const c10::Error& error) {
    std::string message = error.what_without_backtrace();
    message = message.substr(0, message.find('\n'));
    const bool memory = message.find("allocate memory") != message.npos ||
                        message.find("out of memory") != message.npos;
    throw std::runtime_error((memory ? "out of memory: " : "LibTorch: ") + message);
  }
}

}  // namespace

void joulefront_train(const joulefront::objectives::Task& task) {
  Guarded(joulefront::objectives::Train, task);
}

void joulefront_evaluate(const joulefront::objectives::Evaluation& evaluation) {
  Guarded(joulefront::objectives::EvaluateModel, evaluation);
}
