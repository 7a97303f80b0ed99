#include "workers/preloaded_trainer.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "study_store/placeholders.h"
#include "workers/fork_server.h"
#include "workers/library_file.h"
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
  std::error_code error;
  const auto real = std::filesystem::canonical(program, error);  // an installed one may be a link
  const std::string library = (error ? program : real.string()) + ".so";
  if (program.find('/') != std::string::npos && std::filesystem::exists(library, error)) {
    return library;
  }
  return CannotPreload(program, fmt::format("there is no '{}' to load", library));
}

constexpr const char* kPreloadFunction = "joulefront_preload";
constexpr const char* kMainFunction = "joulefront_main";

/// The library's two functions.
struct Functions {
  const char* (*preload)();
  TrainerEntry entry;
};

Result<Functions> Load(const std::string& program) {
  auto path = LibraryOf(program);
  if (!path) return Pass(path);
  void* library = dlopen(path->c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return CannotPreload(program, dlerror());
  const Functions functions{
      .preload = reinterpret_cast<const char* (*)()>(dlsym(library, kPreloadFunction)),
      .entry = reinterpret_cast<TrainerEntry>(dlsym(library, kMainFunction))};
  if (functions.preload == nullptr || functions.entry == nullptr) {
    return CannotPreload(program, fmt::format("'{}' has no functions {} and {}", *path,
                                              kPreloadFunction, kMainFunction));
  }
  return functions;
}

/// The program that is to be preloaded; empty if none is, or the configuration decides which.
std::string PreloadedProgram(const Study& study) {
  const auto& command = study.trainer.command;
  if (!study.trainer.preload || command.empty() || !PlaceholderNames(command[0]).empty()) return "";
  return ResolveProgram(command[0], study.directory);
}

}  // namespace

Result<TrainerEntry> PreloadTrainer(const std::string& program) {
  static std::map<std::string, TrainerEntry> loaded;
  if (const auto known = loaded.find(program); known != loaded.end()) return known->second;
  auto functions = Load(program);
  if (!functions) return Pass(functions);
  if (const char* problem = functions->preload(); problem != nullptr) {
    return Fail(ErrorCode::kUnavailable, fmt::format("loading '{}.so': {}", program, problem));
  }
  loaded.emplace(program, functions->entry);
  return functions->entry;
}

Result<void> CheckPreload(const Study& study) {
  const std::string program = PreloadedProgram(study);
  if (program.empty()) return {};
  if (ForkServer::ScriptIn(study.trainer.command)) {
    auto found = FindProgram(program, study.directory);
    return found ? Result<void>() : Pass(found);
  }
  auto library = LibraryOf(program);
  return library ? Result<void>() : Pass(library);
}

Result<std::string> LookAtPreload(const Study& study) {
  const std::string program = PreloadedProgram(study);
  if (program.empty()) return std::string();
  if (ForkServer::ScriptIn(study.trainer.command)) {  // nothing is run
    auto good = CheckPreload(study);
    return good ? Result<std::string>("") : Pass(good);
  }
  auto library = LibraryOf(program);
  if (!library) return library;
  if (auto good = CheckLibraryFile(*library, {kPreloadFunction, kMainFunction}); !good) {
    return CannotPreload(program, good.error().message);
  }
  return library;
}

}  // namespace joulefront
