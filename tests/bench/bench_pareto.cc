// Medians of several runs: non-dominated sorting and hypervolume of 100,000 points of two
// objectives and 10,000 of three, one proposal of nsga2 after up to 10,000 trials, and what it
// takes to rank trials as they are told. Prints; judges nothing.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "search/hypervolume.h"
#include "search/pareto.h"
#include "search/sampler.h"

namespace {

using namespace joulefront;

constexpr int kRuns = 11;

using Report = std::function<void(const std::string&, std::size_t, const std::function<double()>&)>;

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

std::vector<double> Cloud(std::size_t n, std::size_t m) {
  Random random(1, 0);
  std::vector<double> values(n * m);
  for (double& value : values) value = random.Uniform();
  return values;
}

// The part of the unit sphere that bulges towards the origin, in random order.
std::vector<double> OneFront(std::size_t n, std::size_t m) {
  auto values = Cloud(n, m);
  for (std::size_t i = 0; i < values.size(); i += m) {
    double squares = 0.0;
    for (std::size_t k = i; k < i + m; ++k) squares += values[k] * values[k];
    for (std::size_t k = i; k < i + m; ++k) values[k] = 1.0 - values[k] / std::sqrt(squares);
  }
  return values;
}

SearchSpace EightFloats() {
  std::vector<Parameter> parameters(8);
  for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].name = "x" + std::to_string(i);
  return *SearchSpace::Create(parameters);
}

// What the objectives of a history's trials look like.
enum class Shape { kCloud, kOneFront, kEqual, kInfeasible, kChain };

constexpr struct {
  Shape shape;
  const char* name;
} kShapes[] = {{Shape::kCloud, "cloud"},
               {Shape::kOneFront, "one front"},
               {Shape::kEqual, "all equal"},
               {Shape::kInfeasible, "all infeasible"},
               {Shape::kChain, "each dominates or is dominated"}};

Evaluation MakeEvaluation(Shape shape, std::size_t objectives, Random& random) {
  Evaluation evaluation;
  double sum = 0.0;
  for (std::size_t k = 0; k < objectives; ++k) {
    evaluation.objectives.push_back(shape == Shape::kEqual ? 1.0 : random.Uniform());
    sum += evaluation.objectives.back();
  }
  for (double& value : evaluation.objectives) {
    if (shape == Shape::kOneFront) value /= sum;
    if (shape == Shape::kChain) value = sum;
  }
  if (shape == Shape::kInfeasible) evaluation.violation = sum;
  return evaluation;
}

History MakeHistory(const SearchSpace& space, Shape shape, std::size_t objectives,
                    std::size_t trials) {
  Random random(3, 0);
  History history(objectives);
  for (std::size_t number = 0; number < trials; ++number) {
    std::vector<double> keys(space.size());
    for (double& key : keys) key = random.Uniform();
    history.Add(space.Decode(keys));
    history.Evaluate(number, MakeEvaluation(shape, objectives, random));
  }
  return history;
}

void ReportAsks(const Report& report, const SearchSpace& space) {
  const auto sampler = MakeSampler("nsga2");
  const auto ask = [&](Shape shape, const char* name, std::size_t objectives, std::size_t trials) {
    const auto history = MakeHistory(space, shape, objectives, trials);
    report(fmt::format("ask of nsga2, {} objectives, {}", objectives, name), trials,
           [&] { return *sampler->Propose(space, history, {.seed = 1})->configuration[0]; });
  };
  for (const std::size_t objectives : {2U, 3U}) {
    for (const std::size_t trials : {200U, 1'000U}) ask(Shape::kCloud, "cloud", objectives, trials);
    for (const auto& [shape, name] : kShapes) ask(shape, name, objectives, 10'000);
  }
}

// All tells of a history from none on.
void ReportTells(const Report& report) {
  for (const std::size_t objectives : {2U, 3U}) {
    const std::size_t trials = objectives == 2 ? 50'000 : 10'000;
    for (const auto& [shape, name] : kShapes) {
      Random random(3, 0);
      std::vector<Evaluation> evaluations;
      for (std::size_t i = 0; i < trials; ++i) {
        evaluations.push_back(MakeEvaluation(shape, objectives, random));
      }
      report(fmt::format("all tells, {} objectives, {}", objectives, name), trials, [&] {
        Ranking ranking(objectives);
        for (std::size_t i = 0; i < trials; ++i) {
          ranking.Add(i, evaluations[i].objectives, evaluations[i].violation);
        }
        return ranking.Best(1)[0].crowding;
      });
    }
  }
}

}  // namespace

int main() {
  double sink = 0.0;  // keeps the results from being optimised away
  const Report report = [&](const std::string& what, std::size_t n,
                            const std::function<double()>& job) {
    std::printf("%-56s %7zu  %9.3f ms\n", what.c_str(), n, MedianMs([&] { sink += job(); }));
    std::fflush(stdout);
  };
  for (const std::size_t m : {2U, 3U}) {
    const std::size_t n = m == 2 ? 100'000 : 10'000;
    const auto cloud = Cloud(n, m), front = OneFront(n, m);
    for (const auto* values : {&cloud, &front}) {
      report(fmt::format("non-dominated sort, {} objectives, {}", m,
                         values == &cloud ? "cloud" : "one front"),
             n, [&] {
               return NonDominatedRanks({*values, m}).back();
             });
      report(fmt::format("hypervolume, {} objectives, {}", m,
                         values == &cloud ? "cloud" : "one front"),
             n, [&] {
               return Hypervolume({*values, m}, std::vector<double>(m, 1.0));
             });
    }
    report(fmt::format("first front only, {} objectives, cloud", m), n, [&] {
      return static_cast<double>(ParetoFront({cloud, m}).size());
    });
  }
  ReportAsks(report, EightFloats());
  ReportTells(report);
  return std::isnan(sink) ? 1 : 0;
}
