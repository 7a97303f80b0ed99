#include <sys/stat.h>

#include "tests/workers/trainers.h"
#include "workers/trainer_command.h"
#include "workers/trainer_files.h"

using namespace joulefront;

namespace {

const std::string kBegin =
    "[study]\nname = 's'\n[objectives]\nerror = { direction = 'minimize' }\n[space]\n"
    "lr = { type = 'float', low = 1e-5, high = 1.0 }\n"
    "opt = { type = 'categorical', choices = ['sgd', 'on'] }\n"
    "momentum = { type = 'float', low = 0.1, high = 0.9, when = { opt = 'sgd' } }\n"
    "[trainer]\ncommand = ['python3', 'train.py', 'run.yaml', '--config=run.yaml', "
    "'--x={study_dir}/run.yaml', 'conf/other.json']\n[trainer.files]\n";

Study StudyWith(const ScratchFolder& folder, const std::string& files) {
  return MakeStudy(kBegin + files, folder.path());
}

Claim ClaimOf(const std::string& configuration) {
  return {.study = 1, .trial = 7, .attempt = 2, .configuration = configuration, .seed = 5};
}

constexpr const char* kSgd = R"({"lr":1e-05,"opt":"sgd","momentum":0.5})";
constexpr const char* kOn = R"({"lr":0.5,"opt":"on"})";

std::string FaultOf(const Study& study) {
  const auto checked = CheckTrainerFiles(study);
  if (checked) return "";
  CHECK(checked.error().code == ErrorCode::kInvalidArgument);
  return checked.error().message;
}

}  // namespace

TEST_CASE("an attempt gets a copy of the trainer's file with its own values") {
  const ScratchFolder folder;
  const std::string yaml = "# kept\nopt: sgd # which\nlr: 0.1\nmomentum: 0.9\nseed: 1\nout: x\n";
  WriteAll(folder / "run.yaml", yaml);
  const Study study = StudyWith(
      folder,
      "'run.yaml' = { lr = '{lr}', opt = '{opt}', momentum = '{momentum}', seed = '{seed}', "
      "out = 'run-{trial}.{attempt}' }\n");
  CHECK(FaultOf(study) == "");
  std::filesystem::create_directory(folder / "work");
  REQUIRE(WriteTrainerFiles(study, ClaimOf(kSgd), folder / "work"));
  CHECK(ReadAll(folder / "work/run.yaml") ==
        "# kept\nopt: sgd # which\nlr: 1.0e-05\nmomentum: 0.5\nseed: 5\nout: run-7.2\n");
  REQUIRE(WriteTrainerFiles(study, ClaimOf(kOn), folder / "work"));
  CHECK(ReadAll(folder / "work/run.yaml") ==
        "# kept\nopt: \"on\" # which\nlr: 0.5\nmomentum: 0.9\nseed: 5\nout: run-7.2\n");
  CHECK(ReadAll(folder / "run.yaml") == yaml);
}

TEST_CASE("an argument that names such a file becomes the path of the copy") {
  const ScratchFolder folder;
  WriteAll(folder / "run.yaml", "lr: 1\n");
  WriteAll(folder / "train.py", "");
  std::filesystem::create_directory(folder / "conf");
  WriteAll(folder / "conf/other.json", "{\"lr\":1}");
  const Study study =
      StudyWith(folder, "'run.yaml' = { lr = '{lr}' }\n'conf/other.json' = { lr = '{lr}' }\n");
  const auto command = PrepareTrainer(study, ClaimOf(kSgd), folder / "work", 0);
  REQUIRE(command);
  CHECK(command->arguments == std::vector<std::string>{"python3", folder / "train.py",
                                                       folder / "work/run.yaml",
                                                       "--config=" + (folder / "work/run.yaml"),
                                                       "--x=" + (folder / "work/run.yaml"),
                                                       folder / "work/conf/other.json"});
  CHECK(ReadAll(folder / "work/conf/other.json") == "{\"lr\":1e-05}");
}

TEST_CASE(
    "a template keeps every brace but those of parameters, and loses lines of inactive ones") {
  const ScratchFolder folder;
  WriteAll(
      folder / "run.cfg.in",
      "a {lr} {{lr}} {nothing} {\r\nmomentum={momentum}\n{\"x\": {\"lr\": {lr}}}\nseed {seed}");
  const Study study = StudyWith(folder, "'run.cfg' = 'run.cfg.in'\n");
  CHECK(FaultOf(study) == "");
  std::filesystem::create_directory(folder / "work");
  REQUIRE(WriteTrainerFiles(study, ClaimOf(kOn), folder / "work"));
  CHECK(ReadAll(folder / "work/run.cfg") ==
        "a 0.5 {0.5} {nothing} {\r\n{\"x\": {\"lr\": 0.5}}\nseed 5");
  const auto lines = ChangedLines(study, ClaimOf(kOn), folder / "work");
  REQUIRE(lines);
  REQUIRE(lines->size() == 4);
  CHECK((*lines)[1].number == 2);
  CHECK((*lines)[1].after.empty());
}

TEST_CASE("a file that cannot be changed is refused before anything runs") {
  const ScratchFolder folder;
  const Study study = StudyWith(folder, "'run.yaml' = { 'optimizer.lr' = '{lr}' }\n");
  CHECK_THAT(FaultOf(study),
             Catch::Contains("[trainer.files] \"run.yaml\"") && Catch::Contains("No such file"));
  WriteAll(folder / "run.yaml", "lr: 1\n");
  CHECK_THAT(FaultOf(study), Catch::Contains("optimizer.lr is not in it"));
  WriteAll(folder / "run.yaml", "lr: [1\n");
  CHECK_THAT(FaultOf(study), Catch::Contains("\"run.yaml\": line 2: "));
  std::filesystem::remove(folder / "run.yaml");
  REQUIRE(mkfifo((folder / "run.yaml").c_str(), 0600) == 0);
  CHECK_THAT(FaultOf(study), Catch::Contains("no regular file"));
  std::filesystem::remove(folder / "run.yaml");
  WriteAll(folder / "run.yaml", std::string((4 << 20) + 1, '\n'));
  CHECK_THAT(FaultOf(study), Catch::Contains("larger than 4 MiB"));
  WriteAll(folder / "plain.in", "{nothing}\n");
  CHECK_THAT(FaultOf(StudyWith(folder, "'plain' = 'plain.in'\n")),
             Catch::Contains("names no parameter"));
}

TEST_CASE("a study file cannot name files elsewhere, or places that are no paths") {
  const ScratchFolder folder;
  const auto fault = [&](const std::string& files) {
    const auto file = ParseStudyFile(kBegin + files, folder / "s.toml");
    return file ? std::string() : file.error().message;
  };
  for (const char* name :
       {"../x.yaml", "/x.yaml", "./x.yaml", "a/../x.yaml", "trainer.log", "", "a/"}) {
    CHECK_FALSE(fault("'" + std::string(name) + "' = 'x.in'\n").empty());
  }
  CHECK_THAT(fault("'x.cfg' = { lr = '{lr}' }\n"),
             Catch::Contains("name a template: \"x.cfg.in\""));
  CHECK_THAT(fault("'x.yaml' = { 'a..b' = '{lr}' }\n"), Catch::Contains("no path of keys"));
  CHECK_THAT(fault("'x.yaml' = { a = '{nothing}' }\n"), Catch::Contains("no parameter"));
  CHECK_THAT(fault("'x.yaml' = { a = '5' }\n"), Catch::Contains("needs a parameter"));
  CHECK_THAT(fault("'x.yaml' = { a = 5 }\n"), Catch::Contains("must be a text"));
  CHECK_THAT(fault("'x.yaml' = {}\n"), Catch::Contains("names no place"));
  CHECK_THAT(fault("'x.cfg' = '../x.in'\n"), Catch::Contains("template beside the study file"));
}

TEST_CASE("no symbolic link in the attempt's folder is followed by a copy") {
  const ScratchFolder folder;
  WriteAll(folder / "victim", "precious");
  WriteAll(folder / "run.yaml", "lr: 1\n");
  std::filesystem::create_directories(folder / "conf");
  WriteAll(folder / "conf/a.yaml", "lr: 1\n");
  std::filesystem::create_directories(folder / "work");
  std::filesystem::create_directories(folder / "elsewhere");
  std::filesystem::create_symlink(folder / "victim", folder / "work/run.yaml");
  const Study one = StudyWith(folder, "'run.yaml' = { lr = '{lr}' }\n");
  REQUIRE(WriteTrainerFiles(one, ClaimOf(kOn), folder / "work"));
  CHECK(ReadAll(folder / "victim") == "precious");
  CHECK(ReadAll(folder / "work/run.yaml") == "lr: 0.5\n");
  std::filesystem::create_directory_symlink(folder / "elsewhere", folder / "work/conf");
  const Study two = StudyWith(folder, "'conf/a.yaml' = { lr = '{lr}' }\n");
  const auto written = WriteTrainerFiles(two, ClaimOf(kOn), folder / "work");
  REQUIRE_FALSE(written);
  CHECK(written.error().code == ErrorCode::kUnavailable);
  CHECK(std::filesystem::is_empty(folder / "elsewhere"));
}

TEST_CASE("the files of a study come back from the store, and change its definition only if set") {
  const ScratchFolder folder;
  const Study study =
      StudyWith(folder, "'run.yaml' = { 'a.b' = '{lr}' }\n'run.cfg' = 'run.cfg.in'\n");
  const std::string definition = DefinitionJson(study);
  CHECK_THAT(definition,
             Catch::Contains(R"("files":{"run.cfg":"run.cfg.in","run.yaml":{"a.b":"{lr}"}})"));
  const auto again = StudyFromJson(definition, SettingsJson(study));
  REQUIRE(again);
  CHECK(DefinitionJson(*again) == definition);
  CHECK_THAT(DefinitionJson(StudyWith(folder, "")), !Catch::Contains("files"));
}
