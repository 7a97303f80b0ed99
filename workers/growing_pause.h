// Pauses between tries of what fails for a while: each twice as long as the one before, and for so
// long in all that it is worth to wait.
#pragma once

#include <algorithm>
#include <optional>

#include "base/units.h"

namespace joulefront {

class GrowingPause {
 public:
  GrowingPause(Seconds first, Seconds longest, Seconds in_all)
      : first_(first), longest_(longest), in_all_(in_all), next_(first) {}

  /// It works again.
  void Reset() { *this = GrowingPause(first_, longest_, in_all_); }
  bool HasBegun() const { return waited_ > Seconds(0); }
  /// How long to wait now; empty once it has been waited for long enough.
  std::optional<Seconds> Next() {
    if (waited_ >= in_all_) return std::nullopt;
    const Seconds pause = next_;
    waited_ = waited_ + pause;
    next_ = std::min(next_ * 2.0, longest_);
    return pause;
  }

 private:
  Seconds first_, longest_, in_all_, next_, waited_;
};

}  // namespace joulefront
