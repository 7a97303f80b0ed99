#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/workers/trainers.h"
#include "workers/trainer_command.h"

using namespace joulefront;

namespace {

constexpr const char* kConfiguration = R"({"lr":0.001,"layers":3,"opt":"ad\"am","flag":true})";

constexpr std::uint64_t kHugeSeed = 18446744073709551615U;

TrainerCommand Prepare(const Study& study, const std::string& work_dir, int slot = 0) {
  const Claim claim{.study = 1,
                    .trial = 7,
                    .attempt = 2,
                    .worker = "w",
                    .configuration = kConfiguration,
                    .seed = kHugeSeed};
  auto command = PrepareTrainer(study, claim, work_dir, slot);
  if (!command) FAIL(command.error().message);
  return std::move(*command);
}

/// The arguments that a command becomes.
std::vector<std::string> Fill(const ScratchFolder& folder, const std::vector<std::string>& words) {
  Study study = MakeStudy(StudyText({"true"}), folder.path());
  study.trainer.command = words;
  return Prepare(study, folder / "work").arguments;
}

/// The value of a variable; fails if it is there twice.
std::optional<std::string> Variable(const TrainerCommand& command, const std::string& name) {
  std::optional<std::string> value;
  for (const std::string& entry : command.environment) {
    if (!entry.starts_with(name + "=")) continue;
    CHECK_FALSE(value);
    value = entry.substr(name.size() + 1);
  }
  return value;
}

}  // namespace

TEST_CASE("placeholders become the parameters' values, wherever they stand in an argument") {
  ScratchFolder folder;
  CHECK(Fill(folder, {"train", "--lr", "{lr}", "--l={layers}x{layers}", "{opt}", "{flag}"}) ==
        std::vector<std::string>{"train", "--lr", "0.001", "--l=3x3", "ad\"am", "true"});
}

TEST_CASE("a placeholder of an inactive parameter leaves no argument behind") {
  ScratchFolder folder;
  CHECK(Fill(folder, {"train", "{momentum}", "--m={momentum}", "--m", "{momentum}", "{lr}"}) ==
        std::vector<std::string>{"train", "0.001"});
}

TEST_CASE("a seed that a store of an earlier version holds is made to fit 31 bits, always alike") {
  CHECK(kMostSeed == 2147483647);
  for (const std::uint64_t fits : {0U, 1U, 2147483647U}) CHECK(TrainerSeed(fits) == fits);
  std::set<std::uint64_t> made;
  for (std::uint64_t seed = kMostSeed + 1; seed < kMostSeed + 100; ++seed) {
    CHECK(TrainerSeed(seed) <= kMostSeed);
    CHECK(TrainerSeed(seed) == TrainerSeed(seed));
    made.insert(TrainerSeed(seed));
  }
  CHECK(made.size() == 99);
}

TEST_CASE("trial, attempt, seed and folders have placeholders too") {
  ScratchFolder folder;
  CHECK(Fill(folder, {"train", "{trial}.{attempt}", "{seed}", "{work_dir}", "{study_dir}"}) ==
        std::vector<std::string>{"train", "7.2", std::to_string(TrainerSeed(kHugeSeed)),
                                 folder / "work", folder.path()});
}

TEST_CASE("a relative argument becomes absolute only where it names a file of the study's folder") {
  ScratchFolder folder;
  WriteAll(folder / "train.py", "");
  WriteAll(folder / "README", "");
  std::filesystem::create_directory(folder / "data");
  WriteAll(folder / "data/digits.csv", "");
  CHECK(Fill(folder, {"python3", "train.py", "data/digits.csv", "./train.py", "data", "README",
                      "missing.py", "0.5", "--data=train.py", "/train.py", "a/b"}) ==
        std::vector<std::string>{"python3", folder / "train.py", folder / "data/digits.csv",
                                 folder / "train.py", "data", "README", "missing.py", "0.5",
                                 "--data=train.py", "/train.py", "a/b"});
}

TEST_CASE(
    "a program is sought in the study's folder if it has a slash, else beside us and in PATH") {
  ScratchFolder folder;
  WriteAll(folder / "train.sh", "");
  CHECK(Fill(folder, {"./train.sh"})[0] == folder / "train.sh");
  CHECK(Fill(folder, {"train.sh"})[0] == "train.sh");
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  CHECK(Fill(folder, {std::filesystem::path(self).filename().string()})[0] == self);
}

TEST_CASE("the trainer's environment is the protocol's variables beside what we have ourselves") {
  ScratchFolder folder;
  setenv("JOULEFRONT_TEST_KEPT", "a=b", 1);
  setenv("JOULEFRONT_TRIAL", "stale", 1);
  setenv("OMP_NUM_THREADS", "64", 1);
  const Study study = MakeStudy(StudyText({"true"}, "[workers]\nthreads = 3"), folder.path());
  const TrainerCommand command = Prepare(study, folder / "work");
  unsetenv("JOULEFRONT_TEST_KEPT");
  unsetenv("JOULEFRONT_TRIAL");
  unsetenv("OMP_NUM_THREADS");
  CHECK(Variable(command, "JOULEFRONT_CONFIGURATION") == kConfiguration);
  CHECK(Variable(command, "JOULEFRONT_TRIAL") == "7");
  CHECK(Variable(command, "JOULEFRONT_ATTEMPT") == "2");
  CHECK(Variable(command, "JOULEFRONT_SEED") == std::to_string(TrainerSeed(kHugeSeed)));
  CHECK(Variable(command, "JOULEFRONT_WORK_DIR") == folder / "work");
  CHECK(Variable(command, "JOULEFRONT_TEST_KEPT") == "a=b");
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"}) {
    CHECK(Variable(command, name) == "3");
  }
}

TEST_CASE("workers share the GPUs round and round, and leave them alone where none are named") {
  ScratchFolder folder;
  const Study plain = MakeStudy(StudyText({"true"}), folder.path());
  CHECK_FALSE(Variable(Prepare(plain, folder / "work"), "CUDA_VISIBLE_DEVICES"));
  Study study = plain;
  study.workers.gpus = {"0", "GPU-5a"};
  const auto device = [&](int slot) {
    return Variable(Prepare(study, folder / "work", slot), "CUDA_VISIBLE_DEVICES");
  };
  CHECK(device(0) == "0");
  CHECK(device(1) == "GPU-5a");
  CHECK(device(2) == "0");
}

TEST_CASE("the attempt's folder is made; where it cannot be, the error names it") {
  ScratchFolder folder;
  const Study study = MakeStudy(StudyText({"true"}), folder.path());
  Prepare(study, folder / "a/b/c");
  CHECK(std::filesystem::is_directory(folder / "a/b/c"));
  WriteAll(folder / "file", "");
  const auto failed = PrepareTrainer(study, {.configuration = "{}"}, folder / "file/x", 0);
  REQUIRE(!failed);
  CHECK(failed.error().code == ErrorCode::kUnavailable);
  CHECK_THAT(failed.error().message, Catch::Contains(folder / "file/x"));
}

TEST_CASE("a trainer does not see what opens the store or the dashboard") {
  const ScratchFolder folder;
  const std::map<std::string, std::string> secrets = {
      {"PGPASSWORD", "secret"},
      {"PGPASSFILE", "/home/me/secret"},
      {"PGSERVICEFILE", "/home/me/secret"},
      {"JOULEFRONT_DASHBOARD_TOKEN", "secret"},
      {"JOULEFRONT_STORE", "postgresql://me:secret@h/d"}};
  for (const auto& [name, value] : secrets) setenv(name.c_str(), value.c_str(), 1);
  setenv("PGHOST", "not-secret-host", 1);
  const Study study = MakeStudy(StudyText({"true"}), folder.path());
  const auto seen = [&] { return Prepare(study, folder / "work").environment; };
  for (const std::string& entry : seen()) {
    if (!entry.starts_with("PGHOST=")) CHECK(entry.find("secret") == entry.npos);
  }
  setenv("JOULEFRONT_STORE", "postgresql://me@h/d", 1);
  const auto environment = seen();
  CHECK(std::count(environment.begin(), environment.end(),
                   "JOULEFRONT_STORE=postgresql://me@h/d") == 1);
  CHECK(std::count(environment.begin(), environment.end(), "PGHOST=not-secret-host") == 1);
  for (const auto& [name, value] : secrets) unsetenv(name.c_str());
  unsetenv("PGHOST");
}

TEST_CASE("a symbolic link in the place of an attempt's folder is not followed") {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder / "elsewhere");
  std::filesystem::create_directory_symlink(folder / "elsewhere", folder / "link");
  const Study study = MakeStudy(StudyText({"true"}), folder.path());
  const auto command = PrepareTrainer(study, {.configuration = kConfiguration}, folder / "link", 0);
  REQUIRE_FALSE(command);
  CHECK(command.error().message == "the attempt's folder '" + (folder / "link") +
                                       "' is a symbolic link, which is not followed; remove it");
}

TEST_CASE("an attempt's folder lies beside the store, by study, trial and attempt") {
  ScratchFolder folder;
  CHECK(WorkRootOf(folder / "digits.db") == folder / "digits.work");
  CHECK(WorkRootOf(folder / "digits.store") == folder / "digits.store.work");
  CHECK(WorkDirOf(folder / "digits.db", "mlp", 12, 3) == folder / "digits.work/mlp/12.3");
}

TEST_CASE("a store has one folder, by whichever of its names it is called") {
  ScratchFolder folder;
  std::filesystem::create_directory(folder / "real");
  WriteAll(folder / "real/digits.db", "");
  std::filesystem::create_directory_symlink(folder / "real", folder / "link");
  std::filesystem::create_symlink(folder / "real/digits.db", folder / "other.db");
  CHECK(WorkRootOf(folder / "link/digits.db") == folder / "real/digits.work");
  CHECK(WorkRootOf(folder / "other.db") == folder / "real/digits.work");
  CHECK(WorkRootOf(folder / "real/../link/new.db") == folder / "real/new.work");
}
