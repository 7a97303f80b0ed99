#include "objectives/torch/examples.h"

#include <ATen/ops/from_blob.h>

#include <cmath>
#include <numeric>

#include "objectives/bad_input.h"
#include "objectives/protocol.h"

namespace joulefront::objectives {
namespace {

constexpr double kValidationFraction = 0.2;
constexpr std::uint64_t kSplitSeed = 1;
constexpr std::uint64_t kFractionSeed = 2;

using Rows = std::vector<std::size_t>;

Rows AllRows(const Dataset& data) {
  Rows rows(data.rows());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

template <typename Value>
at::Tensor ToTensor(const std::vector<Value>& values, at::ScalarType type,
                    const std::vector<std::int64_t>& shape, const at::Device& device) {
  // from_blob does not own its memory, and does not write to it; the copy owns its own.
  return at::from_blob(const_cast<Value*>(values.data()), shape, type)
      .to(device, type, false, true);
}

Examples ToExamples(const Recipe& recipe, const Dataset& data, const Rows& rows,
                    const at::Device& device) {
  const auto n = static_cast<std::int64_t>(rows.size());
  std::vector<std::int64_t> shape = data.shape;
  shape.insert(shape.begin(), n);
  at::Tensor features =
      ToTensor(Standardise(recipe.standardisation, data, rows), at::kFloat, shape, device);
  if (data.is_quantity) {
    std::vector<float> targets;
    for (const std::size_t row : rows) {
      targets.push_back(
          static_cast<float>((data.targets[row] - recipe.target.mean) / recipe.target.deviation));
    }
    return {features, ToTensor(targets, at::kFloat, {n}, device)};
  }
  std::vector<std::int64_t> labels;
  for (const std::size_t row : rows) labels.push_back(data.labels[row]);
  return {features, ToTensor(labels, at::kLong, {n}, device)};
}

/// Mean and (population) standard deviation; 1 where all are the same.
TargetScale FitTarget(const Dataset& data, const Rows& rows) {
  TargetScale scale;
  const auto n = static_cast<double>(rows.size());
  for (const std::size_t row : rows) scale.mean += data.targets[row] / n;
  double squares = 0.0;
  for (const std::size_t row : rows) squares += std::pow(data.targets[row] - scale.mean, 2) / n;
  if (squares > 0.0) scale.deviation = std::sqrt(squares);
  return scale;
}

/// Shape and size, before features are chosen.
Dataset Form(const Recipe& recipe, Dataset data) {
  if (!recipe.shape.empty()) Reshape(data, recipe.shape);
  return recipe.downscale > 1 ? Downscale(data, recipe.downscale) : data;
}

Dataset WithoutRows(const Dataset& data) {
  Dataset reference;
  reference.shape = data.shape;
  reference.columns = data.columns;
  reference.classes = data.classes;
  reference.is_quantity = data.is_quantity;
  return reference;
}

bool IsText(const DataFiles& files) {
  const std::string& path = files.data.front();
  return path.ends_with(".txt") || path.ends_with(".txt.gz");
}

/// Windows that lie side by side, each with the characters that follow.
Examples ToWindows(const std::string& path, const std::vector<std::uint8_t>& tokens,
                   std::int64_t context, const at::Device& device) {
  const std::int64_t n = (static_cast<std::int64_t>(tokens.size()) - 1) / context;
  if (n < 1) {
    throw BadInput(path + ": " + std::to_string(tokens.size()) +
                   " characters are too few for a context of " + std::to_string(context));
  }
  const std::vector<std::int64_t> numbers(tokens.begin(), tokens.end());
  const at::Tensor all =
      ToTensor(numbers, at::kLong, {static_cast<std::int64_t>(numbers.size())}, device);
  return {all.narrow(0, 0, n * context).view({n, context}),
          all.narrow(0, 1, n * context).reshape({n, context})};
}

/// A parameter without effect would be searched for nothing.
void RefuseWithoutEffect(const Task& task, bool is_image, bool is_table, bool has_classes) {
  const Configuration& configuration = task.configuration;
  const std::string& path = task.data.data.front();
  if (!is_image && configuration.Choice("augment") != "none") {
    throw BadInput("augment: has an effect on images alone, and " + path +
                   " holds none; rows become images by --shape CxHxW");
  }
  if (!is_image && configuration.Int("downscale") > 1) {
    throw BadInput("downscale: there are no images to make smaller in " + path);
  }
  if (!has_classes && configuration.Float("label_smoothing") > 0) {
    throw BadInput("label_smoothing: has an effect on classes alone, and the labels of " + path +
                   " are quantities");
  }
  if (!is_table && configuration.Has("features") && configuration.Int("features") > 0) {
    throw BadInput("features: they are chosen of tables alone, and " + path + " is none");
  }
}

TrainingData LoadText(const Task& task, const at::Device& device) {
  if (task.family != "transformer") {
    throw BadInput(task.data.data.front() + ": a text is for the family transformer");
  }
  const std::string& path = task.data.data.front();
  RefuseWithoutEffect(task, false, false, true);
  if (!task.shape.empty() || !task.data.labels.empty()) {
    throw BadInput("--shape and --labels have no effect on the text " + path);
  }
  const Text text = ReadText(path);
  TrainingData data;
  Recipe& recipe = data.recipe;
  recipe.is_text = true;
  recipe.alphabet = text.alphabet;
  recipe.context = task.configuration.Int("context");
  std::vector<std::uint8_t> train = text.tokens;
  if (task.validation.data.empty()) {
    const auto kept =
        static_cast<std::ptrdiff_t>(static_cast<double>(train.size()) * (1 - kValidationFraction));
    data.validation = ToWindows(path, {train.begin() + kept, train.end()}, recipe.context, device);
    train.resize(static_cast<std::size_t>(kept));
  } else {
    data.validation = LoadLike(recipe, task.validation, device);
  }
  const double fraction = task.configuration.Float("data_fraction");
  train.resize(static_cast<std::size_t>(static_cast<double>(train.size()) * fraction));
  data.train = ToWindows(path, train, recipe.context, device);
  return data;
}

void CheckClasses(const Task& task, const Dataset& data) {
  if (data.classes.size() < 2) {
    throw BadInput(task.data.data.front() + ": all rows have the label '" + data.classes.front() +
                   "'; a classifier needs two classes");
  }
}

TrainingData LoadExamples(const Task& task, const at::Device& device) {
  const Configuration& configuration = task.configuration;
  const Dataset read = ReadDataset(task.data);
  CheckClasses(task, read);
  TrainingData data;
  Recipe& recipe = data.recipe;
  recipe.reference = WithoutRows(read);
  recipe.shape = task.shape;
  recipe.downscale = configuration.Int("downscale");
  const std::size_t dimensions = (task.shape.empty() ? read.shape : task.shape).size();
  RefuseWithoutEffect(task, dimensions == 3, dimensions == 1, !read.is_quantity);
  Dataset formed = Form(recipe, read);
  Split split{{}, AllRows(formed)};
  if (task.validation.data.empty()) {
    split = SplitStratified(formed, split.rest, kValidationFraction, 0, kSplitSeed);
    if (split.taken.empty()) {
      throw BadInput(task.data.data.front() +
                     ": too few rows for a validation part; 3 rows of a class are needed");
    }
  }
  const Rows train =
      SplitStratified(formed, split.rest, configuration.Float("data_fraction"), 1, kFractionSeed)
          .taken;
  if (configuration.Has("features") && configuration.Int("features") > 0) {
    recipe.features =
        SelectFeatures(formed, train, static_cast<std::size_t>(configuration.Int("features")),
                       configuration.Choice("feature_choice") == "information");
    formed = KeepFeatures(formed, recipe.features);
  }
  recipe.standardisation = FitStandardisation(formed, train);
  if (formed.is_quantity) {
    recipe.target = FitTarget(formed, train);
    PrintLog(task.data.data.front() +
             ": the labels are quantities: rmse is in their unit, error in standard deviations of "
             "those trained on (1: what predicting the mean gives)");
  }
  data.train = ToExamples(recipe, formed, train, device);
  data.validation = task.validation.data.empty() ? ToExamples(recipe, formed, split.taken, device)
                                                 : LoadLike(recipe, task.validation, device);
  return data;
}

}  // namespace

TrainingData LoadData(const Task& task, const at::Device& device) {
  TrainingData data = IsText(task.data) ? LoadText(task, device) : LoadExamples(task, device);
  data.problem = ProblemOf(data.recipe);
  if (task.final) data.test = LoadLike(data.recipe, task.test, device);
  return data;
}

Examples LoadLike(const Recipe& recipe, const DataFiles& files, const at::Device& device) {
  if (recipe.is_text) {
    const std::string& path = files.data.front();
    const Text text = ReadTextLike({recipe.alphabet, {}}, path);
    return ToWindows(path, text.tokens, recipe.context, device);
  }
  Dataset data = Form(recipe, ReadDatasetLike(recipe.reference, files));
  if (!recipe.features.empty()) data = KeepFeatures(data, recipe.features);
  return ToExamples(recipe, data, AllRows(data), device);
}

Problem ProblemOf(const Recipe& recipe) {
  if (recipe.is_text) {
    return {{recipe.context}, static_cast<std::int64_t>(recipe.alphabet.size()), true};
  }
  const auto classes = recipe.reference.is_quantity
                           ? std::int64_t{1}
                           : static_cast<std::int64_t>(recipe.reference.classes.size());
  if (!recipe.features.empty()) {
    return {{static_cast<std::int64_t>(recipe.features.size())}, classes, false};
  }
  std::vector<std::int64_t> shape = recipe.shape.empty() ? recipe.reference.shape : recipe.shape;
  if (recipe.downscale > 1) {
    shape[1] /= recipe.downscale;
    shape[2] /= recipe.downscale;
  }
  return {shape, classes, false};
}

}  // namespace joulefront::objectives
