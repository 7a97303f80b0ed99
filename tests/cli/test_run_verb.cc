#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/command.h"
#include "tests/cli/sample_store.h"
#include "tests/cli/sql_rows.h"

namespace joulefront {
namespace {

using nlohmann::json;

/// Trained by sh: an error that falls with width.
const std::string kShellStudy = R"([study]
name = "shell"
[objectives]
error = { direction = "minimize" }
energy = { direction = "minimize", phase = "total" }
[space]
width = { type = "int", low = 1, high = 100 }
optimizer = { type = "categorical", choices = ["sgd", "adam"] }
momentum = { type = "float", low = 0.0, high = 1.0, when = { optimizer = "sgd" } }
[trainer]
command = ["sh", "train.sh", "{width}", "{momentum}"]
[budget]
trials = 3
)";

constexpr const char* kTrainer =
    "echo \"log: width $1 momentum [$2]\"\n"
    "echo \"{\\\"joulefront\\\": \\\"result\\\", \\\"values\\\": {\\\"error\\\": $(expr 101 - "
    "$1)}}\"\n";

void WriteStudy(const Workshop& shop, const std::string& trainer = kTrainer) {
  shop.Write("study.toml", kShellStudy);
  shop.Write("train.sh", trainer);
}

TEST_CASE("run trains until the budget is spent, says how, and a second run finds it done") {
  const Workshop shop;
  WriteStudy(shop);
  const Outcome run = shop.Run({"run", "study.toml"});
  INFO(run.err);
  CHECK(run.code == 0);
  CHECK(run.out == "");
  CHECK(run.err.find("study 'shell': 3/3 done, 0 running") != std::string::npos);
  CHECK(run.err.ends_with("choose from the front: joulefront front shell.db --plot\n"));
  // Plain lines: nothing that only a terminal understands.
  CHECK(std::none_of(run.err.begin(), run.err.end(), [](char c) { return c == '\r' || c == 27; }));
  const json data = json::parse(shop.Run({"export", "shell.db", "--format", "json"}).out);
  REQUIRE(data["trials"].size() == 3);
  for (const json& trial : data["trials"]) {
    CHECK(trial["values"]["error"] == 101 - trial["configuration"]["width"].get<int>());
    CHECK(trial["energy"].contains("total"));
  }
  CHECK(shop.Run({"run", "study.toml"}).code == 0);
  CHECK(json::parse(shop.Run({"export", "shell.db", "--format", "json"}).out) == data);
  // A larger budget goes on where it was.
  CHECK(shop.Run({"run", "study.toml", "--trials", "4", "--quiet"}).code == 0);
  CHECK(shop.Run({"export", "shell.db"}).out.find("\n3,complete,") != std::string::npos);
}

TEST_CASE("a study that was interrupted is stopped, and closed once its budget is spent") {
  const Workshop shop;
  WriteStudy(shop, std::string("sleep 0.3\n") + kTrainer);
  const auto state = [&] {
    const std::string text = shop.Run({"status", "shell.db"}).out;
    return text.substr(0, text.find('\n'));
  };
  CHECK(shop.Shell("$JF run study.toml -q --trials 40 & pid=$!; sleep 1; kill -INT $pid; wait $pid")
            .code == 130);
  CHECK(state() == "study    shell (stopped before its budget was spent)");
  CHECK(shop.Run({"run", "study.toml", "-q"}).code == 0);
  CHECK(state() == "study    shell (closed)");
}

TEST_CASE("a study that has begun keeps its cost exponent, unless its file sets one") {
  const Workshop shop;
  WriteStudy(shop);
  const auto exponents = [&] {
    return Sql(shop / "shell.db", "SELECT json_extract(settings, '$.cost_exponent') FROM study");
  };
  CHECK(shop.Run({"run", "study.toml", "-q"}).code == 0);
  CHECK(exponents() == Rows{"0.0"});
  CHECK(shop.Shell("sed -i 's/trials = 3/trials = 4\\nenergy = \"1 MJ\"/' study.toml").code == 0);
  CHECK(shop.Run({"run", "study.toml", "-q"}).code == 0);
  CHECK(exponents() == Rows{"0.0"});
  CHECK(shop.Shell("printf '[search]\\ncost_exponent = 1\\n' >> study.toml").code == 0);
  CHECK(shop.Run({"run", "study.toml", "-q"}).code == 0);
  CHECK(exponents() == Rows{"1.0"});
  CHECK(shop.Run({"audit", "shell.db"}).code == 0);
}

TEST_CASE("a study in which no trial meets the constraints ends with code 4 and says so") {
  const Workshop shop;
  WriteStudy(shop);
  shop.Write("study.toml", kShellStudy + "[constraints]\nerror = { max = -1 }\n");
  const Outcome run = shop.Run({"run", "study.toml", "--quiet"});
  CHECK(run.code == 4);
  CHECK(run.err.find("no trial meets the constraints") != std::string::npos);
}

TEST_CASE("a run whose store is deleted under it stops, and does not say that it is done") {
  const Workshop shop;
  WriteStudy(shop, "rm -f ../../../shell.db*\nsleep 30\n");
  const Outcome run = shop.Run({"run", "study.toml", "--quiet"});
  CHECK(run.code == 1);
  CHECK(run.err.find("was deleted, moved or replaced while the study ran") != std::string::npos);
}

TEST_CASE("run on a terminal redraws one line, without colour, and ends with plain ones") {
  const Workshop shop;
  WriteStudy(shop);
  const Outcome run = shop.RunOnTerminal({"run", "study.toml"});
  INFO(run.out);
  CHECK(run.code == 0);
  const std::string first = run.out.substr(0, run.out.find('\n'));
  CHECK(first.find("/3 done") != std::string::npos);
  CHECK(first.find("\x1b[K") != std::string::npos);
  CHECK(run.out.ends_with("choose from the front: joulefront front shell.db --plot\r\n"));
  // Clearing the line is all that is asked of the terminal: NO_COLOR has nothing to turn off.
  for (auto at = run.out.find('\x1b'); at != std::string::npos; at = run.out.find('\x1b', at + 1)) {
    CHECK(run.out.substr(at, 3) == "\x1b[K");
  }
}

TEST_CASE("run --quiet says how it ended and no more") {
  const Workshop shop;
  WriteStudy(shop);
  const Outcome run = shop.Run({"run", "study.toml", "-q"});
  CHECK(run.code == 0);
  CHECK(std::count(run.err.begin(), run.err.end(), '\n') == 2);
}

TEST_CASE("run without a complete trial says where to look, with exit code 4") {
  const Workshop shop;
  WriteStudy(shop, "exit 3\n");
  const Outcome run = shop.Run({"run", "study.toml", "-q"});
  CHECK(run.code == 4);
  CHECK(run.err.find("3/3 done, 0 running, 3 failed") != std::string::npos);
  CHECK_THAT(run.err, Catch::Contains("no trial is complete. The last failure ("));
  const Outcome status = shop.Run({"status", "shell.db"});
  CHECK(status.out.find("exit-code      3  trial 2  ") != std::string::npos);
}

TEST_CASE("run refuses a study of another definition and shows the difference") {
  const Workshop shop;
  WriteStudy(shop);
  REQUIRE(shop.Run({"run", "study.toml", "-q"}).code == 0);
  std::string changed = kShellStudy;
  changed.replace(changed.find("\"adam\""), 6, "\"lamb\"");
  shop.Write("study.toml", changed);
  const Outcome run = shop.Run({"run", "study.toml"});
  CHECK(run.code == 2);
  CHECK(run.err.find("  space.optimizer.choices.1: \"adam\" in the store, \"lamb\" in the study "
                     "file\n") != std::string::npos);
}

TEST_CASE("run needs a trainer, a budget and metrics that are regular expressions") {
  const Workshop shop;
  const auto fault = [&](const std::string& text, const std::vector<std::string>& flags = {}) {
    shop.Write("study.toml", text);
    std::vector<std::string> arguments = {"run", "study.toml"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const Outcome run = shop.Run(arguments);
    CHECK(run.code == 2);
    return run.err;
  };
  const auto without = [](const std::string& section) {
    std::string text = kShellStudy;
    const auto at = text.find(section);
    return text.erase(at, text.find('\n', at + section.size() + 1) + 1 - at);
  };
  CHECK(fault(without("[trainer]")) ==
        "joulefront run: study.toml: no trainer; add [trainer] with command = [\"program\", "
        "...]\n");
  CHECK(fault(without("[budget]")) ==
        "joulefront run: study.toml: no budget; add [budget] with trials = 60, energy = \"50 kJ\" "
        "or time = \"30 min\"\n");
  CHECK(fault(kShellStudy + "[trainer.metrics]\nerror = '(['\n")
            .starts_with("joulefront run: study.toml: "));
  CHECK_THAT(fault(kShellStudy + "[carbon]\nseries = 'none.csv'\n"),
             Catch::Contains("the carbon intensities that the study file names: cannot read"));
  CHECK(fault(kShellStudy, {"--workers", "0"}) ==
        "joulefront run: --workers and --trials must be at least 1\n");
  CHECK(fault(kShellStudy, {"--workers", "5000"}) ==
        "joulefront run: --workers must be at most 256\n");
  CHECK(fault(kShellStudy, {"--trials", "many"}).starts_with("joulefront run: "));
  CHECK_FALSE(shop.Has("shell.db"));
}

TEST_CASE("run goes on where nobody can read what it says") {
  for (const std::string to : {"2> /dev/full", "2>&-", ">&- 2>&- <&-"}) {
    INFO(to);
    const Workshop shop;
    WriteStudy(shop);
    CHECK(shop.Shell("$JF run study.toml " + to).code == 0);
    CHECK(shop.Run({"export", "shell.db"}).out.find("\n2,complete,") != std::string::npos);
  }
}

TEST_CASE("try trains one configuration, shows what would be kept, and keeps nothing") {
  const Workshop shop;
  WriteStudy(shop);
  const Outcome tried = shop.Run({"try", "study.toml", "--set", "width=30", "--set",
                                  "optimizer=sgd", "--set", "momentum=0.5"});
  CHECK(tried.code == 0);
  CHECK(tried.out.starts_with(
      "configuration {\"width\":30,\"optimizer\":\"sgd\",\"momentum\":0.5}\n"));
  CHECK(tried.out.find("\nerror = 71\n") != std::string::npos);
  CHECK(tried.out.find("\ntotal ") != std::string::npos);
  CHECK(tried.err.find("log: width 30 momentum [0.5]\n") != std::string::npos);
  const json data = json::parse(
      shop.Run({"try", "study.toml", "--set", "optimizer=adam", "--format", "json"}).out);
  CHECK(data["configuration"]["optimizer"] == "adam");
  CHECK_FALSE(data["configuration"].contains("momentum"));
  CHECK(data["state"] == "complete");
  CHECK(data["energy"].contains("total"));
  CHECK(shop.Shell("ls").out == "study.toml\ntrain.sh\n");
}

TEST_CASE("try refuses settings that the space does not hold") {
  const Workshop shop;
  WriteStudy(shop);
  const auto fault = [&](const std::vector<std::string>& settings) {
    std::vector<std::string> arguments = {"try", "study.toml"};
    for (const std::string& setting : settings)
      arguments.insert(arguments.end(), {"--set", setting});
    const Outcome tried = shop.Run(arguments);
    CHECK(tried.code == 2);
    CHECK(tried.out == "");
    return tried.err;
  };
  CHECK(fault({"width"}) ==
        "joulefront try: --set width: write PARAMETER=VALUE with a parameter of the study\n");
  CHECK(fault({"wdith=3"}) ==
        "joulefront try: --set wdith=3: write PARAMETER=VALUE with a parameter of the study\n");
  CHECK(fault({"width=1000"}) ==
        "joulefront try: --set width=1000: the parameter cannot have this value\n");
  CHECK(fault({"width=18446744073709551615"}) ==
        "joulefront try: --set width=18446744073709551615: the parameter cannot have this value\n");
  CHECK(fault({"optimizer=adam", "momentum=0.5"}) ==
        "joulefront try: --set momentum: it is inactive here, since its `when` does not hold\n");
}

TEST_CASE("try of a trainer that fails shows why, with exit code 1") {
  const Workshop shop;
  WriteStudy(shop, "echo no luck\nexit 3\n");
  const Outcome tried = shop.Run({"try", "study.toml"});
  CHECK(tried.code == 1);
  CHECK(tried.err.find("joulefront try: failed (exit-code): ") != std::string::npos);
  CHECK(tried.err.find("no luck") != std::string::npos);
  const Outcome homeless = shop.Shell("TMPDIR=/no/such/folder $JF try study.toml");
  CHECK(homeless.code == 1);
  CHECK(homeless.err ==
        "joulefront try: cannot make a temporary folder; set TMPDIR to a writable one\n");
}

TEST_CASE("run --check shows the arguments of each branch, and warns of what is empty") {
  const Workshop shop;
  shop.Write("t.py", "");
  const std::string begin =
      "[study]\nname = \"s\"\n[objectives]\nerror = { direction = \"minimize\" }\n[space]\n"
      "opt = { type = \"categorical\", choices = [\"sgd\", \"adam\"] }\n"
      "momentum = { type = \"float\", low = 0.0, high = 1.0, when = { opt = \"sgd\" } }\n"
      "tag = { type = \"categorical\", choices = [\"\", \"a b\"] }\n"
      "[budget]\ntrials = 3\n[trainer]\ncommand = ";
  const auto check = [&](const std::string& command) {
    shop.Write("s.toml", begin + command + "\n");
    const Outcome run = shop.Run({"run", "s.toml", "--check"});
    CHECK(run.code == 0);
    return run.out;
  };
  const std::string good = check("[\"python3\", \"t.py\", \"--m\", \"{momentum}\", [\"{tag}\"]]");
  CHECK_THAT(good, Catch::Contains("branch   opt = sgd, tag = a b:\n         python3 " +
                                   (shop / "t.py") + " --m 0.5 'a b'\n"));
  CHECK_THAT(good, Catch::Contains("branch   opt = adam, tag = '':\n         python3 " +
                                   (shop / "t.py") + "\n"));
  CHECK_THAT(good, !Catch::Contains("note     an"));
  const std::string bad = check(
      "[\"python3\", \"t.py\", \"--tag\", \"{tag}\", \"m={momentum},{opt}\", \"--range\", "
      "\"{momentum}\", \"{opt}\"]");
  CHECK_THAT(bad, Catch::Contains("--tag '' "));
  CHECK_THAT(bad, Catch::Contains("note     an empty argument remains of \"{tag}\" (opt = "));
  CHECK_THAT(bad, Catch::Contains("note     \"m={momentum},{opt}\" is left out as a whole (opt = "
                                  "adam"));
  CHECK_THAT(bad, Catch::Contains("write [\"--range\", \"{momentum}\", \"{opt}\"] as a list"));
  CHECK(std::count(bad.begin(), bad.end(), '\n') < 40);
  const std::string alone = check("[\"python3\", \"t.py\", \"{opt}\"]");
  CHECK_THAT(alone, Catch::Contains("branch   opt = sgd:\n"));
}

}  // namespace
}  // namespace joulefront
