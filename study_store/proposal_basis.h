// What a proposal was made from, beside the trials before it: enough to make it again. Kept with
// each trial that a sampler proposed; `joulefront audit` replays it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/units.h"

namespace joulefront {

/// Settings that samplers heed, as they were then, and what the sampler had seen.
struct ProposalBasis {
  std::string sampler = "auto";
  double cost_exponent = 0.5;
  std::optional<std::string> cost;  // Study::cost
  /// Trials that had finished by this revision were known, with their values; of others only that
  /// they were proposed. (A finished trial keeps the revision at which it finished.)
  std::int64_t seen = 0;
  /// So many confirmations were known, of StudyStore::LoadConfirmations().
  std::size_t confirmations = 0;
  /// Where a budget of joules bound: it, and what of it was spent.
  std::optional<Joules> budget, spent;

  bool operator==(const ProposalBasis&) const = default;
};

std::string BasisToJson(const ProposalBasis& basis);
/// Errors: kCorrupt.
Result<ProposalBasis> BasisFromJson(const std::string& text);

}  // namespace joulefront
