#include "workers/trainer_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <sstream>

#include "base/files.h"
#include "base/shortage.h"
#include "study_store/configuration_json.h"
#include "study_store/open_store.h"
#include "workers/fork_server.h"
#include "workers/process.h"
#include "workers/trainer_files.h"

extern char** environ;

namespace joulefront {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kThreadVariables = {
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"};

bool IsFile(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

std::string Resolve(const std::string& argument, const std::string& study_dir) {
  if (argument.find_first_of("/.") == std::string::npos || argument.starts_with('/')) {
    return argument;
  }
  const fs::path candidate = fs::path(study_dir) / argument;
  return IsFile(candidate) ? candidate.lexically_normal().string() : argument;
}

std::vector<std::string> Environment(const Study& study, const Claim& claim,
                                     const std::string& work_dir, int slot,
                                     const std::string& resume_dir) {
  std::vector<std::string> ours = {
      "JOULEFRONT_CONFIGURATION=" + claim.configuration,
      fmt::format("JOULEFRONT_TRIAL={}", claim.trial),
      fmt::format("JOULEFRONT_ATTEMPT={}", claim.attempt),
      fmt::format("JOULEFRONT_SEED={}", TrainerSeed(claim.seed)),
      "JOULEFRONT_WORK_DIR=" + work_dir,
      fmt::format("JOULEFRONT_ANYTIME={}", study.trainer.anytime ? 1 : 0),
  };
  for (const auto variable : kThreadVariables) {
    ours.push_back(fmt::format("{}={}", variable, study.workers.threads));
  }
  if (!study.workers.gpus.empty()) {
    const auto& gpus = study.workers.gpus;
    ours.push_back("CUDA_VISIBLE_DEVICES=" + gpus[static_cast<std::size_t>(slot) % gpus.size()]);
  }
  const std::string resume = "JOULEFRONT_RESUME_DIR=";
  if (!resume_dir.empty()) ours.push_back(resume + resume_dir);
  std::vector<std::string> environment;
  for (const std::string& text : EnvironmentWithoutSecrets()) {
    const std::string_view name = std::string_view(text).substr(0, text.find('='));
    if (text.starts_with(resume)) continue;  // of a trainer that runs this program
    const bool replaced = std::any_of(ours.begin(), ours.end(), [&](const std::string& our) {
      return our.size() > name.size() && our.starts_with(name) && our[name.size()] == '=';
    });
    if (!replaced) environment.emplace_back(text);
  }
  environment.insert(environment.end(), ours.begin(), ours.end());
  return environment;
}

/// The database that a URL names, as a file's name; "joulefront" where it names none.
std::string DatabaseOf(const std::string& url) {
  const auto host = url.find("://") + 3;
  const auto slash = url.find('/', host);
  std::string name = slash == std::string::npos ? "" : url.substr(slash + 1);
  name.resize(std::min(name.size(), name.find('?')));
  if (const auto at = url.find("dbname="); name.empty() && at != std::string::npos) {
    name = url.substr(at + 7, url.find('&', at) - at - 7);
  }
  const char* elsewhere = std::getenv("PGDATABASE");
  if (name.empty() && elsewhere != nullptr) name = elsewhere;
  for (char& c : name) c = c == '/' ? '_' : c;
  return name.empty() || name.front() == '.' ? "joulefront" : name;
}

/// An earlier trainer may have put a symbolic link in its place, that leads elsewhere.
Result<void> MakeWorkDir(const std::string& path) {
  const std::string above = fs::path(path).parent_path().string();
  if (IsForeignLink(above)) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("the folder '{}' is a symbolic link of another user's, which is not "
                            "followed; remove it",
                            above));
  }
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    return Fail(CodeOf(error.value()),
                fmt::format("cannot make the attempt's folder '{}': {}", path, error.message()));
  }
  if (fs::is_directory(fs::symlink_status(path, error))) return {};
  return Fail(ErrorCode::kUnavailable,
              fmt::format("the attempt's folder '{}' is a symbolic link, which is not followed; "
                          "remove it",
                          path));
}

}  // namespace

std::string ResolveProgram(const std::string& program, const std::string& study_dir) {
  if (program.find('/') != std::string::npos) return Resolve(program, study_dir);
  std::error_code error;
  const fs::path beside = fs::read_symlink("/proc/self/exe", error).parent_path() / program;
  return !error && IsFile(beside) ? beside.string() : program;
}

std::string WorkRootOf(const std::string& store_path) {
  std::error_code error;  // with links resolved, so that a store has one folder by all its names
  const std::string name = IsPostgresUrl(store_path) ? DatabaseOf(store_path) : store_path;
  fs::path base = fs::weakly_canonical(fs::absolute(name), error);
  if (error) base = fs::absolute(name).lexically_normal();
  if (base.extension() == ".db") base.replace_extension();
  base += ".work";
  return base.string();
}

std::string WorkDirOf(const std::string& store_path, const std::string& study, TrialNumber trial,
                      int attempt) {
  return fmt::format("{}/{}/{}.{}", WorkRootOf(store_path), study, trial, attempt);
}

Result<std::string> FindProgram(const std::string& program, const std::string& study_dir) {
  const std::string resolved = ResolveProgram(program, study_dir);
  const auto runs = [](const std::string& path) {
    return IsFile(path) && access(path.c_str(), X_OK) == 0;
  };
  if (resolved.find('/') != std::string::npos) {
    if (runs(resolved)) return resolved;
    return Fail(
        ErrorCode::kInvalidArgument,
        IsFile(resolved)
            ? fmt::format("the program '{0}' may not be executed; try: chmod +x {0}", resolved)
            : fmt::format("there is no program '{}'", resolved));
  }
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/bin:/usr/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string candidate = (fs::path(folder) / resolved).string();
    if (runs(candidate)) return candidate;
  }
  return Fail(
      ErrorCode::kInvalidArgument,
      fmt::format("there is no program '{0}' beside joulefront or in PATH; install it, give "
                  "its full path, or write \"./{0}\" for one beside the study file",
                  resolved));
}

WordLookup PlaceholdersOf(const Study& study, const Claim& claim, const std::string& work_dir) {
  return [values = ValueTexts(claim.configuration), trial = claim.trial, attempt = claim.attempt,
          seed = TrainerSeed(claim.seed), work_dir,
          study_dir = study.directory](const std::string& name) -> std::optional<std::string> {
    if (name == "trial") return std::to_string(trial);
    if (name == "attempt") return std::to_string(attempt);
    if (name == "seed") return std::to_string(seed);
    if (name == "work_dir") return work_dir;
    if (name == "study_dir") return study_dir;
    const auto value = values.find(name);
    return value != values.end() ? std::optional(value->second) : std::nullopt;
  };
}

std::vector<std::string> TrainerArguments(const Study& study, const Claim& claim,
                                          const std::string& work_dir) {
  std::vector<std::string> arguments;
  for (const FilledWord& word : FillCommand(study, PlaceholdersOf(study, claim, work_dir))) {
    if (arguments.empty()) {
      arguments.push_back(ResolveProgram(word.text, study.directory));
      continue;
    }
    const std::string copy = ToCopy(study, word.text, work_dir);
    arguments.push_back(copy != word.text ? copy : Resolve(word.text, study.directory));
  }
  return arguments;
}

Result<TrainerCommand> PrepareTrainer(const Study& study, const Claim& claim,
                                      const std::string& work_dir, int slot,
                                      const std::string& resume_dir) {
  TrainerCommand command{.arguments = TrainerArguments(study, claim, work_dir),
                         .environment = Environment(study, claim, work_dir, slot, resume_dir),
                         .work_dir = work_dir};
  JF_TRY(MakeWorkDir(work_dir));
  JF_TRY(WriteTrainerFiles(study, claim, work_dir));
  if (study.trainer.preload) {
    // Libraries look at these when they are loaded, and go by what they saw then.
    for (const auto variable : kThreadVariables) {
      setenv(variable.data(), std::to_string(study.workers.threads).c_str(), 1);
    }
    if (ForkServer::ScriptIn(command.arguments)) {
      auto server = ForkServer::For(command.arguments, command.environment);
      if (!server) return Pass(server);
      command.fork_server = *server;
      command.loading = (*server)->TakeLoading();
      return command;
    }
    auto entry = PreloadTrainer(command.arguments[0]);
    if (!entry) return Pass(entry);
    command.entry = *entry;
  }
  return command;
}

}  // namespace joulefront
