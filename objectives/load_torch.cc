// Loads joulefront-torch.so, which lies beside this program, and calls the functions of
// torch/entry.cc.
#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "objectives/family.h"

namespace joulefront::objectives {
namespace {

std::string PathOfThisProgram() {
  std::array<char, 4096> path;
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  return {path.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

/// The kernels of OpenBLAS for what this processor can do. Empty: leave the choice to it.
const char* FittingKernels() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    return "SkylakeX";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return nullptr;
}

/// The words of this program's command line.
std::vector<std::string> CommandLine() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

/// OpenBLAS falls back to the kernels of a processor of 2004 where it does not know the present
/// one, as in many virtual machines and on new models: twice the time and joules. Where it would,
/// this program is run again, as the same process, with kernels that fit what the processor says it
/// can do: the choice is made when the library is loaded, and by an environment variable alone.
/// What OPENBLAS_CORETYPE says already goes first.
void RestartWithFittingKernels() {
  constexpr const char* kChoice = "OPENBLAS_CORETYPE";
  const char* fitting = FittingKernels();
  if (fitting == nullptr || std::getenv(kChoice) != nullptr) return;
  void* library = dlopen("libopenblas.so.0", RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) return;  // this LibTorch has another
  const auto chosen = reinterpret_cast<char* (*)()>(dlsym(library, "openblas_get_corename"));
  if (chosen == nullptr || std::string(chosen()) != "Prescott") return;
  setenv(kChoice, fitting, 1);
  std::vector<std::string> words = CommandLine();
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv(PathOfThisProgram().c_str(), arguments.data());  // if that fails, things are as they were
}

/// The function of the library with that name, which is loaded at the first call.
template <typename Argument>
void Call(const char* function, const Argument& argument) {
  RestartWithFittingKernels();
  const std::string program = PathOfThisProgram();
  const std::string path = program.substr(0, program.rfind('/') + 1) + "joulefront-torch.so";
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
