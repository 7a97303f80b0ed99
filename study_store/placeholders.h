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
bool IsReservedPlaceholder(std::string_view name);

/// Replaces each {name} by lookup(name). A brace that begins no {name}, as in JSON, stays as it is.
std::string ReplacePlaceholders(std::string_view text,
                                const std::function<std::string(const std::string&)>& lookup);

/// The names in order of appearance.
std::vector<std::string> PlaceholderNames(std::string_view text);

/// A part of a word of a trainer's command.
struct WordPiece {
  enum Kind { kLiteral, kValue, kSwitch } kind = kLiteral;
  std::string text;     // the literal text, or the name of a parameter
  std::string on, off;  // kSwitch: what stands there when the parameter is true, and false
};

/// "--lr={lr}" is a literal and a value, "{amp?--amp:--no-amp}" is a switch. Of the texts of a
/// switch, the first ends at the first ':', the last at the first '}'.
std::vector<WordPiece> PiecesOf(std::string_view word);

}  // namespace joulefront
