// Every family through the real joulefront-train, on digits.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "tests/objectives/trainer_runs.h"

using Catch::Matchers::Contains;
using joulefront::objectives::Outcome;
using joulefront::objectives::Run;
using nlohmann::json;

namespace {

const std::string kDigits = JOULEFRONT_SOURCE_DIR "/examples/data/digits/";
const std::string kImages = " --data '" + kDigits + "train.csv' --shape 1x8x8 ";
const std::string kTable = " --data '" + kDigits + "train.csv' ";

class Folder {
 public:
  Folder() {
    char path[] = "/tmp/joulefront_models_XXXXXX";
    REQUIRE(mkdtemp(path) != nullptr);
    path_ = path;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::vector<json> Messages(const std::string& output) {
  std::vector<json> messages;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) messages.push_back(json::parse(line));
  return messages;
}

json Result(const std::string& arguments, const std::string& environment = "") {
  const Outcome outcome = Run(arguments, environment);
  INFO(arguments << "\n" << outcome.output);
  REQUIRE(outcome.code == 0);
  return Messages(outcome.output).back()["values"];
}

/// Why the training began anew; fails if it did not, or did not begin at its first epoch.
std::string BeganAnew(const Outcome& outcome) {
  const auto messages = Messages(outcome.output);
  REQUIRE(messages.size() > 4);
  REQUIRE(messages[3]["joulefront"] == "anew");
  CHECK(messages[4]["step"] == 1);
  return messages[3]["reason"];
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

TEST_CASE("each family learns digits", "[objectives][slow]") {
  CHECK(Result("mlp" + kTable + "--set epochs=5")["error"] < 0.15);
  for (const std::string block : {"plain", "separable", "residual", "inverted"}) {
    CHECK(Result("cnn" + kImages +
                 "--set epochs=6 --set learning_rate=0.01 --set block=" + block)["error"] < 0.3);
  }
  CHECK(Result("cell" + kImages +
               "--set epochs=5 --set channels=8 --set learning_rate=0.01")["error"] < 0.3);
  CHECK(Result("transformer" + kImages +
               "--set epochs=6 --set learning_rate=0.003 --set width=32")["error"] < 0.4);
  CHECK(
      Result("transformer" + kTable +
             "--set epochs=3 --set learning_rate=0.003 --set width=16 --set depth=1 --set heads=2")
          ["error"] < 0.7);
}

TEST_CASE("a transformer learns the characters of a text", "[objectives][slow]") {
  const Folder folder;
  std::ofstream(folder.path("t.txt")) << [] {
    std::string text;
    for (int i = 0; i < 4000; ++i) text += "abcd ";
    return text;
  }();
  const json values =
      Result("transformer --data " + folder.path("t.txt") +
             " --set epochs=8 --set learning_rate=0.003 --set width=16 --set context=16");
  CHECK(values["loss"] < 0.7);  // of ln 5 = 1.6
  const Outcome shorter =
      Run("transformer --data " + folder.path("t.txt") + " --set context=65000 2>&1 >/dev/null");
  CHECK(shorter.code == 2);
  CHECK_THAT(shorter.output, Contains("too few for a context"));
}

TEST_CASE("a model that was saved gives back its figures, compressed or not",
          "[objectives][slow]") {
  const Folder folder;
  const std::string test = "'" + kDigits + "test.csv'";
  std::int64_t whole = 0;
  for (const std::string how :
       {"--set prune=0", "--set quantize=int8", "--set prune=0.5 --set prune_what=units",
        "--set prune=0.5 --set quantize=int8 --set features=40"}) {
    const std::string model = folder.path("m.pt");
    const json values = Result("mlp" + kTable + "--set epochs=3 --final --test " + test +
                               " --save " + model + " " + how);
    const Outcome again = Run("--evaluate " + model + " --data " + test);
    REQUIRE(again.code == 0);
    const json evaluated = json::parse(again.output);
    CHECK(evaluated["error"] == values["test_error"]);
    CHECK(evaluated["loss"].get<double>() == Approx(values["test_loss"].get<double>()));
    CHECK(values["model_bytes"] == std::filesystem::file_size(model));
    if (whole == 0) whole = values["model_bytes"];
    if (how.find("int8") != std::string::npos) CHECK(values["model_bytes"] < whole / 2);
    if (how.find("units") != std::string::npos) CHECK(values["parameters"] < 26122 / 2);
    if (how.find("units") == std::string::npos && how.find("0.5") != std::string::npos) {
      CHECK(values["nonzero_parameters"] < 0.6 * values["parameters"].get<double>());
    }
  }
  std::string bytes;
  {
    std::ifstream file(folder.path("m.pt"), std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x40);
  std::ofstream(folder.path("flipped.pt"), std::ios::binary) << bytes;
  const Outcome flipped =
      Run("--evaluate " + folder.path("flipped.pt") + " --data " + test + " 2>&1");
  CHECK(flipped.code == 2);
  CHECK_THAT(flipped.output, Contains("is damaged"));
  std::ofstream(folder.path("broken.pt")) << "no model";
  const Outcome broken =
      Run("--evaluate " + folder.path("broken.pt") + " --data " + test + " 2>&1");
  CHECK(broken.code == 2);
  CHECK_THAT(broken.output, Contains("is damaged, or no model"));
}

TEST_CASE("channels and feed-forward units can be pruned, and filters quantised",
          "[objectives][slow]") {
  for (const std::string block : {"plain", "separable", "residual", "inverted"}) {
    const std::string flags = "cnn" + kImages + "--set epochs=1 --set depth=2 --set block=" + block;
    const json whole = Result(flags),
               pruned = Result(flags + " --set prune=0.5 --set prune_what=units");
    CHECK(pruned["macs"] < whole["macs"]);
    CHECK(pruned["parameters"] < whole["parameters"]);
    CHECK(Result(flags + " --set quantize=int8")["model_bytes"] < whole["model_bytes"]);
  }
  const std::string transformer = "transformer" + kImages + "--set epochs=1 --set width=16";
  CHECK(Result(transformer + " --set prune=0.5 --set prune_what=units")["macs"] <
        Result(transformer)["macs"]);
}

TEST_CASE("the phase inference is as long as asked for, and told in thousands",
          "[objectives][slow]") {
  const Outcome outcome =
      Run("mlp" + kTable + "--set epochs=1 --set inference_batch=16 --set inference_seconds=0.2");
  REQUIRE(outcome.code == 0);
  CHECK_THAT(outcome.output, Contains(R"({"joulefront":"phase","name":"inference"})"));
  const json values = Messages(outcome.output).back()["values"];
  CHECK(values["latency_ms"] > 0);
  CHECK(values["thousand_inferences"].get<double>() * 1000 >=
        0.2 * values["samples_per_s"].get<double>() * 0.99);
}

TEST_CASE("a training goes on from a checkpoint as if it had never stopped", "[objectives][slow]") {
  const Folder folder;
  const std::string flags = "mlp" + kTable + "--set dropout=0.2 --set patience=50 --seed 3 ";
  const json whole = Result(flags + "--set epochs=6");
  Result(flags + "--set epochs=3", "JOULEFRONT_WORK_DIR=" + folder.path(""));
  const Outcome rest = Run(flags + "--set epochs=6", "JOULEFRONT_RESUME_DIR=" + folder.path(""));
  const auto messages = Messages(rest.output);
  CHECK(messages[3]["step"] == 4);
  CHECK(messages.back()["values"]["loss"] == whole["loss"]);
  // What it was trained for longer than is asked for is no beginning of it.
  const Outcome shorter = Run(flags + "--set epochs=2", "JOULEFRONT_RESUME_DIR=" + folder.path(""));
  CHECK_THAT(BeganAnew(shorter), Contains("more epochs"));
  const Outcome other =
      Run(flags + "--set epochs=6 --set width=64", "JOULEFRONT_RESUME_DIR=" + folder.path(""));
  CHECK_THAT(BeganAnew(other), Contains("another configuration"));
  const Outcome fewer = Run(flags + "--set epochs=6 --set data_fraction=0.5",
                            "JOULEFRONT_RESUME_DIR=" + folder.path(""));
  CHECK_THAT(BeganAnew(fewer), Contains("another configuration"));
  const Outcome elsewhere =
      Run(flags + "--set epochs=6 --validation '" + kDigits + "train.csv'",  // trained on all
          "JOULEFRONT_RESUME_DIR=" + folder.path(""));
  CHECK_THAT(BeganAnew(elsewhere), Contains("other examples"));
}

TEST_CASE("a checkpoint that is damaged is not gone on with, and that is said",
          "[objectives][slow]") {
  const Folder folder;
  const std::string flags = "mlp" + kTable + "--set epochs=3 ";
  const json whole = Result(flags, "JOULEFRONT_WORK_DIR=" + folder.path(""));
  const std::string path = folder.path("checkpoint.pt");
  const std::string good = ReadAll(path);
  REQUIRE(good.size() > 5000);
  for (const int damage : {0, 1, 2}) {
    std::string bad = good;
    if (damage == 0) bad[good.size() / 2] = static_cast<char>(bad[good.size() / 2] ^ 0x10);
    if (damage == 1) bad.resize(good.size() / 2);
    if (damage == 2) bad.clear();
    std::ofstream(path, std::ios::binary) << bad;
    const Outcome outcome = Run(flags, "JOULEFRONT_RESUME_DIR=" + folder.path(""));
    CHECK(outcome.code == 0);
    CHECK_THAT(BeganAnew(outcome), Contains("is damaged, or none"));
    CHECK(Messages(outcome.output).back()["values"]["loss"] == whole["loss"]);
  }
}

TEST_CASE("a training that is told to stop leaves a checkpoint first", "[objectives][slow]") {
  const Folder folder;
  const Outcome stopped =
      Run("mlp" + kTable + "--set epochs=100000",
          // --foreground: once, not to the whole group as well, which would end it at once.
          "timeout --foreground --signal=INT 3 env JOULEFRONT_WORK_DIR=" + folder.path(""));
  const auto messages = Messages(stopped.output);
  const std::int64_t epochs = messages.back()["step"];
  CHECK(epochs > 0);
  const Outcome rest = Run("mlp" + kTable + "--set epochs=" + std::to_string(epochs + 1),
                           "JOULEFRONT_RESUME_DIR=" + folder.path(""));
  // Of another number of epochs, and so gone on with; the one that was stopped asked for more.
  CHECK(Messages(rest.output)[3]["step"] == epochs + 1);
}

TEST_CASE("what would stand for another model is refused in an anytime study",
          "[objectives][slow]") {
  for (const std::string what : {"schedule=cosine", "warmup=0.2", "prune=0.5", "quantize=int8"}) {
    const Outcome outcome =
        Run("mlp" + kTable + "--set epochs=1 --set " + what + " 2>&1", "JOULEFRONT_ANYTIME=1");
    CHECK(outcome.code == 2);
    CHECK_THAT(outcome.output, Contains("not with [trainer] anytime = true"));
  }
  CHECK(Run("mlp" + kTable + "--set epochs=1", "JOULEFRONT_ANYTIME=1").code == 0);
}

TEST_CASE("a training without progress ends early with its best weights", "[objectives][slow]") {
  const Outcome outcome =
      Run("mlp" + kTable + "--set epochs=200 --set patience=3 --set learning_rate=0.01");
  REQUIRE(outcome.code == 0);
  const auto messages = Messages(outcome.output);
  double best = 1e9;
  for (const json& message : messages) {
    if (message["joulefront"] == "progress")
      best = std::min<double>(best, message["values"]["loss"]);
  }
  CHECK(messages.back()["values"]["epochs_trained"] < 200);
  CHECK(messages.back()["values"]["loss"].get<double>() == Approx(best));
}

TEST_CASE("every way of training runs", "[objectives][slow]") {
  for (const std::string how :
       {"--set optimizer=adagrad --set learning_rate=0.01", "--set optimizer=rmsprop",
        "--set schedule=cosine --set warmup=0.1", "--set schedule=one-cycle",
        "--set label_smoothing=0.1 --set clip_norm=1", "--set accumulate=4 --set batch_size=16",
        "--set precision=bfloat16"}) {
    CHECK(Result("mlp" + kTable + "--set epochs=4 " + how)["error"] < 0.3);
  }
  CHECK(Result("cnn" + kImages +
               "--set epochs=4 --set learning_rate=0.01 --set augment=shift-flip")["error"] < 0.8);
}

TEST_CASE("what does not fit is bad input, and said", "[objectives][slow]") {
  const auto problem = [](const std::string& arguments) {
    const Outcome outcome = Run(arguments + " 2>&1 >/dev/null");
    CHECK(outcome.code == 2);
    return outcome.output;
  };
  CHECK_THAT(problem("cnn" + kTable), Contains("cnn takes images"));
  CHECK_THAT(problem("cnn" + kImages + "--set stages=5"), Contains("shrunk to nothing at stage 4"));
  CHECK_THAT(problem("cnn" + kTable + "--shape 1x9x9"), Contains("cannot take a shape of 81"));
  CHECK_THAT(problem("transformer" + kTable + "--set width=30"), Contains("divided among 4 heads"));
  CHECK_THAT(problem("mlp" + kTable + "--set precision=float16"), Contains("float16 is for CUDA"));
  CHECK_THAT(problem("mlp" + kTable + "--device cuda:99"), Contains("CUDA device"));
  CHECK_THAT(problem("mlp" + kTable + "--device tpu"), Contains("expected cpu, cuda"));
  CHECK_THAT(problem("mlp" + kTable + "--set augment=shift"),
             Contains("augment: has an effect on"));
  CHECK_THAT(problem("mlp" + kImages + "--set features=3"), Contains("features: they are chosen"));
  CHECK_THAT(problem("mlp" + kTable + "--save /nowhere/m.pt"),
             Contains("cannot write /nowhere/m.pt"));
  CHECK_THAT(problem("mlp --data /tmp/../tmp/none.csv"), Contains("none.csv"));
  CHECK_THAT(problem("mlp" + kTable + "--save /dev/null"), Contains("it is no plain file"));
  CHECK_THAT(problem("mlp" + kTable + "--set layers=0 --set prune=0.5 --set prune_what=units"),
             Contains("no units"));
  CHECK_THAT(problem("cell" + kImages + "--set epochs=1 --set prune=0.5 --set prune_what=units"),
             Contains("expected one of weights"));
}

TEST_CASE("each family prints a space to paste into a study file", "[objectives][slow]") {
  for (const std::string family : {"mlp", "cnn", "cell", "transformer"}) {
    const Outcome outcome = Run(family + " --space");
    CHECK(outcome.code == 0);
    CHECK_THAT(outcome.output,
               Contains("[space]\n") && Contains("epochs = { type = \"int\", low = 1"));
  }
}
