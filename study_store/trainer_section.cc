#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "study_store/command_words.h"
#include "study_store/placeholders.h"
#include "study_store/study_sections.h"
#include "study_store/text_scalars.h"

namespace joulefront {
namespace {

/// A name below the study file's folder, in its plain form, that is none of an attempt's own files.
bool IsFileName(const std::string& name) {
  constexpr std::string_view kOwn[] = {"trainer.log", "readings.log", "undelivered.json"};
  const std::filesystem::path path(name);
  return !name.empty() && path.is_relative() && path.lexically_normal() == path &&
         *path.begin() != ".." && path.has_filename() && name != "." &&
         std::find(std::begin(kOwn), std::end(kOwn), name) == std::end(kOwn);
}

/// What a place in a file gets: a text with a placeholder.
void ReadFileValue(TomlReader& reader, const std::string& key, const toml::node& node,
                   const std::string& text, const Study& study) {
  if (auto path = ParseKeyPath(key); !path)
    return reader.Refuse(node.source(), path.error().message);
  const auto names = PlaceholderNames(text);
  for (const std::string& name : names) {
    if (IsReservedPlaceholder(name) || study.space.IndexOf(name)) continue;
    return reader.Refuse(node.source(),
                         fmt::format("\"{}\" names {{{}}}, which is no parameter", key, name));
  }
  if (names.empty()) {
    reader.Refuse(node.source(), fmt::format("\"{}\" needs a parameter: \"{{NAME}}\"", key));
  }
}

TrainerFile ReadTrainerFile(TomlReader& reader, const std::string& name, const toml::node& node,
                            const toml::table& parent, const Study& study) {
  TrainerFile file;
  const toml::table* table = node.as_table();
  if (table == nullptr) {
    file.from = reader.Text(parent, name).value_or("");
    if (!IsFileName(file.from) || file.from == name) {
      reader.Refuse(node.source(),
                    fmt::format("\"{}\" needs a template beside the study file, such "
                                "as \"{}.in\", or places in it and their values: {{ "
                                "\"optimizer.lr\" = \"{{lr}}\" }}",
                                name, name));
    }
    return file;
  }
  if (!FormatOfFile(name)) {
    reader.Refuse(node.source(),
                  fmt::format("values are replaced in .yaml, .yml, .json and .toml files; for "
                              "\"{}\", name a template: \"{}.in\"",
                              name, name));
  }
  for (const auto& [key, value] : TomlReader::InFileOrder(*table)) {
    file.values[key] = reader.Text(*table, key).value_or("");
    ReadFileValue(reader, key, *value, file.values[key], study);
  }
  if (file.values.empty()) {
    reader.Refuse(node.source(), fmt::format("\"{}\" names no place in it, such as "
                                             "\"optimizer.lr\" = \"{{lr}}\"",
                                             name));
  }
  return file;
}

}  // namespace

void ReadCommand(TomlReader& reader, const toml::table& table, Study& study) {
  TrainerSpec& trainer = study.trainer;
  const toml::node* node = table.get("command");
  const toml::array* array = node != nullptr ? node->as_array() : nullptr;
  if (array == nullptr) trainer.command = reader.Texts(table, "command");
  for (std::size_t k = 0; array != nullptr && k < array->size(); ++k) {
    const toml::node& element = *array->get(k);
    const std::size_t begin = trainer.command.size();
    for (std::string& word : reader.TextsOf(element, "command")) {
      trainer.command.push_back(std::move(word));
    }
    if (!element.is_array()) continue;
    if (trainer.command.size() == begin) {
      reader.Refuse(element.source(), "a list in 'command' is empty; put words in it");
    }
    trainer.groups.push_back({begin, trainer.command.size()});
  }
  const toml::source_region& place = node != nullptr ? node->source() : table.source();
  if (trainer.command.empty() || trainer.command[0].empty()) {
    reader.Refuse(place, "[trainer] needs command = [\"program\", \"argument\", ...]");
  } else if (auto good = CheckCommand(study); !good && !reader.failed()) {
    reader.Refuse(place, good.error().message);
  }
}

void ReadTrainerFiles(TomlReader& reader, const toml::table& trainer, Study& study) {
  const toml::table& files = reader.Table(trainer, "files");
  for (const auto& [name, node] : TomlReader::InFileOrder(files)) {
    if (!IsFileName(name)) {
      reader.Refuse(node->source(),
                    fmt::format("\"{}\" cannot be a file of an attempt's folder; name a file below "
                                "the study file's folder, without \".\" and \"..\"",
                                name));
    }
    study.trainer.files[name] = ReadTrainerFile(reader, name, *node, files, study);
  }
}

}  // namespace joulefront
