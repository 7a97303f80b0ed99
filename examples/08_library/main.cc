// Asks the search for configurations and tells it what became of them, without a store, a worker or
// a meter: for programs that have those. Prints the front.
#include <cmath>
#include <cstdio>
#include <vector>

#include "search/pareto.h"
#include "search/sampler.h"

using namespace joulefront;

int main() {
  const SearchSpace space =
      SearchSpace::Create(
          {{.name = "width", .type = ParameterType::kInt, .low = 8, .high = 512, .log = true},
           {.name = "rate", .low = 1e-4, .high = 1e-1, .log = true}})
          .value();
  const auto sampler = MakeSampler("auto");
  History history(2);           // two objectives, both minimised
  std::vector<double> results;  // trial by trial
  for (std::size_t trial = 0; trial < 60; ++trial) {
    const auto proposal = sampler->Propose(space, history, {.seed = 1});
    if (!proposal) break;  // every configuration was proposed
    history.Add(proposal->configuration);
    const double width = *proposal->configuration[0], rate = *proposal->configuration[1];
    const double error = 1 / std::sqrt(width) + 0.05 * std::pow(std::log10(rate / 0.01), 2);
    const double joules = 0.2 * width;  // where you would train and meter
    history.Evaluate(trial, {.objectives = {error, joules}}, {.cost = joules});
    results.insert(results.end(), {error, joules});
  }
  for (const std::size_t trial : ParetoFront({results, 2})) {
    const Configuration& configuration = history.entries()[trial].configuration;
    std::printf("width %3.0f  rate %.5f  error %.3f  %5.1f J\n", *configuration[0],
                *configuration[1], results[2 * trial], results[2 * trial + 1]);
  }
}
