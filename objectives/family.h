// A family of trainers: what `joulefront-train NAME` runs. families.cc declares them with their
// parameters; what trains them is in torch/, a library that is loaded only when a training begins,
// since it and the libraries behind LibTorch take a third of a second of CPU time to load.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "objectives/configuration.h"
#include "objectives/dataset.h"

namespace joulefront::objectives {

/// One training to be done.
struct Task {
  std::string family;
  DataFiles data;                   // what is trained on, and validated with if need be
  DataFiles validation;             // no files: a fifth of `data`
  DataFiles test;                   // opened only if `final`
  std::vector<std::int64_t> shape;  // of an example, instead of the file's; empty: the file's
  bool final = false;               // evaluate on the test files as well, after training
  std::string save;                 // where the model is written; empty: nowhere
  std::string work_dir;             // where checkpoints are written; empty: nowhere
  std::string resume_dir;           // where one is looked for; empty: nowhere
  std::string device = "cpu";       // or "cuda", "cuda:1"
  std::uint64_t seed = 0;
  int threads = 1;
  Configuration configuration;
};

/// A saved model to be evaluated.
struct Evaluation {
  std::string model;
  DataFiles data;
  std::string device = "cpu";
  int threads = 1;
};

struct Family {
  std::string name;
  std::string meaning;
  std::vector<Parameter> parameters;
};

std::vector<Family> Families();
/// Throws std::out_of_range for a name that no family has.
const Family& FindFamily(const std::string& name);

/// Loads LibTorch, for processes that are forked from this one. Throws as below.
void PreloadTorch();

/// Trains and reports by protocol.h. Throws BadInput, or another exception for a failure while it
/// runs, as for LibTorch that cannot be loaded.
void TrainWithTorch(const Task& task);

/// Prints a JSON object of the model's figures on the data. Throws as above.
void EvaluateWithTorch(const Evaluation& evaluation);

}  // namespace joulefront::objectives
