// Two studies side by side, or one study on two machines: what moved, and how surely.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "study_store/front.h"
#include "study_store/study.h"
#include "study_store/trial.h"

namespace joulefront {

/// One of the two studies. References must outlive the comparison.
struct Side {
  const Study& study;
  const std::vector<Trial>& trials;
};

/// How an objective of B differs from A over the configurations that both trained to the end.
struct Change {
  std::string objective;
  bool ratio = false;              // joules: B over A; else: B minus A
  std::size_t pairs = 0;           // configurations trained in both
  double mean = 0.0;               // geometric where it is a ratio
  std::optional<double> from, to;  // interval of the mean at the confidence; empty with one pair
  std::string key_a, key_b;        // of joules; differ where meters or machines do

  /// Whether the interval excludes that nothing changed.
  bool clear() const;
};

/// How the two fronts lie.
struct FrontComparison {
  double hypervolume_a = 0.0, hypervolume_b = 0.0;  // to one reference point
  std::vector<double> reference_point;              // in the user's units
  double dominated_a = 0.0;  // share of A's front that a point of B's dominates [Zitzler1999]
  double dominated_b = 0.0;
  /// Of two objectives: what B pays for as much of the other, over what A pays: median over the
  /// points of A's front that B's reaches; empty if it reaches none.
  std::optional<double> price_ratio;
  std::size_t levels = 0;  // of A's front, how many B's reaches
};

struct Comparison {
  std::vector<Change> changes;              // of objectives of both, with at least one pair
  std::vector<std::string> only_a, only_b;  // objectives of one study alone
  std::optional<FrontComparison> fronts;    // empty where `why_no_fronts` says why
  std::string why_no_fronts;
};

/// Intervals are Student's t over the pairs; where keys of joules differ, the error that all
/// figures of a key share is added to it (docs/metering.md). `mix`: fronts are compared across keys
/// too.
Comparison Compare(const Side& a, const Side& b, double confidence, Mix mix);

}  // namespace joulefront
