// Medians of several runs: non-dominated sorting and hypervolume of 100,000 points of two
// objectives, and one proposal of nsga2 after 200, 1,000 and 10,000 trials. Prints; judges nothing.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <numbers>
#include <vector>

#include "base/random.h"
#include "search/hypervolume.h"
#include "search/pareto.h"
#include "search/sampler.h"

namespace {

using namespace joulefront;

constexpr std::size_t kPoints = 100'000;
constexpr int kRuns = 11;

double MedianMs(const std::function<void()>& job) {
  std::vector<double> times;
  for (int run = 0; run < kRuns; ++run) {
    const auto start = std::chrono::steady_clock::now();
    job();
    const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
    times.push_back(time.count());
  }
  std::nth_element(times.begin(), times.begin() + kRuns / 2, times.end());
  return times[kRuns / 2];
}

std::vector<double> Cloud() {
  Random random(1, 0);
  std::vector<double> values(2 * kPoints);
  for (double& value : values) value = random.Uniform();
  return values;
}

// A quarter circle, in random order.
std::vector<double> OneFront() {
  Random random(2, 0);
  std::vector<double> values;
  for (std::size_t i = 0; i < kPoints; ++i) {
    const double angle = random.Uniform() * std::numbers::pi / 2;
    values.push_back(1.0 - std::cos(angle));
    values.push_back(1.0 - std::sin(angle));
  }
  return values;
}

SearchSpace EightFloats() {
  std::vector<Parameter> parameters(8);
  for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].name = "x" + std::to_string(i);
  return *SearchSpace::Create(parameters);
}

// Random trials, so that the fronts are those of a random cloud.
History RandomHistory(const SearchSpace& space, std::size_t objectives, std::size_t trials) {
  Random random(3, 0);
  History history(objectives);
  for (std::size_t number = 0; number < trials; ++number) {
    std::vector<double> keys(space.size());
    for (double& key : keys) key = random.Uniform();
    history.Add(space.Decode(keys));
    Evaluation evaluation;
    for (std::size_t k = 0; k < objectives; ++k) evaluation.objectives.push_back(random.Uniform());
    history.Evaluate(number, evaluation);
  }
  return history;
}

}  // namespace

int main() {
  const auto cloud = Cloud(), front = OneFront();
  const std::vector<double> reference = {1.0, 1.0};
  double sink = 0.0;  // keeps the results from being optimised away
  const auto report = [&](const char* what, std::size_t n, const std::function<double()>& job) {
    std::printf("%-42s %7zu  %9.3f ms\n", what, n, MedianMs([&] { sink += job(); }));
  };
  report("non-dominated sort, 2 objectives, cloud", kPoints, [&] {
    return NonDominatedRanks({cloud, 2}).back();
  });
  report("non-dominated sort, 2 objectives, one front", kPoints, [&] {
    return NonDominatedRanks({front, 2}).back();
  });
  report("first front only, cloud", kPoints, [&] {
    return static_cast<double>(ParetoFront({cloud, 2}).size());
  });
  report("hypervolume, 2 objectives, cloud", kPoints, [&] {
    return Hypervolume({cloud, 2}, reference);
  });
  report("hypervolume, 2 objectives, one front", kPoints, [&] {
    return Hypervolume({front, 2}, reference);
  });
  const auto space = EightFloats();
  const auto sampler = MakeSampler("nsga2");
  for (const std::size_t objectives : {2U, 3U}) {
    for (const std::size_t trials : {200U, 1'000U, 10'000U}) {
      const auto history = RandomHistory(space, objectives, trials);
      report(objectives == 2 ? "ask of nsga2, 2 objectives" : "ask of nsga2, 3 objectives", trials,
             [&] { return *sampler->Propose(space, history, 1)->configuration[0]; });
    }
  }
  return std::isnan(sink) ? 1 : 0;
}
