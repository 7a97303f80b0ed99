#include "search/sobol_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/random.h"
#include "search/random_sampler.h"
#include "search/sobol_sequence.h"

namespace joulefront {

namespace {

constexpr std::uint64_t kStream = 0x736f626f6c;  // "sobol"
constexpr std::size_t kLeastStart = 10, kLargestStart = 40;

// Whether choices of parameter i decide, before anything else does, what else is active.
bool OpensBranches(const SearchSpace& space, std::size_t i) {
  const Parameter& p = space.parameters()[i];
  return space.IsParent(i) && p.when.empty() &&
         (p.type == ParameterType::kCategorical || p.type == ParameterType::kOrdinal);
}

// Deals out `count` cards again and again, each time freshly shuffled: card `index`.
std::uint64_t Deal(std::uint64_t index, std::uint64_t count, std::uint64_t seed) {
  std::vector<std::uint64_t> cards(count);
  for (std::uint64_t k = 0; k < count; ++k) cards[k] = k;
  Random random(seed, index / count);
  const std::uint64_t place = index % count;
  for (std::uint64_t k = 0; k <= place; ++k) {
    std::swap(cards[k], cards[k + random.Below(count - k)]);
  }
  return cards[place];
}

Proposed ProposePoint(const SearchSpace& space, const History& history, const Terms& terms,
                      const std::vector<double>& keys, std::string reason) {
  if (!MeanCostFits(history, terms)) return tl::unexpected(NoProposal::kTooDear);
  auto configuration = space.Decode(keys);
  if (!history.Contains(configuration)) {
    return Proposal{std::move(configuration), "sobol", std::move(reason), {}};
  }
  Random random(terms.seed, Mix64(kStream) + history.size());
  return ProposeRandom(space, history, terms, random,
                       "drawn at random: the point of the Sobol sequence was tried before");
}

}  // namespace

Proposed SobolSampler::Propose(const SearchSpace& space, const History& history,
                               const Terms& terms) const {
  return ProposePoint(space, history, terms,
                      ScrambledSobolPoint(history.size(), space.size(), terms.seed),
                      fmt::format("point {} of a scrambled Sobol sequence", history.size() + 1));
}

std::size_t StartSize(const SearchSpace& space) {
  std::size_t size = kLeastStart;
  for (std::size_t i = 0; i < space.size(); ++i) {
    if (OpensBranches(space, i)) size = std::max(size, 2 * space.parameters()[i].choices.size());
  }
  return std::min(size, kLargestStart);
}

Proposed ProposeStart(const SearchSpace& space, const History& history, const Terms& terms) {
  const std::size_t start = StartSize(space), index = history.size();
  auto keys = ScrambledSobolPoint(index, space.size(), terms.seed);
  for (std::size_t i = 0; i < space.size(); ++i) {
    if (!OpensBranches(space, i)) continue;
    const std::uint64_t dealt = Deal(index, *space.Levels(i), Mix64(terms.seed) + i);
    keys[i] = space.KeyOf(i, static_cast<double>(dealt));
  }
  if (const auto fidelity = space.fidelity(); fidelity && index < start) {
    keys[*fidelity] = (static_cast<double>(index) + 0.5) / static_cast<double>(start);
  }
  return ProposePoint(
      space, history, terms, keys,
      index < start
          ? fmt::format("start: point {} of {} of a scrambled Sobol sequence", index + 1, start)
          : fmt::format("point {} of a scrambled Sobol sequence: {} trials "
                        "evaluated, too few to learn from",
                        index + 1, history.evaluated()));
}

}  // namespace joulefront
