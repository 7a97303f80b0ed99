#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "search/auto_sampler.h"
#include "search/surrogate_model.h"
#include "search/surrogate_sampler.h"
#include "search/training_set.h"
#include "tests/search/problems.h"
#include "tests/search/sampler_contract.h"

namespace joulefront {
namespace {

/// Trials at random, settled by `settle`.
History RandomHistory(const SearchSpace& space, std::size_t trials, std::uint64_t seed,
                      const Settle& settle) {
  Random random(seed, 0);
  History history(2);
  for (std::size_t number = 0; number < trials; ++number) {
    history.Add(RandomConfiguration(space, random));
    settle(history, number);
  }
  return history;
}

SearchSpace Square() { return MakeSpace({Float("x", 0, 1), Float("y", 0, 1)}); }

/// Two objectives that y improves both of, and x trades.
Evaluation Traded(const Configuration& c) {
  return {{*c[0] + *c[1], 1.0 - *c[0] + *c[1]}, 0.0, {}};
}

double FamiliesVolume(const char* name, std::uint64_t seed, std::size_t trials) {
  const auto space = FamiliesSpace();
  return FamiliesHypervolume(
      Search(*MakeSampler(name), space, 2, trials, seed, [&](History& history, std::size_t number) {
        history.Evaluate(number,
                         FamiliesEvaluation(space, history.entries()[number].configuration));
      }));
}

TEST_CASE("the surrogate reaches in 60 trials what NSGA-II misses in 120", "[surrogate]") {
  std::vector<double> surrogate, nsga2;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    surrogate.push_back(FamiliesVolume("surrogate", seed, 60));
    nsga2.push_back(FamiliesVolume("nsga2", seed, 120));
  }
  std::sort(surrogate.begin(), surrogate.end());
  std::sort(nsga2.begin(), nsga2.end());
  INFO("surrogate " << surrogate[2] << ", nsga2 " << nsga2[2]);
  REQUIRE(surrogate[2] > nsga2[2]);
  REQUIRE(surrogate[2] > 0.8);
}

/// One-sided rank-sum test [Mann and Whitney]: the normal deviate of "a is larger than b".
double RankSumDeviate(const std::vector<double>& a, const std::vector<double>& b) {
  double wins = 0.0;
  for (const double x : a) {
    for (const double y : b) wins += x > y ? 1.0 : (x == y ? 0.5 : 0.0);
  }
  const double n = static_cast<double>(a.size()), m = static_cast<double>(b.size());
  return (wins - n * m / 2.0) / std::sqrt(n * m * (n + m + 1.0) / 12.0);
}

TEST_CASE("the surrogate beats random search by a rank test over 20 seeds", "[surrogate][slow]") {
  std::vector<double> surrogate, random;
  for (std::uint64_t seed = 100; seed < 120; ++seed) {
    surrogate.push_back(FamiliesVolume("surrogate", seed, 40));
    random.push_back(FamiliesVolume("random", seed, 40));
  }
  REQUIRE(RankSumDeviate(surrogate, random) > 3.1);  // p < 0.001
}

TEST_CASE("what is not allowed becomes rare, once a limit is measured", "[surrogate]") {
  const auto space = Square();
  const auto search = [&](bool measured) {
    return Search(SurrogateSampler(), space, 2, 50, 4, [&](History& history, std::size_t number) {
      auto evaluation = Traded(history.entries()[number].configuration);
      const double excess = 0.4 - *history.entries()[number].configuration[1];  // y >= 0.4
      evaluation.violation = std::max(0.0, excess);
      if (measured) evaluation.excesses = {excess};
      history.Evaluate(number, evaluation);
    });
  };
  const auto allowed = [](const History& history) {
    int count = 0;
    double nearest = 1.0;
    for (std::size_t number = 10; number < history.size(); ++number) {
      const double y = *history.entries()[number].configuration[1];
      if (y < 0.4) continue;
      ++count;
      nearest = std::min(nearest, y);
    }
    REQUIRE(nearest < 0.45);  // the best that is allowed lies on the limit
    return count;
  };
  REQUIRE(allowed(search(true)) >= 20);
}

TEST_CASE("a limit that all break is approached, however widely they break it", "[surrogate]") {
  // Feasible below x = 0.02 only; the excess spans factors, and is never negative at first.
  const auto space = MakeSpace({Float("x", 0, 1), Float("y", 0, 1)});
  History history(2);
  const SurrogateSampler sampler;
  std::size_t first = 0;
  for (std::size_t number = 0; number < 25 && first == 0; ++number) {
    const auto proposal = sampler.Propose(space, history, {.seed = 9});
    const Configuration c = proposal->configuration;
    const double excess = 100.0 * (*c[0] - 0.02);
    history.Add(c);
    history.Evaluate(number, {{*c[1], 1.0 - *c[1]}, std::max(0.0, excess), {excess}});
    if (excess <= 0.0) first = number;
  }
  REQUIRE(first >= 10);  // the start does not find it
  REQUIRE(first <= 14);
}

TEST_CASE("configurations like those that failed become rare, kind by kind", "[surrogate]") {
  // Two corners fail, on the way to the best: of trials that do not heed it, most.
  const auto fails = [](const Configuration& c) -> std::optional<int> {
    if (*c[0] > 0.7 && *c[1] < 0.6) return 1;
    if (*c[0] < 0.3 && *c[1] < 0.6) return 2;
    return std::nullopt;
  };
  const auto failures = [&](bool told_kinds) {
    const History history =
        Search(SurrogateSampler(), Square(), 2, 60, 6, [&](History& trials, std::size_t number) {
          const auto& configuration = trials.entries()[number].configuration;
          if (const auto kind = fails(configuration)) {
            trials.Fail(number, told_kinds ? kind : std::nullopt);
          } else {
            trials.Evaluate(number, Traded(configuration));
          }
        });
    return std::count_if(history.entries().begin(), history.entries().end(),
                         [](const auto& e) { return e.state == EntryState::kFailed; });
  };
  const auto heeded = failures(true), unheeded = failures(false);
  INFO("heeded " << heeded << ", unheeded " << unheeded);
  REQUIRE(2 * heeded <= unheeded);
}

/// Joules rise hundredfold with x, and so does what they buy.
void SettleCostly(History& history, std::size_t number) {
  const auto& c = history.entries()[number].configuration;
  const double joules = std::pow(100.0, *c[0]);
  history.Evaluate(number, {{1.0 - *c[0] + *c[1], std::log(joules)}, 0.0, {}}, {joules, {}});
}

double JoulesOf(const History& history) {
  double sum = 0.0;
  for (const auto& entry : history.entries()) sum += entry.spending.cost.value_or(0.0);
  return sum;
}

TEST_CASE("where cost counts, a search spends less on as many trials", "[surrogate]") {
  const auto joules = [](double exponent) {
    History history(2);
    const SurrogateSampler sampler;
    for (std::size_t number = 0; number < 40; ++number) {
      const auto proposal =
          sampler.Propose(Square(), history, {.seed = 3, .cost_exponent = exponent});
      REQUIRE(proposal);
      history.Add(proposal->configuration);
      SettleCostly(history, number);
    }
    return JoulesOf(history);
  };
  REQUIRE(joules(1.0) < 0.8 * joules(0.0));
}

TEST_CASE("a proposal that does not fit the joules left is not made", "[surrogate]") {
  History history = RandomHistory(Square(), 20, 5, SettleCostly);
  const SurrogateSampler sampler;
  Terms terms{.seed = 1, .cost_exponent = 0.0, .cost_budget = 1000.0, .cost_left = 20.0};
  const auto fits = sampler.Propose(Square(), history, terms);
  REQUIRE(fits);
  REQUIRE(std::pow(100.0, *fits->configuration[0]) < 30.0);
  terms.cost_left = 0.2;  // less than the cheapest takes
  REQUIRE(sampler.Propose(Square(), history, terms).error() == NoProposal::kTooDear);
  // What is under way will take its share.
  terms.cost_left = 20.0;
  history.Add({0.9, 0.5});
  REQUIRE(sampler.Propose(Square(), history, terms).error() == NoProposal::kTooDear);
}

TEST_CASE("samplers without a model go by the mean cost", "[sampler]") {
  const History history = RandomHistory(Square(), 20, 5, SettleCostly);
  const double mean = JoulesOf(history) / 20.0;
  for (const char* name : {"random", "sobol", "nsga2"}) {
    Terms terms{.seed = 1, .cost_budget = 1e4, .cost_left = 1.01 * mean};
    REQUIRE(MakeSampler(name)->Propose(Square(), history, terms));
    terms.cost_left = 0.99 * mean;
    REQUIRE(MakeSampler(name)->Propose(Square(), history, terms).error() == NoProposal::kTooDear);
  }
}

TEST_CASE("auto leaves cheap trials, long studies and noise to nsga2, and says why", "[auto]") {
  const auto propose = [](const History& history) {
    return *AutoSampler().Propose(Square(), history, {.seed = 1});
  };
  const auto settled = [](std::optional<double> seconds) {
    return [seconds](History& history, std::size_t number) {
      history.Evaluate(number, Traded(history.entries()[number].configuration), {{}, seconds});
    };
  };
  REQUIRE(propose(RandomHistory(Square(), 30, 1, settled({}))).proposed_by == "surrogate");
  REQUIRE(propose(RandomHistory(Square(), 30, 1, settled(5.0))).proposed_by == "surrogate");
  const auto cheap = propose(RandomHistory(Square(), 30, 1, settled(1e-4)));
  REQUIRE(cheap.proposed_by == "nsga2");
  REQUIRE(cheap.reason.find("a trial takes 0.0001 s") != std::string::npos);
  const auto many = propose(RandomHistory(Square(), 5001, 1, settled(5.0)));
  REQUIRE(many.proposed_by == "nsga2");
  REQUIRE(many.reason.find("more than 5000 trials") != std::string::npos);
  Random noise(1, 1);
  const auto blind = propose(RandomHistory(Square(), 200, 1, [&](History& history, std::size_t n) {
    history.Evaluate(n, {{noise.Uniform(), noise.Uniform()}, 0.0, {}});
  }));
  REQUIRE(blind.proposed_by == "nsga2");
  REQUIRE(blind.reason.find("no better than a constant") != std::string::npos);
}

TEST_CASE("the surrogate says what it expects", "[surrogate]") {
  const auto history = RandomHistory(Square(), 30, 1, [](History& h, std::size_t number) {
    h.Evaluate(number, Traded(h.entries()[number].configuration));
  });
  const auto proposal = SurrogateSampler().Propose(Square(), history, {.seed = 1});
  const auto truth = Traded(proposal->configuration);
  REQUIRE(proposal->forecast.size() == 2);
  for (std::size_t k = 0; k < 2; ++k) {
    const Forecast& forecast = proposal->forecast[k];
    REQUIRE(forecast.low <= forecast.value);
    REQUIRE(forecast.value <= forecast.high);
    REQUIRE(forecast.value == Approx(truth.objectives[k]).margin(0.1));
  }
}

SearchSpace EpochSpace() {
  auto epochs = Int("epochs", 1, 27, true);
  epochs.fidelity = true;
  return MakeSpace({Float("x", 0, 1), Float("y", 0, 1), epochs});
}

/// The error falls with epochs, from a start that x and y decide.
Evaluation Trained(const Configuration& c, double epochs) {
  const double error = std::pow(*c[0] - 0.3, 2) + std::pow(*c[1] - 0.6, 2) + 0.5 / epochs;
  return {{error, std::log(epochs * (1.0 + *c[0]))}, 0.0, {}};
}

TEST_CASE("replicates teach the noise: what disagrees is foretold less surely", "[surrogate]") {
  const SearchSpace space = Square();
  const History once = RandomHistory(space, 30, 1, [](History& history, std::size_t number) {
    history.Evaluate(number, Traded(history.entries()[number].configuration));
  });
  History again = once, apart = once;
  for (std::size_t number = 0; number < 8; ++number) {
    const auto& objectives = once.entries()[number].evaluation.objectives;
    again.Replicate(number, objectives);
    apart.Replicate(number, {objectives[0] + 0.3, objectives[1] - 0.3});
    apart.Replicate(number, {objectives[0] - 0.3, objectives[1] + 0.3});
  }
  const auto width = [&](const History& history) {
    FitMemory memory;
    const SurrogateModel model(space, history, {.seed = 1}, 0, 1.0, memory);
    const Forecast forecast = model.Foretell(history.entries()[20].configuration)[0];
    return forecast.high - forecast.low;
  };
  CHECK(width(again) <= 1.5 * width(once));
  CHECK(width(apart) > 3.0 * width(once));
}

TEST_CASE("a start goes from the cheap to the dear where a fidelity is marked", "[surrogate]") {
  History history(2);
  double last = 0.0;
  for (std::size_t number = 0; number < 10; ++number) {
    const auto proposal = SurrogateSampler().Propose(EpochSpace(), history, {.seed = 2});
    REQUIRE(*proposal->configuration[2] >= last);
    last = *proposal->configuration[2];
    history.Add(proposal->configuration);
    history.Evaluate(number, Trained(proposal->configuration, last));
  }
  REQUIRE(last > 20.0);
}

TEST_CASE("learning curves teach what is promising in fewer trials", "[surrogate]") {
  const auto best_after = [](bool curves, std::uint64_t seed) {
    double best = 1.0;
    Search(SurrogateSampler(), EpochSpace(), 2, 22, seed, [&](History& history, std::size_t n) {
      const Configuration c = history.entries()[n].configuration;
      std::vector<CurvePoint> curve;
      for (double step = 1.0; curves && step < *c[2]; ++step) {
        curve.push_back({step, Trained(c, step).objectives});
      }
      history.Evaluate(n, Trained(c, *c[2]), {}, curve);
      best = std::min(best, Trained(c, *c[2]).objectives[0]);
    });
    return best;
  };
  double with = 0.0, without = 0.0;
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    with += best_after(true, seed) / 6.0;
    without += best_after(false, seed) / 6.0;
  }
  INFO("with " << with << ", without " << without);
  REQUIRE(with < without);
}

TEST_CASE("a trial of few epochs is promoted where more of them promise most", "[surrogate]") {
  auto epochs = Int("epochs", 1, 27, true);
  epochs.fidelity = true;
  const auto space = MakeSpace({Int("x", 0, 4), Int("y", 0, 4), epochs});
  std::string reasons;
  const SurrogateSampler sampler;
  History history(2);
  for (std::size_t number = 0; number < 40; ++number) {
    const auto proposal = sampler.Propose(space, history, {.seed = 2});
    reasons += proposal->reason + "\n";
    history.Add(proposal->configuration);
    auto scaled = proposal->configuration;
    for (const std::size_t i : {0U, 1U}) *scaled[i] /= 4.0;
    history.Evaluate(number, Trained(scaled, *scaled[2]));
  }
  INFO(reasons);
  REQUIRE(reasons.find("promotes trial") != std::string::npos);
}

TEST_CASE("where trainings go on, more of them are worth their rest, and say what they go on with",
          "[surrogate]") {
  auto epochs = Int("epochs", 1, 27, true);
  epochs.fidelity = true;
  const auto space = MakeSpace({Int("x", 0, 4), Int("y", 0, 4), epochs});
  const auto continued = [&](bool resumes) {
    const SurrogateSampler sampler;
    History history(2);
    int count = 0;
    for (std::size_t number = 0; number < 40; ++number) {
      const Terms terms{.seed = 2, .resumes = resumes};
      const auto proposal = sampler.Propose(space, history, terms);
      REQUIRE(SurrogateSampler().Propose(space, history, terms)->continues == proposal->continues);
      if (proposal->continues) {
        ++count;
        const auto& shorter = history.entries()[*proposal->continues].configuration;
        REQUIRE(*shorter[2] < *proposal->configuration[2]);
        for (const std::size_t i : {0U, 1U}) REQUIRE(shorter[i] == proposal->configuration[i]);
        REQUIRE(proposal->reason.find(fmt::format("goes on with trial {}", *proposal->continues)) !=
                std::string::npos);
      }
      history.Add(proposal->configuration);
      auto scaled = proposal->configuration;
      for (const std::size_t i : {0U, 1U}) *scaled[i] /= 4.0;
      history.Evaluate(number, Trained(scaled, *scaled[2]), {.cost = *scaled[2], .seconds = {}});
    }
    return count;
  };
  REQUIRE(continued(false) == 0);
  REQUIRE(continued(true) > 0);
}

TEST_CASE("a large history is modelled in part: the best, the near, and some of all",
          "[surrogate]") {
  const auto space = Square();
  const auto history = RandomHistory(space, 3000, 7, [](History& h, std::size_t number) {
    h.Evaluate(number, Traded(h.entries()[number].configuration));
  });
  const Embedding embedding(space);
  const auto modelled = ModelledTrials(history, embedding, 5);
  REQUIRE(modelled.size() == kMostModelled);
  REQUIRE(std::is_sorted(modelled.begin(), modelled.end()));
  REQUIRE(std::binary_search(modelled.begin(), modelled.end(), std::size_t{5}));
  for (const auto& best : BestTrials(history, 100)) {
    REQUIRE(std::binary_search(modelled.begin(), modelled.end(), best.number));
  }
  const auto few = RandomHistory(space, 100, 7, SettleAll);
  REQUIRE(ModelledTrials(few, embedding, 5).size() == 100);
}

TEST_CASE("fits are to all of few trials, and to a bounded choice of many", "[surrogate]") {
  REQUIRE(FittedCount(7) == 7);
  REQUIRE(FittedCount(40) == 40);
  REQUIRE(FittedCount(43) == 40);
  REQUIRE(FittedCount(44) == 44);
  for (std::size_t n = 50; n < 5000; n += 7) {
    REQUIRE(FittedCount(n) <= n);
    REQUIRE(static_cast<double>(FittedCount(n)) > 0.88 * static_cast<double>(n));
    const auto places = FittedPlaces(n);
    REQUIRE(places.size() == std::min(n, kMostFitted));
    REQUIRE(std::adjacent_find(places.begin(), places.end(), std::greater_equal<>()) ==
            places.end());
    REQUIRE(places.back() < n);
  }
}

TEST_CASE("what is fitted to stays the same while a large history grows by less than a tenth",
          "[surrogate]") {
  const auto space = Square();
  const auto settle = [](History& h, std::size_t number) {
    h.Evaluate(number, Traded(h.entries()[number].configuration));
  };
  const auto fitted = FittedTrials(RandomHistory(space, 1000, 7, settle));
  REQUIRE(fitted.size() == kMostFitted);
  const std::size_t last = FittedCount(1000);
  REQUIRE(FittedTrials(RandomHistory(space, last + last / 11, 7, settle)) == fitted);
  REQUIRE_FALSE(FittedTrials(RandomHistory(space, 1200, 7, settle)) == fitted);
}

TEST_CASE("trials that match or are beaten by earlier ones bring no gain", "[surrogate]") {
  History history(2);
  const auto add = [&](std::vector<double> objectives, double violation = 0.0) {
    history.Add({static_cast<double>(history.size())});
    history.Evaluate(history.size() - 1, {std::move(objectives), violation, {}});
  };
  REQUIRE(TrialsSinceGain(history, 9) == 0);
  add({1.0, 1.0});
  REQUIRE(TrialsSinceGain(history, 9) == 0);
  add({1.0, 1.0});
  add({2.0, 3.0});
  add({0.0, 0.0}, 1.0);
  REQUIRE(TrialsSinceGain(history, 9) == 3);
  REQUIRE(TrialsSinceGain(history, 2) == 2);
  history.Add({99.0});  // pending
  REQUIRE(TrialsSinceGain(history, 9) == 3);
  add({0.5, 2.0});
  REQUIRE(TrialsSinceGain(history, 9) == 0);
}

TEST_CASE("a thousand parameters, pending trials and 5,000 trials are served", "[surrogate]") {
  std::vector<Parameter> parameters;
  for (int i = 0; i < 1000; ++i) parameters.push_back(Float("x" + std::to_string(i), 0, 1));
  Search(SurrogateSampler(), MakeSpace(parameters), 2, 12, 1, SettleAll);
  auto history = RandomHistory(ConditionalSpace(), 5000, 3, SettleAll);
  Random random(8, 0);
  for (int i = 0; i < 1000; ++i) history.Add(RandomConfiguration(ConditionalSpace(), random));
  const auto proposal = SurrogateSampler().Propose(ConditionalSpace(), history, {.seed = 1});
  REQUIRE(proposal->proposed_by == "surrogate");
  REQUIRE_FALSE(history.Contains(proposal->configuration));
}

TEST_CASE("the order in which trials ended does not matter", "[surrogate]") {
  const auto space = FamiliesSpace();
  Random random(2, 0);
  History forwards(2), backwards(2);
  for (int i = 0; i < 60; ++i) {
    const auto configuration = RandomConfiguration(space, random);
    forwards.Add(configuration);
    backwards.Add(configuration);
  }
  for (std::size_t i = 0; i < 60; ++i) {
    forwards.Evaluate(i, FamiliesEvaluation(space, forwards.entries()[i].configuration));
    backwards.Evaluate(59 - i,
                       FamiliesEvaluation(space, backwards.entries()[59 - i].configuration));
  }
  const SurrogateSampler used, fresh;
  static_cast<void>(used.Propose(space, RandomHistory(space, 50, 1, SettleAll), {.seed = 5}));
  REQUIRE(used.Propose(space, forwards, {.seed = 5})->configuration ==
          fresh.Propose(space, backwards, {.seed = 5})->configuration);
}

TEST_CASE("values at the ends of what numbers can be end no search", "[surrogate]") {
  constexpr double kMost = std::numeric_limits<double>::max();
  const double extremes[] = {kMost, -kMost, 1e300, 5e-324, 0.0, 1.0, -1e-300};
  const SearchSpace space = Square();
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Random random(seed, 1);
    const History history = RandomHistory(space, 24, seed, [&](History& h, std::size_t number) {
      const double a = extremes[random.Below(7)], b = extremes[random.Below(7)];
      h.Evaluate(number, {{seed % 3 == 0 ? *h.entries()[number].configuration[0] : a, b}, 0.0, {}});
    });
    const auto proposal = SurrogateSampler().Propose(space, history, {.seed = seed});
    REQUIRE(proposal);
    REQUIRE(space.Contains(proposal->configuration));
  }
}

}  // namespace
}  // namespace joulefront
