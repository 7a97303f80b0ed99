// Whether a training that is under way may still reach the front, judged by how others went. Pure.
// Values are minimised, m a trial, in the order of the objectives.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "search/pareto.h"

namespace joulefront {

/// What a training has reached at a step; values that it does not tell on its way are empty.
struct CurveStep {
  double step = 0.0;
  std::vector<std::optional<double>> values;  // m
};

/// A finished training.
struct FinishedCurve {
  std::vector<CurveStep> steps;      // by step, rising
  std::vector<double> final_values;  // m, finite
  bool feasible = true;
};

/// Where a training will end in one objective: the value expected, and the best one that is
/// credible with the confidence asked for.
struct FinalForecast {
  double expected = 0.0;
  double best = 0.0;
};

/// Fewer finished trainings than this tell nothing of others.
inline constexpr std::size_t kFewestCurves = 5;

/// Of finished trainings, owned by somebody else.
using FinishedCurves = std::span<const FinishedCurve* const>;

/// Foretells the end of a training that is at `now`, from how much the finished ones changed from
/// the same step to their ends: their log-ratios (differences, where a value is not above 0) are
/// taken to be normal, and `best` is the one-sided prediction bound of Student's t, so that few
/// finished trainings give wide bounds. Of a value that is not told on the way, `best` is the best
/// end seen. `grows[k]`: value k never falls, as spent joules do not. Finished trainings that did
/// not go on beyond the step count for nothing. Empty if fewer than kFewestCurves are left.
/// Example: five that halved their error from step 4 on, one at 0.3 there: expected 0.15.
std::optional<std::vector<FinalForecast>> ForetellEnd(FinishedCurves finished, const CurveStep& now,
                                                      const std::vector<bool>& grows,
                                                      double confidence);

/// Index of a feasible finished training that dominates even the best end foretold.
std::optional<std::size_t> DominatorOf(FinishedCurves finished,
                                       std::span<const FinalForecast> forecast);

/// Whether point `own` is among the best 1 / factor of those that reached a rung, at least one of
/// them: by non-dominated rank, then by what each adds to the hypervolume of its rank (up to the
/// worst of the rank and a tenth of the range) [Li2020; Schmucker2021]. Of fewer than `factor`
/// points all stay.
bool StaysAtRung(Points points, std::size_t own, double factor);

}  // namespace joulefront
