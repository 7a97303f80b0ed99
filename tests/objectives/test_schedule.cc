#include <catch2/catch.hpp>

#include "objectives/schedule.h"

using namespace joulefront::objectives;

TEST_CASE("schedules begin, turn and end where they say", "[objectives]") {
  CHECK(RateFactor("constant", 0.0, 0.7) == 1.0);
  CHECK(RateFactor("constant", 0.1, 0.05) == Approx(0.5));
  CHECK(RateFactor("step", 0.0, 0.49) == 1.0);
  CHECK(RateFactor("step", 0.0, 0.5) == Approx(0.1));
  CHECK(RateFactor("step", 0.0, 0.9) == Approx(0.01));
  CHECK(RateFactor("cosine", 0.0, 0.0) == Approx(1.0));
  CHECK(RateFactor("cosine", 0.0, 0.5) == Approx(0.5));
  CHECK(RateFactor("cosine", 0.0, 1.0) == Approx(0.0).margin(1e-12));
  CHECK(RateFactor("one-cycle", 0.0, 0.0) == Approx(1.0 / 25.0));
  CHECK(RateFactor("one-cycle", 0.0, 0.3) == Approx(1.0));
  CHECK(RateFactor("one-cycle", 0.0, 1.0) == Approx(1e-4));
}
