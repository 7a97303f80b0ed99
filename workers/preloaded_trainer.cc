#include "workers/preloaded_trainer.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "study_store/placeholders.h"
#include "workers/trainer_command.h"

namespace joulefront {
namespace {

tl::unexpected<Error> CannotPreload(const std::string& program, const std::string& why) {
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("[trainer] preload = true: {}; remove it, or see docs/trainers.md for "
                          "what {}.so must be",
                          why, program));
}

Result<std::string> LibraryOf(const std::string& program) {
  const std::string library = program + ".so";
  std::error_code error;
  if (program.find('/') != std::string::npos && std::filesystem::exists(library, error)) {
    return library;
  }
  return CannotPreload(program, fmt::format("there is no '{}' to load", library));
}

}  // namespace

Result<TrainerEntry> PreloadTrainer(const std::string& program) {
  static std::map<std::string, TrainerEntry> loaded;
  if (const auto known = loaded.find(program); known != loaded.end()) return known->second;
  auto path = LibraryOf(program);
  if (!path) return Pass(path);
  void* library = dlopen(path->c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return CannotPreload(program, dlerror());
  const auto preload = reinterpret_cast<const char* (*)()>(dlsym(library, "joulefront_preload"));
  const auto entry = reinterpret_cast<TrainerEntry>(dlsym(library, "joulefront_main"));
  if (preload == nullptr || entry == nullptr) {
    return CannotPreload(program, fmt::format("'{}' has no functions joulefront_preload and "
                                              "joulefront_main",
                                              *path));
  }
  if (const char* problem = preload(); problem != nullptr) {
    return Fail(ErrorCode::kUnavailable, fmt::format("loading '{}': {}", *path, problem));
  }
  loaded.emplace(program, entry);
  return entry;
}

Result<void> CheckPreload(const Study& study) {
  const auto& command = study.trainer.command;
  if (!study.trainer.preload || command.empty() || !PlaceholderNames(command[0]).empty()) return {};
  auto library = LibraryOf(ResolveProgram(command[0], study.directory));
  return library ? Result<void>() : Pass(library);
}

}  // namespace joulefront
