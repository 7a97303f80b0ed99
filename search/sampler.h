// The Sampler interface. A sampler is a pure function of the space, the history (pending trials
// among it) and the terms: no hidden state, so a resumed study goes on as if it had never stopped.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "search/history.h"
#include "search/space.h"

namespace joulefront {

/// What a model expects of an objective, minimised, with an interval of one standard deviation.
struct Forecast {
  double value, low, high;
};

struct Proposal {
  Configuration configuration;
  std::string proposed_by;         // "sobol", "nsga2", ...: what really made it
  std::string reason;              // one line for people
  std::vector<Forecast> forecast;  // m, or empty where there is no model
  /// The trial, of the same configuration at less fidelity, whose training it goes on with.
  std::optional<std::size_t> continues;
  std::optional<double> cost;  // what it is expected to take in all; empty where there is no model
};

/// What a sampler heeds beside the history.
struct Terms {
  std::uint64_t seed = 0;
  /// alpha: what counts is the gain per cost^alpha. 0: what a trial costs does not matter.
  double cost_exponent = 0.5;
  /// Joules that the study may spend, and what is left of them with the cost that pending trials
  /// are expected to have not yet taken off. Both or neither.
  std::optional<double> cost_budget, cost_left;
  /// The user's reference point, minimised; an objective without one is empty. Empty or m of them.
  std::vector<std::optional<double>> reference;
  /// Whether a trial of more fidelity goes on where one of less ended, and costs the rest only.
  bool resumes = false;
};

/// Why there is no proposal.
enum class NoProposal {
  kExhausted,  // the history holds every configuration there is
  kTooDear,    // none that was considered is expected to fit the joules left
};

using Proposed = tl::expected<Proposal, NoProposal>;

/// The mean of the costs that are known; empty where none is.
std::optional<double> MeanCost(const History& history);

/// Whether one more trial fits the joules left, if it and the pending ones take the mean of those
/// whose cost is known. What samplers that know no better go by.
bool MeanCostFits(const History& history, const Terms& terms);

class Sampler {
 public:
  virtual ~Sampler() = default;

  /// The next configuration to try: inside the space and new to the history. Same arguments, same
  /// proposal.
  virtual Proposed Propose(const SearchSpace& space, const History& history,
                           const Terms& terms) const = 0;
};

/// Names that the study file knows.
inline constexpr std::string_view kSamplerNames[] = {"auto", "random", "sobol", "nsga2",
                                                     "surrogate"};

/// The sampler of that name; nullptr for a name not in kSamplerNames.
std::unique_ptr<Sampler> MakeSampler(std::string_view name);

}  // namespace joulefront
