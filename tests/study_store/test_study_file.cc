#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "study_store/study_file.h"
#include "tests/study_store/store_contract.h"

namespace joulefront {
namespace {

const std::string kStudy = "[study]\nname = \"s\"\n";
const std::string kObjectives = "[objectives]\nerror = { direction = \"minimize\" }\n";
const std::string kSpace = "[space]\nx = { type = \"float\", low = 0, high = 1 }\n";
const std::string kHead = kStudy + kObjectives;  // four lines
const std::string kAll = kHead + kSpace;         // six lines

/// The message for a study file that must be refused, "" if it is not.
std::string Fault(const std::string& text) {
  const auto file = ParseStudyFile(text, "s.toml");
  if (file) return "";
  CHECK(file.error().code == ErrorCode::kInvalidArgument);
  return file.error().message;
}

/// The message for a space, whose first line is line 6 of the file.
std::string SpaceMessage(const std::string& lines) { return Fault(kHead + "[space]\n" + lines); }

struct Case {
  std::string text, message;
};

void Check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(Fault(c.text) == c.message);
  }
}

TEST_CASE("A study file that holds no TOML is refused with what it is instead") {
  Check({{"", "s.toml: the study file is empty; `joulefront run --help` shows one"},
         {" \n\t\n", "s.toml: the study file is empty; `joulefront run --help` shows one"},
         {std::string("\x7f"
                      "ELF\0\1",
                      6),
          "s.toml: this is no text file; a study file is TOML text"},
         {"[study]\nname = \"\xff\"\n", "s.toml:2:8: Encountered invalid utf-8 sequence"},
         {"[study\nname = \"s\"\n",
          "s.toml:1:7: Error while parsing table header: expected ']', saw '\\n'"}});
}

TEST_CASE("Line ends of other systems and a byte order mark are no faults") {
  std::string crlf;
  for (const char c : kAll) crlf += c == '\n' ? "\r\n" : std::string(1, c);
  CHECK(Fault(crlf) == "");
  CHECK(Fault("\xef\xbb\xbf" + kAll) == "");
}

TEST_CASE("An unknown key is refused where it stands, with the key that was meant") {
  Check({{"[study]\nnmae = \"s\"\n",
          "s.toml:2:1: unknown key 'nmae' in [study]; did you mean 'name'?"},
         {kAll + "[serach]\n",
          "s.toml:7:2: unknown key 'serach' in the study file; did you mean 'search'?"},
         {kAll + "[workers]\nmachines = 2\n",
          "s.toml:8:1: unknown key 'machines' in [workers]; known are count, threads, attempts, "
          "timeout, grace, exclusive, gpus, requires, keep"},
         {kAll + "[zebra]\n[aardvark]\n",  // the first in the file, not in the alphabet
          "s.toml:7:2: unknown key 'zebra' in the study file; known are study, objectives, "
          "constraints, space, trainer, budget, search, workers, metering, carbon, tariff, limits, "
          "stopping, launch"}});
  CHECK(SpaceMessage("x = { type = \"float\", low = 0, high = 1, choices = [1] }\n") ==
        "s.toml:6:42: unknown key 'choices' in parameter 'x' of type float; known are type, low, "
        "high, step, log, when, fidelity");
}

TEST_CASE("A value of the wrong type is refused with the type that is needed") {
  Check({{"[study]\nname = 5\n" + kObjectives + kSpace,
          "s.toml:2:8: 'name' must be a text in quotes"},
         {kStudy + "[objectives]\nerror = 5\n" + kSpace,
          "s.toml:4:9: 'error' must be a table, such as { direction = \"minimize\" }"},
         {"study = 1\n" + kObjectives, "s.toml:1:9: 'study' must be a table"},
         {kAll + "[trainer]\ncommand = \"python train.py\"\n",
          "s.toml:8:11: 'command' must be a list of texts, such as [\"a\", \"b\"]"},
         {kAll + "[trainer]\ncommand = [\"t\", 5]\n",
          "s.toml:8:17: 'command' must hold texts only; put it in quotes"},
         {kAll + "[trainer]\ncommand = [\"t\"]\nmetrics = { error = 5 }\n",
          "s.toml:9:21: 'error' must be a text in quotes"},
         {kAll + "[workers]\nexclusive = 1\n", "s.toml:8:13: 'exclusive' must be true or false"},
         {kAll + "[workers]\ncount = 1.5\n",
          "s.toml:8:9: 'count' must be a whole number from 1 to 256"},
         {kAll + "[budget]\ntrials = 0\n",
          "s.toml:8:10: 'trials' must be a whole number from 1 to 100000000"}});
  CHECK(SpaceMessage("x = { type = \"float\", low = \"0\", high = 1 }\n") ==
        "s.toml:6:29: 'low' must be a number");
  CHECK(SpaceMessage("x = { type = \"categorical\", choices = [[\"a\"], 1979-05-27] }\n") ==
        "s.toml:6:40: a value must be a text, a number, true or false");
}

TEST_CASE("What [search] says of cost is refused where it makes no sense") {
  Check({{kAll + "[search]\ncost_exponent = 2.5\n",
          "s.toml:8:17: 'cost_exponent' must be from 0 (what a trial costs does not matter) to 2"},
         {kAll + "[search]\ncost_exponent = -0.1\n",
          "s.toml:8:17: 'cost_exponent' must be from 0 (what a trial costs does not matter) to 2"},
         {kAll + "[search]\ncost_exponent = \"1\"\n",
          "s.toml:8:17: 'cost_exponent' must be a number"},
         {kAll + "[search]\ncost = \"a b\"\n",
          "s.toml:8:8: a value cannot be named 'a b'; use letters, digits, '_', '-' and '.', "
          "beginning with a letter, a digit or '_'"},
         {kAll + "[search]\ncost_exponent = 2\ncost = \"seconds\"\n", ""}});
}

TEST_CASE("A default that the space does not hold is refused at the value that is wrong") {
  const std::string space = kHead +
                            "[space]\nx = { type = \"float\", low = 0, high = 1 }\n"
                            "c = { type = \"categorical\", choices = [\"a\", \"b\"] }\n"
                            "y = { type = \"int\", low = 1, high = 9, when = { c = \"b\" } }\n"
                            "[search]\n";
  Check({{space + "default = { x = 2 }\n", "s.toml:10:17: parameter 'x' cannot be 2"},
         {space + "default = { c = \"z\" }\n", "s.toml:10:17: parameter 'c' cannot be \"z\""},
         {space + "default = { z = 1 }\n", "s.toml:10:17: 'z' is no parameter of the study"},
         {space + "default = { x = 1, y = 3 }\n",
          "s.toml:10:24: parameter 'y' is inactive here: its `when` does not hold"},
         {space + "default = { x = [0.5] }\n", "s.toml:10:17: 'x' needs one value, not a list"},
         {space + "default = { x = { low = 1 } }\n",
          "s.toml:10:17: a value must be a text, a number, true or false"},
         {space + "default = 3\n",
          "s.toml:10:11: 'default' must be a table, such as { width = 64 }"}});
  const auto file = ParseStudyFile(space + "default = { c = \"b\", x = 0.25 }\n", "s.toml");
  REQUIRE(file);
  CHECK(file->study.default_configuration == Configuration{0.25, 1.0, 5.0});
  // What is left out takes the centre of its range, or its first choice.
  const auto empty = ParseStudyFile(space + "default = { }\n", "s.toml");
  REQUIRE(empty);
  CHECK(empty->study.default_configuration == Configuration{0.5, 0.0, std::nullopt});
}

TEST_CASE("A fidelity that is none is refused where it is said") {
  CHECK(SpaceMessage("x = { type = \"int\", low = 0, high = 9, fidelity = true }\n") ==
        "s.toml:6:27: parameter 'x': a fidelity needs low above 0, not 0: without any training "
        "there is nothing to compare");
  CHECK(SpaceMessage("x = { type = \"int\", low = 1, high = 9, fidelity = true }\n"
                     "y = { type = \"int\", low = 1, high = 9, fidelity = true }\n") ==
        "s.toml:7:51: parameter 'y': a space has one fidelity, and 'x' is it: drop one");
  CHECK(SpaceMessage("x = { type = \"ordinal\", choices = [1], fidelity = true }\n") ==
        "s.toml:6:40: unknown key 'fidelity' in parameter 'x' of type ordinal; known are type, "
        "choices, when");
}

TEST_CASE("An impossible range is refused at the number that makes it so") {
  const std::vector<Case> cases = {
      {"low = 2.0, high = 1.0", "29: parameter 'x': low (2) is above high (1): swap them"},
      {"low = 0, high = 1, log = true",
       "29: parameter 'x': log = true needs low above 0, not 0: raise low or drop log"},
      {"low = 0, high = 1, step = 0.3",
       "49: parameter 'x': steps of 0.3 from low = 0 miss high = 1: set high to 0.9 or 1.2"},
      {"low = 0, high = 1, step = 0", "49: parameter 'x': step must be a number above 0, not 0"},
      {"low = 0, high = inf", "39: 'high' must be finite"},
      {"low = nan, high = 1", "29: 'low' must be finite"},
      {"high = 1", "5: parameter 'x' of type float needs low and high"}};
  for (const Case& c : cases) {
    CHECK(SpaceMessage("x = { type = \"float\", " + c.text + " }\n") == "s.toml:6:" + c.message);
  }
  CHECK(SpaceMessage("x = { low = 0, high = 1 }\n") ==
        "s.toml:6:5: parameter 'x' needs type = \"float\", \"int\", \"categorical\" or "
        "\"ordinal\"");
}

TEST_CASE("Numbers too large to be kept exactly are refused") {
  CHECK(SpaceMessage("x = { type = \"int\", low = 0, high = 9223372036854775807 }\n") ==
        "s.toml:6:37: parameter 'x': high = 9.223372036854776e+18 is beyond 2^53, the largest "
        "whole number that is kept exactly: use type = \"float\"");
  CHECK(SpaceMessage("x = { type = \"float\", low = 0, high = 1e999 }\n") ==
        "s.toml:6:44: Error while parsing floating-point: '1e999' could not be interpreted as a "
        "value");
  CHECK(Fault("[study]\nname = \"s\"\nseed = 99999999999999999999\n") ==
        "s.toml:3:28: Error while parsing decimal integer: '99999999999999999999' is not "
        "representable in 64 bits");
  CHECK(Fault("[study]\nname = \"s\"\nseed = -1\n") ==
        "s.toml:3:8: 'seed' must be a whole number from 0 to 9223372036854775807");
  CHECK(SpaceMessage("x = { type = \"float\", low = -1.7e308, high = 1.7e308 }\n") == "");
}

TEST_CASE("Choices must be there, and each only once") {
  CHECK(SpaceMessage("x = { type = \"categorical\", choices = [] }\n") ==
        "s.toml:6:39: parameter 'x': choices is empty: give at least one value");
  CHECK(SpaceMessage("x = { type = \"ordinal\", choices = [1, 2, 1.0] }\n") ==
        "s.toml:6:35: parameter 'x': choices holds 1 more than once: drop the repetition");
  CHECK(SpaceMessage("x = { type = \"categorical\" }\n") ==
        "s.toml:6:5: parameter 'x' of type categorical needs choices = [...]");
  CHECK(SpaceMessage("x = { type = \"categorical\", choices = [\"a\\u0000b\", \"c\"] }\n") ==
        "s.toml:6:40: a value cannot be a text with a zero byte");
}

TEST_CASE("A when that can never be understood is refused") {
  const std::string x = "x = { type = \"int\", low = 0, high = 3 }\n";
  const auto y = [](const std::string& when) {
    return "y = { type = \"int\", low = 0, high = 1, when = " + when + " }\n";
  };
  CHECK(SpaceMessage(x + y("{ z = 1 }")) ==
        "s.toml:7:47: parameter 'y': when names 'z', which is not a parameter");
  CHECK(SpaceMessage(x + y("{ x = 7 }")) ==
        "s.toml:7:47: parameter 'y': 'x' never holds 7: it may be 0 to 3");
  CHECK(SpaceMessage(x + y("{ y = 1 }")) ==
        "s.toml:7:47: parameter 'y': when names the parameter itself: drop it");
  CHECK(SpaceMessage(x + y("{ x = { min = 9 } }")) ==
        "s.toml:7:47: parameter 'y': 'x' never lies in that range: it may be 0 to 3");
  CHECK(SpaceMessage(x + y("{ x = { low = 1 } }")) ==
        "s.toml:7:55: unknown key 'low' in a `when` range; known are min, max");
  CHECK(SpaceMessage(x + y("{ }")) == "s.toml:7:47: `when` is empty; name a parameter in it");
  CHECK(SpaceMessage(x + y("{ x = [] }")) ==
        "s.toml:7:53: a `when` needs a value, a list of values or a range such as { min = 2 }");
  CHECK(SpaceMessage(x + y("1")) ==
        "s.toml:7:47: 'when' must be a table, such as { optimizer = \"sgd\" }");
  CHECK(SpaceMessage("x = { type = \"int\", low = 0, high = 3, when = { y = 1 } }\n" +
                     y("{ x = 1 }")) ==
        "s.toml:6:47: parameter 'x': when makes a circle (x needs y needs x): drop one of these");
}

TEST_CASE("One objective is allowed, and said so; none is refused") {
  const auto file = ParseStudyFile(kAll, "s.toml");
  REQUIRE(file);
  CHECK(file->notes == std::vector<std::string>{
                           "one objective only ('error'): the front will be a single best trial"});
  const std::string message =
      "the study has no objective; add [objectives], such as error = { direction = \"minimize\" } "
      "and energy = { direction = \"minimize\", phase = \"train\" }";
  CHECK(Fault(kStudy + kSpace) == "s.toml: " + message);
  CHECK(Fault(kStudy + "[objectives]\n" + kSpace) == "s.toml:3:1: " + message);
  CHECK(Fault(kStudy + "[objectives]\nerror = { }\n" + kSpace) ==
        "s.toml:4:9: objective 'error' needs direction = \"minimize\" or \"maximize\"");
}

TEST_CASE("What a study cannot do without is asked for with an example") {
  CHECK(Fault(kObjectives + kSpace) ==
        "s.toml: the study has no name; add [study] with name = \"...\"");
  CHECK(Fault(kHead) ==
        "s.toml: the space is empty; add [space] with at least one parameter, such as width = { "
        "type = \"int\", low = 8, high = 64 }");
  CHECK(Fault(kAll + "[trainer]\n") ==
        "s.toml:7:1: [trainer] needs command = [\"program\", \"argument\", ...]");
  CHECK(Fault(kAll + "[trainer]\ncommand = [\"\"]\n") ==
        "s.toml:8:11: [trainer] needs command = [\"program\", \"argument\", ...]");
}

TEST_CASE("A name that is given twice is refused where it comes again") {
  CHECK(SpaceMessage("x = { type = \"float\", low = 0, high = 1 }\nx = 1\n") ==
        "s.toml:7:5: Error while parsing key-value pair: cannot redefine existing table 'x'");
  CHECK(Fault(kHead + "error = { direction = \"maximize\" }\n") ==
        "s.toml:5:9: Error while parsing key-value pair: cannot redefine existing table 'error'");
  CHECK(Fault(kAll + "[study]\nname = \"t\"\n").starts_with("s.toml:7:"));
}

TEST_CASE("Names that would break SQL, a shell, a path or a terminal are refused everywhere") {
  const std::vector<std::string> names = {"x'; DROP TABLE trials; --",
                                          "a b",
                                          "$(reboot)",
                                          "`reboot`",
                                          "../x",
                                          "a/b",
                                          ".hidden",
                                          "-rf",
                                          "a\\nb",
                                          "a\\\"b",
                                          "a\\u001b[2Jb",
                                          "a\\u0000b",
                                          "a;b",
                                          "a|b",
                                          "a{b}",
                                          "gr\u00f6\u00dfe",
                                          ""};
  for (const std::string& name : names) {
    INFO(name);
    const std::string key = "\"" + name + "\"";
    const std::vector<std::string> files = {
        "[study]\nname = " + key + "\n" + kObjectives + kSpace,
        kStudy + "[objectives]\n" + key + " = { direction = \"minimize\" }\n" + kSpace,
        kHead + "[constraints]\n" + key + " = { max = 1 }\n" + kSpace,
        kHead + "[space]\n" + key + " = { type = \"float\", low = 0, high = 1 }\n",
        kAll + "[trainer]\ncommand = [\"t\"]\n[trainer.metrics]\n" + key + " = \"x\"\n",
        kStudy + "[objectives]\nenergy = { direction = \"minimize\", phase = " + key + " }\n" +
            kSpace};
    for (const std::string& file : files) {
      const std::string message = Fault(file);
      INFO(file << message);
      CHECK(message.starts_with("s.toml:"));
      // A control character would be obeyed by the terminal that shows the message.
      CHECK(std::none_of(message.begin(), message.end(),
                         [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
    }
  }
  CHECK(Fault("[study]\nname = \"../s\"\n") ==
        "s.toml:2:8: the study's name cannot be '../s'; use letters, digits, '_', '-' and '.', "
        "beginning with a letter, a digit or '_', at most 64");
  CHECK(SpaceMessage("\"a\\u001b[2Jb\" = { type = \"float\", low = 0, high = 1 }\n") ==
        "s.toml:6:17: parameter 'a\\x1b[2Jb': names are 1 to 100 letters, digits, '_', '-' and "
        "'.', and start with a letter, a digit or '_': rename it");
  CHECK(Fault(kStudy + "[objectives]\nerror = { direction = \"minimize\", unit = \"a\\nb\" }\n") ==
        "s.toml:4:42: a unit is a short word, such as \"ms\": at most 20 characters in one line");
}

TEST_CASE("A message about an endless name is not endless") {
  const std::string message =
      SpaceMessage(std::string(100'000, 'x') + " = { type = \"float\", low = 0, high = 1 }\n");
  CHECK(message.size() < 700);
  CHECK(message.find("...") != std::string::npos);
}

TEST_CASE("an objective on a phase is joules, or seconds where its unit says so") {
  const std::string text =
      kStudy + std::string("[objectives]\nerror = { direction = \"minimize\" }\n");
  CHECK(Fault(text + "t = { direction = \"minimize\", phase = \"train\", unit = \"ms\" }\n") ==
        "s.toml:5:55: objective 't' is on a phase, so its unit is \"J\" (joules, the default) or "
        "\"s\" (seconds)");
}

TEST_CASE("Quantities without a unit, or with a wrong one, are refused with the units there are") {
  const std::string energy =
      "write a number and a unit (uJ, mJ, J, kJ, MJ, GJ, Wh, kWh), such as \"50 kJ\"";
  const std::string time = "write a number and a unit (ms, s, min, h, d), such as \"30 min\"";
  const auto budget = [](const std::string& line) { return kAll + "[budget]\n" + line + "\n"; };
  Check({{budget("energy = 50"),
          "s.toml:8:10: 'energy' must be a text with a unit: '50' is not an energy: it has no "
          "unit; " +
              energy},
         {budget("energy = 9223372036854775807"),
          "s.toml:8:10: 'energy' must be a text with a unit: '9.223372036854776e+18' is not an "
          "energy: it has no unit; " +
              energy},
         {budget("energy = \"50\""),
          "s.toml:8:10: 'energy': '50' is not an energy: it has no unit; " + energy},
         {budget("energy = \"50 s\""),
          "s.toml:8:10: 'energy': '50 s' is not an energy: 's' is no unit of it; " + energy},
         {budget("energy = \"-5 J\""),
          "s.toml:8:10: 'energy': '-5 J' is not an energy: it is negative; " + energy},
         {budget("energy = \"0 J\""), "s.toml:8:10: 'energy' must be above zero"},
         {budget("time = \"30 minutes\""),
          "s.toml:8:8: 'time': '30 minutes' is not a time: 'minutes' is no unit of it; " + time},
         {budget("time = true"),
          "s.toml:8:8: 'time' must be a text with a unit: a number and a unit in quotes"},
         {kHead + "[constraints]\nheat = { max = 2, phase = \"train\" }\n" + kSpace,
          "s.toml:6:16: 'max' must be a text with a unit: '2' is not an energy: it has no unit; " +
              energy},
         {kStudy +
              "[objectives]\nheat = { direction = \"minimize\", phase = \"train\", unit = \"W\" "
              "}\n" +
              kSpace,
          "s.toml:4:58: objective 'heat' is on a phase, so its unit is \"J\" (joules, the default) "
          "or \"s\" (seconds)"}});
}

TEST_CASE("Joules per work need a phase, and are not known as a training goes on") {
  const std::string per = "use = { direction = \"minimize\", per = \"work\"";
  Check({{kStudy + "[objectives]\n" + per + " }\n" + kSpace,
          "s.toml:4:39: per divides the joules of a phase; name the phase too, as in { phase = "
          "\"inference\", per = \"thousand_inferences\" }"},
         {kStudy + "[objectives]\n" + per + ", phase = \"train\" }\n" + kSpace +
              "[stopping]\nrule = \"dominated\"\n",
          "s.toml:7:1: [stopping] needs objectives that are known as a training goes on, and 'use' "
          "with its per = \"work\" is known at its end; make it a constraint, or leave [stopping] "
          "out"}});
}

TEST_CASE("A constraint must say something, and the same as its objective") {
  const auto constraint = [](const std::string& line) {
    return kStudy + "[objectives]\nenergy = { direction = \"minimize\", phase = \"train\" }\n" +
           "error = { direction = \"minimize\" }\n[constraints]\n" + line + "\n" + kSpace;
  };
  Check({{constraint("size = { }"), "s.toml:7:8: constraint 'size' needs min, max or both"},
         {constraint("size = { min = 2, max = 1 }"),
          "s.toml:7:8: constraint 'size' has min above max; nothing can meet it"},
         {constraint("energy = { max = \"1 J\", phase = \"total\" }"),
          "s.toml:7:10: objective 'energy' is on phase 'train', so the constraint of that name "
          "cannot be on phase 'total'; give it another name"},
         {constraint("error = { max = \"1 J\", phase = \"total\" }"),
          "s.toml:7:9: objective 'error' is reported by the trainer, so the constraint of that "
          "name cannot be on phase 'total'; give it another name"},
         {constraint("energy = { max = \"1 J\" }"), ""},
         {constraint("error = { max = 0.5 }"), ""}});
}

TEST_CASE("Ten thousand parameters are refused at once, with the most that can be searched") {
  std::string lines;
  for (int i = 0; i < 10'000; ++i) {
    lines += fmt::format("p{} = {{ type = \"float\", low = 0, high = 1 }}\n", i);
  }
  CHECK(SpaceMessage(lines) ==
        "s.toml:5:1: the space has 10000 parameters; at most 1000 can be searched, leave out those "
        "that matter least");
}

TEST_CASE("Deep nesting is refused and breaks nothing") {
  std::string dotted, quoted, arrays, tables;
  for (int i = 0; i < 100'000; ++i) {
    dotted += "a.";
    quoted += "\"a\" . ";
    arrays += "[";
    tables += "{a=";
  }
  const std::string advice = "this key has too many parts; a study file needs two";
  CHECK(Fault(dotted + "a = 1") == "s.toml:1:66: " + advice);
  CHECK(Fault("\n[" + dotted + "a]") == "s.toml:2:67: " + advice);
  CHECK(Fault(quoted + "a = 1").find(advice) != std::string::npos);
  CHECK(Fault("a = " + arrays).find("maximum nested value depth") != std::string::npos);
  CHECK(Fault("a = " + tables).find("maximum nested value depth") != std::string::npos);
  CHECK(Fault("# " + std::string(500, '.') + "\n" + kAll + "# it's fine\n[trainer]\ncommand = [\"" +
              std::string(500, '.') + "\", '\"" + std::string(500, '.') + "']\n") == "");
}

TEST_CASE("A command may name parameters and what is reserved, nothing else") {
  const auto trainer = [](const std::string& command) {
    return kAll + "[trainer]\ncommand = " + command + "\n";
  };
  Check({{trainer("[\"t\", \"--y={y}\"]"),
          "s.toml:8:11: the command names {y}, which is no parameter; write {{ for a plain brace"},
         {trainer("[\"t\", \"{x}\", \"{seed}{trial}\", \"{{y}\", '{\"json\": 1}', \"{\"]"), ""},
         {kAll + "seed = { type = \"int\", low = 0, high = 1 }\n",
          "s.toml:7:8: a parameter cannot be named 'seed': {seed} in a command has a meaning of "
          "its own"},
         {kStudy + "[objectives]\nenergy = { direction = \"minimize\", phase = \"train\" }\n" +
              kSpace + "[trainer]\ncommand = [\"t\"]\nmetrics = { energy = 'J=(.*)' }\n",
          "s.toml:9:22: 'energy' is metered, so no metric of that name is needed; remove "
          "'energy' here"}});
}

TEST_CASE("A sampler that is not there and workers that exclude each other are refused") {
  CHECK(Fault(kAll + "[search]\nsampler = \"magic\"\n") ==
        "s.toml:8:11: there is no sampler 'magic'; known are auto, random, sobol, nsga2, "
        "surrogate");
  CHECK(Fault(kAll + "[workers]\nexclusive = true\ncount = 2\n") ==
        "s.toml:8:13: exclusive = true means one attempt at a time: set count = 1");
}

}  // namespace
TEST_CASE("[launch] says who starts the workers, and what is wrong with it is told") {
  const auto file = ParseStudyFile(
      kAll +
          "[launch]\nkind = \"slurm\"\n[launch.slurm]\npartition = \"gpu\"\ncpus = 8\n"
          "gpus = 1\nexclusive = true\noptions = [\"--constraint=a100\"]\n",
      "s.toml");
  REQUIRE(file);
  CHECK(file->launch.kind == LaunchKind::kSlurm);
  CHECK(file->launch.slurm.partition == "gpu");
  CHECK(file->launch.slurm.cpus == 8);
  CHECK(file->launch.slurm.options == std::vector<std::string>{"--constraint=a100"});
  Check({{kAll + "[launch]\nkind = \"rocket\"\n",
          "s.toml:8:8: kind is \"local\", \"command\" or \"slurm\""},
         {kAll + "[launch]\ncommand = [\"ssh\", \"node{k}\", \"{worker}\"]\n",
          "s.toml:8:11: the command names {k}; known are {worker} and {slot}; write {{ for a plain "
          "brace"},
         {kAll + "[launch]\ncommand = [\"ssh\", \"here\"]\n",
          "s.toml:8:11: the command must have \"{worker}\" in it, which stands for what to run: "
          "command = [\"ssh\", \"node{slot}\", \"{worker}\"]"}});
}

}  // namespace joulefront
