// Which observations of a history a model is made of: all of few, a choice of many, so that a
// proposal takes a bounded time. Private to search/.
#pragma once

#include <cstddef>
#include <vector>

#include "search/embedding.h"
#include "search/history.h"

namespace joulefront {

/// At most these many evaluated trials are conditioned on, pending ones heeded, and trials fitted.
inline constexpr std::size_t kMostModelled = 320, kMostPending = 200, kMostFitted = 240;

/// Numbers of the evaluated trials to condition on, rising. Of more than kMostModelled: half the
/// best, most of the rest the nearest to `centre`, and some spread over all the others, so that the
/// model is sharp where the next proposal will be and no stranger elsewhere [Eriksson2019].
std::vector<std::size_t> ModelledTrials(const History& history, const Embedding& embedding,
                                        std::size_t centre);

/// Numbers of the evaluated trials to fit hyperparameters to where there are more than
/// kMostModelled: those at FittedPlaces(FittedCount(all)), so that they stay the same for a while.
std::vector<std::size_t> FittedTrials(const History& history);

/// How many of n observations, in the order of their trials, hyperparameters are fitted to: all of
/// few, then in steps of a tenth, so that most proposals need no fit.
std::size_t FittedCount(std::size_t n);

/// min(n, kMostFitted) of the first n places, spread evenly.
std::vector<std::size_t> FittedPlaces(std::size_t n);

/// How many of the latest evaluated trials in a row brought nothing new: each was infeasible, or
/// matched or beaten in every objective by a feasible one before it. Counts up to `most`.
std::size_t TrialsSinceGain(const History& history, std::size_t most);

}  // namespace joulefront
