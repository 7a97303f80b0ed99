// A budget of joules, over simulated studies: trainings whose joules are known to the test alone.
#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "study_store/proposer.h"
#include "tests/study_store/store_contract.h"

using namespace joulefront;

namespace {

/// A training of x takes so many joules, by chance up to 40 % more or less.
double Takes(double x, Random& random) {
  return (1.0 + 9.0 * x * x) * (0.6 + 0.8 * random.Uniform());
}

double ParameterOf(const std::string& configuration) {
  return std::stod(configuration.substr(configuration.find(':') + 1));
}

PhaseEnergy WholeFigure(double joules) {
  PhaseEnergy phase = Phase("total", joules);
  phase.figure->coverage = 1.0;  // what was seen in part is not learnt from
  return phase;
}

struct Simulated {
  double overshoot = 0.0;    // joules beyond the budget
  double most_excess = 0.0;  // the largest of what a training took beyond what was foreseen for it
  double unforeseen = 0.0;   // the largest of those that nothing was foreseen for
  std::int64_t trials = 0;
};

/// One study on so many workers, each of which trains what it claims and then claims again; the
/// trainings take as long as they take joules.
Simulated Simulate(std::uint64_t seed, std::size_t workers, const std::string& sampler) {
  Study study = SampleStudy();
  study.seed = seed;
  study.constraints.clear();
  study.objectives = {{.name = "error"}, {.name = "energy", .phase = "total", .unit = "J"}};
  study.sampler = sampler;
  const Joules budget(100);
  study.budget.energy = budget;
  const auto store = NewMemoryStore();
  const StudyId id = Require(store->CreateStudy(study, At(0)));
  Proposer proposer(*store, id, study);
  Random random(seed, 77);
  struct Running {
    Claim claim;
    double joules, ends;
  };
  std::vector<Running> running;
  Simulated simulated;
  double clock = 0.0;
  bool over = false;
  while (true) {
    Require(proposer.Refresh());
    while (!over && Require(store->CountTrials(id)).waiting < static_cast<int>(workers)) {
      const Joules spent = Require(store->EnergySpent(id)).joules;
      over = spent >= budget || !Require(proposer.Propose({}, spent, At(1)));
    }
    while (running.size() < workers) {
      const auto claim =
          Require(store->ClaimTrial(id, Worker("w"), At(1e9), At(clock), std::nullopt, budget));
      if (!claim) break;
      const double joules = Takes(ParameterOf(claim->configuration), random);
      running.push_back({*claim, joules, clock + joules});
    }
    if (running.empty()) break;
    const auto next = std::min_element(running.begin(), running.end(),
                                       [](auto& a, auto& b) { return a.ends < b.ends; });
    clock = next->ends;
    const Trial trial = Require(store->LoadTrial(id, next->claim.trial));
    double& worst = trial.foreseen ? simulated.most_excess : simulated.unforeseen;
    worst = std::max(worst, next->joules - trial.foreseen.value_or(Joules()).value());
    const double x = ParameterOf(next->claim.configuration);
    Require(store->FinishAttempt(next->claim,
                                 {.state = AttemptState::kComplete,
                                  .values = {{"error", 1.0 - x}, {"energy", next->joules}},
                                  .energy = {WholeFigure(next->joules)}},
                                 {}, At(clock)));
    running.erase(next);
    ++simulated.trials;
    over = over && Require(store->EnergySpent(id)).joules >= budget;
  }
  simulated.overshoot = (Require(store->EnergySpent(id)).joules - budget).value();
  return simulated;
}

}  // namespace

TEST_CASE("a budget of joules is overshot by at most one attempt's excess over what was foreseen") {
  const auto [name, seeds] =
      GENERATE(Catch::Generators::table<const char*, std::uint64_t>({{"sobol", 25}, {"auto", 2}}));
  double largest = -1e9, spent_least = 0.0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const std::string sampler = name;
    CAPTURE(sampler, seed);
    const Simulated one = Simulate(seed, 1, sampler);
    CHECK(one.trials > 5);
    CHECK(one.overshoot <= one.most_excess);
    largest = std::max(largest, one.overshoot);
    spent_least = std::min(spent_least, one.overshoot);
    // Several at once may each take more than was foreseen.
    const Simulated four = Simulate(seed, 4, sampler);
    CHECK(four.overshoot <= 4.0 * four.most_excess);
  }
  CAPTURE(largest, spent_least);
  CHECK(largest > -20.0);  // and most of it is used
}
