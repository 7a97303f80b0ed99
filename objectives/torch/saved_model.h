// A trained model in a file: its weights, its configuration, and how its examples are prepared.
// The file is an archive of LibTorch (torch::serialize), weights in int8 where they were quantised.
#pragma once

#include <cstdint>
#include <string>

#include "objectives/torch/examples.h"
#include "objectives/torch/model.h"

namespace torch::serialize {
class OutputArchive;
}

namespace joulefront::objectives {

/// What the archive would be as a file.
std::string BytesOf(torch::serialize::OutputArchive& archive);

struct SavedModel {
  std::string family;
  Configuration configuration;
  Recipe recipe;
  Model model;
};

/// Writes the file, and returns its size in bytes. An empty path writes nothing, and returns the
/// same. Throws std::runtime_error with the system's reason.
std::int64_t SaveModel(const SavedModel& saved, const std::string& path);

/// Throws BadInput: cannot be read, or is no model of joulefront-train.
SavedModel LoadModel(const std::string& path, const at::Device& device);

}  // namespace joulefront::objectives
