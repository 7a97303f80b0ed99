#include "search/sampler.h"

#include <algorithm>

#include "search/auto_sampler.h"
#include "search/nsga2_sampler.h"
#include "search/random_sampler.h"
#include "search/sobol_sampler.h"
#include "search/surrogate_sampler.h"

namespace joulefront {

std::optional<double> MeanCost(const History& history) {
  double sum = 0.0, known = 0.0;
  for (const HistoryEntry& entry : history.entries()) {
    if (entry.state == EntryState::kPending || !entry.spending.cost) continue;
    sum += *entry.spending.cost;
    known += 1.0;
  }
  return known > 0.0 ? std::optional(sum / known) : std::nullopt;
}

bool MeanCostFits(const History& history, const Terms& terms) {
  if (!terms.cost_left) return true;
  const auto mean = MeanCost(history);
  const auto pending =
      std::count_if(history.entries().begin(), history.entries().end(),
                    [](const HistoryEntry& entry) { return entry.state == EntryState::kPending; });
  return !mean || *mean * static_cast<double>(pending + 1) <= *terms.cost_left;
}

std::unique_ptr<Sampler> MakeSampler(std::string_view name) {
  if (name == "auto") return std::make_unique<AutoSampler>();
  if (name == "random") return std::make_unique<RandomSampler>();
  if (name == "sobol") return std::make_unique<SobolSampler>();
  if (name == "nsga2") return std::make_unique<Nsga2Sampler>();
  if (name == "surrogate") return std::make_unique<SurrogateSampler>();
  return nullptr;
}

}  // namespace joulefront
