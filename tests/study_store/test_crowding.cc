#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "base/random.h"
#include "study_store/crowding.h"

namespace joulefront {
namespace {

Study TwoReported(std::vector<Parameter> parameters) {
  Study study;
  study.name = "s";
  study.objectives = {{.name = "error"}, {.name = "size"}};
  study.space = SearchSpace::Create(std::move(parameters)).value();
  return study;
}

Parameter Float(const std::string& name, double low, double high, bool log = false) {
  return {.name = name, .type = ParameterType::kFloat, .low = low, .high = high, .log = log};
}

Trial Complete(TrialNumber number, std::string configuration, double error, double size) {
  return {.number = number,
          .state = TrialState::kComplete,
          .configuration = std::move(configuration),
          .values = {{"error", error}, {"size", size}}};
}

std::vector<CrowdedBound> Crowded(const Study& study, const std::vector<Trial>& trials) {
  return CrowdedBounds(study, trials, ComputeFront(study, trials));
}

TEST_CASE("A front that crowds at a bound names it, and which way to widen it") {
  const Study study = TwoReported({Float("lr", 1e-4, 1e-1, true), Float("width", 1, 64)});
  std::vector<Trial> trials;
  Random random(4, 0);
  for (TrialNumber number = 0; number < 50; ++number) {
    const double lr = std::pow(10.0, -4.0 + 3.0 * random.Uniform()),
                 width = 1 + 63 * random.Uniform();
    trials.push_back(Complete(number, fmt::format(R"({{"lr":{},"width":{}}})", lr, width),
                              1.0 + std::abs(std::log10(lr)) + 1.0 / width, width));
  }
  for (TrialNumber number = 50; number < 57; ++number) {  // what a search finds: the best, at 0.1
    const double width = 5.0 + 8.0 * static_cast<double>(number - 50);
    trials.push_back(
        Complete(number, fmt::format(R"({{"lr":0.1,"width":{}}})", width), 1.0 / width, width));
  }
  const auto crowded = Crowded(study, trials);
  REQUIRE(crowded.size() == 1);
  CHECK(crowded[0].parameter == "lr");
  CHECK(crowded[0].upper);
  CHECK(crowded[0].bound == 0.1);
  CHECK(crowded[0].at >= 7);
  CHECK(TextOf(crowded[0]).find("have lr at its upper bound 0.1") != std::string::npos);
  CHECK(TextOf(crowded[0]).find("widen high in [space] lr") != std::string::npos);
}

TEST_CASE("False alarms are few: trials whose values are chance crowd nowhere") {
  const Study study = TwoReported({Float("a", 0, 1), Float("b", 0, 1), Float("c", 1e-3, 1, true)});
  int alarms = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed, 0);
    std::vector<Trial> trials;
    for (TrialNumber number = 0; number < 60; ++number) {
      // Half of all trials at a bound, as a sampler that clips has them.
      const double a = random.Uniform() < 0.5 ? 1.0 : random.Uniform();
      trials.push_back(Complete(number,
                                fmt::format(R"({{"a":{},"b":{},"c":{}}})", a, random.Uniform(),
                                            std::pow(10.0, -3.0 * random.Uniform())),
                                random.Uniform(), random.Uniform()));
    }
    alarms += Crowded(study, trials).empty() ? 0 : 1;
  }
  CHECK(alarms <= 10);  // one in twenty
}

TEST_CASE("A front within its space, and one of a few points, crowds nowhere") {
  const Study study = TwoReported({Float("x", 0, 1)});
  std::vector<Trial> trials;
  for (TrialNumber number = 0; number < 40; ++number) {
    const double x = 0.3 + 0.01 * static_cast<double>(number);
    trials.push_back(Complete(number, fmt::format(R"({{"x":{}}})", x), x, 1.0 - x));
  }
  CHECK(Crowded(study, trials).empty());
  trials.resize(3);
  for (Trial& trial : trials) trial.configuration = R"({"x":1.0})";
  CHECK(Crowded(study, trials).empty());
}

}  // namespace
}  // namespace joulefront
