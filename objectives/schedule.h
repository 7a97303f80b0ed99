// How the learning rate changes over a training.
#pragma once

#include <string>

namespace joulefront::objectives {

/// The learning rate over the one given, after a share `done` in [0, 1] of the training's steps:
/// constant 1; step: 0.1 from a half on, 0.01 from three quarters on; cosine: from 1 to 0 along
/// half a cosine [Loshchilov2017]; one-cycle: from 1/25 to 1 over the first 30 %, then to 1/10,000
/// [Smith2018]. Over the first `warmup` of the training it rises from 0 besides (not of one-cycle,
/// which has its own).
double RateFactor(const std::string& schedule, double warmup, double done);

}  // namespace joulefront::objectives
