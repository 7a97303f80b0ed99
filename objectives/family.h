// A family of trainers: what `joulefront-train NAME` runs. It declares its parameters and trains
// one configuration of them, reporting through protocol.h. One family, one source file; main.cc
// lists them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "objectives/configuration.h"

namespace joulefront::objectives {

/// One training to be done.
struct Task {
  std::string data;    // CSV file; training and validation rows come from it
  std::string test;    // CSV file, opened only if `final`; empty: none
  bool final = false;  // evaluate on the test file as well, after training
  std::string label;   // name of the label column; empty: "label", or the last
  std::uint64_t seed = 0;
  int threads = 1;
  Configuration configuration;
};

struct Family {
  std::string name;
  std::string meaning;
  std::vector<Parameter> parameters;
  /// Trains and reports. Throws BadInput, or another exception for a failure while it runs.
  void (*train)(const Task& task);
};

/// Multilayer perceptrons on tables of numbers (mlp.cc).
Family Mlp();

}  // namespace joulefront::objectives
