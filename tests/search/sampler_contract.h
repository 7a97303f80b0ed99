// What every sampler promises, whatever it does inside. test_samplers.cc runs each clause over all
// of kSamplerNames; a new sampler is held to them by its entry there.
#pragma once

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <set>
#include <vector>

#include "search/sampler.h"
#include "tests/search/spaces.h"

namespace joulefront {

/// Settles trial `number` of a history, or leaves it pending.
using Settle = std::function<void(History&, std::size_t number)>;

/// Objectives that differ between configurations and conflict with one another.
inline Evaluation SomeEvaluation(const Configuration& configuration, std::size_t objectives) {
  Evaluation evaluation;
  for (std::size_t k = 0; k < objectives; ++k) {
    double sum = 0.0;
    for (std::size_t i = 0; i < configuration.size(); ++i) {
      const double centre = static_cast<double>((i + k) % 3);
      if (configuration[i]) sum += std::abs(std::log1p(std::abs(*configuration[i])) - centre);
    }
    evaluation.objectives.push_back(sum);
  }
  return evaluation;
}

inline void SettleAll(History& history, std::size_t number) {
  history.Evaluate(number,
                   SomeEvaluation(history.entries()[number].configuration, history.objectives()));
}

/// Proposes and settles `trials` trials; every proposal must be inside the space, new, and say who
/// made it and why.
inline History Search(const Sampler& sampler, const SearchSpace& space, std::size_t objectives,
                      std::size_t trials, std::uint64_t seed, const Settle& settle) {
  History history(objectives);
  for (std::size_t number = 0; number < trials; ++number) {
    const auto proposal = sampler.Propose(space, history, {.seed = seed});
    REQUIRE(proposal.has_value());
    REQUIRE(space.Contains(proposal->configuration));
    REQUIRE_FALSE(history.Contains(proposal->configuration));
    REQUIRE_FALSE(proposal->proposed_by.empty());
    REQUIRE_FALSE(proposal->reason.empty());
    REQUIRE(proposal->reason.find('\n') == std::string::npos);
    history.Add(proposal->configuration);
    settle(history, number);
  }
  return history;
}

inline bool SameConfigurations(const History& a, const History& b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (a.entries()[i].configuration != b.entries()[i].configuration) return false;
  }
  return a.size() == b.size();
}

/// Every configuration of a finite space once, then nothing.
inline void RequireExhausts(const Sampler& sampler, const SearchSpace& space,
                            const Settle& settle) {
  const auto all = space.AllConfigurations(100'000);
  const History history = Search(sampler, space, 2, all.size(), 11, settle);
  std::set<Configuration> proposed;
  for (const auto& entry : history.entries()) proposed.insert(entry.configuration);
  REQUIRE(proposed == std::set<Configuration>(all.begin(), all.end()));
  REQUIRE_FALSE(sampler.Propose(space, history, {.seed = 11}).has_value());
}

/// A history rebuilt from its entries alone, at any trial, leads to the same next proposal.
inline void RequireResumes(const Sampler& sampler, const SearchSpace& space, std::size_t trials) {
  History resumed(2);
  const History history = Search(sampler, space, 2, trials, 3, SettleAll);
  for (std::size_t number = 0; number < trials; ++number) {
    const auto proposal = sampler.Propose(space, resumed, {.seed = 3});
    REQUIRE(proposal->configuration == history.entries()[number].configuration);
    resumed.Add(proposal->configuration);
    SettleAll(resumed, number);
  }
}

}  // namespace joulefront
