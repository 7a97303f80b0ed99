#include "objectives/torch/learner.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mse_loss.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randperm.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <torch/optim/adagrad.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/rmsprop.h>
#include <torch/optim/sgd.h>
#include <torch/serialize/archive.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "objectives/schedule.h"
#include "objectives/torch/checksum.h"
#include "objectives/torch/saved_model.h"
#include "objectives/torch/whole_file.h"

namespace joulefront::objectives {
namespace {

// A loss is read back at every step where that costs nothing, and now and then where it makes the
// host wait for the device.
constexpr std::int64_t kStepsBetweenChecks = 50;
constexpr std::int64_t kLargestPart = 1024;

/// Cross entropy, or the mean square error of quantities.
at::Tensor LossOf(const at::Tensor& logits, const at::Tensor& labels, double smoothing) {
  if (labels.is_floating_point()) return at::mse_loss(logits.to(at::kFloat).squeeze(-1), labels);
  return at::cross_entropy_loss(logits.to(at::kFloat).flatten(0, -2), labels.flatten(), {}, 1, -100,
                                smoothing);
}

at::Tensor Flatten(std::vector<NamedTensor>& parts, const at::Device& device,
                   at::Tensor& gradient) {
  std::int64_t size = 0;
  for (const NamedTensor& part : parts) size += part.tensor.numel();
  at::Tensor whole = at::empty({size}, at::TensorOptions(device));
  gradient = at::zeros({size}, at::TensorOptions(device));
  at::NoGradGuard no_grad;
  std::int64_t begin = 0;
  for (NamedTensor& part : parts) {
    at::Tensor& tensor = part.tensor;
    const std::int64_t length = tensor.numel();
    const auto view_of = [&](const at::Tensor& of) {
      return of.narrow(0, begin, length).view(tensor.sizes());
    };
    const at::Tensor view = view_of(whole);
    view.copy_(tensor);
    tensor.mutable_grad() = at::Tensor();
    tensor.set_data(view);
    tensor.mutable_grad() = view_of(gradient);
    begin += length;
  }
  whole.mutable_grad() = gradient;
  return whole;
}

std::unique_ptr<torch::optim::Optimizer> MakeOptimizer(const Configuration& configuration,
                                                       const at::Tensor& parameters) {
  namespace optim = torch::optim;
  const std::string& name = configuration.Choice("optimizer");
  const double rate = configuration.Float("learning_rate");
  const double decay = configuration.Float("weight_decay");
  const std::vector<at::Tensor> list{parameters};
  if (name == "adam") {
    return std::make_unique<optim::Adam>(list, optim::AdamOptions(rate).weight_decay(decay));
  }
  if (name == "adamw") {
    return std::make_unique<optim::AdamW>(list, optim::AdamWOptions(rate).weight_decay(decay));
  }
  if (name == "rmsprop") {
    return std::make_unique<optim::RMSprop>(list, optim::RMSpropOptions(rate).weight_decay(decay));
  }
  if (name == "adagrad") {
    return std::make_unique<optim::Adagrad>(list, optim::AdagradOptions(rate).weight_decay(decay));
  }
  return std::make_unique<optim::SGD>(
      list, optim::SGDOptions(rate).weight_decay(decay).momentum(configuration.Float("momentum")));
}

/// What must agree for a training to go on from a checkpoint.
std::string SameTraining(const Configuration& configuration) {
  auto object = nlohmann::json::parse(configuration.Text());
  object.erase("epochs");
  return object.dump();
}

void WriteAll(torch::serialize::OutputArchive& archive, const std::string& name,
              const std::vector<at::Tensor>& tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    archive.write(name + std::to_string(i), tensors[i]);
  }
}

std::vector<at::Tensor> ReadAll(torch::serialize::InputArchive& archive, const std::string& name,
                                std::size_t count) {
  std::vector<at::Tensor> tensors(count);
  for (std::size_t i = 0; i < count; ++i) archive.read(name + std::to_string(i), tensors[i]);
  return tensors;
}

constexpr std::size_t kChecksumSize = 8;

/// As so many hexadecimal digits.
std::string ChecksumText(const std::string& bytes) {
  char text[kChecksumSize + 1];
  std::snprintf(text, sizeof text, "%08x", ChecksumOf(bytes));
  return text;
}

}  // namespace

Score Evaluate(const Model& model, const Examples& examples, const std::string& precision) {
  at::NoGradGuard no_grad;
  const MixedPrecision mixed(precision, examples.features.device());
  double wrong = 0, loss = 0;
  const double labels = static_cast<double>(examples.labels.numel());
  for (std::int64_t begin = 0; begin < examples.size(); begin += kLargestPart) {
    const std::int64_t size = std::min(kLargestPart, examples.size() - begin);
    const at::Tensor part = examples.labels.narrow(0, begin, size);
    const at::Tensor logits = model.forward(examples.features.narrow(0, begin, size), false);
    if (!part.is_floating_point()) {
      wrong += static_cast<double>(logits.argmax(-1).ne(part).sum().item<std::int64_t>());
    }
    loss += LossOf(logits, part, 0).item<double>() * static_cast<double>(part.numel());
  }
  if (examples.labels.is_floating_point()) return {std::sqrt(loss / labels), loss / labels};
  return {wrong / labels, loss / labels};
}

Learner::Learner(Model& model, const Configuration& configuration, std::int64_t epochs,
                 const at::Device& device)
    : model_(model),
      configuration_(configuration),
      epochs_(epochs),
      device_(device),
      precision_(configuration.Choice("precision")),
      values_(Flatten(model.parameters, device, gradient_)),
      optimizer_(MakeOptimizer(configuration, values_)),
      loss_scale_(precision_) {
  at::NoGradGuard no_grad;
  for (NamedTensor& buffer : model.buffers) buffer.tensor.set_data(buffer.tensor.to(device));
}

void Learner::CheckLoss(const at::Tensor& loss) const {
  if (std::isfinite(loss.item<double>())) return;
  throw std::runtime_error("training diverged: loss is not finite at epoch " +
                           std::to_string(epochs_done_ + 1));
}

void Learner::Step() {
  if (loss_scale_.Unscale(gradient_)) {
    const double longest = configuration_.Float("clip_norm");
    if (longest > 0) {
      at::NoGradGuard no_grad;
      gradient_.mul_((longest / (gradient_.norm() + 1e-6)).clamp_max(1.0));
    }
    const double factor =
        RateFactor(configuration_.Choice("schedule"), configuration_.Float("warmup"), done_);
    optimizer_->param_groups().front().options().set_lr(configuration_.Float("learning_rate") *
                                                        factor);
    optimizer_->step();
  }
  gradient_.zero_();
  after_step();
}

at::Tensor Learner::Augmented(const at::Tensor& images) const {
  const std::string& how = configuration_.Choice("augment");
  if (how == "none" || images.dim() != 4) return images;
  const std::int64_t n = images.size(0), height = images.size(2), width = images.size(3);
  const std::int64_t most = std::max<std::int64_t>(1, std::min(height, width) / 8);
  const auto numbers = at::TensorOptions(device_).dtype(at::kLong);
  // All places of the image in a larger one, of which each takes its own.
  const at::Tensor places = at::constant_pad_nd(images, {most, most, most, most})
                                .unfold(2, height, 1)
                                .unfold(3, width, 1)
                                .permute({0, 2, 3, 1, 4, 5});
  at::Tensor moved = places.index({at::arange(n, numbers), at::randint(2 * most + 1, {n}, numbers),
                                   at::randint(2 * most + 1, {n}, numbers)});
  if (how == "shift") return moved;
  const at::Tensor mirrored = at::rand({n, 1, 1, 1}, at::TensorOptions(device_)).lt(0.5);
  return at::where(mirrored, moved.flip(3), moved);
}

void Learner::TrainEpoch(const Examples& train) {
  const std::int64_t n = train.size();
  const std::int64_t batch_size = std::min(configuration_.Int("batch_size"), n);
  const std::int64_t accumulate = configuration_.Int("accumulate");
  const std::int64_t batches = (n + batch_size - 1) / batch_size;
  const bool augments = configuration_.Has("augment");
  // One gather for the epoch; the batches are views of it.
  const at::Tensor order = at::randperm(n, at::kLong).to(device_);
  const at::Tensor features = train.features.index_select(0, order);
  const at::Tensor labels = train.labels.index_select(0, order);
  for (std::int64_t batch = 0; batch < batches; ++batch) {
    const std::int64_t begin = batch * batch_size, size = std::min(batch_size, n - begin);
    // Passes whose mean gradient makes one step; at the end of the epoch there may be fewer.
    const std::int64_t passes = std::min(accumulate, batches - batch / accumulate * accumulate);
    at::Tensor loss;
    {
      const MixedPrecision mixed(precision_, device_);
      at::Tensor part = features.narrow(0, begin, size);
      if (augments) part = Augmented(part);
      loss = LossOf(model_.forward(part, true), labels.narrow(0, begin, size),
                    configuration_.Float("label_smoothing"));
    }
    if (device_.is_cpu() || batch % kStepsBetweenChecks == 0) CheckLoss(loss);
    const double scale = loss_scale_.factor() / static_cast<double>(passes);
    (scale == 1.0 ? loss : loss * scale).backward();
    done_ = (static_cast<double>(epochs_done_) +
             static_cast<double>(batch) / static_cast<double>(batches)) /
            static_cast<double>(epochs_);
    if ((batch + 1) % accumulate == 0 || batch + 1 == batches) Step();
  }
  ++epochs_done_;
}

std::vector<at::Tensor> Learner::Snapshot() const {
  std::vector<at::Tensor> snapshot{values_.detach().clone()};
  for (const NamedTensor& buffer : model_.buffers) snapshot.push_back(buffer.tensor.clone());
  return snapshot;
}

void Learner::Restore(const std::vector<at::Tensor>& snapshot) {
  at::NoGradGuard no_grad;
  values_.copy_(snapshot.front());
  for (std::size_t i = 0; i < model_.buffers.size(); ++i) {
    model_.buffers[i].tensor.copy_(snapshot[i + 1]);
  }
}

void Learner::Save(const std::string& path, std::uint32_t examples, const BestSoFar& best) const {
  torch::serialize::OutputArchive archive, of_optimizer;
  archive.write("configuration", c10::IValue(SameTraining(configuration_)));
  archive.write("examples", c10::IValue(static_cast<std::int64_t>(examples)));
  archive.write("epochs", c10::IValue(epochs_done_));
  WriteAll(archive, "state", Snapshot());
  optimizer_->save(of_optimizer);
  archive.write("optimizer", of_optimizer);
  archive.write("random", at::detail::getDefaultCPUGenerator().get_state());
  archive.write("best_epoch", c10::IValue(best.epoch));
  archive.write("best_loss", c10::IValue(best.loss));
  WriteAll(archive, "best", best.snapshot);
  const std::string bytes = BytesOf(archive);
  WriteWhole(path, bytes + ChecksumText(bytes));
}

std::string Learner::Load(const std::string& path, std::uint32_t examples, BestSoFar& best) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return "there is no checkpoint " + path;
  std::string bytes(std::istreambuf_iterator<char>(file), {});
  const std::size_t size = bytes.size() - std::min(bytes.size(), kChecksumSize);
  const std::string checksum = bytes.substr(size);
  bytes.resize(size);
  if (checksum != ChecksumText(bytes)) return "the checkpoint " + path + " is damaged, or none";
  try {
    const std::string why = Read(bytes, examples, best);
    return why.empty() ? "" : "the checkpoint " + path + " is of " + why;
  } catch (const c10::Error&) {
    return "the checkpoint " + path + " cannot be read";
  }
}

/// Why the checkpoint does not fit; else it is taken over.
std::string Learner::Read(const std::string& bytes, std::uint32_t examples, BestSoFar& best) {
  torch::serialize::InputArchive archive, of_optimizer;
  archive.load_from(bytes.data(), bytes.size(), device_);
  c10::IValue configuration, of_examples, epochs, best_epoch, best_loss;
  archive.read("configuration", configuration);
  if (configuration.toStringRef() != SameTraining(configuration_)) return "another configuration";
  archive.read("examples", of_examples);
  if (of_examples.toInt() != static_cast<std::int64_t>(examples)) return "other examples";
  archive.read("epochs", epochs);
  if (epochs.toInt() > epochs_) return "more epochs";
  archive.read("best_epoch", best_epoch);
  archive.read("best_loss", best_loss);
  const std::size_t tensors = 1 + model_.buffers.size();
  const auto state = ReadAll(archive, "state", tensors);
  BestSoFar read{best_loss.toDouble(), best_epoch.toInt(), {}};
  if (read.epoch > 0) read.snapshot = ReadAll(archive, "best", tensors);
  at::Tensor random;
  archive.read("random", random);
  archive.read("optimizer", of_optimizer);
  optimizer_->load(of_optimizer);
  Restore(state);
  at::Generator(at::detail::getDefaultCPUGenerator()).set_state(random.cpu());
  epochs_done_ = epochs.toInt();
  best = std::move(read);
  return "";
}

}  // namespace joulefront::objectives
