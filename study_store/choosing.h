// Choosing a trial from a front: by what matters, by what it is worth, over the life of the model.
// docs/choosing.md explains each.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "study_store/front.h"
#include "study_store/study.h"
#include "study_store/trial.h"

namespace joulefront {

/// The point with the smallest weighted Chebyshev distance from the best seen in each objective,
/// each scaled to its range on the front [Steuer1983]: a weight of 2 tolerates half the shortfall
/// that a weight of 1 does. Unlike a weighted sum it reaches points in the hollows of a front.
/// `weights`: one an objective, >= 0, not all 0. Index into front.points; of equals the cheapest.
/// Points that are not sound are not considered; empty if there is no other.
std::optional<std::size_t> Prefer(const Study& study, const Front& front,
                                  const std::vector<double>& weights);

/// The point with the least weighted sum of the objectives in the user's units, those that are
/// maximised counting against it: weights are prices. As Prefer otherwise.
/// Example: error = 500, energy = 1: a unit of error is worth 500 J.
std::optional<std::size_t> Weigh(const Study& study, const Front& front,
                                 const std::vector<double>& weights);

/// The name of the objective that LifetimeOf adds.
inline constexpr const char* kLifetimeEnergy = "lifetime_energy";

/// A study looked at over the life of its models.
struct Lifetime {
  Study study;                // the objectives that are not joules, and kLifetimeEnergy, minimised
  std::vector<Trial> trials;  // as given, with that value where it is known
  std::size_t unknown = 0;    // complete trials of which it is not known
};

/// Joules to train a model and to use it `inferences` times: those of the phase of the metered
/// objective that is not "inference" ("train", else "total", where there is none), and those of the
/// phase "inference" over the reported value `inferences`, or 1000 `thousand_inferences`, times as
/// many. Errors: kInvalidArgument, saying what is missing, if no trial has both.
Result<Lifetime> LifetimeOf(const Study& study, std::vector<Trial> trials, double inferences);

/// The joules of one inference; empty where they are not known.
std::optional<double> JoulesOfInference(const Trial& trial);

/// Over which range of one positive number, a weight or a count, a choice stays the same.
struct ChoiceRange {
  double from = 0.0, to = 0.0;              // to five digits; the ends of what was looked at, or:
  std::optional<TrialNumber> below, above;  // what is chosen beyond; empty: nothing else, as far
};

/// Of the trial that `choose` gives at `at`; looked for between `least` and `most`, in steps of a
/// twentieth, so that a choice that holds for less is overlooked. Empty if `choose` gives none.
std::optional<ChoiceRange> RangeOfChoice(
    const std::function<std::optional<TrialNumber>(double)>& choose, double at, double least,
    double most);

/// What is recommended for a typical wish.
struct Recommendation {
  std::string wish;   // "the best error"
  std::size_t point;  // index into front.points
  std::string why;
};

/// For three typical wishes: the best of the first objective that is not paid; nearly so for the
/// least; a balance of all. Empty for fronts without sound points.
std::vector<Recommendation> Recommend(const Study& study, const Front& front);

}  // namespace joulefront
