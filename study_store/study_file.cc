#include "study_store/study_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/files.h"
#include "study_store/placeholders.h"
#include "study_store/study_sections.h"
#include "study_store/trial.h"

namespace joulefront {

Result<void> CheckStudyName(const std::string& name) {
  if (name.starts_with("worker-") && name.ends_with(".log")) {
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("the study's name cannot be '{}': logs of workers are called so", name));
  }
  if (IsName(name, 64)) return {};
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("the study's name cannot be '{}'; {}, at most 64", name, kNameRule));
}

namespace {

constexpr std::size_t kLargestFile = std::size_t{4} << 20;
constexpr std::string_view kPhaseHint = "a phase that the trainer reports, or \"total\"";

/// Something that fits into the title of a column.
bool IsUnit(std::string_view text) {
  return text.size() <= 20 && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

void ReadStudySection(TomlReader& reader, const toml::table& root, Study& study) {
  const toml::table& table = reader.Table(root, "study");
  reader.RefuseUnknownKeys(table, "[study]", {"name", "seed"});
  const auto name = reader.Text(table, "name");
  if (!name) {
    reader.Refuse(table.source(), "the study has no name; add [study] with name = \"...\"");
  } else if (auto good = CheckStudyName(*name); !good) {
    reader.Refuse(table.get("name")->source(), good.error().message);
  } else {
    study.name = *name;
  }
  study.seed = static_cast<std::uint64_t>(
      reader.Whole(table, "seed", 0, std::numeric_limits<std::int64_t>::max()).value_or(0));
}

std::optional<std::string> ReadPhase(TomlReader& reader, const toml::table& table) {
  auto phase = reader.Text(table, "phase");
  if (phase && !IsName(*phase, 100)) {
    reader.Refuse(table.get("phase")->source(),
                  fmt::format("a phase cannot be '{}'; name {}", *phase, kPhaseHint));
  }
  return phase;
}

/// The reported value that the joules of a phase are divided by.
std::optional<std::string> ReadPer(TomlReader& reader, const toml::table& table) {
  auto per = reader.Text(table, "per");
  if (!per) return per;
  if (!table.contains("phase")) {
    reader.Refuse(table.get("per")->source(),
                  "per divides the joules of a phase; name the phase too, as in { phase = "
                  "\"inference\", per = \"thousand_inferences\" }");
  } else if (!IsName(*per, 64)) {
    reader.Refuse(table.get("per")->source(),
                  fmt::format("no reported value can be called '{}'", *per));
  }
  return per;
}

/// The rest of an objective on a phase: joules, or seconds where its unit says so.
void ReadMetered(TomlReader& reader, const toml::table& entry, Objective& objective) {
  const auto unit = reader.Text(entry, "unit").value_or("J");
  if (unit != "J" && unit != "s") {
    reader.Refuse(entry.get("unit")->source(),
                  fmt::format("objective '{}' is on a phase, so its unit is \"J\" (joules, the "
                              "default) or \"s\" (seconds)",
                              objective.name));
  }
  objective.unit = objective.per ? unit + "/" + *objective.per : unit;
  if (unit == "s") {
    objective.timed = std::exchange(objective.phase, std::nullopt);
    const auto reference = reader.Quantity(entry, "reference", ParseSeconds);
    if (reference) objective.reference = reference->value();
  } else if (const auto reference = reader.Quantity(entry, "reference", ParseJoules)) {
    objective.reference = reference->value();
  }
}

void ReadObjectives(TomlReader& reader, const toml::table& root, Study& study) {
  const toml::table& table = reader.Table(root, "objectives");
  for (const auto& [name, node] : TomlReader::InFileOrder(table)) {
    RefuseBadName(reader, name, *node, "an objective");
    const toml::table& entry = reader.Table(*node, name, "{ direction = \"minimize\" }");
    reader.RefuseUnknownKeys(entry, "objective '" + name + "'",
                             {"direction", "phase", "per", "unit", "reference"});
    Objective objective{
        .name = name, .phase = ReadPhase(reader, entry), .per = ReadPer(reader, entry)};
    const auto direction = reader.Text(entry, "direction");
    if (!direction || (*direction != "minimize" && *direction != "maximize")) {
      reader.Refuse(node->source(), fmt::format("objective '{}' needs direction = \"minimize\" or "
                                                "\"maximize\"",
                                                name));
    } else if (*direction == "maximize") {
      objective.direction = Direction::kMaximize;
    }
    if (objective.phase) {
      ReadMetered(reader, entry, objective);
    } else {
      objective.unit = reader.Text(entry, "unit").value_or("");
      if (!IsUnit(objective.unit)) {
        reader.Refuse(entry.get("unit")->source(),
                      "a unit is a short word, such as \"ms\": at most 20 characters in one line");
      }
      objective.reference = reader.Number(entry, "reference");
    }
    study.objectives.push_back(std::move(objective));
  }
  if (study.objectives.empty()) {
    reader.Refuse(table.source(),
                  "the study has no objective; add [objectives], such as error = { direction = "
                  "\"minimize\" } and energy = { direction = \"minimize\", phase = \"train\" }");
  }
}

bool IsMetered(const Study& study, const std::string& name) {
  const auto metered = [&](const auto& item) {
    return item.name == name && (item.phase || item.timed);
  };
  return std::any_of(study.objectives.begin(), study.objectives.end(), metered) ||
         std::any_of(study.constraints.begin(), study.constraints.end(), metered);
}

/// Whether the limit is a text such as "10 min".
bool IsTime(const toml::table& entry, std::string_view key) {
  const auto* text = entry.get_as<std::string>(key);
  return text != nullptr && ParseSeconds(text->get()).has_value();
}

void ReadConstraints(TomlReader& reader, const toml::table& root, Study& study) {
  for (const auto& [name, node] : TomlReader::InFileOrder(reader.Table(root, "constraints"))) {
    RefuseBadName(reader, name, *node, "a constraint");
    const toml::table& entry = reader.Table(*node, name, "{ max = 0.5 }");
    reader.RefuseUnknownKeys(entry, "constraint '" + name + "'", {"min", "max", "phase", "per"});
    Constraint constraint{
        .name = name, .phase = ReadPhase(reader, entry), .per = ReadPer(reader, entry)};
    for (const Objective& objective : study.objectives) {
      if (objective.name != name) continue;
      const auto& phase = objective.timed ? objective.timed : objective.phase;
      if (constraint.phase && constraint.phase != phase) {
        reader.Refuse(
            node->source(),
            fmt::format(
                "objective '{}' is {}, so the constraint of that name cannot be "
                "on phase '{}'; give it another name",
                name, phase ? "on phase '" + *phase + "'" : std::string("reported by the trainer"),
                *constraint.phase));
      }
      constraint.phase = objective.phase;  // it means the same quantity
      constraint.timed = objective.timed;
      constraint.per = objective.per;
    }
    if (constraint.phase && (IsTime(entry, "min") || IsTime(entry, "max")) &&
        !IsMetered(study, name)) {
      constraint.timed = std::exchange(constraint.phase, std::nullopt);
    }
    for (auto [key, limit] : {std::pair("min", &constraint.min), {"max", &constraint.max}}) {
      if (constraint.timed) {
        const auto seconds = reader.Quantity(entry, key, ParseSeconds, false);
        if (seconds) *limit = seconds->value();
      } else if (!constraint.phase) {
        *limit = reader.Number(entry, key);
      } else if (const auto joules = reader.Quantity(entry, key, ParseJoules, false)) {
        *limit = joules->value();
      }
    }
    if (!constraint.min && !constraint.max) {
      reader.Refuse(node->source(), fmt::format("constraint '{}' needs min, max or both", name));
    } else if (constraint.min && constraint.max && *constraint.min > *constraint.max) {
      reader.Refuse(node->source(),
                    fmt::format("constraint '{}' has min above max; nothing can meet it", name));
    }
    study.constraints.push_back(std::move(constraint));
  }
}

}  // namespace

void RefusePer(TomlReader& reader, const Study& study, const toml::source_region& where,
               std::string_view what) {
  for (const Objective& objective : study.objectives) {
    if (!objective.per) continue;
    reader.Refuse(where,
                  fmt::format("{} needs objectives that are known as a training goes on, and "
                              "'{}' with its per = \"{}\" is known at its end; make it a "
                              "constraint, or leave {} out",
                              what, objective.name, *objective.per, what));
  }
}

namespace {

/// Reads a table of regular expressions on the trainer's output, by the values that they read.
void ReadExpressions(TomlReader& reader, const toml::table& trainer, const std::string& section,
                     const Study& study, std::map<std::string, std::string>& expressions) {
  const toml::table& table = reader.Table(trainer, section);
  for (const auto& [name, node] : TomlReader::InFileOrder(table)) {
    RefuseBadName(reader, name, *node, "a metric");
    expressions[name] = reader.Text(table, name).value_or("");
    if (IsMetered(study, name)) {
      reader.Refuse(node->source(), fmt::format("'{0}' is metered, so no metric of that "
                                                "name is needed; remove '{0}' here",
                                                name));
    }
  }
}

void ReadTrainer(TomlReader& reader, const toml::table& root, Study& study) {
  const toml::table& table = reader.Table(root, "trainer");
  reader.RefuseUnknownKeys(
      table, "[trainer]",
      {"command", "files", "metrics", "progress", "resumes", "anytime", "preload"});
  if (root.contains("trainer")) ReadCommand(reader, table, study);
  ReadTrainerFiles(reader, table, study);
  study.trainer.preload = reader.Flag(table, "preload").value_or(false);
  study.trainer.resumes = reader.Flag(table, "resumes").value_or(false);
  if (study.trainer.resumes && !study.space.fidelity()) {
    reader.Refuse(table.get("resumes")->source(),
                  "resumes = true needs a parameter with fidelity = true: the amount of training");
  }
  study.trainer.anytime = reader.Flag(table, "anytime").value_or(false);
  const auto fidelity = study.space.fidelity();
  if (study.trainer.anytime &&
      (!fidelity || study.space.parameters()[*fidelity].type != ParameterType::kInt)) {
    reader.Refuse(table.get("anytime")->source(),
                  "anytime = true needs an int parameter with fidelity = true: the steps that the "
                  "trainer reports");
  }
  if (study.trainer.anytime) {
    RefusePer(reader, study, table.get("anytime")->source(), "anytime = true");
  }
  ReadExpressions(reader, table, "metrics", study, study.trainer.metrics);
  ReadExpressions(reader, table, "progress", study, study.trainer.progress);
  const auto& progress = study.trainer.progress;
  const bool has_values = progress.size() > progress.count(std::string(kProgressStep)) ||
                          std::any_of(study.objectives.begin(), study.objectives.end(),
                                      [&](const Objective& objective) {
                                        return study.trainer.metrics.contains(objective.name);
                                      });
  if (!progress.empty() && !has_values) {
    reader.Refuse(table.get("progress")->source(),
                  "[trainer.progress] names no value; add one of the objectives, such as error = "
                  "'val_error={number}'");
  }
}

void ReadSettings(TomlReader& reader, const toml::table& root, Study& study) {
  const toml::table& budget = reader.Table(root, "budget");
  reader.RefuseUnknownKeys(budget, "[budget]", {"trials", "energy", "time"});
  study.budget.trials = reader.Whole(budget, "trials", 1, 100'000'000);
  study.budget.energy = reader.Quantity(budget, "energy", ParseJoules);
  study.budget.time = reader.Quantity(budget, "time", ParseSeconds);

  const toml::table& workers = reader.Table(root, "workers");
  reader.RefuseUnknownKeys(workers, "[workers]",
                           {"count", "threads", "attempts", "timeout", "grace", "exclusive", "gpus",
                            "requires", "keep"});
  const auto small = [&](std::string_view key, int fallback, int most = 1024) {
    return static_cast<int>(reader.Whole(workers, key, 1, most).value_or(fallback));
  };
  WorkerSettings& settings = study.workers;
  settings.count = small("count", settings.count, kMostWorkers);
  settings.threads = small("threads", settings.threads);
  settings.attempts = small("attempts", settings.attempts);
  settings.timeout = reader.Quantity(workers, "timeout", ParseSeconds);
  settings.grace = reader.Quantity(workers, "grace", ParseSeconds, false).value_or(settings.grace);
  settings.exclusive = reader.Flag(workers, "exclusive").value_or(settings.exclusive);
  settings.gpus = reader.Texts(workers, "gpus");
  if (const auto keep = reader.Text(workers, "keep")) {
    const auto known = KeepFoldersFromName(*keep);
    if (!known) {
      reader.Refuse(workers.get("keep")->source(), "keep is \"all\", \"front\" or \"none\"");
    }
    settings.keep = known.value_or(settings.keep);
  }
  const toml::table& required = reader.Table(workers, "requires");
  for (const auto& [label, node] : TomlReader::InFileOrder(required)) {
    RefuseBadName(reader, label, *node, "a label");
    const auto value = reader.Text(required, label);
    for (const std::string& name : PlaceholderNames(value.value_or(""))) {
      if (study.space.IndexOf(name)) continue;
      reader.Refuse(node->source(),
                    fmt::format("label '{}' names {{{}}}, which is no parameter", label, name));
    }
    if (value) settings.requires_labels[label] = *value;
  }
  if (settings.exclusive && settings.count > 1) {
    reader.Refuse(workers.get("exclusive")->source(),
                  "exclusive = true means one attempt at a time: set count = 1");
  }
}

std::vector<std::string> NotesOn(const Study& study) {
  std::vector<std::string> notes;
  if (study.objectives.size() == 1) {
    notes.push_back(fmt::format("one objective only ('{}'): the front will be a single best trial",
                                study.objectives[0].name));
  }
  return notes;
}

}  // namespace

bool IsName(std::string_view text, std::size_t longest) {
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
  };
  return !text.empty() && text.size() <= longest && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), plain);
}

void RefuseBadName(TomlReader& reader, const std::string& name, const toml::node& node,
                   std::string_view what) {
  if (IsReservedName(name)) {
    reader.Refuse(node.source(), fmt::format("{} cannot be named '{}', a name of joulefront's own "
                                             "values; choose another",
                                             what, name));
  } else if (!IsName(name, 100)) {
    reader.Refuse(node.source(), fmt::format("{} cannot be named '{}'; {}", what, name, kNameRule));
  }
}

Result<StudyFile> ParseStudyFile(std::string_view text, const std::string& path) {
  TomlReader reader(path);
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    reader.Refuse({}, "the study file is empty; `joulefront run --help` shows one");
    return tl::unexpected(reader.error());
  }
  if (text.find('\0') != std::string_view::npos) {
    reader.Refuse({}, "this is no text file; a study file is TOML text");
    return tl::unexpected(reader.error());
  }
  if (const auto place = EndlessKey(text)) {
    reader.Refuse({*place, *place, nullptr}, "this key has too many parts; a study file needs two");
    return tl::unexpected(reader.error());
  }
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    reader.Refuse(parsed.error().source(), std::string(parsed.error().description()));
    return tl::unexpected(reader.error());
  }
  const toml::table& root = parsed.table();
  StudyFile file;
  reader.RefuseUnknownKeys(
      root, "the study file",
      {"study", "objectives", "constraints", "space", "trainer", "budget", "search", "workers",
       "metering", "carbon", "tariff", "limits", "stopping", "launch"});
  std::error_code ignored;
  file.study.directory = std::filesystem::weakly_canonical(std::filesystem::absolute(path), ignored)
                             .parent_path()
                             .string();
  ReadStudySection(reader, root, file.study);
  ReadObjectives(reader, root, file.study);
  ReadConstraints(reader, root, file.study);
  ReadSpace(reader, root, file.study);
  ReadTrainer(reader, root, file.study);
  ReadSettings(reader, root, file.study);
  ReadSearch(reader, root, file.study);
  file.has_cost_exponent = reader.Table(root, "search").contains("cost_exponent");
  if (!file.has_cost_exponent) {
    file.study.cost_exponent = DefaultCostExponent(file.study.budget);
  }
  ReadAccounting(reader, root, file.study);
  ReadStopping(reader, root, file.study);
  ReadLaunch(reader, root, file.launch);
  if (reader.failed()) return tl::unexpected(reader.error());
  file.notes = NotesOn(file.study);
  return file;
}

Result<StudyFile> ReadStudyFile(const std::string& path) {
  std::error_code status;
  if (std::filesystem::is_directory(path, status)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is a folder, not a study file", path));
  }
  auto text = ReadInput(path, kLargestFile);
  if (!text) return Pass(text, "study file");
  return ParseStudyFile(*text, path);
}

}  // namespace joulefront
