#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "study_store/configuration_json.h"
#include "study_store/study.h"
#include "study_store/study_file.h"
#include "tests/study_store/store_contract.h"

namespace joulefront {
namespace {

constexpr const char* kFull = R"([study]
name = "digits"
seed = 17
[objectives]
accuracy = { direction = "maximize", unit = "%", reference = 50 }
energy = { direction = "minimize", phase = "train", reference = "2 kJ" }
[constraints]
parameters = { max = 200000 }
energy = { max = "1 kJ" }
inference = { min = "0 J", max = "2 J", phase = "inference" }
[space]
momentum = { type = "float", low = 0.0, high = 0.99, when = { optimizer = "sgd" } }
learning_rate = { type = "float", low = 1e-4, high = 0.1, log = true }
layers = { type = "int", low = 1, high = 9, step = 2 }
optimizer = { type = "categorical", choices = ["sgd", "adam"] }
size = { type = "ordinal", choices = [1, 2.5, 4] }
width = { type = "int", low = 8, high = 64, when = { optimizer = ["sgd", "adam"], layers = { min = 3 } } }
[trainer]
command = ["train", "--lr={learning_rate}"]
metrics = { accuracy = 'acc=(\d+)' }
[budget]
trials = 60
energy = "50 kJ"
time = "30 min"
[search]
sampler = "sobol"
cost_exponent = 1.5
cost = "seconds"
default = { optimizer = "sgd", layers = 3 }
[workers]
count = 2
threads = 3
attempts = 4
timeout = "10 min"
grace = "0 s"
gpus = ["0", "1"]
)";

Study Parse(const std::string& text) {
  const auto file = ParseStudyFile(text, "/somewhere/digits.toml");
  if (!file) FAIL(file.error().message);
  return file->study;
}

std::string With(const std::string& from, const std::string& to) {
  std::string text = kFull;
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::vector<std::string> DifferencesAfter(const std::string& from, const std::string& to) {
  return DefinitionDifferences(DefinitionJson(Parse(kFull)), DefinitionJson(Parse(With(from, to))));
}

TEST_CASE("A full study file says what it says") {
  const Study study = Parse(kFull);
  CHECK(study.name == "digits");
  CHECK(study.seed == 17);
  CHECK(study.directory == "/somewhere");
  REQUIRE(study.objectives.size() == 2);
  CHECK(study.objectives[0].name == "accuracy");
  CHECK(study.objectives[0].direction == Direction::kMaximize);
  CHECK(study.objectives[0].unit == "%");
  CHECK(study.objectives[0].reference == 50.0);
  CHECK_FALSE(study.objectives[0].phase);
  CHECK(study.objectives[1].phase == "train");
  CHECK(study.objectives[1].unit == "J");
  CHECK(study.objectives[1].reference == 2000.0);
  REQUIRE(study.constraints.size() == 3);
  CHECK(study.constraints[0].max == 200000.0);
  CHECK_FALSE(study.constraints[0].min);
  CHECK(study.constraints[1].phase == "train");  // as the objective of that name
  CHECK(study.constraints[1].max == 1000.0);
  CHECK(study.constraints[2].min == 0.0);
  CHECK(study.constraints[2].phase == "inference");
  CHECK(study.trainer.command == std::vector<std::string>{"train", "--lr={learning_rate}"});
  CHECK(study.trainer.metrics.at("accuracy") == "acc=(\\d+)");
  CHECK(study.budget.trials == 60);
  CHECK(study.budget.energy == Joules(50e3));
  CHECK(study.budget.time == Seconds(1800.0));
  CHECK(study.sampler == "sobol");
  CHECK(study.cost_exponent == 1.5);
  CHECK(study.cost == "seconds");
  REQUIRE(study.default_configuration);
  CHECK(ConfigurationToJson(study.space, *study.default_configuration) ==
        R"({"learning_rate":0.003162277660168382,"layers":3,"optimizer":"sgd","momentum":0.495,)"
        R"("size":1,"width":36})");
  CHECK(study.workers.count == 2);
  CHECK(study.workers.threads == 3);
  CHECK(study.workers.attempts == 4);
  CHECK(study.workers.timeout == Seconds(600.0));
  CHECK(study.workers.grace == Seconds(0.0));
  CHECK(study.workers.gpus == std::vector<std::string>{"0", "1"});
  CHECK_FALSE(study.workers.exclusive);
}

TEST_CASE("Parameters keep the order of the file, but stand behind what their when names") {
  const Study study = Parse(kFull);
  std::vector<std::string> names;
  for (const Parameter& parameter : study.space.parameters()) names.push_back(parameter.name);
  CHECK(names == std::vector<std::string>{"learning_rate", "layers", "optimizer", "momentum",
                                          "size", "width"});
  const Parameter& width = study.space.parameters()[5];
  REQUIRE(width.when.size() == 2);
  CHECK(width.when[0].parent == "optimizer");
  CHECK(width.when[0].values == std::vector<Value>{"sgd", "adam"});
  CHECK(width.when[1].min == 3.0);
  CHECK(study.space.parameters()[1].step == 2.0);
  CHECK(study.space.parameters()[0].log);
  CHECK(study.space.parameters()[4].choices ==
        std::vector<Value>{std::int64_t{1}, 2.5, std::int64_t{4}});
}

TEST_CASE("What a study file leaves out has the defaults of the documentation") {
  const Study study = Parse(
      "[study]\nname = \"s\"\n[objectives]\nerror = { direction = \"minimize\" }\n"
      "[space]\nx = { type = \"float\", low = 0, high = 1 }\n");
  CHECK(study.seed == 0);
  CHECK(study.sampler == "auto");
  CHECK(study.cost_exponent == 0.0);
  CHECK_FALSE(study.cost);
  CHECK_FALSE(study.default_configuration);
  CHECK_FALSE(study.budget.trials);
  CHECK_FALSE(study.budget.energy);
  CHECK_FALSE(study.budget.time);
  CHECK(study.workers.count == 1);
  CHECK(study.workers.threads == 1);
  CHECK(study.workers.attempts == 3);
  CHECK(study.workers.grace == Seconds(10.0));
  CHECK_FALSE(study.workers.timeout);
  CHECK(study.trainer.command.empty());
}

TEST_CASE("A study comes back from its two texts as it was") {
  const Study study = Parse(kFull);
  const std::string definition = DefinitionJson(study), settings = SettingsJson(study);
  const auto again = StudyFromJson(definition, settings);
  if (!again) FAIL(again.error().message);
  CHECK(DefinitionJson(*again) == definition);
  CHECK(SettingsJson(*again) == settings);
  CHECK(again->space.size() == study.space.size());
  CHECK(again->objectives[0].direction == Direction::kMaximize);
  CHECK(again->workers.timeout == study.workers.timeout);
  CHECK(again->directory == "/somewhere");
  CHECK(again->default_configuration == study.default_configuration);
}

TEST_CASE("A store of before the settings of cost and default opens with their defaults") {
  const Study study = Parse(kFull);
  const auto old = StudyFromJson(
      DefinitionJson(study),
      R"({"budget":{},"directory":"","sampler":"auto","workers":{"attempts":3,"count":1,)"
      R"("exclusive":false,"gpus":[],"grace_s":10.0,"threads":1}})");
  if (!old) FAIL(old.error().message);
  CHECK(old->cost_exponent == 0.5);
  CHECK_FALSE(old->cost);
  CHECK_FALSE(old->default_configuration);
}

TEST_CASE(
    "What a trial costs counts where the budget is in joules or time, if the file says nothing") {
  const auto of = [](const std::string& budget, const std::string& search = "") {
    auto file = ParseStudyFile(
        "[study]\nname = \"s\"\n[objectives]\ne = { direction = \"minimize\" }\n"
        "[space]\nx = { type = \"float\", low = 0, high = 1 }\n[budget]\n" +
            budget + "\n[search]\n" + search + "\n",
        "s.toml");
    if (!file) FAIL(file.error().message);
    CHECK(file->has_cost_exponent == !search.empty());
    return file->study.cost_exponent;
  };
  CHECK(of("trials = 60") == 0.0);
  CHECK(of("energy = \"50 kJ\"") == 0.5);
  CHECK(of("time = \"1 h\"") == 0.5);
  CHECK(of("trials = 60\nenergy = \"50 kJ\"") == 0.5);
  CHECK(of("") == 0.0);
  CHECK(of("trials = 60", "cost_exponent = 1") == 1.0);
  CHECK(of("energy = \"50 kJ\"", "cost_exponent = 0") == 0.0);
}

TEST_CASE("A fidelity is part of the definition, and its absence changes none") {
  const std::string layers = "low = 1, high = 9, step = 2";
  CHECK(DefinitionJson(Parse(kFull)).find("fidelity") == std::string::npos);
  const Study study = Parse(With(layers, layers + ", fidelity = true"));
  CHECK(study.space.parameters()[1].fidelity);
  CHECK(DefinitionJson(Parse(With(layers, layers + ", fidelity = false"))) ==
        DefinitionJson(Parse(kFull)));
  CHECK(DifferencesAfter(layers, layers + ", fidelity = true") ==
        std::vector<std::string>{
            "space.layers.fidelity: absent from the store, true in the study file"});
  const auto again = StudyFromJson(DefinitionJson(study), SettingsJson(study));
  if (!again) FAIL(again.error().message);
  CHECK(again->space.parameters()[1].fidelity);
}

TEST_CASE("The canonical text of a definition never changes") {
  // Stores out there hold this text and its hash: a change makes every study of theirs another one.
  const Study study = Parse(
      "[study]\nname = \"s\"\nseed = 3\n[objectives]\nerror = { direction = \"minimize\" }\n"
      "[space]\nlayers = { type = \"int\", low = 1, high = 4 }\n"
      "rate = { type = \"float\", low = 1e-4, high = 0.1, log = true, when = { layers = [2, 3] } }"
      "\n[trainer]\ncommand = [\"t\"]\n");
  CHECK(
      DefinitionJson(study) ==
      R"({"constraints":[],"name":"s","objectives":[{"direction":"minimize","name":"error",)"
      R"("unit":""}],"seed":3,"space":[{"high":4.0,"log":false,"low":1.0,"name":"layers",)"
      R"("type":"int"},{"high":0.1,"log":true,"low":0.0001,"name":"rate","type":"float",)"
      R"("when":[{"parent":"layers","values":[2,3]}]}],"trainer":{"command":["t"],"metrics":{}}})");
  CHECK(DefinitionHash("") == "cbf29ce484222325");   // offset basis of FNV-1a
  CHECK(DefinitionHash("a") == "af63dc4c8601ec8c");  // its published test vector
}

TEST_CASE("Settings are no part of the definition, and layout is none either") {
  const std::string definition = DefinitionJson(Parse(kFull));
  CHECK(DefinitionJson(Parse(With("trials = 60", "trials = 90"))) == definition);
  CHECK(DefinitionJson(Parse(With("count = 2", "count = 1"))) == definition);
  CHECK(DefinitionJson(Parse(With("sobol", "nsga2"))) == definition);
  CHECK(DefinitionJson(Parse(With("low = 1e-4, high = 0.1", "high = 1e-1,   low = 0.0001"))) ==
        definition);
  CHECK(DefinitionJson(Parse(With("seed = 17", "seed = 18"))) != definition);
}

TEST_CASE("Differences of two definitions are told by name") {
  using Lines = std::vector<std::string>;
  CHECK(DifferencesAfter("seed = 17", "seed = 17") == Lines{});
  CHECK(DifferencesAfter("seed = 17", "seed = 18") ==
        Lines{"seed: 17 in the store, 18 in the study file"});
  CHECK(DifferencesAfter("high = 64", "high = 128") ==
        Lines{"space.width.high: 64.0 in the store, 128.0 in the study file"});
  CHECK(DifferencesAfter("\"maximize\", unit = \"%\"", "\"minimize\", unit = \"%\"") ==
        Lines{"objectives.accuracy.direction: \"maximize\" in the store, \"minimize\" in the study "
              "file"});
  CHECK(DifferencesAfter("choices = [\"sgd\", \"adam\"]", "choices = [\"sgd\", \"adam\", \"x\"]") ==
        Lines{"space.optimizer.choices.2: absent from the store, \"x\" in the study file"});
  CHECK(DifferencesAfter("parameters = { max = 200000 }\n", "") ==
        Lines{"constraints.parameters.max: 200000.0 in the store, absent from the study file",
              "constraints.parameters.name: \"parameters\" in the store, absent from the study "
              "file"});
  CHECK(DifferencesAfter("layers = { type = \"int\", low = 1, high = 9, step = 2 }",
                         "layers = { type = \"int\", low = 1, high = 9 }") ==
        Lines{"space.layers.step: 2.0 in the store, absent from the study file"});
}

TEST_CASE("An empty list differs from a full one in its members only") {
  const std::string some = "[constraints]\nsize = { max = 2 }\n";
  const std::string rest =
      "[study]\nname = \"s\"\n[objectives]\nerror = { direction = \"minimize\" }\n"
      "[space]\nx = { type = \"float\", low = 0, high = 1 }\n";
  CHECK(DefinitionDifferences(DefinitionJson(Parse(rest)), DefinitionJson(Parse(rest + some))) ==
        std::vector<std::string>{
            "constraints.size.max: absent from the store, 2.0 in the study file",
            "constraints.size.name: absent from the store, \"size\" in the study file"});
}

TEST_CASE("Texts that describe no study are corrupt, whatever is wrong with them") {
  const Study study = Parse(kFull);
  const std::string definition = DefinitionJson(study), settings = SettingsJson(study);
  const auto replaced = [](std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
  };
  const std::vector<std::pair<std::string, std::string>> texts = {
      {"", settings},
      {"[]", settings},
      {"{}", settings},
      {definition, "{}"},
      {definition.substr(0, definition.size() / 2), settings},
      {replaced(definition, "\"type\":\"float\"", "\"type\":\"complex\""), settings},
      {replaced(definition, "\"low\":", "\"low\":1e9,\"was\":"), settings},
      {replaced(definition, "\"choices\":[\"sgd\"", "\"choices\":[null"), settings},
      {definition, replaced(settings, "sobol", "a sampler of tomorrow")}};
  for (const auto& [first, second] : texts) {
    const auto read = StudyFromJson(first, second);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::kCorrupt);
    CHECK(read.error().message.starts_with("the study's definition in the store cannot be read"));
  }
}

TEST_CASE("A study file that cannot be read says why") {
  const TestFolder folder;
  const auto error = [](const std::string& path) {
    const auto file = ReadStudyFile(path);
    REQUIRE_FALSE(file);
    return file.error();
  };
  CHECK(error(folder / "none.toml").code == ErrorCode::kNotFound);
  CHECK(error(folder / "none.toml").message ==
        "study file: cannot read '" + (folder / "none.toml") + "': No such file or directory");
  CHECK(error(folder / ".").message == "'" + (folder / ".") + "' is a folder, not a study file");
  CHECK(error(folder / ".").code == ErrorCode::kInvalidArgument);
  std::ofstream(folder / "s.toml") << kFull;
  CHECK(error(folder / "s.toml/x").code == ErrorCode::kNotFound);
  CHECK(error("/dev/zero").message ==
        "study file: '/dev/zero' is a device, which is not read: name a regular file");
  std::ofstream(folder / "large.toml") << std::string((4 << 20) + 1, '#');
  CHECK(error(folder / "large.toml").message ==
        "study file: '" + (folder / "large.toml") + "' is larger than 4 MiB, and is not read");
  const auto file = ReadStudyFile(folder / "s.toml");
  REQUIRE(file);
  CHECK(file->study.directory == std::filesystem::canonical(folder / ".").string());
  CHECK(file->notes.empty());
}

}  // namespace
}  // namespace joulefront
