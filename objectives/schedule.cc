#include "objectives/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace joulefront::objectives {
namespace {

constexpr double kCycleRise = 0.3, kCycleBegin = 1.0 / 25.0, kCycleEnd = 1e-4;

/// From `from` to `to` along half a cosine, at a share `at` of the way.
double AlongCosine(double from, double to, double at) {
  return to + (from - to) * 0.5 * (1.0 + std::cos(std::numbers::pi * at));
}

double OneCycle(double done) {
  if (done < kCycleRise) return AlongCosine(kCycleBegin, 1.0, done / kCycleRise);
  return AlongCosine(1.0, kCycleEnd, (done - kCycleRise) / (1.0 - kCycleRise));
}

}  // namespace

double RateFactor(const std::string& schedule, double warmup, double done) {
  if (schedule == "one-cycle") return OneCycle(done);
  const double rise = done < warmup ? done / warmup : 1.0;
  if (schedule == "cosine") return rise * AlongCosine(1.0, 0.0, done);
  if (schedule == "step") return rise * (done < 0.5 ? 1.0 : done < 0.75 ? 0.1 : 0.01);
  return rise;
}

}  // namespace joulefront::objectives
