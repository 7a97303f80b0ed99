// Loads joulefront-torch.so, which lies beside this program, and calls the functions of
// torch/entry.cc.
#include <dlfcn.h>
#include <sys/wait.h>
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

/// Beside this code: the program, or joulefront-train.so in a worker.
std::string PathOfTorchTrainers() {
  Dl_info place{};
  const bool found = dladdr(reinterpret_cast<void*>(&PathOfThisProgram), &place) != 0;
  const std::string file = found && place.dli_fname != nullptr ? place.dli_fname : "";
  const std::string self = file.ends_with(".so") ? file : PathOfThisProgram();
  return self.substr(0, self.rfind('/') + 1) + "joulefront-torch.so";
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

constexpr const char* kKernels = "OPENBLAS_CORETYPE";

/// OpenBLAS falls back to the kernels of a processor of 2004 where it does not know the present
/// one, as in many virtual machines and on new models: twice the time and joules. Whether it would
/// here, though others fit; what OPENBLAS_CORETYPE says already goes first. Loads OpenBLAS.
bool WantsOtherKernels() {
  if (FittingKernels() == nullptr || std::getenv(kKernels) != nullptr) return false;
  void* library = dlopen("libopenblas.so.0", RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) return false;  // this LibTorch has another
  const auto chosen = reinterpret_cast<char* (*)()>(dlsym(library, "openblas_get_corename"));
  return chosen != nullptr && std::string(chosen()) == "Prescott";
}

/// Runs this program again, as the same process, with kernels that fit the processor where OpenBLAS
/// has chosen others: the choice is made when the library is loaded, and by an environment variable
/// alone.
void RestartWithFittingKernels() {
  if (!WantsOtherKernels()) return;
  setenv(kKernels, FittingKernels(), 1);
  std::vector<std::string> words = CommandLine();
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv(PathOfThisProgram().c_str(), arguments.data());  // if that fails, things are as they were
}

/// The same question, asked in a process that loads OpenBLAS and is gone.
bool WouldWantOtherKernels() {
  const pid_t child = fork();
  if (child == 0) _exit(WantsOtherKernels() ? 1 : 0);
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == 1;
}

/// Sets a variable of the environment where it has no value, for as long as it lives.
class ScopedDefault {
 public:
  ScopedDefault(const char* name, const char* value)
      : name_(std::getenv(name) == nullptr ? name : nullptr) {
    if (name_ != nullptr) setenv(name_, value, 1);
  }
  ~ScopedDefault() {
    if (name_ != nullptr) unsetenv(name_);
  }
  ScopedDefault(const ScopedDefault&) = delete;
  ScopedDefault& operator=(const ScopedDefault&) = delete;

 private:
  const char* name_;
};

void* LoadTorch() {
  // Lazily: most of the functions of LibTorch are never called. Globally: at::globalContext() and
  // the like look for symbols in all that is loaded.
  void* library = dlopen(PathOfTorchTrainers().c_str(), RTLD_LAZY | RTLD_GLOBAL);
  if (library != nullptr) return library;
  throw std::runtime_error(std::string("cannot load the LibTorch trainers: ") + dlerror() +
                           "; build joulefront with -DJOULEFRONT_TORCH=ON");
}

/// The function of the library with that name, which is loaded at the first call.
template <typename Argument>
void Call(const char* function, const Argument& argument) {
  const std::string path = PathOfTorchTrainers();
  const bool preloaded = dlopen(path.c_str(), RTLD_LAZY | RTLD_NOLOAD) != nullptr;
  if (!preloaded) RestartWithFittingKernels();
  const auto call = reinterpret_cast<void (*)(const Argument&)>(dlsym(LoadTorch(), function));
  if (call == nullptr) throw std::runtime_error(path + " is not of this version of joulefront");
  call(argument);
}

}  // namespace

void PreloadTorch() {
  if (WouldWantOtherKernels()) {
    const ScopedDefault kernels(kKernels, FittingKernels());
    LoadTorch();
  } else {
    LoadTorch();
  }
}

void TrainWithTorch(const Task& task) { Call("joulefront_train", task); }

void EvaluateWithTorch(const Evaluation& evaluation) { Call("joulefront_evaluate", evaluation); }

}  // namespace joulefront::objectives
