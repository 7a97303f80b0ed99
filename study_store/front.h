// The Pareto front of a study, and what helps to choose from it. Computed from the trials, never
// stored.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "study_store/study.h"
#include "study_store/trial.h"

namespace joulefront {

struct FrontPoint {
  std::size_t trial;               // index into the trials given
  std::vector<double> objectives;  // in the user's units and directions, as Study::objectives
  bool knee = false;
  bool partial = false;    // IsPartial: its joules are too low
  bool refuted = false;    // confirmations refuted it: its recorded values were luck
  bool off_scale = false;  // a value is beyond LargestOnScale()

  /// Whether its values can be relied on. Others are no knee, are not recommended and have no
  /// price.
  bool IsSound() const { return !partial && !refuted && !off_scale; }
};

struct Front {
  std::vector<FrontPoint> points;       // from the cheapest to the dearest, by `cost`
  std::size_t cost = 0;                 // index of the objective that is paid: see ComputeFront
  std::vector<double> reference_point;  // in the user's units; empty without a trial on the scale
  /// With respect to it, of whole figures on the scale. Empty without any, and where the volume is
  /// too large for a number.
  std::optional<double> hypervolume;
  std::size_t off_scale = 0;  // considered trials beyond the scale: they only may be front points
  std::size_t complete = 0;   // complete trials with all values
  std::size_t feasible = 0;   // those that meet the constraints
  std::string key;            // comparability key of its joules; empty if mixed
  bool mixed = false;         // of several keys, as was asked for
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

/// What a front is to be of.
struct FrontOptions {
  std::vector<Bound> bounds = {};
  Mix mix = Mix::kNo;
  std::set<TrialNumber> refuted = {};  // RefutedTrials() of confirmation.h
};

/// The largest size of a value that lies on the scale of a study with so many objectives: a
/// hypervolume of such values is finite. Larger ones, such as the largest float as a penalty, would
/// leave every other trial in one place. Example: 1e150 for two objectives.
double LargestOnScale(std::size_t objectives);

/// Index of the objective that is paid: the last metered one, or the last one where none is.
std::size_t PaidObjective(const Study& study);

/// Non-dominated feasible trials. The reference point is the user's, else the worst feasible value
/// on the scale plus a tenth of the range seen, so that extremes count.
Front ComputeFront(const Study& study, const std::vector<Trial>& trials,
                   const FrontOptions& options = {});

/// For two objectives: what one unit of the other objective costs, from one point to the next:
/// |change of cost| / |change of the other|; empty for the first point, where neighbours agree, and
/// where one of them is not sound.
/// Example: errors 0.3, 0.1 at 10 J, 50 J: 200 J for a whole unit of error.
std::vector<std::optional<double>> PricesAlong(const Front& front);

}  // namespace joulefront
