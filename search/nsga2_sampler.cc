#include "search/nsga2_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/random.h"
#include "search/random_sampler.h"
#include "search/ranking.h"
#include "search/sobol_sampler.h"
#include "search/variation.h"

namespace joulefront {

namespace {

constexpr std::uint64_t kStream = 0x6e73676132;  // "nsga2"
constexpr std::size_t kLeastPopulation = 10;
constexpr std::size_t kLeastParents = 4;  // below that, the start goes on
constexpr int kVariations = 50;           // tried before a random draw

// Trials that may be parents. Few while trials are few, so that the search closes in; more later,
// so that the front is held in its whole length.
std::size_t Population(const History& history) {
  const double root = std::sqrt(static_cast<double>(history.evaluated()));
  return std::max(kLeastPopulation, static_cast<std::size_t>(root));
}

// The better of two random trials [Deb2002, Sec. III-C]. They are sorted, so the lower place wins.
std::size_t Tournament(const std::vector<RankedTrial>& parents, Random& random) {
  return std::min(random.Below(parents.size()), random.Below(parents.size()));
}

Proposal Vary(const SearchSpace& space, const History& history,
              const std::vector<RankedTrial>& parents, Random& random) {
  const std::size_t first = parents[Tournament(parents, random)].number;
  const std::size_t second = parents[Tournament(parents, random)].number;
  const auto& a = history.entries()[first].configuration;
  const auto& b = history.entries()[second].configuration;
  return {Cross(space, a, b, random),
          "nsga2",
          first == second ? fmt::format("variant of trial {}", first)
                          : fmt::format("child of trials {} and {}", first, second),
          {}};
}

}  // namespace

Proposed Nsga2Sampler::Propose(const SearchSpace& space, const History& history,
                               const Terms& terms) const {
  if (history.size() < StartSize(space) || history.evaluated() < kLeastParents) {
    return ProposeStart(space, history, terms);
  }
  if (!MeanCostFits(history, terms)) return tl::unexpected(NoProposal::kTooDear);
  Random random(terms.seed, Mix64(kStream) + history.size());
  const auto parents = BestTrials(history, Population(history));
  for (int variation = 0; variation < kVariations; ++variation) {
    auto proposal = Vary(space, history, parents, random);
    if (!history.Contains(proposal.configuration)) return proposal;
  }
  return ProposeRandom(space, history, terms, random,
                       "drawn at random: what the best trials vary into was tried before");
}

}  // namespace joulefront
