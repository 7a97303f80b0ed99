#include "objectives/torch/training.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/randperm.h>
#include <ATen/ops/zeros.h>
#include <dlfcn.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/rmsprop.h>
#include <torch/optim/sgd.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>

#include "objectives/bad_input.h"
#include "objectives/csv_data.h"
#include "objectives/preparation.h"
#include "objectives/protocol.h"

namespace joulefront::objectives {
namespace {

constexpr double kValidationFraction = 0.2;
constexpr std::uint64_t kSplitSeed = 1;
constexpr std::uint64_t kFractionSeed = 2;

/// n x columns features, and n class numbers.
struct Examples {
  at::Tensor features;
  at::Tensor labels;
};

struct Prepared {
  Examples train;
  Examples validation;
  std::optional<Examples> test;
  std::int64_t columns = 0;
  std::int64_t classes = 0;
};

struct Score {
  double error = 0;  // wrong / n
  double loss = 0;   // mean cross entropy
};

void SetUpTorch(const Task& task) {
  at::set_num_threads(task.threads);
  at::set_num_interop_threads(1);
  // OpenBLAS keeps its own count, which LibTorch does not touch. Two of its threads on matrices as
  // small as these only wait for each other.
  using SetThreads = void (*)(int);
  if (void* symbol = dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) {
    reinterpret_cast<SetThreads>(symbol)(task.threads);
  }
  // Moments of units that died shrink into denormal numbers, which cost a hundred times as much.
  at::globalContext().setFlushDenormal(true);
  at::manual_seed(task.seed);
}

Examples ToTensors(const Standardisation& standardisation, const Table& table,
                   const std::vector<std::size_t>& rows) {
  std::vector<float> features = Standardise(standardisation, table, rows);
  std::vector<std::int64_t> labels;
  for (const std::size_t row : rows) labels.push_back(table.labels[row]);
  const auto n = static_cast<std::int64_t>(rows.size());
  const auto columns = static_cast<std::int64_t>(table.columns.size());
  // from_blob does not own its memory; the clone does.
  return {at::from_blob(features.data(), {n, columns}, at::kFloat).clone(),
          at::from_blob(labels.data(), {n}, at::kLong).clone()};
}

std::vector<std::size_t> AllRows(const Table& table) {
  std::vector<std::size_t> rows(table.rows());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

Prepared Prepare(const Task& task) {
  const Table table = ReadCsv(task.data, task.label);
  if (table.classes.size() < 2) {
    throw BadInput(task.data + ": all rows have the label '" + table.classes.front() +
                   "'; a classifier needs two classes");
  }
  const Split split = SplitStratified(table, AllRows(table), kValidationFraction, 0, kSplitSeed);
  if (split.taken.empty()) {
    throw BadInput(task.data +
                   ": too few rows for a validation part; 3 rows of a class are needed");
  }
  const double fraction = task.configuration.Float("data_fraction");
  const std::vector<std::size_t> train =
      SplitStratified(table, split.rest, fraction, 1, kFractionSeed).taken;
  const Standardisation standardisation = FitStandardisation(table, train);

  Prepared prepared{ToTensors(standardisation, table, train),
                    ToTensors(standardisation, table, split.taken), std::nullopt,
                    static_cast<std::int64_t>(table.columns.size()),
                    static_cast<std::int64_t>(table.classes.size())};
  if (task.final) {
    const Table test = AlignTo(table, ReadCsv(task.test, task.label), task.test);
    prepared.test = ToTensors(standardisation, test, AllRows(test));
  }
  return prepared;
}

/// All parameters of the model as one tensor that shares their memory, its gradient theirs. The
/// optimizers work element by element, so one step on the whole is the same as one on each part,
/// and on small networks several times faster.
at::Tensor Flatten(const std::vector<at::Tensor>& parts) {
  std::int64_t size = 0;
  for (const at::Tensor& part : parts) size += part.numel();
  at::Tensor whole = at::empty({size});
  at::Tensor gradient = at::zeros({size});
  at::NoGradGuard no_grad;
  std::int64_t begin = 0;
  for (at::Tensor part : parts) {
    const at::Tensor view = whole.narrow(0, begin, part.numel()).view(part.sizes());
    view.copy_(part);
    part.set_data(view);
    part.mutable_grad() = gradient.narrow(0, begin, part.numel()).view(part.sizes());
    begin += part.numel();
  }
  whole.mutable_grad() = gradient;
  return whole;
}

std::unique_ptr<torch::optim::Optimizer> MakeOptimizer(const Configuration& configuration,
                                                       const at::Tensor& parameters) {
  const std::string& name = configuration.Choice("optimizer");
  const double rate = configuration.Float("learning_rate");
  const double decay = configuration.Float("weight_decay");
  const std::vector<at::Tensor> list{parameters};
  if (name == "adam") {
    return std::make_unique<torch::optim::Adam>(
        list, torch::optim::AdamOptions(rate).weight_decay(decay));
  }
  if (name == "adamw") {
    return std::make_unique<torch::optim::AdamW>(
        list, torch::optim::AdamWOptions(rate).weight_decay(decay));
  }
  if (name == "rmsprop") {
    return std::make_unique<torch::optim::RMSprop>(
        list, torch::optim::RMSpropOptions(rate).weight_decay(decay));
  }
  return std::make_unique<torch::optim::SGD>(
      list,
      torch::optim::SGDOptions(rate).weight_decay(decay).momentum(configuration.Float("momentum")));
}

void RequireFinite(double loss, std::int64_t epoch) {
  if (!std::isfinite(loss)) {
    throw std::runtime_error("training diverged: loss is not finite at epoch " +
                             std::to_string(epoch));
  }
}

void TrainEpoch(const Model& model, torch::optim::Optimizer& optimizer, const at::Tensor& gradient,
                const Examples& train, std::int64_t batch_size, std::int64_t epoch) {
  const std::int64_t n = train.labels.size(0);
  // One gather for the epoch; the batches are views of it.
  const at::Tensor order = at::randperm(n, at::kLong);
  const at::Tensor features = train.features.index_select(0, order);
  const at::Tensor labels = train.labels.index_select(0, order);
  for (std::int64_t begin = 0; begin < n; begin += batch_size) {
    const std::int64_t size = std::min(batch_size, n - begin);
    const at::Tensor logits = model.forward(features.narrow(0, begin, size), true);
    const at::Tensor loss = at::cross_entropy_loss(logits, labels.narrow(0, begin, size));
    RequireFinite(loss.item<double>(), epoch);
    gradient.zero_();
    loss.backward();
    optimizer.step();
  }
}

Score Evaluate(const Model& model, const Examples& examples) {
  at::NoGradGuard no_grad;
  const at::Tensor logits = model.forward(examples.features, false);
  const auto n = static_cast<double>(examples.labels.size(0));
  const auto wrong = logits.argmax(1).ne(examples.labels).sum().item<std::int64_t>();
  return {static_cast<double>(wrong) / n,
          at::cross_entropy_loss(logits, examples.labels).item<double>()};
}

}  // namespace

void TrainClassifier(const Task& task, BuildModel build) {
  ReportPhase("setup");
  SetUpTorch(task);

  ReportPhase("data");
  const Prepared data = Prepare(task);

  ReportPhase("train");
  const Model model = build(task.configuration, data.columns, data.classes);
  const at::Tensor parameters = Flatten(model.parameters);
  const auto optimizer = MakeOptimizer(task.configuration, parameters);
  const std::int64_t epochs = task.configuration.Int("epochs");
  const std::int64_t batch_size = task.configuration.Int("batch_size");
  for (std::int64_t epoch = 1; epoch <= epochs; ++epoch) {
    TrainEpoch(model, *optimizer, parameters.grad(), data.train, batch_size, epoch);
    const Score score = Evaluate(model, data.validation);
    RequireFinite(score.loss, epoch);
    ReportProgress(epoch, {{"error", score.error}, {"loss", score.loss}});
  }

  ReportPhase("evaluate");
  const Score score = Evaluate(model, data.validation);
  ReportedValues result{{"error", score.error},
                        {"loss", score.loss},
                        {"accuracy", 1 - score.error},
                        {"parameters", static_cast<double>(parameters.numel())}};
  if (data.test) {
    const Score test = Evaluate(model, *data.test);
    result.insert(
        result.end(),
        {{"test_error", test.error}, {"test_loss", test.loss}, {"test_accuracy", 1 - test.error}});
  }
  ReportResult(result);
}

}  // namespace joulefront::objectives
