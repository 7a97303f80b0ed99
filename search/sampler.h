// The Sampler interface. A sampler is a pure function of the space, the history (pending trials
// among it) and the seed: no hidden state, so a resumed study goes on as if it had never stopped.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "search/history.h"
#include "search/space.h"

namespace joulefront {

struct Proposal {
  Configuration configuration;
  std::string proposed_by;  // "sobol", "nsga2", ...: what really made it
  std::string reason;       // one line for people
};

class Sampler {
 public:
  virtual ~Sampler() = default;

  /// The next configuration to try: inside the space and new to the history. Empty when the history
  /// holds every configuration there is. Same arguments, same proposal.
  virtual std::optional<Proposal> Propose(const SearchSpace& space, const History& history,
                                          std::uint64_t seed) const = 0;
};

/// Names that the study file knows: "auto", "random", "sobol", "nsga2".
inline constexpr std::string_view kSamplerNames[] = {"auto", "random", "sobol", "nsga2"};

/// The sampler of that name; nullptr for a name not in kSamplerNames.
std::unique_ptr<Sampler> MakeSampler(std::string_view name);

}  // namespace joulefront
