// Studies of joulefront-train with [trainer] preload = true.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/objectives/trainer_runs.h"

using nlohmann::json;

namespace {

/// Runs a study of four trainings in one worker, and gives its trials as `export` does.
json TrialsOf(const std::string& folder, const std::string& name, const std::string& trainer) {
  std::ofstream(folder + "/" + name + ".toml")
      << "[study]\nname = '" << name << "'\nseed = 5\n"
      << "[objectives]\nloss = { direction = 'minimize' }\n"
      << "energy = { direction = 'minimize', phase = 'total' }\n"
      << "[space]\nwidth = { type = 'int', low = 8, high = 64 }\n"
      << "dropout = { type = 'float', low = 0.1, high = 0.5 }\n"
      << "[trainer]\ncommand = ['joulefront-train', 'mlp', '--set', 'epochs=3', '--data', "
      << "'" JOULEFRONT_SOURCE_DIR "/examples/data/digits/train.csv']\n"
      << trainer << "\n[budget]\ntrials = 4\n[search]\nsampler = 'sobol'\n";
  const std::string run = "cd '" + folder + "' && '" JOULEFRONT_BIN_DIR "/joulefront' run " + name +
                          ".toml -q --store " + name + ".db 2>/dev/null >/dev/null && '" +
                          JOULEFRONT_BIN_DIR "/joulefront' export " + name + ".db --format json";
  const auto outcome = joulefront::objectives::Shell(run);
  REQUIRE(outcome.code == 0);
  return json::parse(outcome.output).at("trials");
}

}  // namespace

TEST_CASE("trainings in forks of a worker that keeps LibTorch loaded learn the same for less",
          "[objectives][slow]") {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "joulefront-preload-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  const json started = TrialsOf(pattern, "started", "");
  const json forked = TrialsOf(pattern, "forked", "preload = true");
  REQUIRE(started.size() == 4);
  REQUIRE(forked.size() == 4);
  double started_j = 0, forked_j = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(forked[i]["configuration"] == started[i]["configuration"]);
    CHECK(forked[i]["values"]["loss"] == started[i]["values"]["loss"]);
    started_j += started[i]["values"]["energy"].get<double>();
    forked_j += forked[i]["values"]["energy"].get<double>();
  }
  CHECK(forked_j < started_j);
  std::filesystem::remove_all(pattern);
}
