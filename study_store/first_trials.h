// Trials that are tried before, or instead of, what the sampler proposes: the study file's default,
// configurations that somebody enqueues, and the front of an earlier study. The proposers are
// refreshed ones; the texts given back are notes for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "study_store/given_configurations.h"
#include "study_store/proposer.h"

namespace joulefront {

/// An earlier study, and where it was found.
struct EarlierStudy {
  Study study;
  std::vector<Trial> trials;
  std::string path;
};

/// Of an earlier front, at most so many begin a new study: less than half of what a sampler that
/// learns wants to see first, so that the new space is still looked at evenly.
inline constexpr std::size_t kMostWarmTrials = 8;

/// A configuration of an earlier front in the space of a new study.
struct WarmTrial {
  TrialNumber trial;  // of the earlier study
  Configuration configuration;
};

/// The front of `earlier` in the space of `study`, by name of parameter, from the cheapest trial to
/// the dearest. Numbers are brought into their range and onto the nearest level; what the new space
/// does not know is left out, and what it asks beyond takes its default, or the centre of its
/// range, or its first choice. Trials that become equal come once. Example: width 900 becomes 512
/// where the new range ends there.
std::vector<WarmTrial> TranslateFront(const EarlierStudy& earlier, const Study& study);

/// Adds the study file's default, where there is one, to a study without trials.
Result<void> AddDefault(Proposer& proposer, std::optional<std::int64_t> limit, TimePoint now);

/// Adds configurations, in their order, up to `limit` trials in the study; those that were proposed
/// before are skipped.
Result<std::vector<std::string>> Enqueue(Proposer& proposer,
                                         const std::vector<GivenConfiguration>& given,
                                         const std::string& path, std::optional<std::int64_t> limit,
                                         TimePoint now);

/// The seed of a branch of `study`: another one, so that its start does not repeat the points that
/// the study began with. A function of the study's seed and the branch's name.
std::uint64_t BranchSeed(const Study& study, std::string_view branch);

/// Adds up to kMostWarmTrials of an earlier front, spread evenly along it, both ends among them.
Result<std::vector<std::string>> AddWarmStart(Proposer& proposer, const EarlierStudy& earlier,
                                              std::optional<std::int64_t> limit, TimePoint now);

}  // namespace joulefront
