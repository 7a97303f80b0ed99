#include <catch2/catch.hpp>

#include "tests/cli/command.h"
#include "tests/cli/sample_store.h"

namespace joulefront {
namespace {

const char* const kVerbs[] = {"init",   "run",      "front",    "compare", "importance",
                              "status", "export",   "gate",     "try",     "meters",
                              "worker", "ask-tell", "dashboard"};

TEST_CASE("Help names every verb, and every verb's help has an example") {
  const Workshop shop;
  const Outcome help = shop.Run({"--help"});
  CHECK(help.code == 0);
  CHECK(help.err == "");
  for (const std::string verb : kVerbs) {
    INFO(verb);
    CHECK(help.out.find("\n  " + verb + " ") != std::string::npos);
    const Outcome own = shop.Run({verb, "--help"});
    CHECK(own.code == 0);
    CHECK(own.err == "");
    CHECK(own.out.starts_with("usage: joulefront " + verb));
    CHECK(own.out.find("example") != std::string::npos);
    CHECK(own.out.find("joulefront " + verb, 20) != std::string::npos);
    CHECK(own.out == shop.Run({verb, "-h"}).out);
  }
  CHECK(shop.Run({"-h"}).out == help.out);
  CHECK(shop.Run({"help"}).out == help.out);
  CHECK(shop.Run({"--version"}).out.starts_with("joulefront "));
}

TEST_CASE("Without a verb, or with one that is not there, nothing is done, with exit code 2") {
  const Workshop shop;
  const Outcome none = shop.Run({});
  CHECK(none.code == 2);
  CHECK(none.out == "");
  CHECK(none.err == shop.Run({"--help"}).out);
  const Outcome unknown = shop.Run({"fornt"});
  CHECK(unknown.code == 2);
  CHECK(unknown.err == "joulefront: there is no verb 'fornt'; see joulefront --help\n");
}

TEST_CASE("Flags that are wrong are told with the usage, and exit code 2") {
  const Workshop shop;
  for (const std::string verb : kVerbs) {
    const Outcome outcome = shop.Run({verb, "--no-such-flag"});
    CHECK(outcome.code == 2);
    CHECK(outcome.out == "");
    CHECK(outcome.err.starts_with("joulefront " + verb +
                                  ": unrecognised option '--no-such-flag'\nusage: joulefront " +
                                  verb));
    CHECK(outcome.err.ends_with("see joulefront " + verb + " --help\n"));
  }
  const auto fault = [&](const std::vector<std::string>& arguments) {
    const Outcome outcome = shop.Run(arguments);
    CHECK(outcome.code == 2);
    return outcome.err.substr(0, outcome.err.find('\n'));
  };
  CHECK(fault({"front", "a.db", "b.db"}) == "joulefront front: unexpected argument 'b.db'");
  CHECK(fault({"front", "a.db", "--format", "xml"}) ==
        "joulefront front: --format is table, json or csv, not 'xml'");
  CHECK(fault({"status", "a.db", "--format", "xml"}) ==
        "joulefront status: --format is table, json or csv, not 'xml'");
  CHECK(fault({"export", "a.db", "--format", "xml"}) ==
        "joulefront export: --format is csv, json, table, html, svg, latex, markdown, emissions, "
        "sqlite or optuna, not 'xml'");
  CHECK(fault({"meters", "--format", "xml"}) ==
        "joulefront meters: --format is table, json or csv, not 'xml'");
  CHECK(fault({"meters", "x"}) == "joulefront meters: unexpected argument 'x'");
  CHECK(fault({"run"}) == "joulefront run: name a study file");
  CHECK(fault({"try"}) == "joulefront try: name a study file");
  CHECK(fault({"ask-tell"}) == "joulefront ask-tell: name a study file");
  CHECK(fault({"worker", "a.db", "--slot", "-1"}) == "joulefront worker: --slot counts from 0");
  CHECK(fault({"dashboard", "a.db", "--port", "65536"}) ==
        "joulefront dashboard: --port is from 0 to 65535");
  CHECK(fault({"dashboard", "a.db", "--token", "a b"}) ==
        "joulefront dashboard: --token has letters, digits, - and _ only");
  // No abbreviations: a script must not break when a flag is added.
  CHECK(fault({"front", "a.db", "--form", "csv"}) ==
        "joulefront front: unrecognised option '--form'");
}

TEST_CASE("A study file that is wrong is told with its place by every verb that reads one") {
  const Workshop shop;
  shop.Write("bad.toml", "[study]\nnmae = \"s\"\n");
  for (const std::string verb : {"run", "try", "ask-tell", "status", "front"}) {
    const Outcome bad = shop.Run({verb, "bad.toml"});
    CHECK(bad.code == 2);
    CHECK(bad.out == "");
    CHECK(bad.err == "joulefront " + verb +
                         ": bad.toml:2:1: unknown key 'nmae' in [study]; did you mean 'name'?\n");
    const Outcome missing = shop.Run({verb, "none.toml"});
    CHECK(missing.code == 2);
    CHECK(missing.err == "joulefront " + verb +
                             ": study file: cannot read 'none.toml': No such file or directory\n");
  }
}

TEST_CASE("Output that cannot be written is a run-time failure") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  shop.Write("study.toml", kTwoReported);
  const std::string commands[] = {"--help",          "--version",        "front --help",
                                  "front digits.db", "status digits.db", "export digits.db",
                                  "meters"};
  for (const std::string& command : commands) {
    INFO(command);
    const Outcome full = shop.Shell("$JF " + command + " > /dev/full");
    CHECK(full.code == 1);
    CHECK(full.err == "joulefront: cannot write to stdout: No space left on device\n");
    const Outcome closed = shop.Shell("$JF " + command + " >&-");
    CHECK(closed.code == 1);
    CHECK(closed.err == "joulefront: cannot write to stdout: Bad file descriptor\n");
  }
  const std::string ask = "echo '{\"ask\": 1}' | $JF ask-tell study.toml ";
  CHECK(shop.Shell(ask + "> /dev/full").code == 1);
  CHECK(shop.Shell(ask + ">&-").code == 1);
}

TEST_CASE("Messages that cannot be written change nothing else") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  for (const std::string to : {"2> /dev/full", "2>&-"}) {
    CHECK(shop.Shell("$JF front digits.db --max energy=1J " + to).code == 4);
    CHECK(shop.Shell("$JF front none.db " + to).code == 2);
    CHECK(shop.Shell("$JF fornt " + to).code == 2);
    CHECK(shop.Shell("$JF front --no-such-flag " + to).code == 2);
  }
}

TEST_CASE("A closed stdin is an empty one") {
  const Workshop shop;
  shop.Write("study.toml", kTwoReported);
  const Outcome session = shop.Shell("$JF ask-tell study.toml <&-");
  CHECK(session.code == 0);
  CHECK(session.out == "");
}

}  // namespace
}  // namespace joulefront
