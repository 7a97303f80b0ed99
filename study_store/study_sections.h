// Sections of a study file, and the rule of names that they share. Private to the .cc files of
// study_store.
#pragma once

#include <string>
#include <string_view>

#include "study_store/launch_settings.h"
#include "study_store/study.h"
#include "study_store/toml_reader.h"

namespace joulefront {

/// [space].
void ReadSpace(TomlReader& reader, const toml::table& root, Study& study);

/// `command` and `files` of [trainer], once the space is known.
void ReadCommand(TomlReader& reader, const toml::table& trainer, Study& study);
void ReadTrainerFiles(TomlReader& reader, const toml::table& trainer, Study& study);

/// [search], once the objectives and the space are known.
void ReadSearch(TomlReader& reader, const toml::table& root, Study& study);

/// [stopping].
void ReadStopping(TomlReader& reader, const toml::table& root, Study& study);

/// [metering], [carbon], [tariff] and [limits], once the budget is known.
void ReadAccounting(TomlReader& reader, const toml::table& root, Study& study);

/// [launch].
void ReadLaunch(TomlReader& reader, const toml::table& root, LaunchSettings& launch);

/// Refuses `what` at `where` if an objective has `per`: it is known at the end of a training alone.
void RefusePer(TomlReader& reader, const Study& study, const toml::source_region& where,
               std::string_view what);

inline constexpr std::string_view kNameRule =
    "use letters, digits, '_', '-' and '.', beginning with a letter, a digit or '_'";

/// Whether the text follows kNameRule and has at most `longest` characters.
bool IsName(std::string_view text, std::size_t longest);

/// Refuses the name of a value that does not; `what`: "an objective".
void RefuseBadName(TomlReader& reader, const std::string& name, const toml::node& node,
                   std::string_view what);

}  // namespace joulefront
