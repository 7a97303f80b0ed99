// Loads joulefront-torch.so, which lies beside this program, and calls the one function it has.
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

}  // namespace

void TrainWithTorch(const Task& task) {
  const std::string path = FolderOfThisProgram() + "joulefront-torch.so";
  // Lazily: most of the functions of LibTorch are never called. Globally: at::globalContext() and
  // the like look for symbols in all that is loaded.
  void* library = dlopen(path.c_str(), RTLD_LAZY | RTLD_GLOBAL);
  if (library == nullptr) {
    throw std::runtime_error(std::string("cannot load the LibTorch trainers: ") + dlerror() +
                             "; build joulefront with -DJOULEFRONT_TORCH=ON");
  }
  using Train = void (*)(const Task&);
  const auto train = reinterpret_cast<Train>(dlsym(library, "joulefront_train"));
  if (train == nullptr) throw std::runtime_error(path + " is not of this version of joulefront");
  train(task);
}

}  // namespace joulefront::objectives
