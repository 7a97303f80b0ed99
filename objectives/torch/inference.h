// What a model costs to use.
#pragma once

#include <cstdint>

#include "objectives/torch/examples.h"
#include "objectives/torch/model.h"

namespace joulefront::objectives {

/// Multiply-accumulates for one example (of a text: one window).
std::int64_t CountMacs(const Model& model, const Examples& examples);

struct InferenceFigures {
  double thousands = 0;      // examples that were answered, in thousands
  double latency_ms = 0;     // of one pass, the median
  double samples_per_s = 0;  // over the whole window
};

/// Passes of `batch` of the examples, again and again for `seconds` at least, as the phase
/// "inference", after some passes to warm up, which are in the phase before.
InferenceFigures MeasureInference(const Model& model, const Examples& examples, std::int64_t batch,
                                  double seconds, const std::string& precision);

}  // namespace joulefront::objectives
