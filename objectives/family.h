// A family of trainers: what `joulefront-train NAME` runs. families.cc declares them with their
// parameters; what trains them is in torch/, a library that is loaded only when a training begins,
// since it and the libraries behind LibTorch take a third of a second of CPU time to load.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "objectives/configuration.h"

namespace joulefront::objectives {

/// One training to be done.
struct Task {
  std::string family;
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
};

std::vector<Family> Families();

/// Trains and reports by protocol.h. Throws BadInput, or another exception for a failure while it
/// runs, as for LibTorch that cannot be loaded.
void TrainWithTorch(const Task& task);

}  // namespace joulefront::objectives
