// Loads joulefront-torch.so, which lies beside this program, and calls the functions of
// torch/entry.cc.
#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "objectives/family.h"

namespace joulefront::objectives {
namespace {

std::string FolderOfThisProgram() {
  std::array<char, 4096> path;
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  const std::string text(path.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return text.substr(0, text.rfind('/') + 1);
}

/// The function of the library with that name, which is loaded at the first call.
template <typename Argument>
void Call(const char* function, const Argument& argument) {
  const std::string path = FolderOfThisProgram() + "joulefront-torch.so";
  // Lazily: most of the functions of LibTorch are never called. Globally: at::globalContext() and
  // the like look for symbols in all that is loaded.
  void* library = dlopen(path.c_str(), RTLD_LAZY | RTLD_GLOBAL);
  if (library == nullptr) {
    throw std::runtime_error(std::string("cannot load the LibTorch trainers: ") + dlerror() +
                             "; build joulefront with -DJOULEFRONT_TORCH=ON");
  }
  const auto call = reinterpret_cast<void (*)(const Argument&)>(dlsym(library, function));
  if (call == nullptr) throw std::runtime_error(path + " is not of this version of joulefront");
  call(argument);
}

}  // namespace

void TrainWithTorch(const Task& task) { Call("joulefront_train", task); }

void EvaluateWithTorch(const Evaluation& evaluation) { Call("joulefront_evaluate", evaluation); }

}  // namespace joulefront::objectives
