#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "study_store/command_branches.h"
#include "study_store/command_words.h"
#include "study_store/configuration_json.h"
#include "study_store/study_file.h"

namespace joulefront {
namespace {

using Words = std::vector<std::string>;

constexpr const char* kSpace =
    "[study]\nname = 's'\n[objectives]\nerror = { direction = 'minimize' }\n[space]\n"
    "lr = { type = 'float', low = 1e-5, high = 1e4, log = true }\n"
    "opt = { type = 'categorical', choices = ['sgd', 'adam'] }\n"
    "momentum = { type = 'float', low = 0.1, high = 0.9, when = { opt = 'sgd' } }\n"
    "damping = { type = 'float', low = 0.1, high = 0.9, when = { momentum = { min = 0.5 } } }\n"
    "epochs = { type = 'int', low = 1, high = 100, fidelity = true }\n"
    "amp = { type = 'categorical', choices = [true, false] }\n"
    "nesterov = { type = 'categorical', choices = ['--nesterov', ''] }\n"
    "tag = { type = 'categorical', choices = ['', 'a b'] }\n"
    "wide = { type = 'categorical', choices = ['--wide', '--narrow'], when = { opt = 'sgd' } }\n"
    "[trainer]\ncommand = ";

Result<StudyFile> Read(const std::string& command) {
  return ParseStudyFile(kSpace + command + "\n", "/tmp/s.toml");
}

/// What the command becomes for a configuration in which these have a value.
Words Fill(const std::string& command, const std::map<std::string, std::string>& values) {
  const auto file = Read(command);
  if (!file) FAIL(file.error().message);
  Words words;
  const auto lookup = [&](const std::string& name) -> std::optional<std::string> {
    const auto value = values.find(name);
    return value == values.end() ? std::nullopt : std::optional(value->second);
  };
  for (FilledWord& word : FillCommand(file->study, lookup)) words.push_back(std::move(word.text));
  return words;
}

std::string FaultOf(const std::string& command) {
  const auto file = Read(command);
  return file ? "" : file.error().message;
}

}  // namespace

TEST_CASE("An argument that names an inactive parameter is left out whole") {
  CHECK(Fill("['t', '--momentum={momentum}', 'm={momentum},{lr}']", {{"lr", "1.0"}}) == Words{"t"});
  CHECK(Fill("['t', '--momentum={momentum}']", {{"momentum", "0.5"}}) ==
        Words{"t", "--momentum=0.5"});
}

TEST_CASE("The option before a placeholder of an inactive parameter goes with it") {
  CHECK(Fill("['t', '--momentum', '{momentum}', '-d', '{damping}', '{lr}']", {{"lr", "1.0"}}) ==
        Words{"t", "1.0"});
  CHECK(Fill("['t', '--momentum', '{momentum}', '-d', '{damping}']", {{"momentum", "0.2"}}) ==
        Words{"t", "--momentum", "0.2"});
  // None of these is an option that waits for a value.
  for (const std::string before : {"--", "-", "-1", "-.5", "--a=b", "run", "--x{lr}"}) {
    CHECK(Fill("['t', '" + before + "', '{momentum}']", {{"lr", "1.0"}}).size() == 2);
  }
  // Nor do these placeholders stand for one.
  CHECK(Fill("['t', '--verbose', '{wide}']", {}) == Words{"t", "--verbose"});
  CHECK(Fill("['t', '--verbose', '{momentum}x']", {}) == Words{"t", "--verbose"});
}

TEST_CASE("A list in the command is left out whole, or not at all") {
  const std::string command = "['t', ['--range', '0', '{momentum}', '{lr}'], ['{damping}'], 'end']";
  CHECK(Fill(command, {{"lr", "1.0"}}) == Words{"t", "end"});
  CHECK(Fill(command, {{"lr", "1.0"}, {"momentum", "0.5"}}) ==
        Words{"t", "--range", "0", "0.5", "1.0", "end"});
  CHECK(Fill("['t', '--verbose', ['{momentum}']]", {}) == Words{"t", "--verbose"});
}

TEST_CASE("A word of placeholders that comes out empty is left out, but as an option's value") {
  CHECK(Fill("['t', '{nesterov}', '{lr}']", {{"nesterov", ""}, {"lr", "1.0"}}) ==
        Words{"t", "1.0"});
  CHECK(Fill("['t', '{nesterov}']", {{"nesterov", "--nesterov"}}) == Words{"t", "--nesterov"});
  CHECK(Fill("['t', '--verbose', '{nesterov}']", {{"nesterov", ""}}) == Words{"t", "--verbose"});
  CHECK(Fill("['t', '--tag', '{tag}', '--tag={tag}']", {{"tag", ""}}) ==
        Words{"t", "--tag", "", "--tag="});
  CHECK(Fill("['t', '--quiet', ['{tag}']]", {{"tag", ""}}) == Words{"t", "--quiet"});
  CHECK(Fill("['t', '{tag}']", {{"tag", "a b"}}) == Words{"t", "a b"});
  CHECK(Fill("['t', '']", {}) == Words{"t", ""});  // as it was written
}

TEST_CASE("A switch puts one of two texts there, or nothing") {
  const std::string command =
      "['t', '--quiet', '{amp?--amp}', '{amp?--on:--no-amp}', 'amp={amp?1:0}']";
  CHECK(Fill(command, {{"amp", "true"}}) == Words{"t", "--quiet", "--amp", "--on", "amp=1"});
  CHECK(Fill(command, {{"amp", "false"}}) == Words{"t", "--quiet", "--no-amp", "amp=0"});
  CHECK(Fill(command, {}) == Words{"t", "--quiet"});
}

TEST_CASE("A command that cannot be meant is refused") {
  CHECK_THAT(FaultOf("['t', '{nothing}']"),
             Catch::Contains("names {nothing}, which is no parameter"));
  CHECK_THAT(FaultOf("['t', '{nothing?--x}']"), Catch::Contains("names {nothing}"));
  CHECK_THAT(FaultOf("['t', '{seed?--x}']"), Catch::Contains("names {seed}"));
  CHECK_THAT(FaultOf("['t', '{opt?--x}']"), Catch::Contains("choices = [true, false]"));
  CHECK_THAT(FaultOf("['t', '{nesterov?--x}']"), Catch::Contains("write the texts themselves"));
  CHECK_THAT(FaultOf("['t', '{amp?--lr={lr}}']"), Catch::Contains("hold no brace"));
  CHECK_THAT(FaultOf("['t', []]"), Catch::Contains("is empty"));
  CHECK_THAT(FaultOf("['t', [['a']]]"), Catch::Contains("texts only"));
  CHECK_THAT(FaultOf("[['t', '{lr}']]"), Catch::Contains("in no list of its own"));
  CHECK_THAT(FaultOf("['t{momentum}']"), Catch::Contains("there would be no program"));
  CHECK(FaultOf("['t', '{{nothing}', '{amp?x', '{lr}']") == "");
}

TEST_CASE("A command comes back from the store with its lists, and without any as it always was") {
  const auto file = Read("['t', ['--a', '{lr}'], 'b', ['c'], ['d', 'e']]");
  REQUIRE(file);
  const std::string definition = DefinitionJson(file->study);
  CHECK_THAT(definition, Catch::Contains(R"("command":["t",["--a","{lr}"],"b",["c"],["d","e"]])"));
  const auto again = StudyFromJson(definition, SettingsJson(file->study));
  REQUIRE(again);
  CHECK(DefinitionJson(*again) == definition);
  const auto plain = Read("['t', '--a', '{lr}']");
  REQUIRE(plain);
  CHECK_THAT(DefinitionJson(plain->study), Catch::Contains(R"("command":["t","--a","{lr}"])"));
}

TEST_CASE("There is a branch for each combination that decides what is active and what is said") {
  const auto file = Read("['t', '{opt}', '{amp?--amp}', '{nesterov}', '-m', '{momentum}']");
  REQUIRE(file);
  const Branches branches = BranchesOf(file->study, 100);
  CHECK_FALSE(branches.more);
  std::set<std::string> seen;
  for (const Branch& branch : branches.shown) {
    const auto values = ValueTexts(ConfigurationToJson(file->study.space, branch.configuration));
    CHECK(values.contains("momentum") == (values.at("opt") == "sgd"));
    seen.insert(values.at("opt") + values.at("amp") + values.at("nesterov") +
                (values.contains("damping") ? "+" : "-"));
  }
  CHECK(seen.size() == 12);  // 2 x 2 x (sgd: damping is active or not; adam)
  CHECK(branches.shown.size() == 12);
  const Branches few = BranchesOf(file->study, 5);
  CHECK(few.shown.size() == 5);
  CHECK(few.more);
}

}  // namespace joulefront
