// A small store whose every figure is known: what the verbs that show data are tested with.
#pragma once

#include <string>

#include "study_store/study.h"

namespace joulefront {

/// Minimises error and the joules of phase "train" over width, optimizer and momentum (sgd only).
Study DigitsStudy(const std::string& name = "digits");

/// Six trials: 0, 1, 2 on the front with a knee at 1, 3 beaten, 4 failed, 5 waiting. Their joules
/// are estimated. `beside`: joules of each beside its phase train.
void MakeDigitsStore(const std::string& path, const Study& study = DigitsStudy(),
                     double beside = 5.0);

/// Four trials of which a thousand inferences were metered: errors 0.3, 0.1, 0.1, 0.05; joules to
/// train 10, 50, 80, 90; joules for a thousand inferences 1, 4, 2, 20.
void MakeDeployedStore(const std::string& path);

/// A store with the study and no trial.
void MakeEmptyStore(const std::string& path, const Study& study = DigitsStudy());

/// A study file of two reported objectives, for ask-tell.
extern const std::string kTwoReported;

}  // namespace joulefront
