#include <catch2/catch.hpp>
#include <string>

#include "search/random_sampler.h"
#include "tests/search/problems.h"
#include "tests/search/sampler_contract.h"

namespace joulefront {
namespace {

void LeavePending(History&, std::size_t) {}
void FailIt(History& history, std::size_t number) { history.Fail(number); }

/// Evaluates a third, fails a third, leaves a third pending.
void SettleMixed(History& history, std::size_t number) {
  if (number % 3 == 0) SettleAll(history, number);
  if (number % 3 == 1) FailIt(history, number);
}

std::unique_ptr<Sampler> AnySampler() {
  const auto name = GENERATE(from_range(std::begin(kSamplerNames), std::end(kSamplerNames)));
  UNSCOPED_INFO("sampler " << name);
  return MakeSampler(name);
}

TEST_CASE("a sampler is made for every known name and for no other", "[sampler]") {
  for (const auto name : kSamplerNames) REQUIRE(MakeSampler(name) != nullptr);
  for (const char* name : {"", "Random", "tpe"}) REQUIRE(MakeSampler(name) == nullptr);
}

TEST_CASE("every sampler stays inside conditional spaces and never repeats", "[sampler]") {
  const auto sampler = AnySampler();
  const auto objectives = GENERATE(1, 2, 3);
  Search(*sampler, ConditionalSpace(), static_cast<std::size_t>(objectives), 80, 5, SettleAll);
}

TEST_CASE("every sampler copes with random spaces", "[sampler]") {
  const auto sampler = AnySampler();
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed, 4);
    const auto space = MakeSpace(RandomParameters(random, false));
    const auto count = space.CountConfigurations(30);
    Search(*sampler, space, 2, static_cast<std::size_t>(count.value_or(30)), seed, SettleMixed);
  }
}

TEST_CASE("every sampler proposes the same for the same arguments only", "[sampler]") {
  const auto sampler = AnySampler();
  const auto space = ConditionalSpace();
  const auto search = [&](std::uint64_t seed) {
    return Search(*sampler, space, 2, 40, seed, SettleAll);
  };
  REQUIRE(SameConfigurations(search(1), search(1)));
  REQUIRE_FALSE(SameConfigurations(search(1), search(2)));
}

TEST_CASE("every sampler survives failures, silence and equal results", "[sampler]") {
  const auto sampler = AnySampler();
  const auto space = ConditionalSpace();
  const Settle all_equal = [](History& history, std::size_t number) {
    history.Evaluate(number, {{1.0, 1.0}, 0.0});
  };
  const Settle only_first = [](History& history, std::size_t number) {
    if (number == 0) SettleAll(history, number);
  };
  const Settle all_infeasible = [](History& history, std::size_t number) {
    history.Evaluate(number, {{1.0, 2.0}, number % 2 == 0 ? 0.5 : HUGE_VAL});
  };
  const Settle huge = [](History& history, std::size_t number) {
    history.Evaluate(number, {{number % 2 == 0 ? 1.7e308 : -1.7e308, 0.0}, 0.0});
  };
  const std::vector<Settle> settles = {FailIt,     LeavePending,   SettleMixed, all_equal,
                                       only_first, all_infeasible, huge};
  for (const Settle& settle : settles) Search(*sampler, space, 2, 60, 8, settle);
}

TEST_CASE("every sampler proposes each configuration of a finite space once", "[sampler]") {
  const auto sampler = AnySampler();
  for (const Settle& settle : std::vector<Settle>{SettleAll, LeavePending, FailIt, SettleMixed}) {
    RequireExhausts(*sampler, FiniteSpace(), settle);
  }
  RequireExhausts(*sampler, MakeSpace({Int("only", 4, 4)}), SettleAll);
  RequireExhausts(*sampler, MakeSpace({Int("a", 0, 4), Int("b", 0, 4), Int("c", 0, 2)}), SettleAll);
}

TEST_CASE("samplers that model nothing exhaust spaces of hundreds", "[sampler]") {
  for (const char* name : {"random", "sobol", "nsga2"}) {
    RequireExhausts(*MakeSampler(name), MakeSpace({Int("a", 0, 9), Int("b", 0, 9), Int("c", 0, 4)}),
                    SettleAll);
  }
}

TEST_CASE("every sampler goes on from a rebuilt history as if never stopped", "[sampler]") {
  RequireResumes(*AnySampler(), ConditionalSpace(), 60);
}

TEST_CASE("every sampler counts pending trials as proposed", "[sampler]") {
  const auto sampler = AnySampler();
  const auto space = FiniteSpace();
  History history(2);
  for (const auto& configuration : space.AllConfigurations(100)) {
    if (history.size() < 7) history.Add(configuration);
  }
  const auto proposal = sampler->Propose(space, history, {.seed = 1});
  REQUIRE(proposal->configuration == space.AllConfigurations(100).back());
}

TEST_CASE("nsga2 starts with Sobol points and then says whose child a proposal is", "[sampler]") {
  const auto sampler = MakeSampler("nsga2");
  const auto space = FamiliesSpace();
  History history(2);
  std::set<std::string> makers;
  for (std::size_t number = 0; number < 40; ++number) {
    const auto proposal = sampler->Propose(space, history, {.seed = 2});
    if (number == 2) {
      REQUIRE(proposal->reason == "start: point 3 of 10 of a scrambled Sobol sequence");
    }
    REQUIRE(proposal->proposed_by == (number < 10 ? "sobol" : "nsga2"));
    const bool has_parents = proposal->reason.find("child of trials ") == 0 ||
                             proposal->reason.find("variant of trial ") == 0;
    REQUIRE(has_parents == (number >= 10));
    history.Add(proposal->configuration);
    history.Evaluate(number, FamiliesEvaluation(space, proposal->configuration));
  }
}

TEST_CASE("nsga2 breeds from feasible trials only, once there are enough", "[sampler]") {
  const auto sampler = MakeSampler("nsga2");
  const auto space = MakeSpace({Float("x", 0, 1), Float("y", 0, 1)});
  History history(2);
  for (std::size_t number = 0; number < 120; ++number) {
    const auto proposal = sampler->Propose(space, history, {.seed = 2});
    history.Add(proposal->configuration);
    const double x = *proposal->configuration[0], y = *proposal->configuration[1];
    // Best at (0, 0), but allowed from x = 0.7 on only.
    history.Evaluate(number, {{x, y}, std::max(0.0, 0.7 - x)});
  }
  int near = 0;
  for (std::size_t number = 60; number < 120; ++number) {
    const auto& evaluation = history.entries()[number].evaluation;
    near += evaluation.violation == 0.0 && evaluation.objectives[0] < 0.8 &&
            evaluation.objectives[1] < 0.1;
  }
  REQUIRE(near > 6);  // a corner that holds a hundredth of the square
}

TEST_CASE("a branch that draws hardly ever reach is found once all else is used", "[sampler]") {
  std::vector<Parameter> parameters;
  std::vector<Value> choices;
  for (std::int64_t k = 0; k < 10; ++k) choices.emplace_back(k);
  for (int gate = 0; gate < 6; ++gate) {
    parameters.push_back(Choice("gate" + std::to_string(gate), choices));
    if (gate > 0)
      parameters.back() = When(parameters.back(), parameters[gate - 1].name, {choices[3]});
  }
  auto finite = parameters;
  finite.push_back(When(Int("x", 0, 0), "gate5", {choices[3]}));
  parameters.push_back(When(Float("x", 0, 1), "gate5", {choices[3]}));
  History history(1);
  for (const auto& configuration : MakeSpace(finite).AllConfigurations(100)) {
    history.Add(configuration);
  }
  const auto space = MakeSpace(parameters);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed, 0);
    const auto configuration = DrawNew(space, history, random);
    REQUIRE(configuration.has_value());
    REQUIRE(configuration->back().has_value());
  }
}

double MedianHypervolume(const char* name, std::size_t trials) {
  const auto sampler = MakeSampler(name);
  const auto space = FamiliesSpace();
  std::vector<double> volumes;
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    volumes.push_back(FamiliesHypervolume(
        Search(*sampler, space, 2, trials, seed, [&](History& history, std::size_t number) {
          history.Evaluate(number,
                           FamiliesEvaluation(space, history.entries()[number].configuration));
        })));
  }
  std::nth_element(volumes.begin(), volumes.begin() + 7, volumes.end());
  return volumes[7];
}

TEST_CASE("nsga2 beats random search in 120 trials, and a floor that random misses", "[sampler]") {
  const double random = MedianHypervolume("random", 120), nsga2 = MedianHypervolume("nsga2", 120);
  INFO("random " << random << ", nsga2 " << nsga2);
  constexpr double kFloor = 0.75;
  REQUIRE(random < kFloor);
  REQUIRE(nsga2 > kFloor);
}

}  // namespace
}  // namespace joulefront
