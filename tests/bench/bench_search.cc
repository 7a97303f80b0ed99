// Search quality on problems whose front is known: the share of the true hypervolume after 50, 100
// and 200 evaluations, medians over seeds with quartiles, and CPU seconds of the search. Prints;
// judges nothing.
//   bench_search [--problems m1,m2] [--sampler surrogate] [--seeds 10] [--evals 200] [--noise SD]
//                [--workers 4] [--cost-exponent A] [--joules 5e3,2e4] [--budget J]
// --noise: added to both objectives; the hypervolume is that of the noise-free values.
// --workers: as many trials are pending while a proposal is made; the oldest is told first.
// bench_search --asks 1: CPU milliseconds of one proposal on M1 after 200 to 50,000 trials, with
// the fits made anew and with them remembered, and with 1,000 trials pending.
// --cost-exponent: the joules of M1 and M2 are told as cost; prints joules spent until 0.6, 0.8,
// 0.9 and 0.95 of the front as well.
// --joules: the shares that were reached within so many joules. --budget: a budget of so many
// joules, which ends a study and which the sampler is told, as with [budget] energy.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "search/normal_distribution.h"
#include "search/sampler.h"
#include "tests/bench/search_problems.h"

namespace {

using namespace joulefront;

struct Options {
  std::string problems = "zdt1,zdt2,zdt3,dtlz2,m1,m2", sampler = "surrogate";
  std::size_t seeds = 10, evaluations = 200, workers = 1, first_seed = 0;
  double noise = 0.0, cost_exponent = -1.0, budget = 0.0;
  std::vector<double> joules;
  bool asks = false;
};

struct Course {
  std::vector<double> shares, joules;  // after each evaluation
  double cpu = 0.0;
  std::map<std::string, int> proposed_by;
};

double CpuSeconds() {
  timespec now = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

Course Run(const SearchProblem& problem, const Options& options, std::uint64_t seed) {
  const auto sampler = MakeSampler(options.sampler);
  History history(problem.reference.size());
  Random noise(seed, 77);
  Course course;
  std::vector<double> values;
  double spent = 0.0;
  std::size_t told = 0;
  Terms terms{.seed = seed, .cost_exponent = std::max(0.0, options.cost_exponent)};
  while (told < options.evaluations) {
    if (options.budget > 0.0) {
      terms.cost_budget = options.budget;
      terms.cost_left = options.budget - spent;
      if (spent >= options.budget) break;
    }
    while (history.size() < told + options.workers && history.size() < options.evaluations) {
      const double start = CpuSeconds();
      const auto proposal = sampler->Propose(problem.space, history, terms);
      course.cpu += CpuSeconds() - start;
      if (!proposal) return course;
      ++course.proposed_by[proposal->proposed_by];
      history.Add(proposal->configuration);
    }
    auto point = problem.evaluate(problem.space, history.entries()[told].configuration);
    values.insert(values.end(), point.begin(), point.end());
    Spending spending;
    if (problem.second_is_log_joules) {
      spent += std::pow(10.0, point[1]);
      if (options.cost_exponent >= 0.0) spending.cost = std::pow(10.0, point[1]);
    }
    for (double& value : point) value += options.noise * Normal(noise);
    history.Evaluate(told++, {point}, spending);
    course.shares.push_back(Hypervolume({values, problem.reference.size()}, problem.reference) /
                            problem.true_hypervolume);
    course.joules.push_back(spent);
  }
  return course;
}

double Quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const double place = share * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::size_t>(place);
  const double high = values[std::min(low + 1, values.size() - 1)];
  return values[low] + (place - static_cast<double>(low)) * (high - values[low]);
}

/// The share that a course had reached when so many joules were spent.
double ShareWithin(const Course& course, double joules) {
  double share = 0.0;
  for (std::size_t i = 0; i < course.shares.size() && course.joules[i] <= joules; ++i) {
    share = course.shares[i];
  }
  return share;
}

std::vector<double> Numbers(const std::string& text) {
  std::vector<double> numbers;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) numbers.push_back(std::stod(word));
  return numbers;
}

void Report(const SearchProblem& problem, const Options& options) {
  std::vector<Course> courses;
  for (std::size_t i = 0; i < options.seeds; ++i) {
    courses.push_back(Run(problem, options, options.first_seed + i));
  }
  std::printf("%-8s", problem.name.c_str());
  for (const std::size_t mark : {20U, 50U, 100U, 200U}) {
    if (mark > options.evaluations) continue;
    std::vector<double> shares;
    for (const Course& course : courses) {
      shares.push_back(course.shares[std::min(mark, course.shares.size()) - 1]);
    }
    std::printf("  @%zu %.3f [%.3f %.3f]", mark, Quantile(shares, 0.5), Quantile(shares, 0.25),
                Quantile(shares, 0.75));
  }
  std::vector<double> cpu;
  for (const Course& course : courses) cpu.push_back(course.cpu);
  std::printf("  cpu %.2f s ", Quantile(cpu, 0.5));
  for (const auto& [name, count] : courses.front().proposed_by) {
    std::printf(" %s %d", name.c_str(), count);
  }
  if (options.cost_exponent >= 0.0 && problem.second_is_log_joules) {
    for (const double goal : {0.6, 0.8, 0.9, 0.95}) {
      std::vector<double> joules;
      for (const Course& course : courses) {
        const auto reached = std::find_if(course.shares.begin(), course.shares.end(),
                                          [&](double share) { return share >= goal; });
        joules.push_back(
            reached == course.shares.end()
                ? HUGE_VAL
                : course.joules[static_cast<std::size_t>(reached - course.shares.begin())]);
      }
      std::printf("  J to %.2f %.0f", goal, Quantile(joules, 0.5));
    }
    for (const double budget : options.joules) {
      std::vector<double> shares;
      for (const Course& course : courses) shares.push_back(ShareWithin(course, budget));
      std::printf("  within %g J %.3f [%.3f %.3f]", budget, Quantile(shares, 0.5),
                  Quantile(shares, 0.25), Quantile(shares, 0.75));
    }
  }
  std::printf("\n");
  std::fflush(stdout);
}

// CPU milliseconds of one proposal, median of five.
double AskMs(const Sampler& sampler, const SearchProblem& problem, const History& history) {
  std::vector<double> times;
  for (int run = 0; run < 5; ++run) {
    const double start = CpuSeconds();
    const auto proposal = sampler.Propose(problem.space, history, {.seed = 1});
    times.push_back(1e3 * (CpuSeconds() - start));
    if (!proposal) return NAN;
  }
  return Quantile(times, 0.5);
}

void ReportAsks() {
  const SearchProblem problem = M1();
  const auto nsga2 = MakeSampler("nsga2");
  History history(2);
  for (const std::size_t trials : {50U, 200U, 1'000U, 5'000U, 50'000U}) {
    while (history.size() < trials) {
      history.Add(nsga2->Propose(problem.space, history, {.seed = 1})->configuration);
      const std::size_t number = history.size() - 1;
      history.Evaluate(number,
                       {problem.evaluate(problem.space, history.entries()[number].configuration)});
    }
    const auto sampler = MakeSampler("surrogate");
    const double start = CpuSeconds();
    static_cast<void>(sampler->Propose(problem.space, history, {.seed = 1}));
    const double with_fit = 1e3 * (CpuSeconds() - start);
    History busy = history;
    Random random(1, 0);
    for (int i = 0; i < 1000; ++i) busy.Add(RandomConfiguration(problem.space, random));
    std::printf(
        "ask after %5zu: surrogate %.1f ms, with all fits %.1f ms, 1000 pending %.1f ms; "
        "nsga2 %.4f ms\n",
        trials, AskMs(*sampler, problem, history), with_fit, AskMs(*sampler, problem, busy),
        AskMs(*nsga2, problem, history));
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i], value = argv[i + 1];
    if (flag == "--problems")
      options.problems = value;
    else if (flag == "--sampler")
      options.sampler = value;
    else if (flag == "--seeds")
      options.seeds = std::stoul(value);
    else if (flag == "--first-seed")
      options.first_seed = std::stoul(value);
    else if (flag == "--evals")
      options.evaluations = std::stoul(value);
    else if (flag == "--workers")
      options.workers = std::stoul(value);
    else if (flag == "--noise")
      options.noise = std::stod(value);
    else if (flag == "--joules")
      options.joules = Numbers(value);
    else if (flag == "--budget")
      options.budget = std::stod(value);
    else if (flag == "--asks")
      options.asks = value == "1";
    else if (flag == "--cost-exponent")
      options.cost_exponent = std::stod(value);
    else
      return std::fprintf(stderr, "unknown %s\n", argv[i]), 2;
  }
  if (options.asks) {
    ReportAsks();
    return 0;
  }
  for (const auto& problem : SearchProblems()) {
    if (("," + options.problems + ",").find("," + problem.name + ",") != std::string::npos) {
      Report(problem, options);
    }
  }
  return 0;
}
