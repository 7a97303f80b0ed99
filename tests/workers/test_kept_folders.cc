// [workers] keep: what becomes of attempts' folders.
#include <set>

#include "study_store/front.h"
#include "tests/workers/whole_studies.h"
#include "workers/kept_folders.h"
#include "workers/trainer_command.h"

using namespace joulefront;

namespace {

// Leaves a file and a link out of the folder; every third trial fails.
constexpr const char* kTrainer =
    "echo model > model.pt; mkdir deep; echo x > deep/x; ln -s \"$1/precious\" link\n"
    "ln -s \"$1/treasures\" deep/link\n"
    "if [ $((JOULEFRONT_TRIAL % 3)) = 2 ]; then echo no luck; exit 3; fi\n"
    "echo \"{\\\"joulefront\\\": \\\"result\\\", \\\"values\\\": {\\\"error\\\": "
    "0.$JOULEFRONT_TRIAL}}\"\n";

std::set<std::string> FilesBelow(const std::string& folder) {
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.insert(entry.path().filename().string());
  }
  return files;
}

std::string Settings(const std::string& keep, int trials = 6) {
  return fmt::format("[workers]\nkeep = '{}'\n[budget]\ntrials = {}\n", keep, trials);
}

void RunToItsEnd(WholeStudy& study) {
  const auto run = study.Run();
  const int code = run->Wait();
  INFO(run->output());
  CHECK(code == 0);
}

}  // namespace

TEST_CASE("only the folders of the front are kept, and the logs of what failed") {
  WholeStudy study(kTrainer, Settings("front"));
  WriteAll(study.folder() / "precious", "gold");
  std::filesystem::create_directory(study.folder() / "treasures");
  WriteAll(study.folder() / "treasures/gold", "gold");
  RunToItsEnd(study);
  auto parsed = ReadStudyFile(study.folder() / "study.toml");
  REQUIRE(parsed);
  const auto trials = study.Trials();
  std::set<TrialNumber> front;
  for (const FrontPoint& point : ComputeFront(parsed->study, trials).points) {
    front.insert(trials[point.trial].number);
  }
  REQUIRE_FALSE(front.empty());
  for (const Trial& trial : trials) {
    const std::string work = study.folder() / fmt::format("s.work/s/{}.1", trial.number);
    INFO(work);
    if (front.contains(trial.number)) {
      CHECK(FilesBelow(work) ==
            std::set<std::string>{"model.pt", "deep", "link", "trainer.log", "readings.log"});
    } else if (trial.state == TrialState::kFailed) {
      CHECK(FilesBelow(work) == std::set<std::string>{"trainer.log"});
    } else {
      CHECK_FALSE(std::filesystem::exists(work));
    }
  }
  CHECK(ReadAll(study.folder() / "precious") == "gold");
  CHECK(ReadAll(study.folder() / "treasures/gold") == "gold");
}

TEST_CASE("all folders are kept unless the study says otherwise, and what was left then goes") {
  WholeStudy study(kTrainer, "[budget]\ntrials = 4\n");
  RunToItsEnd(study);
  const std::string folder = study.folder() / "s.work/s";
  CHECK(FilesBelow(folder) == std::set<std::string>{"0.1", "1.1", "2.1", "3.1"});
  WriteAll(folder + "/1.1/undelivered.json", "{}");
  std::filesystem::create_directory(folder + "/mine");
  std::filesystem::create_directory(folder + "/99.1");
  study.WriteStudy(Settings("none", 5));
  RunToItsEnd(study);
  // Not ours, of no trial, not delivered; and the log of the trial that failed.
  CHECK(FilesBelow(folder) == std::set<std::string>{"mine", "99.1", "1.1", "2.1"});
  CHECK(FilesBelow(folder + "/2.1") == std::set<std::string>{"trainer.log"});
}

TEST_CASE("a link in the place of an attempt's folder is left alone") {
  WholeStudy study(kTrainer, "[budget]\ntrials = 2\n");
  RunToItsEnd(study);
  std::filesystem::create_directory(study.folder() / "elsewhere");
  WriteAll(study.folder() / "elsewhere/gold", "gold");
  std::filesystem::remove_all(study.folder() / "s.work/s/0.1");
  std::filesystem::create_directory_symlink(study.folder() / "elsewhere",
                                            study.folder() / "s.work/s/0.1");
  study.WriteStudy(Settings("none", 3));
  RunToItsEnd(study);
  CHECK(ReadAll(study.folder() / "elsewhere/gold") == "gold");
}

TEST_CASE("folders of attempts that run, wait, or were interrupted stay") {
  WholeStudy study(kGated, Settings("none", 4));
  auto run = study.Run();
  REQUIRE(Eventually([&] { return study.Counts().complete == 3; }));
  REQUIRE(Eventually([&] { return study.Counts().running == 1; }));
  const std::string running = study.folder() / "s.work/s/3.1";
  REQUIRE(Eventually([&] { return std::filesystem::exists(running); }));
  run->Kill(SIGKILL);
  run->Wait();
  study.OpenGate();
  RunToItsEnd(study);
  CHECK(study.Counts().complete == 4);
  CHECK(FilesBelow(study.folder() / "s.work/s").empty());
}

TEST_CASE("the size of the folders is that of their files, or said to be the least") {
  const ScratchFolder folder;
  CHECK_FALSE(SizeOfFolders(folder / "none"));
  std::filesystem::create_directories(folder / "a/b");
  WriteAll(folder / "a/b/x", std::string(1000, 'x'));
  WriteAll(folder / "y", std::string(10, 'y'));
  std::filesystem::create_symlink(folder / "a/b/x", folder / "z");
  std::filesystem::create_directory_symlink(folder / "a", folder / "b");
  const auto size = SizeOfFolders(folder.path());
  REQUIRE(size);
  CHECK(size->bytes == Bytes(1010));
  CHECK_FALSE(size->is_least);
  CHECK(SizeOfFolders(folder.path(), 2)->is_least);
  CHECK_FALSE(SizeOfFolders(folder / "b"));
}
