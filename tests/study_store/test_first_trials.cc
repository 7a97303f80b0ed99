// What comes before the sampler: the default, enqueued configurations, the front of another study.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "study_store/configuration_json.h"
#include "study_store/first_trials.h"
#include "tests/search/spaces.h"
#include "tests/study_store/store_contract.h"

namespace joulefront {
namespace {

/// width from 8 to 512, log; optimizer sgd or adam; momentum with sgd.
SearchSpace Space() {
  return MakeSpace({Int("width", 8, 512, true), Choice("optimizer", {Text("sgd"), Text("adam")}),
                    When(Float("momentum", 0, 1), "optimizer", {Text("sgd")})});
}

Study NewStudy() {
  Study study = SampleStudy();
  study.space = Space();
  study.constraints.clear();
  return study;
}

/// A study in memory, and its proposer.
struct Begun {
  explicit Begun(const Study& study)
      : store(NewMemoryStore()),
        id(Require(store->CreateStudy(study, At(0)))),
        proposer(*store, id, study) {
    Require(proposer.Refresh());
  }
  std::vector<Trial> Trials() { return Require(store->LoadTrials(id)); }

  std::unique_ptr<StudyStore> store;
  StudyId id;
  Proposer proposer;
};

using Parsed = Result<std::vector<GivenConfiguration>>;

Parsed Parse(const std::string& text) { return ParseConfigurations(Space(), text, "next.jsonl"); }

std::string FaultOf(const std::string& text) {
  const auto parsed = Parse(text);
  return parsed ? "" : parsed.error().message;
}

constexpr const char* kOne = R"({"width":16,"optimizer":"adam"})";
constexpr const char* kTwo = R"({"width":32,"optimizer":"sgd","momentum":0.25})";

TEST_CASE("Configurations are read as lines, as an array, and as front and export write them") {
  const std::string one = kOne, two = kTwo;
  const std::string wrapped = R"([{"number":3,"configuration":)" + one +
                              R"(,"values":{"error":1}},{"number":4,"configuration":)" + two + "}]";
  const std::vector<std::string> texts = {one + "\r\n \n" + two, "[" + one + ",\n" + two + "]",
                                          R"({"study":"s","front":)" + wrapped + "}",
                                          R"({"study":"s","trials":)" + wrapped + "}", wrapped};
  for (const std::string& text : texts) {
    INFO(text);
    const auto given = Require(Parse(text));
    REQUIRE(given.size() == 2);
    CHECK(given[0].configuration == Configuration{16.0, 1.0, std::nullopt});
    CHECK(given[1].configuration == Configuration{32.0, 0.0, 0.25});
    CHECK(given[0].place == (text[0] == '{' && text[2] == 'w' ? "line 1" : "element 1"));
    CHECK(given[1].place == (text[0] == '{' && text[2] == 'w' ? "line 3" : "element 2"));
  }
  CHECK(Require(Parse(one)).size() == 1);
}

TEST_CASE("What a configuration leaves out takes the centre of its range or its first choice") {
  const auto given = Require(Parse("{}"));
  CHECK(given[0].configuration == Configuration{62.0, 0.0, 0.5});
}

TEST_CASE("Where the study has a default, what is left out takes that") {
  const Defaults defaults = Configuration{24.0, 1.0, std::nullopt};
  const auto given =
      Require(ParseConfigurations(Space(), "{}\n{\"width\":8}\n", "next.jsonl", defaults));
  CHECK(given[0].configuration == Configuration{24.0, 1.0, std::nullopt});
  CHECK(given[1].configuration == Configuration{8.0, 1.0, std::nullopt});
  // An earlier study that knew no optimizer.
  Study study = NewStudy();
  study.default_configuration = defaults;
  EarlierStudy earlier{.study = SampleStudy("old"), .trials = {}, .path = "old.db"};
  earlier.study.constraints.clear();
  earlier.trials = {{.number = 0,
                     .state = TrialState::kComplete,
                     .configuration = R"({"width":16})",
                     .values = {{"error", 1.0}, {"energy", 1.0}}}};
  const auto warm = TranslateFront(earlier, study);
  REQUIRE(warm.size() == 1);
  CHECK(warm[0].configuration == Configuration{16.0, 1.0, std::nullopt});
}

TEST_CASE("A branch has a seed of its own, by its name and the study's seed") {
  Study study = NewStudy();
  CHECK(BranchSeed(study, "wider") == BranchSeed(study, "wider"));
  CHECK(BranchSeed(study, "wider") != study.seed);
  CHECK(BranchSeed(study, "wider") != BranchSeed(study, "deeper"));
}

TEST_CASE("A configuration that the space does not hold is refused with its place") {
  const std::string good = std::string(kOne) + "\n";
  const std::string forms =
      "; give one JSON object a line, an array of them, or what front or export wrote with "
      "--format json";
  CHECK(FaultOf("") == "'next.jsonl' holds no configuration" + forms);
  CHECK(FaultOf("[]") == "'next.jsonl' holds no configuration" + forms);
  CHECK(FaultOf(good + "width=3\n") == "next.jsonl, line 2: this is no JSON" + forms);
  CHECK(FaultOf(good + "\n[1]\n") == "next.jsonl, line 3: this is no JSON object");
  CHECK(FaultOf("[{}, 5]") == "next.jsonl, element 2: this is no JSON object");
  CHECK(FaultOf(good + R"({"width":1000})") ==
        "next.jsonl, line 2: parameter 'width' cannot be 1000");
  CHECK(FaultOf(R"({"width":[8]})") == "next.jsonl, line 1: parameter 'width' cannot be [8]");
  CHECK(FaultOf(R"({"width":null})") == "next.jsonl, line 1: parameter 'width' cannot be null");
  CHECK(FaultOf(R"({"wdith":8})") == "next.jsonl, line 1: 'wdith' is no parameter of the study");
  CHECK(FaultOf(R"([{"optimizer":"adam","momentum":0.5}])") ==
        "next.jsonl, element 1: parameter 'momentum' is inactive here: its `when` does not hold");
}

TEST_CASE("A default is the first trial of a new study, and of a new one only") {
  Study study = NewStudy();
  study.default_configuration = Configuration{16.0, 1.0, std::nullopt};
  Begun begun(study);
  Require(AddDefault(begun.proposer, 10, At(1)));
  Require(AddDefault(begun.proposer, 10, At(1)));
  const auto trials = begun.Trials();
  REQUIRE(trials.size() == 1);
  CHECK(trials[0].configuration == kOne);
  CHECK(trials[0].proposed_by == "default");
  CHECK(trials[0].reason == "the default of the study file");
  CHECK(trials[0].state == TrialState::kWaiting);
  // The sampler goes on behind it.
  CHECK(Require(begun.proposer.Propose(10, {}, At(2))) == 1);
}

TEST_CASE("Enqueued configurations wait in their order, without what was proposed before") {
  Begun begun(NewStudy());
  const auto given = Require(Parse(std::string(kOne) + "\n" + kTwo + "\n" + kOne + "\n"));
  CHECK(Require(Enqueue(begun.proposer, given, "next.jsonl", 10, At(1))) ==
        std::vector<std::string>{"2 of 3 configurations of next.jsonl enqueued",
                                 "1 skipped, since proposed before: line 3"});
  const auto trials = begun.Trials();
  REQUIRE(trials.size() == 2);
  CHECK(trials[0].configuration == kOne);
  CHECK(trials[1].configuration == kTwo);
  CHECK(trials[1].proposed_by == "enqueued");
  CHECK(trials[1].reason == "line 2 of next.jsonl");
  CHECK(Require(Enqueue(begun.proposer, given, "next.jsonl", 10, At(1)))[1] ==
        "3 skipped, since proposed before: line 1, line 2, line 3");
}

TEST_CASE("Enqueued configurations never go beyond the budget in trials, and it is said which") {
  Begun begun(NewStudy());
  std::string text;
  for (int width = 8; width < 18; ++width) text += fmt::format("{{\"width\":{}}}\n", width);
  CHECK(Require(Enqueue(begun.proposer, Require(Parse(text)), "f", 3, At(1))) ==
        std::vector<std::string>{
            "3 of 10 configurations of f enqueued",
            "7 left out, since the budget is 3 trials: line 4, line 5, line 6, line 7, line 8, "
            "..."});
  CHECK(begun.Trials().size() == 3);
}

/// A study with a front of `size` trials, of widths 10, 20, ...
EarlierStudy Earlier(int size) {
  EarlierStudy earlier{.study = SampleStudy("old"), .trials = {}, .path = "old.db"};
  earlier.study.constraints.clear();
  for (int i = 0; i < size; ++i) {
    earlier.trials.push_back(
        {.number = i,
         .state = TrialState::kComplete,
         .configuration = fmt::format(R"({{"width":{},"optimizer":"adam"}})", 10 * (i + 1)),
         .values = {{"error", 100.0 - i}, {"energy", 1.0 + i}}});
  }
  return earlier;
}

TEST_CASE("An earlier front is translated by name, value by value") {
  EarlierStudy earlier = Earlier(5);
  const auto translated = [&](const std::string& configuration) {
    earlier.trials.resize(1);
    earlier.trials[0].configuration = configuration;
    const auto trials = TranslateFront(earlier, NewStudy());
    REQUIRE(trials.size() == 1);
    CHECK(Space().Contains(trials[0].configuration));
    return ConfigurationToJson(Space(), trials[0].configuration);
  };
  CHECK(translated(kTwo) == kTwo);
  // Beyond the range, between levels, unknown choice, unknown parameter, missing.
  CHECK(translated(R"({"width":900,"optimizer":"adam"})") == R"({"width":512,"optimizer":"adam"})");
  CHECK(translated(R"({"width":-3,"optimizer":"adam"})") == R"({"width":8,"optimizer":"adam"})");
  CHECK(translated(R"({"width":16.4,"optimizer":"adam"})") == kOne);
  CHECK(translated(R"({"width":16,"optimizer":"lamb","depth":3})") ==
        R"({"width":16,"optimizer":"sgd","momentum":0.5})");
  CHECK(translated(R"({"width":"wide"})") == R"({"width":62,"optimizer":"sgd","momentum":0.5})");
  // Inactive in the new space, although it was there.
  CHECK(translated(R"({"width":16,"optimizer":"adam","momentum":0.5})") == kOne);
}

TEST_CASE("Trials that become equal in the new space come once") {
  EarlierStudy earlier = Earlier(3);
  for (Trial& trial : earlier.trials) trial.configuration = R"({"depth":1})";
  CHECK(TranslateFront(earlier, NewStudy()).size() == 1);
}

TEST_CASE("A warm start takes a few trials of the front, evenly, both ends among them") {
  Begun begun(NewStudy());
  CHECK(Require(AddWarmStart(begun.proposer, Earlier(29), 60, At(1))) ==
        std::vector<std::string>{
            "the study begins with 8 trial(s) of the front of study 'old' in old.db"});
  const auto trials = begun.Trials();
  REQUIRE(trials.size() == kMostWarmTrials);
  for (std::size_t k = 0; k < trials.size(); ++k) {
    CHECK(trials[k].proposed_by == "warm-start");
    CHECK(trials[k].reason ==
          fmt::format("trial {}, on the front of study 'old' in old.db", 4 * k));
    CHECK(trials[k].configuration ==
          fmt::format(R"({{"width":{},"optimizer":"adam"}})", 10 * (4 * k + 1)));
  }
}

TEST_CASE("A warm start keeps to the budget, skips what waits already, and may find nothing") {
  Begun begun(NewStudy());
  Require(
      Enqueue(begun.proposer, Require(Parse(R"({"width":10,"optimizer":"adam"})")), "f", 3, At(1)));
  Require(AddWarmStart(begun.proposer, Earlier(4), 3, At(1)));
  const auto trials = begun.Trials();
  REQUIRE(trials.size() == 3);
  CHECK(trials[1].reason == "trial 1, on the front of study 'old' in old.db");
  CHECK(trials[2].reason == "trial 3, on the front of study 'old' in old.db");
  Begun other(NewStudy());
  CHECK(Require(AddWarmStart(other.proposer, Earlier(0), 3, At(1))) ==
        std::vector<std::string>{
            "the front of study 'old' in old.db is empty: nothing to begin with"});
  CHECK(other.Trials().empty());
}

}  // namespace
}  // namespace joulefront
