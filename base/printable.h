// Text of foreign origin, made fit to be shown and stored.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace joulefront {

/// At most `longest` bytes of the text, as UTF-8 that a terminal, a database and JSON take: '?'
/// stands for control characters, those that turn the direction of writing among them, and for
/// bytes that are no character.
std::string Printable(std::string_view text, std::size_t longest = std::string_view::npos);

/// Whether all of it is UTF-8.
bool IsUtf8(std::string_view text);

/// The last line of a text that is not blank, as Printable() gives it.
std::string LastLine(std::string_view text, std::size_t longest);

}  // namespace joulefront
