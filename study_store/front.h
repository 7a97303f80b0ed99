// The Pareto front of a study, and what helps to choose from it. Computed from the trials, never
// stored.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "study_store/study.h"
#include "study_store/trial.h"

namespace joulefront {

struct FrontPoint {
  std::size_t trial;               // index into the trials given
  std::vector<double> objectives;  // in the user's units and directions, as Study::objectives
  bool knee = false;
  bool partial = false;  // IsPartial: joules are too low, so it is no knee and has no price
};

struct Front {
  std::vector<FrontPoint> points;       // from the cheapest to the dearest, by `cost`
  std::size_t cost = 0;                 // index of the objective that is paid: see ComputeFront
  std::vector<double> reference_point;  // in the user's units; empty without a feasible trial
  std::optional<double> hypervolume;    // with respect to it, of whole figures; empty without any
  std::size_t complete = 0;             // complete trials with all values
  std::size_t feasible = 0;             // those that meet the constraints
  std::string key;                      // comparability key of its joules; empty if mixed
  bool mixed = false;                   // of several keys, as was asked for
  /// Trials that it does not consider, since their joules cannot be compared, by key.
  std::vector<std::pair<std::string, std::size_t>> left_out;
};

/// A bound on a value, from --min or --max: only trials that meet all bounds are considered.
struct Bound {
  std::string name;  // an objective or a reported value
  std::optional<double> min, max;
};

/// Whether joules of different keys are compared.
enum class Mix {
  kNo,   // the front is of one key (GroupByKey); other trials are left out
  kYes,  // of all, and a trial dominates another only where it surely does (SurelyDominates)
};

/// Index of the objective that is paid: the last metered one, or the last one where none is.
std::size_t PaidObjective(const Study& study);

/// Non-dominated feasible trials. The reference point is the user's, else the worst feasible value
/// plus a tenth of the range seen, so that extremes count.
Front ComputeFront(const Study& study, const std::vector<Trial>& trials,
                   const std::vector<Bound>& bounds = {}, Mix mix = Mix::kNo);

/// For two objectives: what one unit of the other objective costs, from one point to the next:
/// |change of cost| / |change of the other|; empty for the first point, where neighbours agree, and
/// where one of them is partial.
/// Example: errors 0.3, 0.1 at 10 J, 50 J: 200 J for a whole unit of error.
std::vector<std::optional<double>> PricesAlong(const Front& front);

}  // namespace joulefront
