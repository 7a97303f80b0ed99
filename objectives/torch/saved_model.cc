#include "objectives/torch/saved_model.h"

#include <ATen/core/grad_mode.h>
#include <torch/serialize/archive.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "objectives/bad_input.h"
#include "objectives/torch/checksum.h"
#include "objectives/torch/compression.h"
#include "objectives/torch/quantisation.h"
#include "objectives/torch/whole_file.h"

namespace joulefront::objectives {
namespace {

using nlohmann::json;

constexpr int kFormat = 1, kFormatOfQuantities = 2;  // an earlier version would read classes

json ToJson(const Recipe& recipe) {
  // A text's alphabet is bytes, which JSON's strings need not hold.
  std::vector<int> alphabet;
  for (const char byte : recipe.alphabet) alphabet.push_back(static_cast<unsigned char>(byte));
  json columns = json::array();
  for (const Column& column : recipe.reference.columns) {
    columns.push_back({{"name", column.name}, {"categories", column.categories}});
  }
  json object = {{"is_text", recipe.is_text},
                 {"alphabet", alphabet},
                 {"context", recipe.context},
                 {"file_shape", recipe.reference.shape},
                 {"columns", columns},
                 {"classes", recipe.reference.classes},
                 {"shape", recipe.shape},
                 {"downscale", recipe.downscale},
                 {"features", recipe.features},
                 {"mean", recipe.standardisation.mean},
                 {"factor", recipe.standardisation.factor}};
  if (recipe.reference.is_quantity) {
    object["target"] = {{"mean", recipe.target.mean}, {"deviation", recipe.target.deviation}};
  }
  return object;
}

Recipe RecipeFromJson(const json& object) {
  Recipe recipe;
  recipe.is_text = object.at("is_text");
  for (const int byte : object.at("alphabet")) recipe.alphabet += static_cast<char>(byte);
  recipe.context = object.at("context");
  recipe.reference.shape = object.at("file_shape").get<std::vector<std::int64_t>>();
  for (const json& column : object.at("columns")) {
    recipe.reference.columns.push_back(
        {column.at("name"), column.at("categories").get<std::vector<std::string>>()});
  }
  recipe.reference.classes = object.at("classes").get<std::vector<std::string>>();
  recipe.shape = object.at("shape").get<std::vector<std::int64_t>>();
  recipe.downscale = object.at("downscale");
  recipe.features = object.at("features").get<std::vector<std::size_t>>();
  recipe.standardisation.mean = object.at("mean").get<std::vector<double>>();
  recipe.standardisation.factor = object.at("factor").get<std::vector<double>>();
  if (const auto target = object.find("target"); target != object.end()) {
    recipe.reference.is_quantity = true;
    recipe.target = {target->at("mean"), target->at("deviation")};
  }
  return recipe;
}

/// Of all that a model computes with.
std::uint32_t ChecksumOfModel(const Model& model) {
  std::vector<at::Tensor> tensors;
  for (const NamedTensor& part : model.parameters) {
    const auto found = model.int8_weights.find(part.name);
    if (found == model.int8_weights.end()) {
      tensors.push_back(part.tensor);
    } else {
      tensors.insert(tensors.end(), {found->second->numbers, found->second->scales});
    }
  }
  for (const NamedTensor& part : model.buffers) tensors.push_back(part.tensor);
  return ChecksumOf(tensors);
}

/// Puts what the archive holds in place of the model's initial values; sizes may have shrunk.
void Fill(torch::serialize::InputArchive& archive, const std::string& kind, std::size_t index,
          const NamedTensor& part) {
  at::Tensor read;
  archive.read(kind + std::to_string(index), read);
  if (read.dim() != part.tensor.dim()) throw std::runtime_error(part.name + " has another shape");
  at::NoGradGuard no_grad;
  at::Tensor(part.tensor).set_data(read.detach());
}

SavedModel Read(torch::serialize::InputArchive& archive, const at::Device& device) {
  c10::IValue text;
  archive.read("joulefront", text);
  const json description = json::parse(text.toStringRef());
  const int format = description.at("format");
  if (format != kFormat && format != kFormatOfQuantities)
    throw std::runtime_error("another format");
  SavedModel saved;
  saved.family = description.at("family");
  saved.configuration = Configuration::Read(FindFamily(saved.family).parameters,
                                            description.at("configuration").get<std::string>(), {});
  saved.recipe = RecipeFromJson(description.at("recipe"));
  saved.model = BuildFamily(saved.family, saved.configuration, ProblemOf(saved.recipe));
  const std::vector<std::string> int8 = description.at("int8");
  std::map<std::string, Int8Weights> weights;
  for (std::size_t i = 0; i < saved.model.parameters.size(); ++i) {
    const NamedTensor& part = saved.model.parameters[i];
    if (std::find(int8.begin(), int8.end(), part.name) == int8.end()) {
      Fill(archive, "parameter", i, part);
      continue;
    }
    Int8Weights& of = weights[part.name];
    archive.read("parameter" + std::to_string(i), of.numbers);
    archive.read("scales" + std::to_string(i), of.scales);
    at::NoGradGuard no_grad;
    at::Tensor(part.tensor).set_data(part.tensor.to(device));
  }
  for (std::size_t i = 0; i < saved.model.buffers.size(); ++i) {
    Fill(archive, "buffer", i, saved.model.buffers[i]);
  }
  InstallInt8(saved.model, weights);
  if (ChecksumOfModel(saved.model) != description.at("checksum"))
    throw std::runtime_error("damaged");
  return saved;
}

}  // namespace

std::int64_t SaveModel(const SavedModel& saved, const std::string& path) {
  torch::serialize::OutputArchive archive;
  std::vector<std::string> int8;
  for (std::size_t i = 0; i < saved.model.parameters.size(); ++i) {
    const NamedTensor& part = saved.model.parameters[i];
    const auto found = saved.model.int8_weights.find(part.name);
    if (found == saved.model.int8_weights.end()) {
      // A copy: a view would take the whole that it is a part of along.
      archive.write("parameter" + std::to_string(i), part.tensor.detach().cpu().clone());
      continue;
    }
    int8.push_back(part.name);
    archive.write("parameter" + std::to_string(i), found->second->numbers.cpu());
    archive.write("scales" + std::to_string(i), found->second->scales.cpu());
  }
  for (std::size_t i = 0; i < saved.model.buffers.size(); ++i) {
    archive.write("buffer" + std::to_string(i), saved.model.buffers[i].tensor.cpu().clone(), true);
  }
  const json description = {
      {"format", saved.recipe.reference.is_quantity ? kFormatOfQuantities : kFormat},
      {"family", saved.family},
      {"configuration", saved.configuration.Text()},
      {"recipe", ToJson(saved.recipe)},
      {"int8", int8},
      {"checksum", ChecksumOfModel(saved.model)}};
  archive.write("joulefront",
                c10::IValue(description.dump(-1, ' ', false, json::error_handler_t::replace)));
  const std::string bytes = BytesOf(archive);
  if (!path.empty()) WriteWhole(path, bytes);
  return static_cast<std::int64_t>(bytes.size());
}

std::string BytesOf(torch::serialize::OutputArchive& archive) {
  std::string bytes;
  archive.save_to([&](const void* data, std::size_t size) {
    bytes.append(static_cast<const char*>(data), size);
    return size;
  });
  return bytes;
}

SavedModel LoadModel(const std::string& path, const at::Device& device) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    throw BadInput(path + ": there is no such model file");
  }
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(path, device);
    return Read(archive, device);
  } catch (const std::exception&) {
    throw BadInput(path + ": is damaged, or no model that joulefront-train --save has written");
  }
}

}  // namespace joulefront::objectives
