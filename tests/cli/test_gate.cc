// `joulefront gate` as CI runs it. Joules that decide are told by the trainer, so that no test
// hangs on how busy the machine is.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/command.h"

namespace joulefront {
namespace {

using nlohmann::json;

/// Two percent of noise by the seed; the file `factor` makes it dearer.
constexpr const char* kTrainer = R"sh(
factor=100
cd "$(dirname "$0")"
[ -e factor ] && factor=$(cat factor)
echo "$JOULEFRONT_SEED" >> seeds
joules=$((factor * (100 + JOULEFRONT_SEED % 3)))
echo "{\"joulefront\": \"energy\", \"joules\": $joules}"
[ -e broken ] && { echo "no data"; exit 4; }
values="\"error\": 0.1$((JOULEFRONT_SEED % 3)), \"accuracy\": 0.9"
echo "{\"joulefront\": \"result\", \"values\": {$values}}"
)sh";

std::string StudyText(const std::string& extra = "") {
  return "[study]\nname = \"told\"\nseed = 1\n[objectives]\n"
         "error = { direction = \"minimize\" }\n"
         "energy = { direction = \"minimize\", phase = \"total\" }\n"
         "[space]\nwidth = { type = \"int\", low = 1, high = 8 }\n"
         "[trainer]\ncommand = [\"sh\", \"train.sh\"]\n"
         "[budget]\ntrials = 6\n[metering]\nsources = [\"trainer\"]\n" +
         extra;
}

/// A study that has run, whose baseline is made of trial 0.
void Prepare(const Workshop& shop) {
  shop.Write("study.toml", StudyText());
  shop.Write("train.sh", kTrainer);
  REQUIRE(shop.Run({"run", "study.toml", "-q"}).code == 0);
  const Outcome made =
      shop.Run({"gate", "--baseline", "b.json", "--update-baseline", "study.toml", "--trial", "0"});
  INFO(made.err);
  REQUIRE(made.code == 0);
}

/// `arguments` beside the baseline and the study.
Outcome Gate(const Workshop& shop, std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), {"gate", "--baseline", "b.json", "-q", "study.toml"});
  return shop.Run(arguments);
}

/// One that tells the values given, of a command whose joules are only shown.
Outcome GateCommand(const Workshop& shop, const std::string& script,
                    std::vector<std::string> flags) {
  flags.insert(flags.begin(), {"gate", "--baseline", "c.json", "-q"});
  // Enough work for the meter to see.
  flags.insert(flags.end(),
               {"--", "sh", "-c", "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; " + script});
  return shop.Run(flags);
}

TEST_CASE("a training that costs what it did passes, and one that costs more fails with 3") {
  const Workshop shop;
  Prepare(shop);
  const Outcome same = Gate(shop);
  INFO(same.out + same.err);
  CHECK(same.code == 0);
  CHECK_THAT(same.out, Catch::Contains("holds\n\nvalue"));
  CHECK_THAT(same.out, Catch::Contains("joules are replayed: "));
  shop.Write("factor", "110");
  const Outcome dearer = Gate(shop);
  CHECK(dearer.code == 3);
  CHECK_THAT(dearer.out, Catch::Contains("worse than is allowed"));
  CHECK_THAT(dearer.out, Catch::Contains("+10.00 %"));
  CHECK(Gate(shop, {"--max-regress", "energy=15%"}).code == 0);
  shop.Write("factor", "80");
  const Outcome cheaper = Gate(shop);
  CHECK(cheaper.code == 0);
  CHECK_THAT(cheaper.out, Catch::Contains("holds, better"));
}

TEST_CASE("the gate stops as soon as the answer is clear, with the seeds of the baseline") {
  const Workshop shop;
  Prepare(shop);
  shop.Write("factor", "150");
  shop.Write("seeds", "");
  CHECK(Gate(shop).code == 3);
  CHECK(shop.Read("seeds") == "1\n2\n3\n4\n5\n6\n");  // one to warm up, five that count
  const json baseline = json::parse(shop.Read("b.json"));
  CHECK(baseline["runs"].size() == 20);
  CHECK(baseline["runs"][0]["seed"] == 2);
  CHECK(baseline["runs"][0]["values"]["energy"] == 10200.0);
  CHECK(baseline["runs"][0]["phases"]["total"]["class"] == "replayed");
  CHECK(baseline["metered"]["energy"]["host"].get<std::string>() != "");
}

TEST_CASE("a study file and its baseline are enough: the store may be elsewhere") {
  const Workshop shop;
  Prepare(shop);
  const std::string before = shop.Read("b.json");
  REQUIRE(shop.Shell("rm -r told.db* told.work").code == 0);
  CHECK(Gate(shop).code == 0);
  CHECK(shop.Read("b.json") == before);
  const Outcome none = shop.Run({"gate", "--baseline", "none.json", "study.toml"});
  CHECK(none.code == 2);
  CHECK_THAT(none.err, Catch::Contains("--update-baseline makes one"));
}

TEST_CASE("without --trial, the baseline is made of the knee of the front") {
  const Workshop shop;
  shop.Write("study.toml", StudyText());
  shop.Write("train.sh", R"sh(
width=$(echo "$JOULEFRONT_CONFIGURATION" | tr -dc 0-9)
echo "{\"joulefront\": \"energy\", \"joules\": $((width * width))}"
echo "{\"joulefront\": \"result\", \"values\": {\"error\": $((100 / width))}}"
)sh");
  REQUIRE(shop.Run({"run", "study.toml", "-q", "--trials", "8"}).code == 0);
  REQUIRE(shop.Run({"gate", "--baseline", "b.json", "--update-baseline", "told.db"}).code == 0);
  const json front = json::parse(shop.Run({"front", "told.db", "--format", "json"}).out);
  const json baseline = json::parse(shop.Read("b.json"));
  bool found = false;
  for (const json& point : front["front"]) {
    if (!point["knee"].get<bool>()) continue;
    found = true;
    CHECK(baseline["subject"]["configuration"] == point["configuration"]);
  }
  CHECK(found);
}

TEST_CASE("what is not clear passes with a warning, and fails with --strict") {
  const Workshop shop;
  Prepare(shop);
  // Beyond what is allowed by less than the noise.
  const std::vector<std::string> limit = {"--max-regress", "energy=0.5%"};
  const Outcome unclear = Gate(shop, limit);
  CHECK(unclear.code == 0);
  CHECK_THAT(unclear.out, Catch::Contains("not clear is no failure without --strict"));
  CHECK(Gate(shop, {"--max-regress", "energy=0.5%", "--strict"}).code == 3);
}

TEST_CASE("a run that fails is no result, and its last lines are shown") {
  const Workshop shop;
  Prepare(shop);
  shop.Write("broken", "");
  const Outcome broken = Gate(shop, {"--junit", "r.xml", "--markdown", "r.md", "--json", "r.json"});
  CHECK(broken.code == 1);
  CHECK_THAT(broken.out, Catch::Contains("no result: exit status 4"));
  CHECK_THAT(broken.out, Catch::Contains("its last lines:\nno data\n"));
  CHECK_THAT(shop.Read("r.xml"), Catch::Contains("errors=\"1\""));
  CHECK_THAT(shop.Read("r.md"), Catch::Contains("no result"));
  CHECK(json::parse(shop.Read("r.json"))["verdict"] == "no result");
  const std::string before = shop.Read("b.json");
  CHECK(Gate(shop, {"--update-baseline"}).code == 1);
  CHECK(shop.Read("b.json") == before);
  CHECK_FALSE(shop.Has("b.json.new"));
}

TEST_CASE("joules of another comparability key are refused, and both are named") {
  const Workshop shop;
  Prepare(shop);
  json baseline = json::parse(shop.Read("b.json"));
  const auto refuse = [&](const std::string& member, const std::string& value) {
    json other = baseline;
    other["metered"]["energy"][member] = value;
    shop.Write("b.json", other.dump());
    shop.Write("seeds", "");
    const Outcome refused = Gate(shop);
    CHECK(refused.code == 2);
    CHECK(refused.out == "");
    CHECK_THAT(refused.err, Catch::Contains("cannot be compared with the baseline 'b.json'"));
    CHECK_THAT(refused.err, Catch::Contains("--update-baseline"));
    CHECK(shop.Read("seeds") == "1\n");  // it is known after the first run
  };
  refuse("class", "measured");
  refuse("host", "another machine");
  refuse("source", "rapl-perf");
  refuse("phase", "train");
}

TEST_CASE("a baseline of something else, or no baseline at all, is not compared with") {
  const Workshop shop;
  Prepare(shop);
  const std::string good = shop.Read("b.json");
  json other = json::parse(good);
  other["subject"]["study"] = "another";
  shop.Write("b.json", other.dump());
  CHECK_THAT(Gate(shop).err, Catch::Contains("the baseline is of: another"));
  other = json::parse(good);
  for (json& run : other["runs"]) run["values"].erase("error");
  shop.Write("b.json", other.dump());
  CHECK_THAT(Gate(shop).err, Catch::Contains("'error' is not in the baseline"));
  for (const char* text : {"", "{}", "[1]", "{\"joulefront_baseline\": 2}",
                           "{\"joulefront_baseline\": 1, \"made\": \"now\"}"}) {
    CAPTURE(text);
    shop.Write("b.json", text);
    CHECK(Gate(shop).code == 2);
    CHECK(Gate(shop, {"--update-baseline"}).code == 2);  // it may be somebody's file
    CHECK(shop.Read("b.json") == text);
  }
  shop.Write("b.json", good);
  shop.Write("study.toml", StudyText());
  const Outcome trial = Gate(shop, {"--trial", "99"});
  CHECK(trial.code == 2);
  CHECK_THAT(trial.err, Catch::Contains("no trial of that number"));
}

TEST_CASE("a command is gated by values that it prints, in its own folder and with a seed") {
  const Workshop shop;
  const std::string prints =
      "echo run $JOULEFRONT_SEED >> ran; echo val_error=0.$((20 + "
      "JOULEFRONT_SEED % 2))";
  const std::vector<std::string> flags = {"--metric", "error=val_error=([0-9.]+)", "--max-regress",
                                          "error=0.05"};
  auto make = flags;
  make.push_back("--update-baseline");
  const Outcome made = GateCommand(shop, prints, make);
  INFO(made.err);
  REQUIRE(made.code == 0);
  CHECK_THAT(shop.Read("ran"), Catch::StartsWith("run 0\nrun 1\nrun 2\n"));
  const Outcome same = GateCommand(shop, prints, flags);
  CHECK(same.code == 0);
  CHECK_THAT(same.out, Catch::Contains("no limit"));  // the joules
  const Outcome worse = GateCommand(shop, "echo val_error=0.30", flags);
  CHECK(worse.code == 3);
  CHECK_THAT(worse.out, Catch::Contains("the baseline is of: sh -c"));
  const Outcome silent = GateCommand(shop, "true", flags);
  CHECK(silent.code == 1);
  CHECK_THAT(silent.out, Catch::Contains("none of its lines matched the expression for \"error\""));
  CHECK(GateCommand(shop, "echo val_error=nan", flags).code == 1);
}

TEST_CASE("of a value that is maximised, a fall fails the gate") {
  const Workshop shop;
  const auto tell = [](const std::string& accuracy) {
    return "echo '{\"joulefront\": \"result\", \"values\": {\"accuracy\": " + accuracy + "}}'";
  };
  const std::vector<std::string> flags = {"--maximize",  "accuracy",  "--max-regress",
                                          "accuracy=1%", "--repeats", "5..6"};
  auto make = flags;
  make.push_back("--update-baseline");
  REQUIRE(GateCommand(shop, tell("0.9"), make).code == 0);
  CHECK(GateCommand(shop, tell("0.95"), flags).code == 0);
  CHECK(GateCommand(shop, tell("0.895"), flags).code == 0);
  CHECK(GateCommand(shop, tell("0.88"), flags).code == 3);
}

TEST_CASE("against a folder, the same command is run in turn there and here") {
  const Workshop shop;
  REQUIRE(shop.Shell("mkdir before").code == 0);
  const auto script = [](const std::string& error) {
    return "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; echo $PWD $JOULEFRONT_SEED >> " +
           std::string("$HERE/order; echo error=") + error + "\n";
  };
  shop.Write("before/train.sh", script("0.2"));
  shop.Write("train.sh", script("0.2"));
  const std::string gate =
      "HERE=$PWD $JF gate -q --against before --metric 'error=error=(.*)' "
      "--max-regress error=0.01 ";
  const std::string command = " -- sh train.sh";
  const Outcome same = shop.Shell(gate + command);
  INFO(same.out + same.err);
  CHECK(same.code == 0);
  CHECK_THAT(same.out, Catch::Contains("5 repeats in "));
  CHECK_THAT(same.out, Catch::Contains("against 5 of before, run in turn"));
  std::string order;
  for (const char c : shop.Shell("sed 's,.*/,,' order").out) order += c == '\n' ? ';' : c;
  const std::string here = (shop / "").substr(0, (shop / "").size() - 1);
  const std::string name = here.substr(here.rfind('/') + 1);
  CHECK_THAT(order, Catch::StartsWith("before 0;" + name + " 0;" + name + " 1;before 1;before 2;" +
                                      name + " 2;"));
  shop.Write("train.sh", script("0.3"));
  CHECK(shop.Shell(gate + command).code == 3);
  shop.Write("before/train.sh", "echo it broke; exit 7\n");
  const Outcome broken = shop.Shell(gate + command);
  CHECK(broken.code == 1);
  CHECK_THAT(broken.out, Catch::Contains("no result: in before: exit status 7"));
  CHECK(shop.Shell(gate + "--baseline b.json" + command).code == 2);
  CHECK(shop.Shell(gate + "--update-baseline" + command).code == 2);
  CHECK(shop.Shell("$JF gate --against nowhere -- true").code == 2);
}

TEST_CASE("a baseline that the budget does not allow is not made, and a hanging run is stopped") {
  const Workshop shop;
  const Outcome short_of = GateCommand(shop, "sleep 0.8", {"--budget", "3 s", "--update-baseline"});
  CHECK(short_of.code == 1);
  CHECK_THAT(short_of.err, Catch::Contains("of the 5 runs that a baseline needs"));
  const Outcome hung = GateCommand(shop, "sleep 60", {"--budget", "500 ms", "--update-baseline"});
  CHECK(hung.code == 1);
  CHECK_THAT(hung.err, Catch::Contains("it took longer than all of --budget"));
  CHECK_FALSE(shop.Has("c.json"));
}

TEST_CASE("gate leaves alone what a command of yours leaves running, and says so") {
  const Workshop shop;
  const Outcome run = GateCommand(
      shop, "if [ ! -e begun ]; then touch begun; (sleep 2; touch uploaded) > /dev/null 2>&1 & fi",
      {"--update-baseline"});
  CHECK(run.code == 0);
  CHECK_THAT(run.err, Catch::Contains("note: the command left running: sh ("));
  shop.Shell("sleep 2.5");
  CHECK(shop.Has("uploaded"));
}

TEST_CASE("an interrupted gate ends with the signal's code, and leaves no trainer and no file") {
  const Workshop shop;
  const Outcome run = shop.Shell(
      "$JF gate --baseline b.json --update-baseline -q -- sh -c 'touch ready; sleep 60' &"
      " while [ ! -e ready ]; do sleep 0.02; done; kill -INT $!; wait $!; echo code $?");
  CHECK(run.out == "code 130\n");
  CHECK_FALSE(shop.Has("b.json"));
  CHECK_FALSE(shop.Has("b.json.new"));
}

TEST_CASE("gate says what is wrong with its flags before it runs anything") {
  const Workshop shop;
  shop.Write("study.toml", StudyText());
  const auto fault = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "gate");
    arguments.insert(arguments.end(), {"--", "touch", "ran"});
    const Outcome outcome = shop.Run(arguments);
    CHECK(outcome.code == 2);
    return outcome.err.substr(0, outcome.err.find('\n'));
  };
  const std::vector<std::string> make = {"--baseline", "b.json", "--update-baseline"};
  const auto with = [&](const std::vector<std::string>& flags) {
    auto all = make;
    all.insert(all.end(), flags.begin(), flags.end());
    return fault(all);
  };
  CHECK(fault({}) == "joulefront gate: name a --baseline FILE, or --against FOLDER");
  CHECK(fault({"--baseline", "b.json", "study.toml"}) ==
        "joulefront gate: name a study or its store, or a command after --");
  CHECK_THAT(with({"--repeats", "5"}), Catch::Contains("--repeats is MIN..MAX"));
  CHECK_THAT(with({"--repeats", "5..101"}), Catch::Contains("from 2 to 100"));
  CHECK_THAT(with({"--confidence", "95"}), Catch::Contains("--confidence is from 0.5"));
  CHECK_THAT(with({"--budget", "10"}), Catch::Contains("--budget"));
  CHECK_THAT(with({"--max-regress", "energy"}), Catch::Contains("NAME=VALUE"));
  CHECK_THAT(with({"--max-regress", "energy=-3%"}), Catch::Contains("--max-regress energy: '-3%'"));
  CHECK_THAT(with({"--metric", "energy=(.*)"}), Catch::Contains("--metric energy"));
  CHECK_THAT(with({"--metric", "error=["}), Catch::Contains("error"));
  CHECK_THAT(with({"--trial", "3"}), Catch::Contains("--trial is for a study"));
  CHECK_FALSE(shop.Has("ran"));
  const Outcome study = shop.Run(
      {"gate", "--baseline", "b.json", "--update-baseline", "--phase", "train", "study.toml"});
  CHECK(study.code == 2);
  CHECK_THAT(study.err, Catch::Contains("--phase is for a command"));
  CHECK(shop.Run({"gate", "--baseline", "no/b.json", "--update-baseline", "--", "true"}).code == 1);
}

TEST_CASE("too few repeats for the confidence are refused, and not run in vain") {
  const Workshop shop;
  Prepare(shop);
  const Outcome refused = Gate(shop, {"--repeats", "2..3", "--confidence", "0.99"});
  CHECK(refused.code == 2);
  CHECK_THAT(refused.err, Catch::Contains("can never be clear"));
  CHECK_THAT(Gate(shop, {"--warmup", "3"}).err, Catch::Contains("the baseline was made with 1"));
  const Outcome report = Gate(shop, {"--json", "no/r.json"});
  CHECK(report.code == 1);
  CHECK_THAT(report.err, Catch::Contains("--json: 'no/r.json' cannot be written"));
}

}  // namespace
}  // namespace joulefront
