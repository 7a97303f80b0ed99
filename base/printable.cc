#include "base/printable.h"

#include <algorithm>

namespace joulefront {
namespace {

/// Bytes of the UTF-8 character that `text` begins with; 0 if it begins with none.
std::size_t CharacterSize(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t size = byte(0) < 0x80                      ? 1
                           : byte(0) >= 0xC2 && byte(0) < 0xE0 ? 2
                           : byte(0) >= 0xE0 && byte(0) < 0xF0 ? 3
                           : byte(0) >= 0xF0 && byte(0) < 0xF5 ? 4
                                                               : 0;
  if (size == 0 || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if (size < 3) return size;
  const unsigned start = byte(0) * 256U + byte(1);  // overlong, surrogates, beyond U+10FFFF
  const bool valid = start >= 0xE0A0 && (start < 0xEDA0 || start >= 0xEE00) &&
                     (start < 0xF000 || start >= 0xF090) && start < 0xF490;
  return valid ? size : 0;
}

/// C0, DEL, and C1 (U+0080 to U+009F), which some terminals obey too; and what turns the direction
/// of writing (U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069), behind which text hides.
bool IsControl(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7f;
  if (character.size() == 2) return byte(0) == 0xC2 && byte(1) < 0xA0;
  if (character.size() != 3 || byte(0) != 0xE2) return false;
  if (byte(1) == 0x80)
    return byte(2) == 0x8E || byte(2) == 0x8F || (byte(2) >= 0xAA && byte(2) <= 0xAE);
  return byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9;
}

}  // namespace

std::string Printable(std::string_view text, std::size_t longest) {
  std::string printable;
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    if (printable.size() + std::max<std::size_t>(size, 1) > longest) break;
    if (size == 0 || IsControl(text.substr(0, size))) {
      printable += '?';
    } else {
      printable += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return printable;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string LastLine(std::string_view text, std::size_t longest) {
  const auto end = text.find_last_not_of(" \t\r\n");
  if (end == std::string_view::npos) return "";
  text = text.substr(0, end + 1);
  const auto newline = text.find_last_of('\n');
  if (newline != std::string_view::npos) text.remove_prefix(newline + 1);
  return Printable(text, longest);
}

}  // namespace joulefront
