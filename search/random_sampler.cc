#include "search/random_sampler.h"

#include <utility>
#include <vector>

#include "search/enumeration.h"

namespace joulefront {

namespace {

constexpr std::uint64_t kStream = 0x72616e64;  // "rand"
constexpr int kDraws = 100;

}  // namespace

Configuration Draw(const SearchSpace& space, Random& random) {
  std::vector<double> keys(space.size());
  for (double& key : keys) key = random.Uniform();
  return space.Decode(keys);
}

std::optional<Configuration> DrawNew(const SearchSpace& space, const History& history,
                                     Random& random) {
  for (int draw = 0; draw < kDraws; ++draw) {
    auto configuration = Draw(space, random);
    if (!history.Contains(configuration)) return configuration;
  }
  // The walk repeats nothing, so it ends after at most one step more than the history is long.
  Enumeration walk(space, random);
  do {
    if (!history.Contains(walk.configuration())) return walk.configuration();
  } while (walk.Next());
  return std::nullopt;
}

Proposed ProposeRandom(const SearchSpace& space, const History& history, const Terms& terms,
                       Random& random, std::string reason) {
  if (!MeanCostFits(history, terms)) return tl::unexpected(NoProposal::kTooDear);
  auto configuration = DrawNew(space, history, random);
  if (!configuration) return tl::unexpected(NoProposal::kExhausted);
  return Proposal{*std::move(configuration), "random", std::move(reason), {}};
}

Proposed RandomSampler::Propose(const SearchSpace& space, const History& history,
                                const Terms& terms) const {
  Random random(terms.seed, Mix64(kStream) + history.size());
  return ProposeRandom(space, history, terms, random, "drawn at random");
}

}  // namespace joulefront
