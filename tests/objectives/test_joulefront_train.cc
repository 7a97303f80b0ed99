// Runs the real joulefront-train. Each start loads LibTorch (half a second), so each test gets as
// much as it can out of one run.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/objectives/trainer_runs.h"

using Catch::Matchers::Contains;
using joulefront::objectives::Outcome;
using joulefront::objectives::Run;
using nlohmann::json;

namespace {

const std::string kDigits = JOULEFRONT_SOURCE_DIR "/examples/data/digits/";
const std::string kTrain = " mlp --data '" + kDigits + "train.csv' ";

/// The lines of the output, each of which must be a message.
std::vector<json> Messages(const std::string& output) {
  std::vector<json> messages;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    messages.push_back(json::parse(line));
    REQUIRE(messages.back().contains("joulefront"));
  }
  return messages;
}

/// All messages, but for the memory that the run happened to use.
std::vector<json> WhatWasLearned(const std::string& output) {
  std::vector<json> messages = Messages(output);
  messages.back()["values"].erase("peak_memory_bytes");
  return messages;
}

}  // namespace

TEST_CASE("a training reports its phases, each epoch and one result, the same for the same seed",
          "[objectives][slow]") {
  const std::string flags = kTrain + "--set epochs=3 --set width=32 --set dropout=0.2";
  const Outcome first = Run(flags, "JOULEFRONT_SEED=7");
  REQUIRE(first.code == 0);
  const std::vector<json> messages = Messages(first.output);
  std::vector<std::string> order;
  for (const json& message : messages) {
    order.push_back(message["joulefront"] == "phase" ? message["name"] : message["joulefront"]);
  }
  CHECK(order == std::vector<std::string>{"setup", "data", "train", "progress", "progress",
                                          "progress", "evaluate", "result"});
  for (int epoch = 1; epoch <= 3; ++epoch) {
    const json& progress = messages[static_cast<std::size_t>(epoch) + 2];
    CHECK(progress["step"] == epoch);
    CHECK(progress["values"]["loss"] > 0);
  }
  const json& result = messages.back()["values"];
  CHECK(result["error"] == messages[5]["values"]["error"]);
  CHECK(result["error"] < 0.5);
  CHECK(result["accuracy"].get<double>() == Approx(1 - result["error"].get<double>()));
  CHECK(result["parameters"] == 64 * 32 + 32 + 32 * 32 + 32 + 32 * 10 + 10);

  CHECK(WhatWasLearned(Run(flags + " --seed 7").output) == WhatWasLearned(first.output));
  CHECK(WhatWasLearned(Run(flags + " --seed 8").output) != WhatWasLearned(first.output));
}

TEST_CASE("the configuration comes from the environment and the test rows count only at the end",
          "[objectives][slow]") {
  const Outcome outcome = Run(
      kTrain + "--final --test '" + kDigits + "test.csv'",
      R"(JOULEFRONT_CONFIGURATION='{"layers": 3, "width": 64, "width_decay": 0.5, "epochs": 15,)"
      R"( "activation": "gelu", "optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.03,)"
      R"( "weight_decay": 1e-4, "batch_size": 32}' JOULEFRONT_SEED=1)");
  REQUIRE(outcome.code == 0);
  const json result = Messages(outcome.output).back()["values"];
  CHECK(result["parameters"] == 65 * 64 + 65 * 32 + 33 * 16 + 17 * 10);
  CHECK(result["error"] < 0.08);
  CHECK(result["test_error"] < 0.08);
  // Without --final the test file is not opened, even where there is none.
  const Outcome search = Run(kTrain + "--test /nowhere.csv --set epochs=1 --set data_fraction=0.1");
  CHECK(search.code == 0);
  CHECK_FALSE(Messages(search.output).back()["values"].contains("test_error"));
}

TEST_CASE("a training that diverges stops with code 1, says when, and reports no result",
          "[objectives][slow]") {
  const Outcome outcome =
      Run(kTrain +
          "--set optimizer=sgd --set learning_rate=100 --set momentum=0.99 --set epochs=500"
          " 2>&1");
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.output, Contains("training diverged: loss is not finite at epoch "));
  CHECK_THAT(outcome.output, !Contains("\"result\""));
}

TEST_CASE("bad input ends with code 2 and names what is wrong, before training",
          "[objectives][slow]") {
  const std::string only_errors = " 2>&1 >/dev/null";
  const Outcome name = Run(kTrain + only_errors, R"(JOULEFRONT_CONFIGURATION='{"stages": 2}')");
  CHECK(name.code == 2);
  CHECK_THAT(name.output, Contains("stages: no such parameter"));
  const Outcome value = Run(kTrain + "--set dropout=1.5" + only_errors);
  CHECK(value.code == 2);
  CHECK_THAT(value.output, Contains("dropout: expected a value from 0"));
  const Outcome file = Run("mlp --data /nowhere.csv" + only_errors);
  CHECK(file.code == 2);
  CHECK_THAT(file.output, Contains("/nowhere.csv: cannot open"));
  const Outcome seed = Run(kTrain + only_errors, "JOULEFRONT_SEED=-1");
  CHECK(seed.code == 2);
  CHECK_THAT(seed.output, Contains("JOULEFRONT_SEED: expected a whole number"));
}

TEST_CASE("a termination ends the training at once with code 143", "[objectives][slow]") {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    execl(JOULEFRONT_BIN_DIR "/joulefront-train", "joulefront-train", "mlp", "--data",
          (kDigits + "train.csv").c_str(), "--set", "epochs=1000000", nullptr);
    _exit(99);
  }
  close(ends[1]);
  std::string output;
  char byte = 0;
  while (output.find("\"step\":2") == std::string::npos && read(ends[0], &byte, 1) == 1) {
    output += byte;
  }
  kill(child, SIGTERM);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  close(ends[0]);
  CHECK_THAT(output, Contains("\"step\":2"));
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 143);
}

TEST_CASE("help lists every parameter with its default and range", "[objectives][slow]") {
  const Outcome outcome = Run("mlp --help");
  CHECK(outcome.code == 0);
  for (const char* name :
       {"layers", "width", "width_decay", "activation", "dropout", "optimizer", "learning_rate",
        "momentum", "weight_decay", "batch_size", "epochs", "data_fraction"}) {
    CHECK_THAT(outcome.output, Contains(std::string("\n  ") + name + " "));
  }
}

TEST_CASE("OpenBLAS computes with kernels of this processor's age", "[objectives][slow]") {
#ifdef __x86_64__
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return;
  const std::string flags = kTrain + "--set epochs=1 --set width=8 2>&1 | grep Core: | tail -n 1";
  const std::string chosen = Run(flags, "OPENBLAS_VERBOSE=2").output;
  if (chosen.empty()) return;  // this LibTorch has another library
  CHECK(chosen != "Core: Prescott\n");
  CHECK(Run(flags, "OPENBLAS_VERBOSE=2 OPENBLAS_CORETYPE=Prescott").output == "Core: Prescott\n");
#endif
}

TEST_CASE("a quantity is predicted as a number: saved, quantised, and evaluated in its own unit",
          "[objectives][slow]") {
  const Outcome folder = joulefront::objectives::Shell("mktemp -d");
  const std::string at = folder.output.substr(0, folder.output.find('\n')) + "/";
  // Prices of 4,000 and more, by two columns.
  REQUIRE(joulefront::objectives::Shell(
              "awk 'BEGIN { print \"x,z,price\"; for (i = 0; i < 600; ++i) { x = (i * 37 % 100) / "
              "100; z = (i * 61 % 89) / 89; printf \"%s,%s,%d\\n\", x, z, 4000 + 1000 * x * x + "
              "200 * z } }' > " +
              at + "house.csv")
              .code == 0);
  const std::string data = " --data " + at + "house.csv --label price ";
  const auto result_of = [&](const std::string& flags) {
    const Outcome outcome = Run(flags + data + " | tail -n 1");
    INFO(outcome.output);
    return json::parse(outcome.output)["values"];
  };
  const json mlp = result_of("mlp --save " + at +
                             "mlp.pt --set epochs=40 --set schedule=one-cycle "
                             "--set learning_rate=0.01 --set quantize=int8");
  CHECK(mlp["error"] < 0.1);
  CHECK(mlp["rmse"].get<double>() > 1);
  CHECK(mlp["rmse"] < 40);  // the prices' standard deviation is some 300
  CHECK(mlp["loss"].get<double>() == Approx(std::pow(mlp["error"].get<double>(), 2)));
  CHECK_FALSE(mlp.contains("accuracy"));
  const json transformer = result_of("transformer --set epochs=20 --set prune=0.3");
  CHECK(transformer["error"] < 0.4);
  const Outcome again = Run("--evaluate " + at + "mlp.pt" + data);
  CHECK(json::parse(again.output)["rmse"] < 40);
  const Outcome smooth = Run("mlp --set label_smoothing=0.1" + data + "2>&1");
  CHECK(smooth.code == 2);
  CHECK_THAT(smooth.output, Contains("label_smoothing: has an effect on classes alone"));
  CHECK_THAT(Run("mlp --set epochs=1" + data).output, Contains("the labels are quantities"));
  CHECK(joulefront::objectives::Shell("rm -r " + at).code == 0);
}
