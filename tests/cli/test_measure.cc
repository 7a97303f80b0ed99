#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/command.h"
#include "tests/cli/sample_store.h"
#include "workers/measure.h"

namespace joulefront {
namespace {

using nlohmann::json;

constexpr const char* kBusy = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; ";

TEST_CASE("measure keeps the command's output and exit code, and reports beside them") {
  const Workshop shop;
  const Outcome run =
      shop.Run({"measure", "--", "sh", "-c", std::string(kBusy) + "echo out; exit 7"});
  CHECK(run.code == 7);
  CHECK(run.out == "out\n");
  CHECK_THAT(run.err, Catch::StartsWith("joules   "));
  CHECK_THAT(run.err, Catch::Contains("W mean"));
  CHECK_THAT(run.err, Catch::Contains(" CPU\n"));
  CHECK(shop.Run({"measure", "--", "sh", "-c", "kill -9 $$"}).code == 137);
}

TEST_CASE("a signal that is sent to measure reaches the command, and it ends with its code") {
  const Workshop shop;
  const Outcome run = shop.Shell(
      "$JF measure -- sh -c 'trap \"echo told; exit 9\" INT; touch ready; while :; do sleep 0.05; "
      "done' &"
      " while [ ! -e ready ]; do sleep 0.02; done; kill -INT $!; wait $!; echo code $?");
  CHECK(run.out == "told\ncode 9\n");
}

TEST_CASE("measure leaves alone what the command leaves running, and says so") {
  const Workshop shop;
  const std::string leave = "(sleep 0.7; echo later > uploaded) > /dev/null 2>&1 & exit 0";
  const Outcome run = shop.Run({"measure", "--", "sh", "-c", leave});
  CHECK(run.code == 0);
  CHECK_THAT(run.err, Catch::Contains("the command left running: sh ("));
  CHECK_FALSE(shop.Has("uploaded"));
  shop.Shell("sleep 1.2");
  CHECK(shop.Read("uploaded") == "later\n");
  const Outcome session =
      shop.Run({"measure", "--", "sh", "-c", "setsid " + ("sh -c '" + leave + "'")});
  CHECK_THAT(session.err, Catch::Contains("left running"));
  CHECK_THAT(shop.Run({"measure", "--", "true"}).err, !Catch::Contains("left running"));
}

TEST_CASE("what an earlier run left running is in no later run's CPU time") {
  const Workshop shop;
  const Outcome run = shop.Run(
      {"measure", "--repeat", "3", "--format", "json", "--output", "r.json", "--", "sh", "-c",
       "if [ ! -e begun ]; then touch begun; timeout 3 sh -c 'while :; do :;"
       " done' > /dev/null 2>&1 & fi; sleep 0.4"});
  INFO(run.err);
  REQUIRE(run.code == 0);
  const json runs = json::parse(shop.Read("r.json"))["runs"];
  CHECK(runs[0]["left_running"].size() == 1);
  CHECK_FALSE(runs[1].contains("left_running"));
  const auto cpu = [&](std::size_t k) { return runs[k]["phases"].back()["cpu_s"].get<double>(); };
  CHECK(cpu(0) > 0.1);
  CHECK(cpu(1) < 0.1);
  CHECK(cpu(2) < 0.1);
}

TEST_CASE("measure passes the command's input on") {
  const Workshop shop;
  CHECK(shop.Run({"measure", "--", "cat"}, "in\n").out == "in\n");
}

TEST_CASE("measure --repeat gives mean and interval, as JSON too") {
  const Workshop shop;
  const Outcome run = shop.Run({"measure", "--repeat", "3", "--format", "json", "--output",
                                "r.json", "--intensity", "400 gCO2e/kWh", "--kind", "life-cycle",
                                "--tariff", "0.3 EUR/kWh", "--", "sh", "-c", kBusy});
  CHECK(run.code == 0);
  const json report = json::parse(shop.Read("r.json"));
  REQUIRE(report["runs"].size() == 3);
  const json& total = report["runs"][0]["phases"]["total"];
  CHECK(total["joules"] > 0.0);
  CHECK(total.contains("class"));
  CHECK(report["joules"].contains("half_width_95"));
  const double joules = report["joules"]["mean"];
  CHECK(report["carbon"]["gco2e"].get<double>() == Approx(joules / 3.6e6 * 400));
  CHECK(report["carbon"]["kind"] == "life-cycle");
  CHECK(report["cost"]["price"].get<double>() == Approx(joules / 3.6e6 * 0.3));
}

TEST_CASE("measure --phases follows the trainer protocol and passes it on") {
  const Workshop shop;
  const std::string message = R"({"joulefront": "phase", "name": "train"})";
  const Outcome run = shop.Run({"measure", "--phases", "--format", "json", "--output", "r.json",
                                "--", "sh", "-c", "echo '" + message + "'; " + kBusy});
  CHECK(run.out == message + "\n");
  const json report = json::parse(shop.Read("r.json"));
  CHECK(report["runs"][0]["phases"]["train"]["cpu_s"] > 0.0);
}

TEST_CASE("measure --phases ends with a command whose output nobody takes any more") {
  const Workshop shop;
  CHECK(shop.Shell("{ timeout 20 $JF measure --phases -- yes; echo $? >&2; } | head -1")
            .err.find("141") != std::string::npos);
  const Outcome full = shop.Shell("$JF measure --phases -- echo hi > /dev/full");
  CHECK(full.code == 1);
  CHECK_THAT(full.err, Catch::Contains("cannot pass on the command's output: No space left"));
}

TEST_CASE("measure says what is wrong with its flags, and with the command") {
  const Workshop shop;
  CHECK(shop.Run({"measure", "ls"}).code == 2);
  CHECK(shop.Run({"measure", "--"}).code == 2);
  CHECK(shop.Run({"measure", "--repeat", "0", "--", "true"}).code == 2);
  CHECK(shop.Run({"measure", "--demand", "sure", "--", "true"}).code == 2);
  CHECK(shop.Run({"measure", "--intensity", "475", "--", "true"}).code == 2);
  for (const char* pue : {"nan", "inf", "0.5", "11"}) {
    CAPTURE(pue);
    CHECK(shop.Run({"measure", "--intensity", "9 gCO2e/kWh", "--pue", pue, "--", "true"}).code ==
          2);
  }
  const auto idle = [&](const std::string& flag, const std::string& value) {
    const Outcome run = shop.Run({"measure", flag, value, "--", "touch", "ran"});
    CHECK_THAT(run.err, Catch::Contains("without --intensity"));
    return run.code;
  };
  CHECK(idle("--kind", "direct") == 2);
  CHECK(idle("--intensity-source", "my utility") == 2);
  CHECK(idle("--pue", "1.2") == 2);
  const Outcome told = shop.Run({"measure", "--source", "trainer", "--", "touch", "ran"});
  CHECK(told.code == 2);
  CHECK_THAT(told.err, Catch::Contains("tells no joules itself"));
  const Outcome gpu = shop.Run({"measure", "--gpu", "GPU-none", "--", "touch", "ran"});
  CHECK(gpu.code == 2);
  CHECK_THAT(gpu.err, Catch::Contains("--gpu GPU-none: "));
  CHECK_FALSE(shop.Has("ran"));
  const Outcome meter = shop.Run({"measure", "--source", "ipmi", "--", "true"});
  CHECK(meter.code == 5);
  CHECK_THAT(meter.err, Catch::Contains("'ipmi'"));
}

TEST_CASE("measure ends as time(1) does for a command that is not there or no program") {
  const Workshop shop;
  const Outcome missing = shop.Run({"measure", "--", "no-such-program"});
  CHECK(missing.code == 127);
  CHECK_THAT(missing.err, Catch::Contains("was not found"));
  shop.Write("text", "words\n");
  CHECK(shop.Run({"measure", "--", "./text"}).code == 126);
}

TEST_CASE("measure tries the report's file before it runs the command") {
  const Workshop shop;
  const Outcome run = shop.Run({"measure", "--output", "no/r.txt", "--", "touch", "ran"});
  CHECK(run.code == 1);
  CHECK_THAT(run.err, Catch::Contains("'no/r.txt' cannot be written: No such file"));
  CHECK_FALSE(shop.Has("ran"));
}

TEST_CASE("measure --repeat that ends with a failure says after how many runs") {
  const Workshop shop;
  const Outcome run =
      shop.Run({"measure", "--repeat", "5", "--", "sh", "-c", "[ -e ran ] && exit 3; touch ran"});
  CHECK(run.code == 3);
  CHECK_THAT(run.err, Catch::Contains("runs     2 of 5: the last one ended with exit code 3"));
}

TEST_CASE("the dearest second is never below the mean") {
  const Workshop shop;
  for (const std::string work : {"sleep 0.7; ", "sleep 1; "}) {
    shop.Run({"measure", "--format", "json", "--output", "r.json", "--", "sh", "-c", work + kBusy});
    const json run = json::parse(shop.Read("r.json"))["runs"][0];
    const json& total = run["phases"]["total"];
    if (run["peak_w"].is_null()) continue;
    CHECK(run["peak_w"].get<double>() >=
          total["joules"].get<double>() / total["wall_s"].get<double>());
  }
}

TEST_CASE("the interval of a mean is Student's") {
  const Spread spread = SpreadOf({1.0, 2.0, 3.0});
  CHECK(spread.mean == Approx(2.0));
  CHECK(*spread.deviation == Approx(1.0));
  CHECK(*spread.half_width == Approx(4.302653 / std::sqrt(3.0)));
  CHECK_FALSE(SpreadOf({1.0}).half_width);
  // Equal values have no spread, also where their sum is rounded.
  CHECK(*SpreadOf({0.9873, 0.9873, 0.9873}).deviation == 0.0);
  CHECK(SpreadOf({0.9873, 0.9873, 0.9873}).mean == 0.9873);
}

TEST_CASE("a study that demands what is not there ends with exit code 5 before it begins") {
  const Workshop shop;
  shop.Write("study.toml",
             "[study]\nname = \"s\"\n[objectives]\nerror = { direction = \"minimize\" }\n"
             "[space]\nx = { type = \"float\", low = 0.0, high = 1.0 }\n"
             "[trainer]\ncommand = [\"true\"]\n[budget]\ntrials = 1\n"
             "[metering]\nsources = [\"plug\"]\n"
             "[metering.own]\nplug = { file = \"none\", gives = \"joules\" }\n");
  const Outcome run = shop.Run({"run", "study.toml"});
  CHECK(run.code == 5);
  CHECK_THAT(run.err, Catch::Contains("'plug'"));
}

TEST_CASE("a study whose meter goes away ends with exit code 5, and its trial waits") {
  const Workshop shop;
  shop.Write("plug", "100\n");
  shop.Write(
      "study.toml",
      "[study]\nname = \"s\"\n[objectives]\nerror = { direction = \"minimize\" }\n"
      "[space]\nx = { type = \"float\", low = 0.0, high = 1.0 }\n"
      "[trainer]\ncommand = [\"sh\", \"-c\", \"rm -f " +
          shop / "plug" +
          "; echo '{\\\"joulefront\\\": \\\"result\\\", \\\"values\\\": {\\\"error\\\": 1}}'\"]\n"
          "[budget]\ntrials = 3\n[metering]\nsources = [\"plug\"]\n"
          "[metering.own]\nplug = { file = \"plug\", gives = \"joules\" }\n");
  const Outcome run = shop.Run({"run", "study.toml"});
  INFO(run.err);
  CHECK(run.code == 5);
  CHECK_THAT(run.err, Catch::Contains("a source of joules that the study needs has gone"));
}

TEST_CASE("the screen of meters lists what is absent too") {
  const Workshop shop;
  const Outcome shown = shop.Run({"meters"});
  for (const std::string kind : {"rapl-", "nvml", "hwmon", "battery", "ipmi", "cpu-time"}) {
    CHECK_THAT(shown.out, Catch::Contains("\n" + kind));
  }
}

TEST_CASE("attempts are exported in CodeCarbon's columns, and what is not known is empty") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  const Outcome bare = shop.Run({"export", "digits.db", "--format", "emissions"});
  CHECK(bare.code == 0);
  CHECK_THAT(bare.out, Catch::StartsWith("timestamp,project_name,run_id,experiment_id,duration,"
                                         "emissions,emissions_rate,cpu_power"));
  CHECK_THAT(bare.err, Catch::Contains("no [carbon]"));
  // A series that has gone does not hide the study.
  Study lost = DigitsStudy("lost");
  lost.carbon.series = "none.csv";
  MakeDigitsStore(shop / "lost.db", lost);
  const Outcome shown = shop.Run({"status", "lost.db"});
  CHECK(shown.code == 0);
  CHECK_THAT(shown.err, Catch::Contains("no carbon is shown: the carbon intensities"));
  Study study = DigitsStudy("other");
  study.carbon.intensity = 400.0;
  study.tariff = Tariff{0.5, "EUR"};
  MakeDigitsStore(shop / "other.db", study);
  const std::string csv = shop.Run({"export", "other.db", "--format", "emissions"}).out;
  CHECK(csv.find(",joulefront ") != std::string::npos);
  const json status = json::parse(shop.Run({"status", "other.db", "--format", "json"}).out);
  const double joules = status["energy"]["joules"];
  CHECK(status["carbon"]["gco2e"].get<double>() == Approx(joules / 3.6e6 * 400));
  CHECK(status["cost"]["price"].get<double>() == Approx(joules / 3.6e6 * 0.5));
  CHECK_THAT(shop.Run({"status", "other.db"}).out, Catch::Contains("kind not said"));
}

TEST_CASE("meters --calibrate and --replay refuse what is none, with its line") {
  const Workshop shop;
  shop.Write("wall.csv", "seconds,tool_joules,wall_joules\n1,2\n");
  const Outcome fit = shop.Shell("XDG_STATE_HOME=. $JF meters --calibrate wall.csv");
  CHECK(fit.code == 2);
  CHECK_THAT(fit.err, Catch::Contains("line 2"));
  CHECK(shop.Run({"meters", "--replay", "wall.csv"}).code == 6);
  CHECK(shop.Run({"meters", "--replay", "none"}).code == 2);
  CHECK(shop.Run({"meters", "--probe", "soon"}).code == 2);
  CHECK(shop.Run({"meters", "--replay", "none", "--format", "json"}).code == 2);
}

TEST_CASE("a calibration is stored for this machine, and shown") {
  const Workshop shop;
  std::string csv = "seconds,tool_joules,wall_joules\n";
  for (int watts = 20; watts <= 300; watts += 40) {
    csv += std::to_string(900 * watts) + ",";
    csv.insert(csv.rfind(std::to_string(900 * watts)), "900,");
    csv += std::to_string(900 * (40 + watts * 5 / 4)) + "\n";
  }
  shop.Write("wall.csv", csv);
  const Outcome fit = shop.Shell("XDG_STATE_HOME=$PWD $JF meters --calibrate wall.csv");
  CHECK(fit.code == 0);
  CHECK_THAT(fit.out, Catch::Contains("wall = 40 W + 1.25 x tool"));
  CHECK_THAT(shop.Shell("XDG_STATE_HOME=$PWD $JF meters").out,
             Catch::Contains("wall     = 40 W + 1.25 x tool"));
  CHECK_THAT(json::parse(shop.Read("joulefront/host.json"))["calibration"]["id"],
             Catch::EndsWith(": 40 W + 1.25 x"));            // two fits of a day are two keys
  CHECK_THAT(fit.out, Catch::Contains("within 1 % of it"));  // met exactly by chance: no less
  const Outcome again = shop.Shell("XDG_STATE_HOME=$PWD $JF meters --calibrate wall.csv");
  CHECK_THAT(again.out, Catch::Contains("it replaces that of "));
  for (std::size_t at = 0; (at = csv.find("\n900,", at)) != csv.npos;) csv.replace(at, 5, "\n9,");
  shop.Write("short.csv", "\xEF\xBB\xBF" + csv);
  CHECK_THAT(shop.Shell("XDG_STATE_HOME=$PWD $JF meters --calibrate short.csv").err,
             Catch::Contains("a load level of 9 s is too short"));
  // What a probe found of two sources is kept beside it.
  json record = json::parse(shop.Read("joulefront/host.json"));
  record["checks"] = {{{"first", "rapl-perf"},
                       {"second", "rapl-powercap"},
                       {"boundary", "package"},
                       {"ratio", 1.012}}};
  shop.Write("joulefront/host.json", record.dump());
  CHECK_THAT(shop.Shell("XDG_STATE_HOME=$PWD $JF meters").out,
             Catch::Contains("check    package of rapl-perf against rapl-powercap: +1.20 %\n"));
  const json shown = json::parse(shop.Shell("XDG_STATE_HOME=$PWD $JF meters --format json").out);
  CHECK(shown["checks"] == record["checks"]);
}

}  // namespace
}  // namespace joulefront
