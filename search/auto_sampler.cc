#include "search/auto_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "search/nsga2_sampler.h"
#include "search/sobol_sampler.h"
#include "search/training_set.h"

namespace joulefront {

namespace {

constexpr std::size_t kLatest = 15;  // finished trials whose time counts

// What a proposal of the surrogate takes, by the trials it models: measured on one core of 2023 (a
// constant, so that the same history gives the same proposal on a busy machine).
double SurrogateSeconds(const History& history) {
  const auto modelled = static_cast<double>(std::min(history.evaluated(), kMostModelled));
  return static_cast<double>(history.objectives()) * (2e-3 + 8e-5 * modelled);
}

// Median time of the latest finished trials; empty unless all of them are known.
std::optional<double> TrialSeconds(const History& history) {
  std::vector<double> seconds;
  for (std::size_t number = history.size(); number-- > 0 && seconds.size() < kLatest;) {
    const HistoryEntry& entry = history.entries()[number];
    if (entry.state != EntryState::kEvaluated) continue;
    if (!entry.spending.seconds) return std::nullopt;
    seconds.push_back(*entry.spending.seconds);
  }
  if (seconds.empty()) return std::nullopt;
  const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
  std::nth_element(seconds.begin(), middle, seconds.end());
  return *middle;
}

// Why the surrogate is not worth its time; empty where it is.
std::optional<std::string> WhyNot(const History& history) {
  if (history.evaluated() > AutoSampler::kMostForSurrogate) {
    return fmt::format("more than {} trials", AutoSampler::kMostForSurrogate);
  }
  const auto trial = TrialSeconds(history);
  const double proposal = SurrogateSeconds(history);
  if (!trial || *trial >= proposal) return std::nullopt;
  return fmt::format("a trial takes {:.2g} s, a surrogate's proposal some {:.2g} s", *trial,
                     proposal);
}

}  // namespace

Proposed AutoSampler::Propose(const SearchSpace& space, const History& history,
                              const Terms& terms) const {
  const auto why_not = history.size() < StartSize(space) ? std::nullopt : WhyNot(history);
  if (!why_not) return surrogate_.Propose(space, history, terms);
  auto proposal = Nsga2Sampler().Propose(space, history, terms);
  if (proposal) proposal->reason += "; " + *why_not;
  return proposal;
}

}  // namespace joulefront
