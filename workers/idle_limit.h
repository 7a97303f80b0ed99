// Since when somebody has had nothing to do, and whether that is too long.
#pragma once

#include <optional>

#include "workers/process.h"

namespace joulefront {

class IdleLimit {
 public:
  /// Empty: nothing is too long.
  explicit IdleLimit(std::optional<Seconds> limit) : limit_(limit) {}

  void Restart() { since_ = MonotonicNow(); }
  bool IsOver() const { return limit_ && MonotonicNow() - since_ > *limit_; }

 private:
  std::optional<Seconds> limit_;
  Seconds since_ = MonotonicNow();
};

}  // namespace joulefront
