// A problem with branches and two conflicting objectives (error, log10 of joules), on which search
// quality is guarded. Made up, noise-free, cheap.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "search/history.h"
#include "search/hypervolume.h"
#include "tests/search/spaces.h"

namespace joulefront {

/// Three model families, 3 to 6 of 10 parameters active.
inline SearchSpace FamiliesSpace() {
  return MakeSpace({
      Choice("family", {Text("linear"), Text("trees"), Text("network")}),
      Float("rows", 0.1, 1.0),
      When(Float("penalty", 1e-6, 1e2, true), "family", {Text("linear")}),
      When(Int("trees", 8, 2048, true), "family", {Text("trees")}),
      When(Int("depth", 2, 16), "family", {Text("trees")}),
      When(Int("layers", 1, 3), "family", {Text("network")}),
      When(Int("width", 8, 512, true), "family", {Text("network")}),
      When(Float("rate", 1e-5, 1e-1, true), "family", {Text("network")}),
      When(Choice("activation", {Text("relu"), Text("gelu"), Text("tanh")}), "family",
           {Text("network")}),
      WhenAtLeast(Float("dropout", 0.0, 0.5), "layers", 2),
  });
}

inline Evaluation FamiliesEvaluation(const SearchSpace& space, const Configuration& configuration) {
  const auto at = [&](const char* name) { return *configuration[*space.IndexOf(name)]; };
  const auto bump = [](double z) { return 1.0 - std::exp(-0.5 * z * z); };
  const double rows = at("rows");
  double error = 0.1 * (1.0 - rows) * (1.0 - rows), joules = 0.0;
  if (at("family") == 0.0) {
    error += 0.25 + 0.08 * bump((std::log10(at("penalty")) + 1.0) / 1.5);
    joules = 2.0;
  } else if (at("family") == 1.0) {
    error += 0.12 + 0.2 * std::exp(-(at("depth") - 2.0) / 3.0) + 0.2 / std::sqrt(at("trees"));
    joules = 1.0 + 0.004 * at("trees") * at("depth");
  } else {
    const double weights = at("layers") * at("width") * at("width");
    const double size = std::log10(weights);
    error += 0.03 + 0.3 * std::exp(-(size - 1.8)) + 0.01 * at("activation");
    error += 0.25 * bump(std::log10(at("rate")) + 2.5 + 0.3 * (size - 3.5));
    if (at("layers") >= 2.0) error += 0.2 * std::pow(at("dropout") - 0.1 * at("layers"), 2);
    joules = 3.0 + 2e-4 * weights;
  }
  return {{error, std::log10(rows * joules)}, 0.0};
}

inline double FamiliesHypervolume(const History& history) {
  std::vector<double> values;
  for (const auto& entry : history.entries()) {
    const auto& objectives = entry.evaluation.objectives;
    values.insert(values.end(), objectives.begin(), objectives.end());
  }
  const std::vector<double> reference = {0.35, 2.5};
  return Hypervolume({values, 2}, reference);
}

}  // namespace joulefront
