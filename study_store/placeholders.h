// Placeholders in a trainer's command: "--lr={learning_rate}". "{{" stands for a brace.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace joulefront {

/// Placeholders that every command may use besides the names of parameters.
inline constexpr std::string_view kReservedPlaceholders[] = {"trial", "attempt", "seed", "work_dir",
                                                             "study_dir"};

/// Replaces each {name} by lookup(name). A brace that begins no {name}, as in JSON, stays as it is.
std::string ReplacePlaceholders(std::string_view text,
                                const std::function<std::string(const std::string&)>& lookup);

/// The names in order of appearance.
std::vector<std::string> PlaceholderNames(std::string_view text);

}  // namespace joulefront
