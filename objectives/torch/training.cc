#include "objectives/torch/training.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <optional>
#include <stdexcept>

#include "objectives/bad_input.h"
#include "objectives/protocol.h"
#include "objectives/torch/checksum.h"
#include "objectives/torch/compression.h"
#include "objectives/torch/device.h"
#include "objectives/torch/inference.h"
#include "objectives/torch/learner.h"
#include "objectives/torch/saved_model.h"
#include "objectives/torch/whole_file.h"

namespace joulefront::objectives {
namespace {

// A checkpoint costs milliseconds, so trainings that end before have none but the last.
constexpr std::chrono::seconds kBetweenCheckpoints{10};
constexpr const char* kCheckpoint = "/checkpoint.pt";

// Of the loss of a blind guess, which knows only how many classes there are. Weights that have
// blown up are beyond it by far, and a training that is merely bad is not.
constexpr double kDiverged = 1e3;

void RequireNotDiverged(double loss, std::int64_t classes, std::int64_t epoch) {
  const double guess = std::log(static_cast<double>(std::max<std::int64_t>(2, classes)));
  if (std::isfinite(loss) && loss <= kDiverged * guess) return;
  throw std::runtime_error(
      "training diverged: the loss is " +
      (std::isfinite(loss) ? std::to_string(loss) : std::string("not finite")) + " at epoch " +
      std::to_string(epoch));
}

volatile std::sig_atomic_t asked_to_stop = 0;

extern "C" void AskToStop(int signal) {
  if (asked_to_stop != 0) _exit(128 + signal);
  asked_to_stop = signal;
}

/// While it lives, SIGINT and SIGTERM wait for the end of the epoch, once.
class StopRequests {
 public:
  StopRequests() : term_(std::signal(SIGTERM, AskToStop)), int_(std::signal(SIGINT, AskToStop)) {}
  ~StopRequests() {
    std::signal(SIGTERM, term_);
    std::signal(SIGINT, int_);
  }
  StopRequests(const StopRequests&) = delete;
  StopRequests& operator=(const StopRequests&) = delete;

 private:
  void (*term_)(int);
  void (*int_)(int);
};

/// The epochs of the training itself. It goes on from a checkpoint if there is one, leaves one, and
/// with `patience` ends early with the weights of the best epoch.
class Epochs {
 public:
  Epochs(const Task& task, const TrainingData& data, const Model& model, Learner& learner)
      : task_(task),
        data_(data),
        model_(model),
        learner_(learner),
        examples_(task.work_dir.empty() && task.resume_dir.empty()
                      ? 0
                      : ChecksumOf({data.train.features, data.train.labels})) {}

  void Run() {
    if (!task_.resume_dir.empty()) GoOn();
    const std::int64_t epochs = task_.configuration.Int("epochs");
    {
      // Without a folder for a checkpoint there is nothing to wait for.
      std::optional<StopRequests> until_checkpoint;
      if (!task_.work_dir.empty()) until_checkpoint.emplace();
      while (learner_.epochs_done() < epochs && !IsStuck() && asked_to_stop == 0) RunOne();
      Checkpoint();
    }
    if (asked_to_stop != 0) std::raise(asked_to_stop);
    if (patience() > 0 && best_.epoch > 0) learner_.Restore(best_.snapshot);
  }

 private:
  void GoOn() {
    const std::string why = learner_.Load(task_.resume_dir + kCheckpoint, examples_, best_);
    if (why.empty()) {
      Checkpoint();  // this one may be interrupted before its first
    } else {
      ReportAnew(why);
    }
  }

  std::int64_t patience() const { return task_.configuration.Int("patience"); }

  bool IsStuck() const {
    return patience() > 0 && best_.epoch > 0 && learner_.epochs_done() - best_.epoch >= patience();
  }

  void RunOne() {
    learner_.TrainEpoch(data_.train);
    const std::int64_t epoch = learner_.epochs_done();
    const Score score = Evaluate(model_, data_.validation, task_.configuration.Choice("precision"));
    RequireNotDiverged(score.loss, data_.problem.classes, epoch);
    ReportProgress(epoch, {{"error", score.error}, {"loss", score.loss}});
    if (patience() > 0 && (best_.epoch == 0 || score.loss < best_.loss)) {
      best_ = {score.loss, epoch, learner_.Snapshot()};
    }
    if (std::chrono::steady_clock::now() - saved_ > kBetweenCheckpoints) Checkpoint();
  }

  void Checkpoint() {
    if (task_.work_dir.empty()) return;
    learner_.Save(task_.work_dir + kCheckpoint, examples_, best_);
    saved_ = std::chrono::steady_clock::now();
  }

  const Task& task_;
  const TrainingData& data_;
  const Model& model_;
  Learner& learner_;
  std::uint32_t examples_;  // of those that a checkpoint must be of
  BestSoFar best_;
  std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();
};

/// Before anything is trained for nothing.
void RefuseUnwritable(const Task& task) {
  for (const DataFiles* files : {&task.data, &task.validation, &task.test}) {
    std::vector<std::string> paths = files->data;
    paths.push_back(files->labels);
    for (const std::string& path : paths) {
      std::error_code none;
      if (!task.save.empty() && std::filesystem::equivalent(task.save, path, none)) {
        throw BadInput("--save: " + task.save + " is the data; name another file");
      }
    }
  }
  const auto require = [](const std::string& what, const std::string& path) {
    const std::string why = WhyNotWritable(path);
    if (!why.empty()) throw BadInput(what + ": cannot write " + path + ": " + why);
  };
  if (!task.save.empty()) require("--save", task.save);
  if (!task.work_dir.empty()) require("JOULEFRONT_WORK_DIR", task.work_dir + kCheckpoint);
}

/// Prunes as the configuration says, and trains on for as many epochs, with the schedule anew.
void Prune(const Task& task, const TrainingData& data, Model& model, const at::Device& device) {
  const Configuration& configuration = task.configuration;
  const double share = configuration.Float("prune");
  if (share <= 0) return;
  std::vector<at::Tensor> masks;
  if (configuration.Choice("prune_what") == "units") {
    PruneUnits(model, share);
  } else {
    masks = PruneWeights(model, share);
  }
  const std::int64_t epochs = configuration.Int("prune_epochs");
  Learner learner(model, configuration, std::max<std::int64_t>(1, epochs), device);
  learner.after_step = [&] { ApplyMasks(model, masks); };
  while (learner.epochs_done() < epochs) learner.TrainEpoch(data.train);
}

/// The most memory that this process has held at once, on the host.
double PeakMemoryBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024.0;
}

/// Of quantities the error is in standard deviations, and `rmse` the same in their own unit.
void Add(ReportedValues& values, const std::string& prefix, const Score& score,
         const Recipe& recipe) {
  values.insert(values.end(), {{prefix + "error", score.error}, {prefix + "loss", score.loss}});
  if (recipe.reference.is_quantity) {
    values.emplace_back(prefix + "rmse", score.error * recipe.target.deviation);
  } else {
    values.emplace_back(prefix + "accuracy", 1 - score.error);
  }
}

void AddInference(const Task& task, const TrainingData& data, const Model& model,
                  ReportedValues& values) {
  const std::int64_t batch = task.configuration.Int("inference_batch");
  if (batch == 0) return;
  const InferenceFigures figures =
      MeasureInference(model, data.validation, batch, task.configuration.Float("inference_seconds"),
                       task.configuration.Choice("precision"));
  values.insert(values.end(), {{"thousand_inferences", figures.thousands},
                               {"latency_ms", figures.latency_ms},
                               {"samples_per_s", figures.samples_per_s}});
}

}  // namespace

void Train(const Task& task) {
  RefuseUnwritable(task);
  ReportPhase("setup");
  const at::Device device = SetUpTorch(task.device, task.threads, task.seed);
  const std::string precision = task.configuration.Choice("precision");
  { const MixedPrecision refused_at_once(precision, device); }

  ReportPhase("data");
  const TrainingData data = LoadData(task, device);

  Synchronise(device);
  ReportPhase("train");
  SavedModel trained{task.family, task.configuration, data.recipe,
                     BuildFamily(task.family, task.configuration, data.problem)};
  Model& model = trained.model;
  RefuseUnprunable(task.configuration, model);
  Learner learner(model, task.configuration, task.configuration.Int("epochs"), device);
  Epochs(task, data, model, learner).Run();
  Prune(task, data, model, device);

  Synchronise(device);
  ReportPhase("evaluate");
  std::int64_t parameters = 0;
  for (const NamedTensor& parameter : model.parameters) parameters += parameter.tensor.numel();
  if (task.configuration.Choice("quantize") == "int8") Quantise(model);
  ReportedValues values;
  Add(values, "", Evaluate(model, data.validation, precision), data.recipe);
  if (data.test) Add(values, "test_", Evaluate(model, *data.test, precision), data.recipe);
  values.insert(values.end(), {{"parameters", static_cast<double>(parameters)},
                               {"nonzero_parameters", static_cast<double>(CountNonZero(model))},
                               {"model_bytes", static_cast<double>(SaveModel(trained, task.save))},
                               {"macs", static_cast<double>(CountMacs(model, data.validation))},
                               {"epochs_trained", static_cast<double>(learner.epochs_done())}});
  AddInference(task, data, model, values);
  values.emplace_back("peak_memory_bytes", PeakMemoryBytes());
  ReportResult(values);
}

void EvaluateModel(const Evaluation& evaluation) {
  const at::Device device = SetUpTorch(evaluation.device, evaluation.threads, 0);
  const SavedModel saved = LoadModel(evaluation.model, device);
  const Examples examples = LoadLike(saved.recipe, evaluation.data, device);
  ReportedValues values{{"examples", static_cast<double>(examples.size())}};
  std::string precision = saved.configuration.Choice("precision");
  if (device.is_cpu() && precision == "float16") precision = "float32";  // the weights are float32
  Add(values, "", Evaluate(saved.model, examples, precision), saved.recipe);
  PrintValues(values);
}

}  // namespace joulefront::objectives
