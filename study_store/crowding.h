// Whether the front of a study crowds at a bound of its space: then what is better may lie beyond.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "study_store/front.h"
#include "study_store/study.h"
#include "study_store/trial.h"

namespace joulefront {

struct CrowdedBound {
  std::string parameter;
  bool upper = false;  // at its high bound, else at its low one
  double bound = 0.0;  // where that is
  std::size_t at = 0;  // trials of the front there
  std::size_t of = 0;  // trials of the front in which the parameter is active
};

/// Bounds of numbers at which the front crowds: at least half of its trials, four or more, lie in
/// the last twentieth of the range (on its scale; of few levels, on the last one), and by chance so
/// many of all complete trials would be on the front less than once in twenty studies
/// (hypergeometric, over all bounds). The fidelity is left out, since more training is better as a
/// rule. A configuration that is not of the space counts nowhere.
std::vector<CrowdedBound> CrowdedBounds(const Study& study, const std::vector<Trial>& trials,
                                        const Front& front);

/// "7 of 9 trials of the front have lr at its upper bound 0.1: ..."
std::string TextOf(const CrowdedBound& crowded);

}  // namespace joulefront
