#include <fmt/format.h>

#include "study_store/launch_settings.h"
#include "study_store/placeholders.h"
#include "study_store/study_sections.h"

namespace joulefront {

std::optional<LaunchKind> LaunchKindFromName(const std::string& name) {
  if (name == "local") return LaunchKind::kLocal;
  if (name == "command") return LaunchKind::kCommand;
  if (name == "slurm") return LaunchKind::kSlurm;
  return std::nullopt;
}

std::string_view Name(LaunchKind kind) {
  return kind == LaunchKind::kLocal ? "local" : kind == LaunchKind::kCommand ? "command" : "slurm";
}

std::vector<std::string> UnusedSettings(const LaunchSettings& launch) {
  std::vector<std::string> notes;
  const auto note = [&](LaunchKind kind, std::string_view what) {
    notes.push_back(
        fmt::format("[launch] has {}, which workers of kind \"{}\" do not heed; write kind "
                    "= \"{}\", or run with --launch {}",
                    what, Name(launch.kind), Name(kind), Name(kind)));
  };
  if (launch.kind != LaunchKind::kCommand && !launch.command.empty()) {
    note(LaunchKind::kCommand, "a command");
  }
  if (launch.kind != LaunchKind::kSlurm && launch.slurm != SlurmSettings()) {
    note(LaunchKind::kSlurm, "settings for Slurm");
  }
  return notes;
}

void ReadLaunch(TomlReader& reader, const toml::table& root, LaunchSettings& launch) {
  const toml::table& table = reader.Table(root, "launch");
  reader.RefuseUnknownKeys(table, "[launch]", {"kind", "command", "slurm"});
  if (const auto kind = reader.Text(table, "kind")) {
    const auto known = LaunchKindFromName(*kind);
    if (!known) {
      reader.Refuse(table.get("kind")->source(), "kind is \"local\", \"command\" or \"slurm\"");
      return;
    }
    launch.kind = *known;
  }
  launch.command = reader.Texts(table, "command");
  bool names_worker = false;
  for (const std::string& word : launch.command) {
    for (const std::string& name : PlaceholderNames(word)) {
      names_worker = names_worker || name == "worker";
      if (name == "worker" || name == "slot") continue;
      reader.Refuse(
          table.get("command")->source(),
          fmt::format("the command names {{{}}}; known are {{worker}} and {{slot}}; write "
                      "{{{{ for a plain brace",
                      name));
    }
  }
  if (table.contains("command") && !names_worker) {
    reader.Refuse(table.get("command")->source(),
                  "the command must have \"{worker}\" in it, which stands for what to run: "
                  "command = [\"ssh\", \"node{slot}\", \"{worker}\"]");
  }
  if (launch.kind == LaunchKind::kCommand && launch.command.empty()) {
    reader.Refuse(table.source(),
                  "kind = \"command\" needs command = [\"ssh\", \"node{slot}\", \"{worker}\"]");
  }
  const toml::table& slurm = reader.Table(table, "slurm");
  reader.RefuseUnknownKeys(
      slurm, "[launch.slurm]",
      {"partition", "account", "time", "cpus", "gpus", "exclusive", "options"});
  const auto count = [&](std::string_view key) -> std::optional<int> {
    const auto number = reader.Whole(slurm, key, 1, 4096);
    return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
  };
  launch.slurm = {.partition = reader.Text(slurm, "partition").value_or(""),
                  .account = reader.Text(slurm, "account").value_or(""),
                  .time = reader.Text(slurm, "time").value_or(""),
                  .cpus = count("cpus"),
                  .gpus = count("gpus"),
                  .exclusive = reader.Flag(slurm, "exclusive").value_or(false),
                  .options = reader.Texts(slurm, "options")};
}

}  // namespace joulefront
