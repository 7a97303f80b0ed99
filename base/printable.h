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

}  // namespace joulefront
