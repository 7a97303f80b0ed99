// Training of a model, epoch by epoch, and its state on disk.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/optim/optimizer.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "objectives/configuration.h"
#include "objectives/torch/device.h"
#include "objectives/torch/examples.h"
#include "objectives/torch/model.h"

namespace joulefront::objectives {

struct Score {
  double error = 0;  // wrong / all; of quantities sqrt(loss)
  double loss = 0;   // mean cross entropy, nats; of quantities the mean square of what is missed
};

/// Of all examples, in parts that memory holds.
Score Evaluate(const Model& model, const Examples& examples, const std::string& precision);

/// The steps of one training: optimizer, schedule, mixed precision. It holds all parameters of the
/// model as one tensor that shares their memory, on the device: the optimizers work element by
/// element, so one step on the whole is the same as one on each part, and on small networks several
/// times faster.
class Learner {
 public:
  /// Moves the model to the device. The schedule spans `epochs`.
  Learner(Model& model, const Configuration& configuration, std::int64_t epochs,
          const at::Device& device);

  /// Called after each step.
  std::function<void()> after_step = [] {};

  /// One pass over the examples in random order. Throws std::runtime_error as soon as a loss is not
  /// finite.
  void TrainEpoch(const Examples& train);

  std::int64_t epochs_done() const { return epochs_done_; }

  /// All that is trained or follows from it, as it is now, and back again.
  std::vector<at::Tensor> Snapshot() const;
  void Restore(const std::vector<at::Tensor>& snapshot);

  /// Writes the state to a file and reads it again: training goes on as if it had never stopped,
  /// `best` included. Load() is empty if it does, else says why not, and nothing has changed: there
  /// is no file, or it is of another configuration (but for the number of epochs), of other
  /// examples, of more epochs than these, or not whole. `examples` is their fingerprint.
  void Save(const std::string& path, std::uint32_t examples, const struct BestSoFar& best) const;
  std::string Load(const std::string& path, std::uint32_t examples, struct BestSoFar& best);

 private:
  void Step();
  void CheckLoss(const at::Tensor& loss) const;
  at::Tensor Augmented(const at::Tensor& images) const;
  std::string Read(const std::string& bytes, std::uint32_t examples, struct BestSoFar& best);

  Model& model_;
  const Configuration& configuration_;
  std::int64_t epochs_;
  at::Device device_;
  std::string precision_;
  at::Tensor gradient_, values_;  // in this order: making the second fills the first
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  LossScale loss_scale_;
  std::int64_t epochs_done_ = 0;
  double done_ = 0;  // share of the training, for the schedule
};

/// For ending early: the best epoch by its validation loss.
struct BestSoFar {
  double loss = 0;
  std::int64_t epoch = 0;  // 0: none yet
  std::vector<at::Tensor> snapshot;
};

}  // namespace joulefront::objectives
